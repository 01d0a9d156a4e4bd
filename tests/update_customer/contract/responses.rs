//! Whole responses: status, headers and body.

use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use crate::support::assertions::assert_headers;
use crate::support::{REQUEST_ID, TestApp, put, shortened};

/// The text is a time of the last ten minutes, in UTC with milliseconds and `Z`.
#[track_caller]
fn assert_is_recent_utc_instant(text: &Value) {
    let text = text.as_str().unwrap();
    let has_form = text.len() == "2026-01-31T12:34:56.789Z".len() && text.ends_with('Z');
    assert!(has_form, "{text}");
    let instant = humantime::parse_rfc3339(text).unwrap();
    let age = std::time::SystemTime::now()
        .duration_since(instant)
        .unwrap();
    assert!(age.as_secs() < 600, "{text}");
}

#[tokio::test]
async fn published_sample_gets_200_with_all_fields() {
    let app = TestApp::new().await;
    for (event, version) in [
        (put().sample().http_api_event(), "\"7\""),
        (put().sample().rest_api_event(), "\"8\""),
    ] {
        let mut response = app.send_event(&event).await;
        assert_eq!(response.status, 200, "{}", shortened(&response.body));
        assert_headers(&response, &[("x-customer-version", version)]);
        assert_is_recent_utc_instant(&response.body["data"]["updatedAt"]);
        response.body["data"]["updatedAt"] = json!("now");
        let expected = json!({
            "success": true,
            "message": "Customer updated successfully",
            "data": {
                "id": "638df9e713920facde1a1cfa",
                "email": "john@aximcommerce.com",
                "firstName": "John",
                "lastName": "Doe",
                "phoneNumber": "65161861",
                "role": "customer",
                "verifiedEmail": false,
                "company": "6371cd895b77326cf992d5bb",
                "status": "active",
                "newsletter": true,
                "metaFields": [{"code": "p21_contact_id", "value": 12548}],
                "isB2B": true,
                "createdBy": {"id": "6371cd895b77326cf992d5ba", "name": "Axim Commerce"},
                "createdAt": "2022-12-05T14:01:43.000Z",
                "updatedAt": "now",
                "address": [{
                    "firstName": "John", "lastName": "Doe", "phoneNumber": "65161861",
                    "address1": "12/4, test st", "address2": "", "city": "Elizabeth", "state": "NJ",
                    "country": "US", "zipcode": "07202", "isDefaultAddress": false
                }],
                "notes": "NOTE AREA"
            }
        });
        assert_eq!(response.body, expected);
    }
}

#[tokio::test]
async fn field_error_has_pointer_code_and_message() {
    let app = TestApp::new().await;
    let response = app
        .send(put().with(json!({"address": [{"country": "us"}]})))
        .await;
    assert_eq!(response.status, 400);
    assert_headers(&response, &[]);
    let message =
        "`country` must be empty or an ISO 3166-1 alpha-2 code in capitals; did you mean `US`?";
    let error =
        json!({"pointer": "/address/0/country", "code": "invalid_country", "message": message});
    let expected = json!({
        "success": false, "message": message, "code": "invalid_request", "errors": [error],
        "requestId": REQUEST_ID
    });
    assert_eq!(response.body, expected);
}

#[tokio::test]
async fn message_counts_the_errors_and_gives_the_first() {
    let app = TestApp::new().await;
    let list: Vec<_> = (0..150).map(|_| json!({})).collect();
    let response = app
        .send(put().with(json!({"firstName": 1, "address": list})))
        .await;
    let errors = response.validation_errors();
    assert_eq!(
        (errors.len(), &*errors[99]),
        (100, "/address/98 empty_object")
    );
    let message = response.body["message"].as_str().unwrap();
    let first = response.body["errors"][0]["message"].as_str().unwrap();
    assert!(
        message.contains("151 errors") && message.ends_with(first),
        "{message}"
    );
}

#[tokio::test]
async fn submitted_values_are_never_echoed() {
    let app = TestApp::new().await;
    let secret = "s3cr3t-value\u{7}";
    let body = json!({
        "firstName": secret, "lastName": [secret], "email": secret, "phoneNumber": secret, "status": secret,
        "company": secret, "notes": secret, "unknown": secret,
        "address": [{"country": secret, "city": secret, "isDefaultAddress": secret}],
        "metaFields": [{"code": secret, "value": 1}, secret]
    });
    let response = app.send(put().json(&body)).await;
    assert_eq!(
        response.validation_errors().len(),
        13,
        "{}",
        shortened(&response.body)
    );
    assert!(
        !response.text.contains("s3cr3t"),
        "{}",
        shortened(&response.text)
    );
}

/// Lambda's limit for a response.
const MAX_RESPONSE_BYTES: usize = 6 * 1_024 * 1_024;

/// The longest responses in proportion to the request: a number that DynamoDB returns in 64 digits, a
/// control character that is escaped twice, and a quotation mark.
#[tokio::test]
async fn largest_responses_fit_lambda() {
    const MAX_BODY_BYTES: usize = 409_600;
    let app = TestApp::new().await;
    let head = r#"{"firstName": "J", "lastName": "D", "email": "j@x.example", "metaFields": [{"code": "c", "value": "#;
    for (open, part, close) in [
        ("[", "1e63,", "1]}]}"),
        ("\"", "\\u0001", "\"}]}"),
        ("\"", "\\\"", "\"}]}"),
    ] {
        let count = (MAX_BODY_BYTES - head.len() - open.len() - close.len()) / part.len();
        let body = format!("{head}{open}{}{close}", part.repeat(count));
        let response = app.send(put().body(body)).await;
        response.data();
        // Lambda receives the body as a JSON string, beside less than 1 KB of headers.
        let length = json!(response.text).to_string().len() + 1_024;
        assert!(
            length > MAX_BODY_BYTES && length <= MAX_RESPONSE_BYTES,
            "{part}: {length} bytes"
        );
    }
}
