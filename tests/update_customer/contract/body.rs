//! The body: strict JSON, and all field errors in one response. `src/validation/json.rs` has the cases.

use aws_smithy_types::base64;
use pretty_assertions::assert_eq;
use serde_json::json;

use crate::support::assertions::{assert_headers, assert_invalid_request, assert_stored, outcome};
use crate::support::{REQUEST_ID, SAMPLE_REQUEST, TestApp, put, shortened};

/// Lambda's limit for a response.
const MAX_RESPONSE_BYTES: usize = 6 * 1_024 * 1_024;

const MAX_BODY_BYTES: usize = 409_600;

/// The sample request with this metafield's value.
fn with_value(value: &str) -> String {
    SAMPLE_REQUEST.replace("12548", value)
}

#[tokio::test]
async fn anything_but_one_json_object_gets_400_and_the_cause() {
    let app = TestApp::new().await;
    let too_deep = format!("{{\"createdBy\":{}", "[".repeat(100_000));
    for (body, message) in [
        (&b""[..], "The body is empty; send a JSON object"),
        (b"[{}]", "The body is an array; send one JSON object"),
        (
            b"{\n  \"a\": 1\n  \"b\": 2\n}",
            "The body is not valid JSON: expected `,` or `}` at line 3, column 3",
        ),
        (
            b"{\n  \"firstName\": \"Jos\xe9\"}",
            "The body is not UTF-8; the first invalid byte is at line 2, column 20",
        ),
        (
            too_deep.as_bytes(),
            "The body has more than 128 levels of arrays and objects at line 1, column 141",
        ),
    ] {
        let response = app.send(put().body(body)).await;
        assert_invalid_request(message, &response, message);
    }
}

#[tokio::test]
async fn all_field_errors_are_returned_together() {
    let app = TestApp::new().await;
    let nested = "[".repeat(31) + &"]".repeat(31);
    let digits = "9".repeat(39);
    let body = format!(
        r#"{{"firstName": "John", "email": "j@x.example", "status": 1, "status": "active", "emial": {{"a": 1, "a": 1}},
            "notes": null, "phoneNumber": "12", "address": [{{"city": {nested}, "c\u0069ty": {digits}}}, {digits}, {{}},
            {{"isDefaultAddress": true}}, {{"isDefaultAddress": true, "country": "UK", "zip": ""}}], "metaFields": [
            {{"code": "c", "value": {nested}}}, {{"code": "c", "value": {{"x": [{digits}, {{"y": 1, "y": 2}}]}}}}]}}"#
    );
    let response = app.send(put().body(body)).await;
    let expected = [
        "/status duplicate_key",
        "/emial/a duplicate_key",
        "/address/0/city duplicate_key",
        "/metaFields/1/value/x/1/y duplicate_key",
        "/lastName required",
        "/phoneNumber invalid_phone",
        "/status invalid_type",
        "/notes invalid_type",
        "/address/0/city invalid_type",
        "/address/1 invalid_type",
        "/address/2 empty_object",
        "/address/4/country invalid_country",
        "/address/4/isDefaultAddress multiple_defaults",
        "/address/4/zip unknown_field",
        "/metaFields/0/value too_deep",
        "/metaFields/1/code duplicate_code",
        "/metaFields/1/value/x/0 number_out_of_range",
        "/emial unknown_field",
    ];
    assert_eq!(response.validation_errors(), expected);
}

#[tokio::test]
async fn field_error_has_pointer_code_and_message() {
    let app = TestApp::new().await;
    let fields = json!({"address": [{"country": "us"}]});
    let response = app.send(put().with(fields)).await;
    assert_eq!(response.status, 400);
    assert_headers(&response, &[]);
    let message =
        "`country` must be empty or an ISO 3166-1 alpha-2 code in capitals; did you mean `US`?";
    let expected = json!({
        "success": false, "message": message, "code": "invalid_request", "requestId": REQUEST_ID,
        "errors": [{"pointer": "/address/0/country", "code": "invalid_country", "message": message}]
    });
    assert_eq!(response.body, expected);
}

#[tokio::test]
async fn metafield_value_has_at_most_30_levels() {
    let app = TestApp::new().await;
    for (open, close) in [("[", "]"), (r#"{"k":"#, "}")] {
        // A scalar is one level, an empty container two.
        let too_deep = "/metaFields/0/value too_deep";
        for (containers, inner, expected) in [
            (29, "1", "200"),
            (28, "[]", "200"),
            (28, "{}", "200"),
            (30, "1", too_deep),
            (29, "[]", too_deep),
            (29, "{}", too_deep),
            (100, "1", too_deep),
        ] {
            let value = [&open.repeat(containers), inner, &close.repeat(containers)].concat();
            let response = app.send(put().body(with_value(&value))).await;
            assert_eq!(outcome(&response), expected, "{value}");
        }
    }
}

#[tokio::test]
async fn key_that_dynamodb_cannot_store_is_rejected() {
    let app = TestApp::new().await;
    let longest = "k".repeat(65_535);
    let longer = longest.clone() + "k";
    for (key, expected) in [
        (&*longest, "200"),
        ("", "/metaFields/0/value/outer/ invalid_characters"),
        (&longer, "/metaFields/0/value/outer too_long"),
    ] {
        let body = with_value(&format!(r#"{{"outer": {{"{key}": 1}}}}"#));
        let response = app.send(put().body(body)).await;
        assert_eq!(outcome(&response), expected);
    }
}

#[tokio::test]
async fn base64_body_is_decoded() {
    let app = TestApp::new().await;
    for mut event in [put().http_api_event(), put().rest_api_event()] {
        event["body"] = json!(base64::encode(SAMPLE_REQUEST));
        event["isBase64Encoded"] = json!(true);
        assert_eq!(app.send_event(&event).await.data()["firstName"], "John");
    }
}

#[tokio::test]
async fn body_is_limited_to_400_kb() {
    let app = TestApp::new().await;
    let padded = |bytes| SAMPLE_REQUEST.to_owned() + &" ".repeat(bytes - SAMPLE_REQUEST.len());
    app.send(put().body(padded(MAX_BODY_BYTES))).await.data();
    app.recorded_requests();
    let message = "The body is larger than 400 KB (409,600 bytes)";
    for bytes in [MAX_BODY_BYTES + 1, 10 << 20] {
        for event in [
            put().body(padded(bytes)).http_api_event(),
            put().body("[".repeat(bytes)).rest_api_event(),
        ] {
            let response = app.send_event(&event).await;
            assert_invalid_request("too large", &response, message);
        }
    }
    assert!(!app.operations().contains(&"UpdateItem".to_owned()));
}

#[tokio::test]
async fn customer_that_no_item_can_hold_gets_400_and_is_not_changed() {
    let app = TestApp::new().await;
    app.store_sample(|customer| customer["loyaltyTier"] = json!("x".repeat(250_000)))
        .await;
    let before = app.stored().await;
    let list = |element: &str, count| format!("[{}]", vec![element; count].join(","));
    for value in [
        format!("\"{}\"", "v".repeat(200_000)),
        list("[]", 103_000),
        list("1", 150_000),
        list("{}", 103_000),
    ] {
        let response = app.send(put().body(with_value(&value))).await;
        let message = "With this update the customer would exceed 400 KB; shorten notes, address or metaFields";
        assert_invalid_request(&format!("{value:.10}"), &response, message);
        assert_eq!(app.stored().await, before);
    }
}

/// The longest responses in proportion to the request: a number that DynamoDB returns in 64 digits, a
/// control character that is escaped twice, and a quotation mark.
#[tokio::test]
async fn largest_responses_fit_lambda() {
    let app = TestApp::new().await;
    for (open, part, close) in [
        ("[", "1e63,", "1]"),
        ("\"", "\\u0001", "\""),
        ("\"", "\\\"", "\""),
    ] {
        let room = MAX_BODY_BYTES - with_value(open).len() - close.len();
        let value = [open, &part.repeat(room / part.len()), close].concat();
        let response = app.send(put().body(with_value(&value))).await;
        response.data();
        // Lambda receives the body as a JSON string, beside less than 1 KB of headers.
        let length = json!(response.text).to_string().len() + 1_024;
        let expected = MAX_BODY_BYTES..=MAX_RESPONSE_BYTES;
        assert!(expected.contains(&length), "{part}: {length} bytes");
    }
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
    let shown = shortened(&response.text);
    assert_eq!(response.validation_errors().len(), 13, "{shown}");
    assert!(!response.text.contains("s3cr3t"), "{shown}");
}

#[tokio::test]
async fn read_only_fields_are_ignored() {
    let app = TestApp::new().await;
    let read_only = json!({
        "id": "other", "role": "admin", "verifiedEmail": false, "newsletter": "no", "isB2B": null,
        "createdBy": {"id": "me"}, "createdAt": "1970-01-01T00:00:00.000Z", "updatedAt": 0
    });
    let response = app.send(put().with(read_only)).await;
    assert_eq!(response.data()["role"], "customer");
    assert_ne!(app.stored().await["updatedAt"], 0);
    assert_stored("read-only fields", &app, &json!({}), 1).await;
}
