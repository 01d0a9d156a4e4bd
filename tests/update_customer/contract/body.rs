//! The body: strict JSON, and all field errors in one response. `src/validation/json.rs` has the cases.

use aws_smithy_types::base64;
use pretty_assertions::assert_eq;
use serde_json::json;

use crate::support::assertions::assert_invalid_request;
use crate::support::{SAMPLE_REQUEST, TestApp, put};

#[tokio::test]
async fn anything_but_one_json_object_gets_400_and_the_cause() {
    let app = TestApp::new().await;
    let sample = SAMPLE_REQUEST.trim();
    let invalid = "The body is not valid JSON: ";
    for (body, start) in [
        ("", "The body is empty; send a JSON object"),
        ("null", "The body must be a JSON object"),
        (&format!("[{sample}]"), "The body is an array"),
        (&json!(sample).to_string(), "The body is a JSON string"),
        (&format!("{sample},"), invalid),
        (&sample.replace("12548", "NaN"), invalid),
        (&sample.replace("John", r"\ud83d"), invalid),
        (
            &format!("\u{feff}{sample}"),
            "The body starts with a byte order mark",
        ),
        (
            "{\n  \"a\": 1\n  \"b\": 2\n}",
            &format!("{invalid}expected `,` or `}}` at line 3, column 3"),
        ),
    ] {
        let response = app.send(put().body(body)).await;
        let message = response.body["message"].as_str().unwrap_or_default();
        assert!(
            message.starts_with(start),
            "{body:.40}: {message} instead of {start}"
        );
        assert_invalid_request(body, &response, message);
    }
    let latin_1 = app
        .send(put().body(b"{\n  \"firstName\": \"Jos\xe9\"}"))
        .await;
    let message = "The body is not UTF-8; the first invalid byte is at line 2, column 20";
    assert_invalid_request("not UTF-8", &latin_1, message);
}

#[tokio::test]
async fn body_is_at_most_128_levels_deep_also_where_values_are_ignored() {
    let app = TestApp::new().await;
    for (levels, status) in [(127, 200), (128, 400), (100_000, 400)] {
        let value = format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        let body = format!(
            r#"{{"firstName": "J", "lastName": "D", "email": "j@x.co", "createdBy": {value}}}"#
        );
        let response = app.send(put().body(&body)).await;
        assert_eq!(response.status, status, "{levels}");
        assert!(response.body.get("errors").is_none(), "{levels}");
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
async fn null_gets_400_and_both_ways_out() {
    let app = TestApp::new().await;
    let before = app.stored().await;
    let ways = "leave it out to keep the stored value, or send";
    for (name, error, message) in [
        (
            "notes",
            "/notes invalid_type",
            format!("`notes` is null: {ways} \"\" to clear it"),
        ),
        (
            "address",
            "/address invalid_type",
            format!("`address` is null: {ways} [] to clear it"),
        ),
        ("email", "/email required", "`email` is required".to_owned()),
    ] {
        let response = app.send(put().with(json!({name: null}))).await;
        assert_eq!(response.validation_errors(), [error]);
        assert_eq!(response.body["message"], message);
    }
    assert_eq!(app.stored().await, before);
}

/// The sample request with this metafield's value.
fn with_value(value: &str) -> String {
    SAMPLE_REQUEST.replace("12548", value)
}

#[tokio::test]
async fn metafield_value_is_at_most_30_levels_deep() {
    let app = TestApp::new().await;
    for (open, close) in [("[", "]"), (r#"{"k":"#, "}")] {
        let nested = |containers, inner: &str| {
            with_value(&[&open.repeat(containers), inner, &close.repeat(containers)].concat())
        };
        // A scalar is one level, an empty container two. DynamoDB stores 32 levels; the list and its entry are two.
        for (containers, inner) in [(29, "1"), (28, "[]"), (28, "{}")] {
            let response = app.send(put().body(nested(containers, inner))).await;
            assert_eq!(response.status, 200, "{open} {containers} {inner}");
        }
        for (containers, inner) in [(30, "1"), (29, "[]"), (29, "{}"), (100, "1")] {
            let response = app.send(put().body(nested(containers, inner))).await;
            let expected = ["/metaFields/0/value too_deep"];
            assert_eq!(
                response.validation_errors(),
                expected,
                "{open} {containers} {inner}"
            );
        }
    }
}

#[tokio::test]
async fn key_that_dynamodb_cannot_store_is_rejected() {
    let app = TestApp::new().await;
    let send =
        |key: &str| app.send(put().body(with_value(&format!(r#"{{"outer": {{"{key}": 1}}}}"#))));
    let longest = "k".repeat(65_535);
    assert_eq!(send(&longest).await.status, 200);
    let empty = ["/metaFields/0/value/outer/ invalid_characters"];
    assert_eq!(send("").await.validation_errors(), empty);
    let too_long = ["/metaFields/0/value/outer too_long"];
    assert_eq!(
        send(&format!("{longest}k")).await.validation_errors(),
        too_long
    );
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
    assert_eq!(app.send(put().body(padded(409_600))).await.status, 200);
    app.recorded_requests();
    let message = "The body is larger than 400 KB (409,600 bytes)";
    for bytes in [409_601, 10 << 20] {
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
        let body = format!(
            r#"{{"firstName": "J", "lastName": "D", "email": "j@x.example", "metaFields": [{{"code": "c", "value": {value}}}]}}"#
        );
        let response = app.send(put().body(body)).await;
        let message = "With this update the customer would exceed 400 KB; shorten notes, address or metaFields";
        assert_invalid_request(&format!("{value:.10}"), &response, message);
        assert_eq!(app.stored().await, before);
    }
}

#[tokio::test]
async fn read_only_fields_are_ignored() {
    let app = TestApp::new().await;
    let before = app.stored().await;
    let read_only = json!({
        "id": "other", "role": "admin", "verifiedEmail": false, "newsletter": "no", "isB2B": null,
        "createdBy": {"id": "me"}, "createdAt": "1970-01-01T00:00:00.000Z", "updatedAt": 0
    });
    let response = app.send(put().with(read_only.clone())).await;
    let after = app.stored().await;
    for name in read_only
        .as_object()
        .unwrap()
        .keys()
        .filter(|name| *name != "updatedAt")
    {
        assert_eq!(after[name], before[name], "{name}");
        assert_eq!(response.data()[name], before[name], "{name}");
    }
    assert_ne!(response.data()["updatedAt"], json!(0));
}
