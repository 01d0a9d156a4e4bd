//! Many requests at once in one process, as on Lambda Managed Instances, and what only long-lived environments meet:
//! SIGTERM, a restored snapshot, and credentials that expire.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use pretty_assertions::assert_eq;
use serde_json::{Value, json};
use testkit::runtime_api::request_id;
use testkit::server::Server;
use tokio::sync::Semaphore;

use crate::support::program::{Environment, json_lines};
use crate::support::{Calls, Fault, FaultProxy, PutRequest, TestApp, put, sample_customer};

const AT_ONCE: usize = 32;

async fn start(app: &TestApp, endpoint: &str, more: &[(&str, &str)]) -> Environment {
    let mut variables = vec![
        ("CUSTOMERS_TABLE", &*app.tables.customers),
        ("ACCESS_TOKENS_TABLE", &app.tables.tokens),
        ("AWS_ENDPOINT_URL_DYNAMODB", endpoint),
    ];
    variables.extend(more);
    Environment::start(&variables).await
}

async fn start_concurrent(app: &TestApp, endpoint: &str) -> Environment {
    start(app, endpoint, &[("AWS_LAMBDA_MAX_CONCURRENCY", "32")]).await
}

/// A gate that holds one call.
#[derive(Clone)]
struct Gate {
    reached: Arc<Semaphore>,
    opened: Arc<Semaphore>,
}

impl Gate {
    /// Holds the n-th call of an operation.
    fn hold(proxy: &FaultProxy, operation: &'static str, nth: usize) -> Self {
        let closed = || Arc::new(Semaphore::new(0));
        let gate = Self {
            reached: closed(),
            opened: closed(),
        };
        let held = gate.clone();
        let hold = move || {
            let gate = held.clone();
            async move {
                gate.reached.add_permits(1);
                gate.opened.acquire().await.unwrap().forget();
            }
        };
        proxy.inject(operation, Calls::Nth(nth), Fault::other_writer(hold));
        gate
    }

    async fn reached(&self) {
        self.reached.acquire().await.unwrap().forget();
    }

    fn open(&self) {
        self.opened.add_permits(1);
    }
}

/// Stores a customer for each number below [`AT_ONCE`].
async fn store_customers(app: &TestApp) {
    for number in 0..AT_ONCE {
        let mut customer = sample_customer();
        customer["id"] = id(number).into();
        app.store(&customer).await;
    }
}

fn id(number: usize) -> String {
    format!("customer-{number}")
}

fn update(number: usize) -> PutRequest {
    put().id(&id(number)).with(json!({"notes": id(number)}))
}

/// The data of a response with status 200.
#[track_caller]
fn data(outcome: &Result<Value, Value>) -> Value {
    let response = outcome.as_ref().expect("a response");
    let body: Value = serde_json::from_str(response["body"].as_str().unwrap()).unwrap();
    assert_eq!(response["statusCode"], 200, "{body}");
    body["data"].clone()
}

#[tokio::test]
async fn slow_request_holds_nobody() {
    let app = TestApp::new().await;
    store_customers(&app).await;
    let proxy = FaultProxy::start(&app.tables.endpoint).await;
    let gate = Gate::hold(&proxy, "UpdateItem", 1);
    let mut environment = start_concurrent(&app, &proxy.endpoint).await;
    let events = (0..AT_ONCE).map(|number| update(number).http_api_event());
    let events: Vec<_> = events.collect();
    environment.send(&events[..1]);
    gate.reached().await;
    environment.send(&events[1..]);
    let others = environment.outcomes(AT_ONCE - 1).await;
    assert!(!others.contains_key(&request_id(1)));
    gate.open();
    let slow = environment.outcomes(1).await;
    for number in 0..AT_ONCE {
        let request_id = request_id(number + 1);
        let outcome = others
            .get(&request_id)
            .unwrap_or_else(|| &slow[&request_id]);
        assert_eq!(data(outcome)["notes"], id(number), "{request_id}");
    }
    environment.stop().await;
}

#[tokio::test]
async fn requests_with_one_new_token_make_one_lookup() {
    let app = TestApp::new().await;
    store_customers(&app).await;
    let proxy = FaultProxy::start(&app.tables.endpoint).await;
    // The first call opens the connection.
    let gate = Gate::hold(&proxy, "GetItem", 2);
    let mut environment = start_concurrent(&app, &proxy.endpoint).await;
    let events: Vec<_> = (0..AT_ONCE)
        .map(|number| update(number).http_api_event())
        .collect();
    environment.send(&events);
    gate.reached().await;
    // The rejection takes no lookup, so it ends when all others wait for theirs.
    environment.send(&[put().without_header("accessToken").http_api_event()]);
    gate.open();
    let outcomes = environment.outcomes(AT_ONCE + 1).await;
    let successes = outcomes
        .values()
        .filter(|outcome| outcome.as_ref().unwrap()["statusCode"] == 200);
    assert_eq!((successes.count(), proxy.calls("GetItem")), (AT_ONCE, 2));
    environment.stop().await;
}

/// Requests of each kind, at once and several times over: every response and log line belongs to its request, and the
/// memory that they take is returned.
#[tokio::test]
async fn mixed_load() {
    const ROUNDS: usize = 12;
    let app = TestApp::new().await;
    store_customers(&app).await;
    let mut environment = start_concurrent(&app, &app.tables.endpoint).await;
    let long = "n".repeat(100_000);
    let (mut sent, mut memory) = (0, Vec::new());
    for _ in 0..ROUNDS {
        let mut events = Vec::new();
        for number in 0..AT_ONCE {
            let request = update(number);
            let event = match number % 8 {
                0 => request.with(json!({"status": 1})).http_api_event(),
                1 => request.if_match("\"0\"").http_api_event(),
                2 => request.id(&format!("unknown-{number}")).http_api_event(),
                3 => request.token("unknown").http_api_event(),
                4 => {
                    // A panic, because this text is not base64.
                    let mut event = request.http_api_event();
                    event["isBase64Encoded"] = json!(true);
                    event
                }
                5 => request
                    .with(json!({"metaFields": [{"code": "long", "value": long}]}))
                    .http_api_event(),
                6 => request.rest_api_event(),
                _ => request.http_api_event(),
            };
            events.push(event);
        }
        environment.send(&events);
        let outcomes = environment.outcomes(AT_ONCE).await;
        for number in 0..AT_ONCE {
            let request_id = request_id(sent + number + 1);
            let outcome = &outcomes[&request_id];
            let Ok(response) = outcome else {
                assert_eq!(number % 8, 4, "{outcome:?}");
                continue;
            };
            let body: Value = serde_json::from_str(response["body"].as_str().unwrap()).unwrap();
            let status = [400, 412, 404, 401, 500, 200, 200, 200][number % 8];
            assert_eq!(response["statusCode"], status, "{number}: {body}");
            if status == 200 || status == 412 {
                assert_eq!(body["data"]["id"], id(number));
            }
            if status != 200 {
                assert_eq!(body["requestId"], request_id);
            }
        }
        sent += AT_ONCE;
        memory.push(status(environment.process_id(), "VmRSS:"));
    }
    let half = memory[ROUNDS / 2];
    assert!(memory[ROUNDS - 1] <= half + half / 4, "{memory:?}");
    let lines = json_lines(&environment.stop().await);
    assert_eq!(lines.len(), sent);
    for number in 0..sent {
        let request_id = request_id(number + 1);
        let mut own = lines.iter().filter(|line| line["requestId"] == *request_id);
        let (line, more) = (own.next().expect("a line"), own.next());
        assert_eq!(more, None);
        let expected = match number % 8 {
            2 => json!(format!("unknown-{}", number % AT_ONCE)),
            3 => Value::Null,
            4 => {
                assert_eq!(line["message"], "panicked");
                Value::Null
            }
            _ => json!(id(number % AT_ONCE)),
        };
        assert_eq!(line["customerId"], expected, "{line}");
    }
}

/// A number that Linux knows of a process: its memory in kilobytes, or its threads.
fn status(process: u32, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Many requests at once must not storm a DynamoDB that is down. Alone, each request has its retries.
#[tokio::test]
async fn retries_of_many_requests_share_a_quota() {
    // The quota is 500, and a retry costs 10.
    for (concurrency, requests, retries) in [("1", 30, 60), ("32", 200, 50)] {
        let app = TestApp::new().await;
        let proxy = FaultProxy::start(&app.tables.endpoint).await;
        let error = Fault::Error(503, "ServiceUnavailable");
        proxy.inject("UpdateItem", Calls::Always, error);
        let concurrency = [("AWS_LAMBDA_MAX_CONCURRENCY", concurrency)];
        let mut environment = start(&app, &proxy.endpoint, &concurrency).await;
        environment.send(&vec![put().http_api_event(); requests]);
        for outcome in environment.outcomes(requests).await.values() {
            assert_eq!(outcome.as_ref().unwrap()["statusCode"], 500);
        }
        assert_eq!(
            proxy.calls("UpdateItem") - requests,
            retries,
            "{concurrency:?}"
        );
        environment.stop().await;
    }
}

/// With one request at a time and with many, a request that has begun gets its response.
#[tokio::test]
async fn sigterm_ends_the_program_after_the_requests_that_run() {
    for concurrency in ["", "32"] {
        let app = TestApp::new().await;
        let proxy = FaultProxy::start(&app.tables.endpoint).await;
        let gate = Gate::hold(&proxy, "UpdateItem", 1);
        let concurrency = [("AWS_LAMBDA_MAX_CONCURRENCY", concurrency)];
        let mut environment = start(&app, &proxy.endpoint, &concurrency).await;
        environment.send(&[put().with(json!({"notes": "last"})).http_api_event()]);
        gate.reached().await;
        let process = environment.process_id();
        // A start with more threads takes longer.
        assert_eq!(
            status(process, "Threads:") == 1,
            concurrency[0].1.is_empty()
        );
        let process = process.to_string();
        let kill = Command::new("kill").args(["-TERM", &process]).status();
        assert!(kill.unwrap().success());
        gate.open();
        let outcomes = environment.outcomes(1).await;
        assert_eq!(data(&outcomes[&request_id(1)])["notes"], "last");
        assert_eq!(environment.ended().await.0, Some(0), "{concurrency:?}");
    }
}

/// A server of credentials, each with a key of its own. The first ones expire within seconds, and every second response
/// is an error.
fn credentials_server() -> Server {
    let count = Arc::new(AtomicUsize::new(0));
    let respond = async move || {
        let number = count.fetch_add(1, Ordering::SeqCst) + 1;
        let status = [500, 200][number % 2];
        let lifetime = if number < 6 { 5 } else { 3_600 };
        let expiry = SystemTime::now() + Duration::from_secs(lifetime);
        let credentials = json!({
            "AccessKeyId": format!("key-{number}"), "SecretAccessKey": "secret", "Token": "token",
            "Expiration": humantime::format_rfc3339_seconds(expiry).to_string(),
        });
        (StatusCode::from_u16(status).unwrap(), Json(credentials))
    };
    Server::start(Router::new().route("/credentials", get(respond)))
}

#[tokio::test]
async fn credentials_of_a_server_are_refreshed_before_they_expire() {
    for concurrency in ["1", "32"] {
        let app = TestApp::new().await;
        let proxy = FaultProxy::start(&app.tables.endpoint).await;
        let server = credentials_server();
        let url = format!("http://{}/credentials", server.address);
        let variables = [
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI", &*url),
            ("ACCESS_TOKEN_CACHE_SECONDS", "60"),
            ("AWS_LAMBDA_MAX_CONCURRENCY", concurrency),
        ];
        let mut environment = start(&app, &proxy.endpoint, &variables).await;
        for number in 0..4 {
            environment.send(&[put().http_api_event()]);
            let outcomes = environment.outcomes(1).await;
            data(&outcomes[&request_id(number + 1)]);
        }
        let keys = proxy.access_keys();
        // The last key is valid for an hour. On a busy machine the start may end before its call.
        let is_refreshed = keys.is_sorted() && keys.ends_with(&["key-7".to_owned()]);
        assert!(is_refreshed && keys[0] < keys[2], "{concurrency}: {keys:?}");
        environment.stop().await;
    }
}

/// A snapshot has no connection and no token: both would be stale in the program that is restored from it.
#[tokio::test]
async fn snapshot_is_taken_before_the_connection_is_opened() {
    let app = TestApp::new().await;
    let proxy = FaultProxy::start(&app.tables.endpoint).await;
    let snap_start = [("AWS_LAMBDA_INITIALIZATION_TYPE", "snap-start")];
    let mut environment = start(&app, &proxy.endpoint, &snap_start).await;
    assert_eq!(proxy.connections(), 0);
    let restored = Value::Null;
    environment.send(&[restored, put().http_api_event()]);
    data(&environment.outcomes(1).await[&request_id(1)]);
    // One to open the connection, and one for the token.
    assert_eq!((proxy.connections(), proxy.calls("GetItem")), (1, 2));
    environment.stop().await;
}
