//! A smoke test of a deployed or local API.
//!
//! Without `--write` nothing is written: each request is rejected, or asks for what the customer already holds,
//! with a version that no customer has.

use std::io::{self, Write};
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use update_customer::dynamodb::attribute::Item;
use ureq::Agent;

use crate::Failure;
use crate::customer::Customers;
use crate::token::random_hex;

/// Longer than the slowest response of the function and of API Gateway.
const TIMEOUT: Duration = Duration::from_secs(35);

/// A well-formed entity tag that no customer has: such a request never writes.
const NO_VERSION: &str = "\"no-version\"";

pub struct Smoke<'a> {
    url: String,
    token: &'a str,
    customers: Customers,
    agent: Agent,
}

struct Response {
    status: u16,
    version: Option<String>,
    body: Value,
}

impl Response {
    fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    fn is(&self, status: u16, code: &str) -> bool {
        (self.status, self.code()) == (status, code)
    }

    fn version_number(&self) -> Option<u64> {
        self.version.as_deref()?.trim_matches('"').parse().ok()
    }
}

/// The results so far. The body is not printed, because it has personal data.
#[derive(Default)]
struct Checks {
    count: usize,
    failed: usize,
}

impl Checks {
    fn check(&mut self, name: &str, response: &Response, passed: bool) -> io::Result<()> {
        let mut output = io::stdout();
        self.count += 1;
        if passed {
            writeln!(output, "ok    {name}")
        } else {
            self.failed += 1;
            let (status, code) = (response.status, response.code());
            writeln!(
                output,
                "FAIL  {name}: status {status}, code {code:?}, version {:?}",
                response.version
            )
        }
    }
}

impl<'a> Smoke<'a> {
    /// `url` may end with the path of the operation, as the stack's output does.
    pub fn new(url: &str, token: &'a str, customers: Customers) -> Self {
        let url = url.trim_end_matches("/customers/{customer_id}");
        // An error status is a response to check.
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(TIMEOUT))
            .build();
        Self {
            url: url.trim_end_matches('/').to_owned(),
            token,
            customers,
            agent: agent.into(),
        }
    }

    /// Prints `ok` or `FAIL` for each check, and returns whether all passed.
    ///
    /// # Errors
    ///
    /// One sentence at the first request without a response.
    pub async fn run(&self, customer: Option<String>, write: bool) -> Result<bool, Failure> {
        let mut checks = Checks::default();
        self.rejections(&mut checks)?;
        if let Some(id) = customer {
            let stored = self.customers.read(&id).await?;
            let stored = stored.ok_or_else(|| format!("no customer has the id {id:?}"))?;
            self.existing_customer(&id, &stored, &mut checks)?;
        }
        if write {
            self.new_customer(&mut checks).await?;
        }
        match checks.failed {
            0 => writeln!(io::stdout(), "all {} checks passed", checks.count),
            failed => writeln!(io::stdout(), "{failed} of {} checks failed", checks.count),
        }?;
        Ok(checks.failed == 0)
    }

    fn send(&self, id: &str, headers: &[(&str, &str)], body: &str) -> Result<Response, Failure> {
        let url = format!(
            "{}/customers/{}",
            self.url,
            utf8_percent_encode(id, NON_ALPHANUMERIC)
        );
        let mut request = self
            .agent
            .put(&url)
            .header("Content-Type", "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send(body);
        let mut response =
            response.map_err(|error| format!("no response from {}: {error}", self.url))?;
        let version = response.headers().get("x-customer-version");
        Ok(Response {
            status: response.status().as_u16(),
            version: version
                .and_then(|version| version.to_str().ok())
                .map(str::to_owned),
            body: response.body_mut().read_json().unwrap_or_default(),
        })
    }

    fn update(&self, id: &str, if_match: &str, body: &Value) -> Result<Response, Failure> {
        let headers = [("accessToken", self.token), ("If-Match", if_match)];
        self.send(id, &headers, &body.to_string())
    }

    /// The responses that depend on no customer.
    fn rejections(&self, checks: &mut Checks) -> Result<(), Failure> {
        let unknown = format!("no-such-customer-{}", random_hex::<8>()?);
        let valid = required("Smoke", "Test", "smoke@example.com").to_string();
        let (token, never) = (("accessToken", self.token), ("If-Match", NO_VERSION));

        let response = self.send(&unknown, &[never], &valid)?;
        checks.check(
            "401 without a token",
            &response,
            response.is(401, "token_missing"),
        )?;
        let response = self.send(&unknown, &[("accessToken", "no-such-token"), never], &valid)?;
        checks.check(
            "401 for an unknown token",
            &response,
            response.is(401, "token_invalid"),
        )?;
        let response = self.send(&unknown, &[token, never], "{")?;
        let passed = response.is(400, "invalid_request");
        checks.check("400 for a body that is not JSON", &response, passed)?;
        let response = self.send(&unknown, &[token, never], r#"{"emial": ""}"#)?;
        let errors = response.body["errors"].as_array().map(Vec::len);
        let passed = response.is(400, "invalid_request") && errors == Some(4);
        checks.check("400 with all field errors at once", &response, passed)?;
        let response = self.send(&unknown, &[token, ("If-Match", "unquoted")], &valid)?;
        let passed = response.is(400, "invalid_request");
        checks.check("400 for a malformed If-Match", &response, passed)?;
        let response = self.send(&unknown, &[token, never], &valid)?;
        let passed = response.is(404, "customer_not_found");
        checks.check("404 for an unknown customer", &response, passed)?;
        Ok(())
    }

    /// An existing customer, which no request changes.
    fn existing_customer(
        &self,
        id: &str,
        stored: &Item,
        checks: &mut Checks,
    ) -> Result<(), Failure> {
        let text = |name: &str| match stored.get(name) {
            Some(AttributeValue::S(text)) => text.as_str(),
            _ => "",
        };
        let held = required(text("firstName"), text("lastName"), text("email"));
        let response = self.update(id, NO_VERSION, &held)?;
        let passed = response.status == 200 && response.body["data"]["id"] == *id;
        checks.check("200 for what the customer already holds", &response, passed)?;
        let mut other = held;
        other["firstName"] = match text("firstName") {
            "Smoke" => json!("Test"),
            _ => json!("Smoke"),
        };
        let response = self.update(id, NO_VERSION, &other)?;
        let passed = response.is(412, "version_conflict") && response.version.is_some();
        checks.check("412 for a version that no customer has", &response, passed)?;
        Ok(())
    }

    /// Updates of a customer that exists only for this test.
    async fn new_customer(&self, checks: &mut Checks) -> Result<(), Failure> {
        let id = format!("smoke-{}", random_hex::<8>()?);
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let item = Item::from([
            ("id".to_owned(), text(&id)),
            ("firstName".to_owned(), text("Smoke")),
            ("lastName".to_owned(), text("Test")),
            ("email".to_owned(), text("smoke@example.com")),
        ]);
        self.customers.put(item).await?;
        let updated = self.updates(&id, checks);
        self.customers.delete(&id).await?;
        updated
    }

    fn updates(&self, id: &str, checks: &mut Checks) -> Result<(), Failure> {
        let mut body = required("Smoke", "Test", "smoke@example.com");
        body["notes"] = json!("first");
        let first = self.update(id, "\"0\"", &body)?;
        let passed = first.status == 200
            && first.body["data"]["notes"] == "first"
            && first.version_number() == Some(1);
        checks.check("200 with the next version for an update", &first, passed)?;
        body["notes"] = json!("second");
        let stale = self.update(id, "\"0\"", &body)?;
        let passed = stale.is(412, "version_conflict") && stale.version == first.version;
        checks.check(
            "412 with the current version for a stale If-Match",
            &stale,
            passed,
        )?;
        let mut whole = self.update(id, "\"1\"", &first.body["data"])?;
        whole.body["data"]["updatedAt"] = first.body["data"]["updatedAt"].clone();
        let passed = whole.body["data"] == first.body["data"] && whole.version_number() == Some(2);
        checks.check(
            "200 for data sent back whole, which changes nothing",
            &whole,
            passed,
        )?;
        Ok(())
    }
}

fn required(first_name: &str, last_name: &str, email: &str) -> Value {
    json!({"firstName": first_name, "lastName": last_name, "email": email})
}
