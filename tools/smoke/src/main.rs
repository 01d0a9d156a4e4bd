//! A smoke test of a deployed or local API: `cargo run -p smoke -- --help`.
//!
//! It sends requests to one customer and prints `ok` or `FAIL` for each check. Afterwards the
//! customer is unchanged, except for the version, `updatedAt` and `updatedBy`.
//!
//! The API has no read operation. So the test needs the current values of the three required fields.
//! Its first update succeeds only if the customer has these values, and writes nothing.

use std::process::ExitCode;

use clap::Parser;
use serde_json::{Value, json};
use ureq::Agent;

/// Check the responses of a running PUT /customers/{customer_id}
#[derive(Parser)]
struct Arguments {
    /// The API's URL, with or without /customers/{customer_id} at the end
    #[arg(long)]
    url: String,
    /// An access token with the scope customers:write
    #[arg(long, env = "ACCESS_TOKEN", hide_env_values = true)]
    token: String,
    /// The id of the customer to update
    #[arg(long)]
    customer: String,
    /// The customer's current firstName [default: the local example's]
    #[arg(long, default_value = "Jon", hide_default_value = true)]
    first_name: String,
    /// The customer's current lastName [default: the local example's]
    #[arg(long, default_value = "Doe", hide_default_value = true)]
    last_name: String,
    /// The customer's current email [default: the local example's]
    #[arg(
        long,
        default_value = "john.doe@aximcommerce.com",
        hide_default_value = true
    )]
    email: String,
}

fn main() -> ExitCode {
    let mut smoke = Smoke::new(Arguments::parse());
    smoke.errors();
    match smoke.unchanged_customer() {
        Some(data) => smoke.updates(&data),
        None => eprintln!("The customer was not changed."),
    }
    if smoke.failures == 0 {
        println!("all {} checks passed", smoke.checks);
        ExitCode::SUCCESS
    } else {
        println!("{} of {} checks failed", smoke.failures, smoke.checks);
        ExitCode::FAILURE
    }
}

/// A response. Status 0 means that there was none.
struct Response {
    status: u16,
    version: Option<String>,
    body: Value,
}

impl Response {
    fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    /// Whether this version is the one after `version`.
    fn is_next_after(&self, version: &Option<String>) -> bool {
        let number =
            |version: &Option<String>| version.as_deref()?.trim_matches('"').parse::<u64>().ok();
        number(&self.version)
            .zip(number(version))
            .is_some_and(|(new, old)| new == old + 1)
    }
}

struct Smoke {
    arguments: Arguments,
    agent: Agent,
    checks: usize,
    failures: usize,
}

impl Smoke {
    fn new(arguments: Arguments) -> Self {
        // An error status is a response to check.
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .build()
            .into();
        Self {
            arguments,
            agent,
            checks: 0,
            failures: 0,
        }
    }

    /// Counts a check and prints its result. The body is not printed, because it has personal data.
    fn check(&mut self, name: &str, response: &Response, passed: bool) {
        self.checks += 1;
        if passed {
            println!("ok    {name}");
        } else {
            self.failures += 1;
            let (status, code) = (response.status, response.code());
            println!(
                "FAIL  {name}: got status {status}, code {code:?}, version {:?}",
                response.version
            );
        }
    }

    fn send(&self, customer: &str, headers: &[(&str, &str)], body: &str) -> Response {
        let base = self.arguments.url.replace("/customers/{customer_id}", "");
        let url = format!("{}/customers/{customer}", base.trim_end_matches('/'));
        let mut request = self
            .agent
            .put(url)
            .header("Content-Type", "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        match request.send(body) {
            Ok(mut response) => Response {
                status: response.status().as_u16(),
                version: header(&response, "x-customer-version"),
                body: response.body_mut().read_json().unwrap_or_default(),
            },
            Err(error) => {
                eprintln!("error: no response: {error}");
                Response {
                    status: 0,
                    version: None,
                    body: Value::Null,
                }
            }
        }
    }

    /// Sends an update of the customer with the token.
    fn update(&self, body: &Value, if_match: Option<&str>) -> Response {
        let mut headers = vec![("accessToken", self.arguments.token.as_str())];
        headers.extend(if_match.map(|versions| ("If-Match", versions)));
        self.send(&self.arguments.customer, &headers, &body.to_string())
    }

    fn required_fields(&self) -> Value {
        let Arguments {
            first_name,
            last_name,
            email,
            ..
        } = &self.arguments;
        json!({"firstName": first_name, "lastName": last_name, "email": email})
    }

    /// Checks the error responses that do not depend on the customer.
    fn errors(&mut self) {
        let fields = self.required_fields().to_string();
        let (customer, token) = (
            self.arguments.customer.clone(),
            self.arguments.token.clone(),
        );
        let token = [("accessToken", token.as_str())];

        let response = self.send(&customer, &[], &fields);
        self.check(
            "401 without a token",
            &response,
            (response.status, response.code()) == (401, "token_missing"),
        );
        let response = self.send(&customer, &[("accessToken", "no-such-token")], &fields);
        self.check(
            "401 for an unknown token",
            &response,
            (response.status, response.code()) == (401, "token_invalid"),
        );
        let response = self.send(&customer, &token, "{");
        self.check(
            "400 for a body that is not JSON",
            &response,
            (response.status, response.code()) == (400, "invalid_request"),
        );
        let response = self.send(&customer, &token, r#"{"emial": ""}"#);
        let errors = response.body["errors"].as_array().map(Vec::len);
        self.check(
            "400 with all field errors at once",
            &response,
            response.status == 400 && errors == Some(4),
        );
        let headers = [token[0], ("If-Match", "unquoted")];
        let response = self.send(&customer, &headers, &fields);
        self.check(
            "400 for a malformed If-Match",
            &response,
            response.status == 400,
        );
        let response = self.send("no-such-customer-0f9a2c7e", &token, &fields);
        let passed = (response.status, response.code()) == (404, "customer_not_found");
        self.check("404 for an unknown customer", &response, passed);
    }

    /// Sends the values that the customer should have, with a version that no customer has. The
    /// response is 200 if the customer has these values and 412 if not. Neither writes. Returns the
    /// customer's data.
    fn unchanged_customer(&mut self) -> Option<Value> {
        let response = self.update(&self.required_fields(), Some("\"no-version\""));
        self.check(
            "200 for an update that is already stored",
            &response,
            response.status == 200,
        );
        if response.status == 412 {
            eprintln!(
                "The customer has other values; give the current --first-name, --last-name and --email."
            );
        }
        (response.status == 200).then(|| response.body["data"].clone())
    }

    /// Checks updates of `notes`, and restores `data`.
    fn updates(&mut self, data: &Value) {
        let mut changed = self.required_fields();
        changed["notes"] = json!("smoke test");
        let before = self.update(&self.required_fields(), None);
        self.check(
            "200 for the required fields only",
            &before,
            before.status == 200,
        );
        let response = self.update(&changed, before.version.as_deref());
        let passed = response.status == 200
            && response.body["data"]["notes"] == "smoke test"
            && response.is_next_after(&before.version);
        self.check(
            "200 with the next version for a current If-Match",
            &response,
            passed,
        );
        changed["notes"] = json!("smoke test, stale version");
        let stale = self.update(&changed, before.version.as_deref());
        let passed = (stale.status, stale.code()) == (412, "version_conflict")
            && stale.version == response.version;
        self.check(
            "412 with the current version for a stale If-Match",
            &stale,
            passed,
        );

        let mut restored = self.update(data, None);
        let status = restored.status;
        restored.body["data"]["updatedAt"] = data["updatedAt"].clone();
        let passed = status == 200 && restored.body["data"] == *data;
        self.check(
            "200 for data sent back whole, which restores the customer",
            &restored,
            passed,
        );
        if !passed {
            eprintln!("The customer may still have the notes of this test.");
        }
    }
}

fn header(response: &ureq::http::Response<ureq::Body>, name: &str) -> Option<String> {
    response
        .headers()
        .get(name)?
        .to_str()
        .ok()
        .map(str::to_owned)
}
