//! The contract's answers, asked of a deployed or local endpoint: `cargo run --example smoke -- --help`.
//!
//! One line a check says `ok` or `FAIL`. The customer ends as it was, but for `updatedAt`, `updatedBy` and its version:
//! the API has no way to read, so the check needs three fields whose values it may send, and begins
//! with a request that changes nothing and succeeds only if the customer holds them already.

use std::process::ExitCode;

use clap::Parser;
use serde_json::{Value, json};
use ureq::Agent;
use ureq::http::Response;

/// Ask a running PUT /customers/{customer_id} for each answer of its contract.
#[derive(Parser)]
struct Arguments {
    /// Where the API is: everything before /customers/…, or the URL with {customer_id}
    #[arg(long)]
    url: String,
    /// An access token with the scope customers:write
    #[arg(long, env = "ACCESS_TOKEN", hide_env_values = true)]
    token: String,
    /// The id of a customer to try it on
    #[arg(long)]
    customer: String,
    /// The customer's firstName as it is now [default: the local example's]
    #[arg(long, default_value = "Jon", hide_default_value = true)]
    first_name: String,
    /// The customer's lastName as it is now [default: the local example's]
    #[arg(long, default_value = "Doe", hide_default_value = true)]
    last_name: String,
    /// The customer's email as it is now [default: the local example's]
    #[arg(
        long,
        default_value = "john.doe@aximcommerce.com",
        hide_default_value = true
    )]
    email: String,
}

fn main() -> ExitCode {
    let mut smoke = Smoke::new(Arguments::parse());
    smoke.refusals();
    match smoke.known_customer() {
        Some(data) => smoke.updates(&data),
        None => eprintln!("The customer was not touched."),
    }
    if smoke.failures == 0 {
        println!("all {} checks passed", smoke.checks);
        ExitCode::SUCCESS
    } else {
        println!("{} of {} checks failed", smoke.failures, smoke.checks);
        ExitCode::FAILURE
    }
}

/// What came back; status 0 stands for no answer at all.
struct Answer {
    status: u16,
    version: Option<String>,
    body: Value,
}

impl Answer {
    fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    fn next_to(&self, version: &Option<String>) -> bool {
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
        // Every status is an answer to look at, not an error.
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

    /// Says how a check went. What came back is shown by status and code alone: it may be personal.
    fn check(&mut self, name: &str, answer: &Answer, passed: bool) {
        self.checks += 1;
        if passed {
            println!("ok    {name}");
        } else {
            self.failures += 1;
            let (status, code) = (answer.status, answer.code());
            println!(
                "FAIL  {name}: got status {status}, code {code:?}, version {:?}",
                answer.version
            );
        }
    }

    fn send(&self, customer: &str, headers: &[(&str, &str)], body: &str) -> Answer {
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
            Ok(mut response) => Answer {
                status: response.status().as_u16(),
                version: header(&response, "x-customer-version"),
                body: response.body_mut().read_json().unwrap_or_default(),
            },
            Err(error) => {
                eprintln!("no answer: {error}");
                Answer {
                    status: 0,
                    version: None,
                    body: Value::Null,
                }
            }
        }
    }

    /// Sends to the customer with the token.
    fn update(&self, body: &Value, if_match: Option<&str>) -> Answer {
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

    /// Requests that are refused whatever the customer is.
    fn refusals(&mut self) {
        let fields = self.required_fields().to_string();
        let (customer, token) = (
            self.arguments.customer.clone(),
            self.arguments.token.clone(),
        );
        let token = [("accessToken", token.as_str())];

        let answer = self.send(&customer, &[], &fields);
        self.check(
            "401 without a token",
            &answer,
            (answer.status, answer.code()) == (401, "token_missing"),
        );
        let answer = self.send(&customer, &[("accessToken", "no-such-token")], &fields);
        self.check(
            "401 for an unknown token",
            &answer,
            (answer.status, answer.code()) == (401, "token_invalid"),
        );
        let answer = self.send(&customer, &token, "{");
        self.check(
            "400 for what is not JSON",
            &answer,
            (answer.status, answer.code()) == (400, "invalid_request"),
        );
        let answer = self.send(&customer, &token, r#"{"emial": ""}"#);
        let faults = answer.body["errors"].as_array().map(Vec::len);
        self.check(
            "400 with every fault at once",
            &answer,
            answer.status == 400 && faults == Some(4),
        );
        let headers = [token[0], ("If-Match", "unquoted")];
        let answer = self.send(&customer, &headers, &fields);
        self.check(
            "400 for an If-Match that cannot be read",
            &answer,
            answer.status == 400,
        );
        let answer = self.send("no-such-customer-0f9a2c7e", &token, &fields);
        let passed = (answer.status, answer.code()) == (404, "customer_not_found");
        self.check("404 for an unknown customer", &answer, passed);
    }

    /// Asks for what the customer should hold already, on a version that no customer has. Nothing is
    /// written either way: the answer is 200 when the customer does, and 412 when not.
    fn known_customer(&mut self) -> Option<Value> {
        let answer = self.update(&self.required_fields(), Some("\"no-version\""));
        self.check(
            "200 for a retry of what is stored already",
            &answer,
            answer.status == 200,
        );
        if answer.status == 412 {
            eprintln!(
                "The customer has other values; give --first-name, --last-name and --email as they are now."
            );
        }
        (answer.status == 200).then(|| answer.body["data"].clone())
    }

    /// Changes `notes` and puts everything back.
    fn updates(&mut self, data: &Value) {
        let mut changed = self.required_fields();
        changed["notes"] = json!("smoke test");
        let before = self.update(&self.required_fields(), None);
        self.check(
            "200 for the required fields alone",
            &before,
            before.status == 200,
        );
        let answer = self.update(&changed, before.version.as_deref());
        let passed = answer.status == 200
            && answer.body["data"]["notes"] == "smoke test"
            && answer.next_to(&before.version);
        self.check(
            "200 with the next version for a current If-Match",
            &answer,
            passed,
        );
        changed["notes"] = json!("smoke test, too late");
        let stale = self.update(&changed, before.version.as_deref());
        let passed = (stale.status, stale.code()) == (412, "version_conflict")
            && stale.version == answer.version;
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
            "200 for data sent back whole, and the customer is as it was",
            &restored,
            passed,
        );
        if !passed {
            eprintln!("The customer may hold the notes of this test.");
        }
    }
}

fn header(response: &Response<ureq::Body>, name: &str) -> Option<String> {
    response
        .headers()
        .get(name)?
        .to_str()
        .ok()
        .map(str::to_owned)
}
