//! Runs the built program with a fake Runtime API, and checks its responses and its log.

use pretty_assertions::assert_eq;
use serde_json::{Value, json};
use testkit::response::shortened;
use testkit::servers::runtime_api::request_id;
use testkit::tables;
use update_customer::auth::TokenHash;

use crate::support::program::{Environment, json_lines};
use crate::support::{CUSTOMER_ID, READ_TOKEN, Response, TestApp, WRITE_TOKEN, put};

/// Runs the program on the tables of `app` and sends it the events one after the other. Returns the
/// responses and the log.
async fn run(
    app: &TestApp,
    events: Vec<Value>,
    level: &str,
    format: &str,
) -> (Vec<Response>, String) {
    let mut environment = Environment::start(&[
        ("CUSTOMERS_TABLE", &app.customers),
        ("ACCESS_TOKENS_TABLE", &app.tokens),
        ("AWS_ENDPOINT_URL_DYNAMODB", &app.endpoint),
        ("AWS_LAMBDA_LOG_LEVEL", level),
        ("AWS_LAMBDA_LOG_FORMAT", format),
    ])
    .await;
    let mut responses = Vec::new();
    for event in events {
        let response = environment.invoke(&event).await;
        responses.push(Response::from_lambda(&response));
    }
    (responses, environment.stop().await)
}

#[tokio::test]
async fn each_request_logs_one_json_line() {
    let app = TestApp::new().await;
    let events = vec![
        put()
            .with(json!({"notes": "n", "company": null}))
            .http_api_event(),
        put().sample().rest_api_event(),
        put()
            .with(json!({"status": 1, "address": [{}, {}]}))
            .http_api_event(),
        put().token(READ_TOKEN).http_api_event(),
        put().if_match("\"1\"").with(json!({})).http_api_event(),
        put()
            .without_header("accessToken")
            .id("x\n{\"forged\": true}")
            .http_api_event(),
    ];
    let (responses, log) = run(&app, events, "", "JSON").await;
    let statuses: Vec<_> = responses.iter().map(|response| response.status).collect();
    assert_eq!(statuses, [200, 200, 400, 401, 412, 401]);
    let mut lines = json_lines(&log);
    for line in &mut lines {
        let line = line.as_object_mut().unwrap();
        let timestamp = line.remove("timestamp").unwrap();
        assert!(timestamp.as_str().unwrap().ends_with('Z'), "{timestamp}");
        let milliseconds = line.remove("dynamodbMs").unwrap();
        assert!(milliseconds.as_f64().is_some(), "{milliseconds}");
    }
    let expected = json!([
        {
            "level": "INFO", "message": "customer updated", "requestId": request_id(1), "customerId": CUSTOMER_ID,
            "subject": "demo-erp", "fields": "firstName,lastName,email,company,notes", "version": 7, "status": 200,
            "outcome": "updated"
        },
        {
            "level": "INFO", "message": "customer updated", "requestId": request_id(2), "customerId": CUSTOMER_ID,
            "subject": "demo-erp",
            "fields": "firstName,lastName,email,phoneNumber,status,company,notes,address,metaFields",
            "version": 8, "status": 200, "outcome": "updated"
        },
        {
            "level": "INFO", "message": "request rejected", "requestId": request_id(3), "customerId": CUSTOMER_ID,
            "subject": "demo-erp", "status": 400, "outcome": "invalid_request",
            "errors": "empty_object×2,invalid_type×1"
        },
        {
            "level": "INFO", "message": "request rejected", "requestId": request_id(4), "customerId": CUSTOMER_ID,
            "subject": "demo-report", "status": 401, "outcome": "insufficient_permission"
        },
        {
            "level": "INFO", "message": "request rejected", "requestId": request_id(5), "customerId": CUSTOMER_ID,
            "subject": "demo-erp", "status": 412, "outcome": "version_conflict"
        },
        {
            "level": "INFO", "message": "request rejected", "requestId": request_id(6), "status": 401, "outcome": "token_missing"
        }
    ]);
    assert_eq!(Value::Array(lines), expected);
    assert_eq!(
        responses[2].body["requestId"],
        request_id(3),
        "the response and the log have the same request id"
    );
}

#[tokio::test]
async fn no_secret_is_logged_at_any_level() {
    let app = TestApp::new().await;
    let events = || {
        vec![
            put().sample().http_api_event(),
            put()
                .sample()
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
        let (_, log) = run(&app, events(), level, format).await;
        assert!(log.contains(&request_id(5)), "{}", shortened(&log));
        let hash = TokenHash::of(WRITE_TOKEN).to_hex();
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
            let line = log.lines().find(|line| line.contains(secret));
            let line = line.map(|line| shortened(&line));
            assert_eq!(line, None, "{secret} at {level}");
        }
    }
}

#[tokio::test]
async fn server_error_is_logged_once_with_its_cause() {
    let app = TestApp::new().await;
    app.client
        .delete_table()
        .table_name(&app.customers)
        .send()
        .await
        .unwrap();
    let (responses, log) = run(&app, vec![put().http_api_event()], "INFO", "JSON").await;
    assert_eq!(responses[0].status, 500);
    let lines = json_lines(&log);
    assert_eq!(lines.len(), 1, "{}", shortened(&log));
    assert_eq!(
        (&lines[0]["level"], &lines[0]["requestId"]),
        (&json!("ERROR"), &json!(request_id(1)))
    );
    let cause = lines[0]["cause"].as_str().unwrap();
    assert!(
        cause.starts_with("UpdateItem on the customers table: "),
        "{cause}"
    );
    assert!(cause.contains("ResourceNotFoundException"), "{cause}");
    tables::create_table(&app.client, &app.customers, "id")
        .await
        .unwrap();
}

#[tokio::test]
async fn unreachable_dynamodb_at_start_up_is_a_warning() {
    let app = TestApp::new().await;
    app.client
        .delete_table()
        .table_name(&app.tokens)
        .send()
        .await
        .unwrap();
    let (responses, log) = run(&app, vec![put().http_api_event()], "", "JSON").await;
    assert_eq!(responses[0].status, 500);
    let lines = json_lines(&log);
    assert_eq!(lines.len(), 2, "{}", shortened(&log));
    let logged = (&lines[0]["level"], &lines[0]["message"]);
    assert_eq!(
        logged,
        (
            &json!("WARN"),
            &json!("DynamoDB was not reached during start-up")
        )
    );
    let cause = lines[0]["cause"].as_str().unwrap();
    assert!(
        cause.starts_with("GetItem on the access tokens table: "),
        "{cause}"
    );
    assert!(cause.contains("ResourceNotFoundException"), "{cause}");
    tables::create_table(&app.client, &app.tokens, "tokenHash")
        .await
        .unwrap();
}

#[tokio::test]
async fn panic_is_logged_with_its_location() {
    let app = TestApp::new().await;
    let mut malformed = put().http_api_event();
    malformed["isBase64Encoded"] = json!(true);
    let (responses, log) = run(
        &app,
        vec![malformed, put().http_api_event()],
        "INFO",
        "JSON",
    )
    .await;
    assert_eq!((responses[0].status, responses[1].status), (500, 200));
    let lines = json_lines(&log);
    assert_eq!(
        (lines.len(), &lines[0]["requestId"]),
        (2, &json!(request_id(1)))
    );
    let cause = lines[0]["cause"].as_str().unwrap();
    assert!(
        cause.starts_with("panic at ") && cause.contains(".rs:"),
        "{cause}"
    );
}

#[tokio::test]
async fn default_log_format_is_text() {
    let app = TestApp::new().await;
    let (_, log) = run(&app, vec![put().id("a\nb").http_api_event()], "INFO", "").await;
    assert_eq!(log.lines().count(), 1, "{}", shortened(&log));
    let request_id = request_id(1);
    let expected = format!(
        r#" INFO request rejected requestId="{request_id}" customerId="a\nb" subject="demo-erp""#
    );
    assert!(log.contains(&expected), "{}", shortened(&log));
}
