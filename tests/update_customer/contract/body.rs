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
            "address": [{{"city": {nested}, "c\u0069ty": {digits}}}, {digits}], "metaFields": [
            {{"code": "c", "value": {nested}}}, {{"code": "d", "value": {{"x": [{digits}, {{"y": 1, "y": 2}}]}}}}]}}"#
    );
    let response = app.send(put().body(body)).await;
    let expected = [
        "/status duplicate_key",
        "/emial/a duplicate_key",
        "/address/0/city duplicate_key",
        "/metaFields/1/value/x/1/y duplicate_key",
        "/lastName required",
        "/status invalid_type",
        "/address/0/city invalid_type",
        "/address/1 invalid_type",
        "/metaFields/0/value too_deep",
        "/metaFields/1/value/x/0 number_out_of_range",
        "/emial unknown_field",
    ];
    assert_eq!(response.validation_errors(), expected);
}

#[tokio::test]
async fn null_gets_400_and_both_ways_out() {
    let app = TestApp::new().await;
    let before = app.stored().await;
    for (name, clear) in [
        ("phoneNumber", "\"\""),
        ("status", "\"\""),
        ("company", "\"\""),
        ("notes", "\"\""),
        ("address", "[]"),
        ("metaFields", "[]"),
    ] {
        let response = app.send(put().with(json!({name: null}))).await;
        assert_eq!(
            response.validation_errors(),
            [format!("/{name} invalid_type")]
        );
        let message = format!(
            "`{name}` is null: leave it out to keep the stored value, or send {clear} to clear it"
        );
        assert_eq!(response.body["message"], message);
    }
    for name in ["firstName", "lastName", "email"] {
        let response = app.send(put().with(json!({name: null}))).await;
        assert_eq!(response.validation_errors(), [format!("/{name} required")]);
    }
    assert_eq!(app.stored().await, before);
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
