//! The program as Lambda runs it: started with an environment, fed by a Runtime API, read by its log.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::support::program::Program;
use crate::support::{Answer, CUSTOMER_ID, READ_TOKEN, Stand, WRITE_TOKEN, put};

/// Lambda's Runtime API: hands out `events`, collects the answers, and then has nothing more.
#[derive(Default)]
struct Runtime {
    events: VecDeque<Value>,
    answers: Vec<Value>,
    expected: usize,
    done: Option<oneshot::Sender<()>>,
}

type Shared = Arc<Mutex<Runtime>>;

async fn next(State(runtime): State<Shared>) -> impl IntoResponse {
    let event = runtime.lock().unwrap().events.pop_front();
    let Some(event) = event else {
        std::future::pending::<()>().await;
        unreachable!()
    };
    let number = runtime.lock().unwrap().answers.len() + 1;
    let mut headers = HeaderMap::new();
    let mut add = |name, value: String| headers.insert(name, value.parse().unwrap());
    add("lambda-runtime-aws-request-id", format!("request-{number}"));
    add("lambda-runtime-deadline-ms", "9999999999999".to_owned());
    add(
        "lambda-runtime-invoked-function-arn",
        "arn:aws:lambda:us-east-1:123456789012:function:f".to_owned(),
    );
    add(
        "lambda-runtime-trace-id",
        "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700".to_owned(),
    );
    (headers, event.to_string())
}

async fn collect(State(runtime): State<Shared>, Path(id): Path<String>, body: String) {
    let mut runtime = runtime.lock().unwrap();
    assert_eq!(id, format!("request-{}", runtime.answers.len() + 1));
    runtime.answers.push(serde_json::from_str(&body).unwrap());
    if runtime.answers.len() == runtime.expected {
        runtime.done.take().unwrap().send(()).unwrap();
    }
}

/// Runs the program on the stand's tables, one event after the other.
async fn run(
    stand: &Stand,
    events: Vec<Value>,
    level: &str,
    format: &str,
) -> (Vec<Answer>, String, String) {
    let (done, all_answered) = oneshot::channel();
    let runtime = Runtime {
        expected: events.len(),
        events: events.into(),
        answers: Vec::new(),
        done: Some(done),
    };
    let runtime = Arc::new(Mutex::new(runtime));
    let router = Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route(
            "/2018-06-01/runtime/invocation/{id}/response",
            post(collect),
        )
        .with_state(Arc::clone(&runtime));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let api = listener.local_addr().unwrap().to_string();
    let server = tokio::spawn(axum::serve(listener, router).into_future());
    let mut program = Program::start(&[
        ("AWS_LAMBDA_RUNTIME_API", &api),
        ("CUSTOMERS_TABLE", &stand.customers),
        ("ACCESS_TOKENS_TABLE", &stand.tokens),
        ("AWS_ENDPOINT_URL_DYNAMODB", &stand.endpoint),
        ("AWS_LAMBDA_LOG_LEVEL", level),
        ("AWS_LAMBDA_LOG_FORMAT", format),
    ]);
    tokio::select! {
        answered = all_answered => answered.expect("an answer to every event"),
        ended = program.child.wait() => panic!("the program ended: {ended:?} {:?}", program.output().await),
    }
    program.child.start_kill().unwrap();
    let (log, error) = program.output().await;
    server.abort();
    let answers = runtime
        .lock()
        .unwrap()
        .answers
        .iter()
        .map(Answer::from_lambda)
        .collect();
    (answers, log, error)
}

fn lines(log: &str) -> Vec<Value> {
    log.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}")))
        .collect()
}

#[tokio::test]
async fn one_json_line_tells_all_of_a_request() {
    let stand = Stand::new().await;
    let events = vec![
        put()
            .with(json!({"notes": "n", "company": null}))
            .http_api_event(),
        put().rest_api_event(),
        put()
            .with(json!({"status": "", "address": [{}, {}]}))
            .http_api_event(),
        put().token(READ_TOKEN).http_api_event(),
        put().if_match("\"1\"").with(json!({})).http_api_event(),
        put()
            .without_header("accessToken")
            .id("x\n{\"forged\": true}")
            .http_api_event(),
    ];
    let (answers, log, error) = run(&stand, events, "", "JSON").await;
    let statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses, [200, 200, 400, 401, 412, 401]);
    assert_eq!(error, "");
    let mut lines = lines(&log);
    for line in &mut lines {
        let line = line.as_object_mut().unwrap();
        assert!(
            line.shift_remove("timestamp")
                .unwrap()
                .as_str()
                .unwrap()
                .ends_with('Z')
        );
        let milliseconds = line.shift_remove("dynamodbMs").unwrap();
        assert!(milliseconds.as_f64().is_some(), "{milliseconds}");
    }
    let expected = json!([
        {
            "level": "INFO", "message": "customer updated", "requestId": "request-1", "customerId": CUSTOMER_ID,
            "subject": "demo-erp", "fields": "firstName,lastName,email,company,notes", "version": 7, "status": 200,
            "outcome": "updated"
        },
        {
            "level": "INFO", "message": "customer updated", "requestId": "request-2", "customerId": CUSTOMER_ID,
            "subject": "demo-erp",
            "fields": "firstName,lastName,email,phoneNumber,status,company,notes,address,metaFields",
            "version": 8, "status": 200, "outcome": "updated"
        },
        {
            "level": "INFO", "message": "request refused", "requestId": "request-3", "customerId": CUSTOMER_ID,
            "subject": "demo-erp", "status": 400, "outcome": "invalid_request",
            "faults": "cannot_be_cleared×1,empty_object×2"
        },
        {
            "level": "INFO", "message": "request refused", "requestId": "request-4", "customerId": CUSTOMER_ID,
            "subject": "demo-report", "status": 401, "outcome": "insufficient_permission"
        },
        {
            "level": "INFO", "message": "request refused", "requestId": "request-5", "customerId": CUSTOMER_ID,
            "subject": "demo-erp", "status": 412, "outcome": "version_conflict"
        },
        {
            "level": "INFO", "message": "request refused", "requestId": "request-6",
            "customerId": "x\n{\"forged\": true}", "status": 401, "outcome": "token_missing"
        }
    ]);
    assert_eq!(Value::Array(lines), expected);
    assert_eq!(
        answers[2].body["requestId"], "request-3",
        "the answer names the request as the log does"
    );
}

#[tokio::test]
async fn no_token_and_no_personal_value_is_logged_at_any_level() {
    let stand = Stand::new().await;
    let events = || {
        vec![
            put().http_api_event(),
            put()
                .header("accessToken", &format!("Bearer {WRITE_TOKEN}"))
                .rest_api_event(),
            put()
                .with(json!({"email": "not-an-email", "emial": "Elizabeth"}))
                .http_api_event(),
            put()
                .if_match("\"1\"")
                .with(json!({"notes": "NOTE AREA"}))
                .http_api_event(),
            put().body("{\"firstName\": \"John").http_api_event(),
        ]
    };
    for (level, format) in [("TRACE", "JSON"), ("TRACE", "TEXT"), ("DEBUG", "JSON")] {
        let (_, log, error) = run(&stand, events(), level, format).await;
        assert!(log.contains("request-5"), "{log}");
        let hash = stand.token_hash(WRITE_TOKEN);
        for secret in [
            WRITE_TOKEN,
            &hash,
            "aximcommerce",
            "not-an-email",
            "emial",
            "John",
            "Doe",
            "65161861",
            "NOTE AREA",
            "Elizabeth",
            "07202",
            "12548",
        ] {
            assert!(
                !log.contains(secret) && !error.contains(secret),
                "{secret} at {level}: {log}{error}"
            );
        }
    }
}

#[tokio::test]
async fn a_fault_is_logged_once_with_its_cause() {
    let stand = Stand::new().await;
    stand
        .client
        .delete_table()
        .table_name(&stand.customers)
        .send()
        .await
        .unwrap();
    let (answers, log, _) = run(&stand, vec![put().http_api_event()], "INFO", "JSON").await;
    assert_eq!(answers[0].status, 500);
    let lines = lines(&log);
    assert_eq!(lines.len(), 1, "{log}");
    assert_eq!(
        (&lines[0]["level"], &lines[0]["requestId"]),
        (&json!("ERROR"), &json!("request-1"))
    );
    let cause = lines[0]["cause"].as_str().unwrap();
    assert!(
        cause.starts_with("UpdateItem on the customers table: "),
        "{cause}"
    );
    assert!(cause.contains("ResourceNotFoundException"), "{cause}");
    crate::support::store::create_table(&stand.client, &stand.customers, "id")
        .await
        .unwrap();
}

#[tokio::test]
async fn a_start_that_does_not_reach_dynamodb_is_told_and_events_are_answered() {
    let stand = Stand::new().await;
    stand
        .client
        .delete_table()
        .table_name(&stand.tokens)
        .send()
        .await
        .unwrap();
    let (answers, log, error) = run(&stand, vec![put().http_api_event()], "", "JSON").await;
    assert_eq!(answers[0].status, 500);
    let lines = lines(&log);
    assert_eq!(lines.len(), 2, "{log}");
    let told = (&lines[0]["level"], &lines[0]["message"]);
    assert_eq!(
        told,
        (
            &json!("WARN"),
            &json!("DynamoDB was not reached during start")
        )
    );
    let cause = lines[0]["cause"].as_str().unwrap();
    assert!(
        cause.starts_with("GetItem on the access tokens table: "),
        "{cause}"
    );
    assert!(cause.contains("ResourceNotFoundException"), "{cause}");
    assert_eq!(error, "");
    crate::support::store::create_table(&stand.client, &stand.tokens, "tokenHash")
        .await
        .unwrap();
}

#[tokio::test]
async fn an_event_of_no_gateway_is_survived_and_its_panic_located() {
    let stand = Stand::new().await;
    let mut spoiled = put().http_api_event();
    spoiled["isBase64Encoded"] = json!(true);
    let (answers, log, error) = run(
        &stand,
        vec![spoiled, put().http_api_event()],
        "INFO",
        "JSON",
    )
    .await;
    assert_eq!((answers[0].status, answers[1].status), (500, 200));
    let lines = lines(&log);
    assert_eq!(
        (lines.len(), &lines[0]["requestId"]),
        (2, &json!("request-1"))
    );
    let cause = lines[0]["cause"].as_str().unwrap();
    assert!(
        cause.starts_with("a panic at ") && cause.contains(".rs:"),
        "{cause}"
    );
    assert_eq!(error, "");
}

#[tokio::test]
async fn text_is_the_format_on_a_desk() {
    let stand = Stand::new().await;
    let (_, log, _) = run(&stand, vec![put().id("a\nb").http_api_event()], "INFO", "").await;
    assert_eq!(log.lines().count(), 1, "{log}");
    assert!(
        log.contains(
            r#" INFO request refused requestId="request-1" customerId="a\nb" subject="demo-erp""#
        ),
        "{log}"
    );
}

#[tokio::test]
async fn a_missing_variable_stops_the_start_with_a_sentence_that_names_it() {
    let table =
        "The environment variable CUSTOMERS_TABLE is missing or empty; set it to the table's name";
    let seconds = "The environment variable ACCESS_TOKEN_CACHE_SECONDS must be a whole number of seconds, such as 60";
    let both = [("CUSTOMERS_TABLE", "c"), ("ACCESS_TOKENS_TABLE", "t")];
    for (variables, sentence) in [
        (vec![("ACCESS_TOKENS_TABLE", "t")], table),
        (
            vec![("ACCESS_TOKENS_TABLE", "t"), ("CUSTOMERS_TABLE", "")],
            table,
        ),
        (
            vec![both[0], both[1], ("ACCESS_TOKEN_CACHE_SECONDS", "soon")],
            seconds,
        ),
        (
            both.to_vec(),
            "This program runs in AWS Lambda; on a desk use `cargo run --example local`",
        ),
    ] {
        let mut program = Program::start(&variables);
        assert_eq!(program.child.wait().await.unwrap().code(), Some(1));
        let (log, error) = program.output().await;
        let lines = lines(&log);
        assert_eq!(
            (lines.len(), &lines[0]["level"], &lines[0]["message"]),
            (1, &json!("ERROR"), &json!(sentence))
        );
        assert_eq!(error, "");
    }
}
