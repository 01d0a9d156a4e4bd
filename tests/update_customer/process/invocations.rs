//! Runs the built program with a fake Runtime API, and checks its responses and its log.

use pretty_assertions::assert_eq;
use serde_json::{Value, json};
use testkit::runtime_api::request_id;

use crate::support::program::{Environment, json_lines};
use crate::support::{CUSTOMER_ID, READ_TOKEN, Response, TestApp, put, shortened};

/// Starts the program on the tables of `app`.
async fn start(app: &TestApp, level: &str, format: &str) -> Environment {
    Environment::start(&[
        ("CUSTOMERS_TABLE", &app.customers),
        ("ACCESS_TOKENS_TABLE", &app.tokens),
        ("AWS_ENDPOINT_URL_DYNAMODB", &app.endpoint),
        ("AWS_LAMBDA_LOG_LEVEL", level),
        ("AWS_LAMBDA_LOG_FORMAT", format),
    ])
    .await
}

/// Starts the program and sends it the events one after the other. Returns the responses and the log.
async fn run(
    app: &TestApp,
    events: &[Value],
    level: &str,
    format: &str,
) -> (Vec<Response>, String) {
    let mut environment = start(app, level, format).await;
    let mut responses = Vec::new();
    for event in events {
        let response = environment.invoke(event).await;
        responses.push(Response::from_lambda(&response.expect("a response")));
    }
    (responses, environment.stop().await)
}

#[tokio::test]
async fn each_request_logs_one_json_line_at_every_level() {
    let app = TestApp::new().await;
    let events = [
        put()
            .with(json!({"notes": "n", "company": ""}))
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
    let (responses, log) = run(&app, &events, "TRACE", "JSON").await;
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
            "level": "INFO", "message": "request rejected", "requestId": request_id(4), "subject": "demo-report",
            "status": 401, "outcome": "insufficient_permission"
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
    // The response and the log have the same request id.
    assert_eq!(responses[2].body["requestId"], request_id(3));
}

#[tokio::test]
async fn server_errors_are_logged_once_with_their_cause() {
    let app = TestApp::new().await;
    let delete = |table: &str| app.client.delete_table().table_name(table).send();
    let events = [put().http_api_event()];
    delete(&app.customers).await.unwrap();
    let (responses, log) = run(&app, &events, "INFO", "JSON").await;
    assert_eq!(responses[0].status, 500);
    let lines = json_lines(&log);
    assert_eq!(lines.len(), 1, "{}", shortened(&log));
    let found = (&lines[0]["level"], &lines[0]["requestId"]);
    assert_eq!(found, (&json!("ERROR"), &json!(request_id(1))));
    let cause = lines[0]["cause"].as_str().unwrap();
    assert!(
        cause.starts_with("UpdateItem on the customers table: "),
        "{cause}"
    );
    assert!(cause.contains("ResourceNotFoundException"), "{cause}");

    delete(&app.tokens).await.unwrap();
    let (responses, log) = run(&app, &events, "", "JSON").await;
    assert_eq!(responses[0].status, 500);
    let levels: Vec<_> = json_lines(&log)
        .iter()
        .map(|line| line["level"].clone())
        .collect();
    assert_eq!(
        levels,
        ["WARN", "ERROR"],
        "a line for start-up: {}",
        shortened(&log)
    );
}

/// A panic outside of the handler is Lambda's: it reports a failure, to which API Gateway responds with 500.
#[tokio::test]
async fn event_that_no_gateway_sends_fails_and_is_logged_without_its_text() {
    let app = TestApp::new().await;
    let mut malformed = put().sample().http_api_event();
    malformed["isBase64Encoded"] = json!(true);
    let no_request = json!({"email": "john@aximcommerce.com"});
    let mut environment = start(&app, "TRACE", "JSON").await;
    for event in [&malformed, &no_request] {
        let report = environment.invoke(event).await.unwrap_err().to_string();
        assert!(!report.contains("aximcommerce"), "{report}");
    }
    let next = environment.invoke(&put().http_api_event()).await;
    assert_eq!(next.unwrap()["statusCode"], 200);
    let lines = json_lines(&environment.stop().await);
    assert_eq!(
        (lines.len(), &lines[0]["message"]),
        (3, &json!("panicked")),
        "{lines:?}"
    );
    assert!(
        lines[0]["location"].to_string().contains(".rs:"),
        "{lines:?}"
    );
    let rejected = (&lines[1]["message"], &lines[1]["requestId"]);
    assert_eq!(rejected, (&json!("event rejected"), &json!(request_id(2))));
}

#[tokio::test]
async fn default_log_format_is_text() {
    let app = TestApp::new().await;
    let events = [put().id("a\nb").http_api_event()];
    let (_, log) = run(&app, &events, "TRACE", "").await;
    assert_eq!(log.lines().count(), 1, "{}", shortened(&log));
    let request_id = request_id(1);
    let expected = format!(
        r#" INFO request rejected requestId="{request_id}" customerId="a\nb" subject="demo-erp""#
    );
    assert!(log.contains(&expected), "{}", shortened(&log));
}
