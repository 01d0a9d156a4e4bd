//! Runs the built program with a fake Runtime API, and checks its responses and its log.

use pretty_assertions::assert_eq;
use serde_json::{Value, json};
use testkit::runtime_api::request_id;

use crate::support::program::{Environment, json_lines};
use crate::support::{CUSTOMER_ID, READ_TOKEN, Response, TestApp, put, shortened};

/// Starts the program on the tables of `app`.
async fn start(app: &TestApp, level: &str, format: &str) -> Environment {
    Environment::start(&[
        ("CUSTOMERS_TABLE", &app.tables.customers),
        ("ACCESS_TOKENS_TABLE", &app.tables.tokens),
        ("AWS_ENDPOINT_URL_DYNAMODB", &app.tables.endpoint),
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
    let cleared = put().with(json!({"notes": "n", "company": ""}));
    let invalid = put().with(json!({"status": 1, "address": [{}, {}]}));
    let forged = put().without_header("accessToken");
    let events = [
        cleared.http_api_event(),
        put().sample().rest_api_event(),
        invalid.http_api_event(),
        put().token(READ_TOKEN).http_api_event(),
        put().if_match("\"1\"").http_api_event(),
        forged.id("x\n{\"forged\": true}").http_api_event(),
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
    let mut expected = json!([
        {
            "message": "customer updated", "customerId": CUSTOMER_ID, "subject": "demo-erp", "status": 200,
            "outcome": "updated", "version": 7, "fields": "firstName,lastName,email,company,notes"
        },
        {
            "message": "customer updated", "customerId": CUSTOMER_ID, "subject": "demo-erp", "status": 200,
            "outcome": "updated", "version": 8,
            "fields": "firstName,lastName,email,phoneNumber,status,company,notes,address,metaFields"
        },
        {
            "message": "request rejected", "customerId": CUSTOMER_ID, "subject": "demo-erp", "status": 400,
            "outcome": "invalid_request", "errors": "empty_object×2,invalid_type×1"
        },
        {
            "message": "request rejected", "subject": "demo-report", "status": 401,
            "outcome": "insufficient_permission"
        },
        {
            "message": "request rejected", "customerId": CUSTOMER_ID, "subject": "demo-erp", "status": 412,
            "outcome": "version_conflict"
        },
        {"message": "request rejected", "status": 401, "outcome": "token_missing"}
    ]);
    for (number, line) in (1..).zip(expected.as_array_mut().unwrap()) {
        line["level"] = json!("INFO");
        line["requestId"] = json!(request_id(number));
    }
    assert_eq!(Value::Array(lines), expected);
    // The response and the log have the same request id.
    assert_eq!(responses[2].body["requestId"], request_id(3));
}

#[tokio::test]
async fn server_errors_are_logged_once_with_their_cause() {
    let app = TestApp::new().await;
    let delete = |table: &str| app.tables.client.delete_table().table_name(table).send();
    let events = [put().http_api_event()];
    delete(&app.tables.customers).await.unwrap();
    let (responses, log) = run(&app, &events, "INFO", "JSON").await;
    assert_eq!(responses[0].status, 500);
    let lines = json_lines(&log);
    assert_eq!(lines.len(), 1, "{}", shortened(&log));
    let found = (&lines[0]["level"], &lines[0]["requestId"]);
    assert_eq!(found, (&json!("ERROR"), &json!(request_id(1))));
    let cause = lines[0]["cause"].as_str().unwrap();
    let start = "UpdateItem on the customers table: ";
    assert!(cause.starts_with(start), "{cause}");
    assert!(cause.contains("ResourceNotFoundException"), "{cause}");

    delete(&app.tables.tokens).await.unwrap();
    let (responses, log) = run(&app, &events, "", "JSON").await;
    assert_eq!(responses[0].status, 500);
    let lines = json_lines(&log).into_iter();
    let levels: Vec<_> = lines.map(|mut line| line["level"].take()).collect();
    assert_eq!(levels, ["WARN", "ERROR"], "the first is of start-up");
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
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert_eq!(lines[0]["message"], "panicked");
    let location = lines[0]["location"].to_string();
    assert!(location.contains(".rs:"), "{location}");
    assert_eq!(lines[1]["message"], "event rejected");
    assert_eq!(lines[1]["requestId"], request_id(2));
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
