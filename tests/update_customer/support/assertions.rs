//! What several tests expect of a response, a log or the stored customer.

use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use super::documents::COMMON_HEADERS;
use super::{Log, REQUEST_ID, Response, TestApp, sample_customer, shortened};

/// The response has this status, and a body with this code, this message and no field errors.
#[track_caller]
pub fn assert_error(case: &str, response: &Response, status: u64, code: &str, message: &str) {
    let shown = shortened(&response.body);
    assert_eq!(response.status, status, "{case}: {shown}");
    let mut body = response.body.clone();
    // Other tests check the customer in a 412.
    body.as_object_mut().map(|body| body.remove("data"));
    let expected =
        json!({"success": false, "message": message, "code": code, "requestId": REQUEST_ID});
    assert_eq!(body, expected, "{case}");
}

/// The response's status, or its field errors: `200`, or `/email required, /notes invalid_type`.
pub fn outcome(response: &Response) -> String {
    match response.status {
        400 => response.validation_errors().join(", "),
        status => status.to_string(),
    }
}

/// The response has this status and this `X-Customer-Version`.
#[track_caller]
pub fn assert_version(case: &str, response: &Response, status: u64, version: u64) {
    let found = (response.status, response.header("x-customer-version"));
    let expected = format!("\"{version}\"");
    let shown = shortened(&response.body);
    assert_eq!(found, (status, Some(&*expected)), "{case}: {shown}");
}

#[track_caller]
pub fn assert_invalid_request(case: &str, response: &Response, message: &str) {
    assert_error(case, response, 400, "invalid_request", message);
}

#[track_caller]
pub fn assert_not_found(case: &str, response: &Response) {
    let message = "Customer not found";
    assert_error(case, response, 404, "customer_not_found", message);
}

#[track_caller]
pub fn assert_internal_error(case: &str, response: &Response, retry_after: Option<&str>) {
    let message = "An internal error occurred";
    assert_error(case, response, 500, "internal_error", message);
    assert_eq!(response.header("retry-after"), retry_after, "{case}");
}

/// The response is an internal error and is logged as one. Returns the logged cause.
#[track_caller]
pub fn assert_logged_internal_error(
    case: &str,
    (response, log): &(Response, Log),
    retry_after: Option<&str>,
) -> String {
    let line = log.line();
    let case = format!("{case}: {}", shortened(&line));
    assert_internal_error(&case, response, retry_after);
    let logged = (&line["level"], &line["status"]);
    assert_eq!(logged, (&json!("ERROR"), &json!(500)), "{case}");
    line["cause"].as_str().expect("a logged cause").to_owned()
}

/// The response has only these headers and those that every response has.
#[track_caller]
pub fn assert_headers(response: &Response, more: &[(&str, &str)]) {
    let mut expected = COMMON_HEADERS.to_vec();
    expected.extend(more);
    expected.sort_unstable();
    let headers = response.headers.iter();
    let headers: Vec<_> = headers.map(|(name, value)| (&**name, &**value)).collect();
    assert_eq!(headers, expected);
}

/// The stored customer is the sample with these changes after this number of writes by the sample request's
/// caller.
pub async fn assert_stored(case: &str, app: &TestApp, changes: &Value, writes: u64) {
    let stored = app.stored().await;
    let mut expected = sample_customer();
    if writes > 0 {
        expected["firstName"] = json!("John");
        expected["updatedBy"] = json!("demo-erp");
        expected["updatedAt"] = stored["updatedAt"].clone();
    }
    expected["version"] = json!(6 + writes);
    for (name, value) in changes.as_object().unwrap() {
        expected[name] = value.clone();
    }
    assert_eq!(stored, expected, "{case}");
}
