//! Whole responses: status, headers and body.

use pretty_assertions::assert_eq;
use serde_json::{Value, json};
use testkit::response::shortened;

use crate::support::{CUSTOMER_ID, READ_TOKEN, REQUEST_ID, Response, TestApp, put};

/// The text is a time of the last ten minutes, in UTC with milliseconds and `Z`.
#[track_caller]
fn assert_is_recent_utc_instant(text: &Value) {
    let text = text.as_str().unwrap();
    assert!(
        text.len() == "2026-01-31T12:34:56.789Z".len() && text.ends_with('Z'),
        "{text}"
    );
    let age = std::time::SystemTime::now().duration_since(humantime::parse_rfc3339(text).unwrap());
    assert!(age.unwrap().as_secs() < 600, "{text}");
}

/// The response has the headers that every response has, these, and no others.
#[track_caller]
fn assert_headers(response: &Response, more: &[(&str, &str)]) {
    let mut expected = vec![
        ("cache-control", "no-store"),
        ("content-type", "application/json"),
        ("x-content-type-options", "nosniff"),
    ];
    expected.extend(more);
    expected.sort_unstable();
    let headers: Vec<_> = response
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    assert_eq!(headers, expected);
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
    let expected = json!({
        "success": false,
        "message": "`country` must be empty or an ISO 3166-1 alpha-2 code in capitals; did you mean `US`?",
        "code": "invalid_request",
        "errors": [{
            "pointer": "/address/0/country",
            "code": "invalid_country",
            "message": "`country` must be empty or an ISO 3166-1 alpha-2 code in capitals; did you mean `US`?"
        }],
        "requestId": REQUEST_ID
    });
    assert_eq!(response.body, expected);
}

#[tokio::test]
async fn other_errors_have_no_errors_member() {
    let app = TestApp::new().await;
    let unknown = app.send(put().id("nobody")).await;
    assert_eq!(unknown.status, 404);
    assert_headers(&unknown, &[]);
    let expected = json!({
        "success": false, "message": "Customer not found", "code": "customer_not_found",
        "requestId": REQUEST_ID
    });
    assert_eq!(unknown.body, expected);

    let syntax = app.send(put().body("{\n \"firstName\": }")).await;
    assert_eq!(syntax.status, 400);
    assert_headers(&syntax, &[]);
    let expected = json!({
        "success": false,
        "message": "The body is not valid JSON: expected value at line 2, column 15",
        "code": "invalid_request", "requestId": REQUEST_ID
    });
    assert_eq!(syntax.body, expected);
}

#[tokio::test]
async fn status_401_has_www_authenticate() {
    let app = TestApp::new().await;
    for (request, challenge, code, message) in [
        (
            put().without_header("accessToken"),
            "Bearer",
            "token_missing",
            "The accessToken header is missing",
        ),
        (
            put().token("unknown"),
            "Bearer error=\"invalid_token\"",
            "token_invalid",
            "The access token is invalid or expired",
        ),
        (
            put().token(READ_TOKEN),
            "Bearer error=\"insufficient_scope\"",
            "insufficient_permission",
            "The access token lacks the scope customers:write",
        ),
    ] {
        let response = app.send(request).await;
        assert_eq!(response.status, 401);
        assert_headers(&response, &[("www-authenticate", challenge)]);
        let expected =
            json!({"success": false, "message": message, "code": code, "requestId": REQUEST_ID});
        assert_eq!(response.body, expected);
    }
}

#[tokio::test]
async fn stale_if_match_gets_412_with_the_current_version() {
    let app = TestApp::new().await;
    let response = app.send(put().if_match("\"5\"")).await;
    assert_eq!(response.status, 412);
    assert_headers(&response, &[("x-customer-version", "\"6\"")]);
    let expected = json!({
        "success": false,
        "message": "If-Match does not match the customer's current version; see X-Customer-Version",
        "code": "version_conflict", "requestId": REQUEST_ID
    });
    assert_eq!(response.body, expected);
}

#[tokio::test]
async fn message_counts_the_errors_and_gives_the_first() {
    let app = TestApp::new().await;
    let response = app
        .send(put().json(&json!({"firstName": 1, "emial": "j@x.com"})))
        .await;
    assert_eq!(
        response.body["message"],
        "The request body has 4 errors; first: `firstName` must be a string"
    );
    assert_eq!(
        response.validation_errors(),
        [
            "/firstName invalid_type",
            "/lastName required",
            "/email required",
            "/emial unknown_field"
        ]
    );
    assert_eq!(
        response.body["errors"][3]["message"],
        "Unknown field; did you mean `email`?"
    );
}

#[tokio::test]
async fn at_most_100_errors_are_listed() {
    let app = TestApp::new().await;
    let list: Vec<_> = (0..150).map(|_| json!({})).collect();
    let response = app.send(put().with(json!({"address": list}))).await;
    assert_eq!(response.validation_errors().len(), 100);
    assert_eq!(response.validation_errors()[99], "/address/99 empty_object");
    assert_eq!(
        response.body["message"],
        "The request body has 150 errors, the first 100 are listed; \
         first: An address must have at least one member that is not null"
    );
}

#[tokio::test]
async fn submitted_values_are_never_echoed() {
    let app = TestApp::new().await;
    let secret = "s3cr3t-value\u{7}";
    let response = app
        .send(put().json(&json!({
            "firstName": secret, "lastName": [secret], "email": secret, "phoneNumber": secret, "status": secret,
            "company": secret, "notes": secret, "unknown": secret,
            "address": [{"country": secret, "city": secret, "isDefaultAddress": secret}],
            "metaFields": [{"code": secret, "value": 1}, secret]
        })))
        .await;
    assert_eq!(
        response.validation_errors().len(),
        13,
        "{}",
        shortened(&response.body)
    );
    assert!(
        !response.body.to_string().contains("s3cr3t"),
        "{}",
        shortened(&response.body)
    );
}

#[tokio::test]
async fn id_in_data_is_the_id_of_the_path() {
    let app = TestApp::new().await;
    let response = app.send(put().with(json!({"id": "other"}))).await;
    assert_eq!(response.data()["id"], CUSTOMER_ID);
}
