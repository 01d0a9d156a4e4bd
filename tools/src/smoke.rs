//! A smoke test of a deployed or local API.
//!
//! Without `--write` nothing is written: each request is rejected, or asks for what the customer already holds,
//! with a version that no customer has.

use std::io;
use std::net::IpAddr;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail, ensure};
use aws_sdk_dynamodb::types::AttributeValue;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use tokio::sync::oneshot;
use update_customer::dynamodb::attribute::Item;
use ureq::Agent;
use ureq::http::Uri;

use crate::customer::{self, Customers};
use crate::terminal;
use crate::token::random_hex;

/// Longer than the slowest response of the function and of API Gateway.
const TIMEOUT: Duration = Duration::from_secs(35);

/// A well-formed entity tag that no customer has: such a request never writes.
const NO_VERSION: &str = "\"no-version\"";

/// The code of a 412.
const CONFLICT: &str = "version_conflict";

/// Prints `ok` or `FAIL` for each check, and returns whether all passed.
///
/// # Errors
///
/// One sentence at the first request without a response. The customer of `--write` is deleted in any case, also after
/// a signal.
pub async fn run(
    mut api: Api,
    customers: &Customers,
    customer: Option<String>,
    write: bool,
) -> Result<bool> {
    let existing = match customer {
        Some(id) => Some(customers.read(&id).await?),
        None => None,
    };
    // Before the customer is created, so that no signal can end the program in between.
    let signal = signal()?;
    let created = match write {
        true => Some(create(customers).await?),
        false => None,
    };
    let new = created.clone();
    let (send, checked) = oneshot::channel();
    thread::spawn(move || {
        let checked = api.run(existing.as_ref(), new.as_deref());
        drop(send.send(checked.map(|()| api)));
    });
    let checked = tokio::select! {
        checked = checked => checked.unwrap_or_else(|_| bail!("the checks ended early")),
        () = signal => Err(anyhow!("interrupted")),
    };
    if let Some(id) = created {
        customers.delete(&id).await?;
    }
    let Api { count, failed, .. } = checked?;
    terminal::print(&match failed {
        0 => format!("all {count} checks passed"),
        failed => format!("{failed} of {count} checks failed"),
    })?;
    Ok(failed == 0)
}

/// Creates the customer of `--write`. Its id is printed first, so that it can be deleted whatever happens.
async fn create(customers: &Customers) -> Result<String> {
    let id = format!("smoke-{}", random_hex::<8>()?);
    let notice = format!("creates the customer {id}, and deletes it at the end");
    terminal::print(&notice)?;
    let body = required("Smoke", "Test", "smoke@example.com");
    let item = customer::item(&id, body.to_string().as_bytes())?;
    customers.put(item).await?;
    Ok(id)
}

/// Ends when the program shall end. Signals do not end it any more.
fn signal() -> io::Result<impl Future<Output = ()>> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut hangup = signal(SignalKind::hangup())?;
        Ok(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
                _ = hangup.recv() => {}
            }
        })
    }
    #[cfg(not(unix))]
    Ok(async { drop(tokio::signal::ctrl_c().await) })
}

struct Response {
    status: u16,
    version: Option<String>,
    body: Value,
}

/// The API under test, a token for it, and the number of checks so far.
pub struct Api {
    url: String,
    token: String,
    agent: Agent,
    count: usize,
    failed: usize,
}

impl Api {
    /// `url` may end with the path of the operation, as the stack's output does. The token is read only if it can be
    /// sent there.
    pub fn new(url: &str, token: impl FnOnce() -> Result<String>) -> Result<Self> {
        let url = url.trim_end_matches("/customers/{customer_id}");
        let uri: Uri = url.parse().with_context(|| format!("{url} is not a URL"))?;
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
        let address = host.parse::<IpAddr>();
        let is_loopback = host == "localhost" || address.is_ok_and(|ip| ip.is_loopback());
        let scheme = uri.scheme_str();
        let is_safe = scheme == Some("https") || scheme == Some("http") && is_loopback;
        let message = format!("{url} must start with https://, because the token is sent there");
        ensure!(is_safe, message);
        // An error status is a response to check, and so is a redirect: the token goes to no other host.
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(TIMEOUT))
            .build();
        Ok(Self {
            url: url.trim_end_matches('/').to_owned(),
            token: token()?,
            agent: agent.into(),
            count: 0,
            failed: 0,
        })
    }

    fn run(&mut self, existing: Option<&Item>, created: Option<&str>) -> Result<()> {
        self.rejections()?;
        existing.map_or(Ok(()), |stored| self.existing_customer(stored))?;
        created.map_or(Ok(()), |id| self.updates(id))
    }

    /// Checks the status, with which the name begins, the code, and what else is `expected`. Prints the result without
    /// the body, because it has personal data.
    fn check(&mut self, name: &str, code: &str, response: &Response, expected: bool) -> Result<()> {
        let status = response.status;
        let found = response.body["code"].as_str().unwrap_or_default();
        let passed = name.starts_with(&status.to_string()) && found == code && expected;
        self.count += 1;
        self.failed += usize::from(!passed);
        let version = &response.version;
        Ok(terminal::print(&match passed {
            true => format!("ok    {name}"),
            false => format!("FAIL  {name}: status {status}, code {found:?}, version {version:?}"),
        })?)
    }

    /// Sends an update. With an empty token, it has no such header.
    fn send(&self, token: &str, id: &str, if_match: &str, body: &str) -> Result<Response> {
        let id = utf8_percent_encode(id, NON_ALPHANUMERIC);
        let request = self.agent.put(format!("{}/customers/{id}", self.url));
        let request = request.header("Content-Type", "application/json");
        let mut request = request.header("If-Match", if_match);
        if !token.is_empty() {
            request = request.header("accessToken", token);
        }
        let response = request.send(body);
        let mut response =
            response.map_err(|error| anyhow!("no response from {}: {error}", self.url))?;
        let version = response.headers().get("x-customer-version");
        let version = version.and_then(|version| version.to_str().ok());
        Ok(Response {
            status: response.status().as_u16(),
            version: version.map(str::to_owned),
            body: response.body_mut().read_json().unwrap_or_default(),
        })
    }

    fn update(&self, id: &str, if_match: &str, body: &Value) -> Result<Response> {
        self.send(&self.token, id, if_match, &body.to_string())
    }

    /// The responses that depend on no customer.
    fn rejections(&mut self) -> Result<()> {
        let id = format!("no-such-customer-{}", random_hex::<8>()?);
        let valid = required("Smoke", "Test", "smoke@example.com");

        let response = self.send("", &id, NO_VERSION, &valid.to_string())?;
        self.check("401 without a token", "token_missing", &response, true)?;
        let response = self.send("none", &id, NO_VERSION, &valid.to_string())?;
        self.check("401 for an unknown token", "token_invalid", &response, true)?;

        let invalid = "invalid_request";
        let response = self.send(&self.token, &id, NO_VERSION, "{")?;
        self.check("400 for a body that is not JSON", invalid, &response, true)?;
        let response = self.update(&id, NO_VERSION, &json!({"emial": ""}))?;
        let has_all = response.body["errors"].as_array().map(Vec::len) == Some(4);
        let name = "400 with all field errors at once";
        self.check(name, invalid, &response, has_all)?;
        let response = self.update(&id, "unquoted", &valid)?;
        self.check("400 for a malformed If-Match", invalid, &response, true)?;

        let response = self.update(&id, NO_VERSION, &valid)?;
        let (name, code) = ("404 for an unknown customer", "customer_not_found");
        self.check(name, code, &response, true)
    }

    /// An existing customer, which no request changes.
    fn existing_customer(&mut self, stored: &Item) -> Result<()> {
        let text = |name: &str| match stored.get(name) {
            Some(AttributeValue::S(text)) => text.as_str(),
            _ => "",
        };
        let id = text("id");
        let mut body = required(text("firstName"), text("lastName"), text("email"));
        let held = self.update(id, NO_VERSION, &body)?;
        let is_customer = held.body["data"]["id"] == *id;
        let name = "200 for what the customer already holds";
        self.check(name, "", &held, is_customer)?;
        body["firstName"] = match text("firstName") {
            "Smoke" => json!("Test"),
            _ => json!("Smoke"),
        };
        let stale = self.update(id, NO_VERSION, &body)?;
        let name = "412 for a version that no customer has";
        self.check(name, CONFLICT, &stale, stale.version.is_some())
    }

    /// Updates of the customer of `--write`.
    fn updates(&mut self, id: &str) -> Result<()> {
        let mut body = required("Smoke", "Test", "smoke@example.com");
        body["notes"] = json!("first");
        let first = self.update(id, "\"0\"", &body)?;
        let data = &first.body["data"];
        let is_next = data["notes"] == "first" && first.version.as_deref() == Some("\"1\"");
        let name = "200 with the next version for an update";
        self.check(name, "", &first, is_next)?;
        body["notes"] = json!("second");
        let stale = self.update(id, "\"0\"", &body)?;
        let name = "412 with the current version for a stale If-Match";
        self.check(name, CONFLICT, &stale, stale.version == first.version)?;
        let mut whole = self.update(id, "\"1\"", data)?;
        whole.body["data"]["updatedAt"] = data["updatedAt"].clone();
        let is_same = whole.body["data"] == *data && whole.version.as_deref() == Some("\"2\"");
        let name = "200 for data sent back whole, which changes nothing";
        self.check(name, "", &whole, is_same)
    }
}

fn required(first_name: &str, last_name: &str, email: &str) -> Value {
    json!({"firstName": first_name, "lastName": last_name, "email": email})
}
