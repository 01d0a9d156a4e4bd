//! The body: strict JSON, and all field errors in one response.

use aws_smithy_types::base64;
use pretty_assertions::assert_eq;
use serde_json::json;
use testkit::response::shortened;

use crate::dynamodb::errors::assert_error;
use crate::support::{Response, SAMPLE_REQUEST, TestApp, put};

/// The response is a 400 for a syntax error. `syntax_error_has_line_and_column` checks a whole message.
#[track_caller]
fn assert_invalid_json(response: &Response, body: &impl ToString) {
    let case = shortened(body);
    let message = response.body["message"].as_str().expect("a message");
    assert!(
        message.starts_with("The body is not valid JSON: "),
        "{case}: {message}"
    );
    assert_error(&case, response, 400, "invalid_request", message);
}

#[tokio::test]
async fn anything_but_one_json_object_gets_400() {
    let app = TestApp::new().await;
    let sample = SAMPLE_REQUEST.trim();
    let array = format!("[{sample}]");
    for (body, message) in [
        ("", "The body is empty; send a JSON object"),
        (" ", "The body is empty; send a JSON object"),
        ("null", "The body must be a JSON object"),
        ("[]", "The body must be a JSON object"),
        (&array, "The body must be a JSON object"),
        (
            r#"["John", "Doe", "john@aximcommerce.com"]"#,
            "The body must be a JSON object",
        ),
        ("\"text\"", "The body must be a JSON object"),
    ] {
        let response = app.send(put().body(body)).await;
        assert_error(
            &shortened(&body),
            &response,
            400,
            "invalid_request",
            message,
        );
    }
    for body in [
        "firstName=John".to_owned(),
        format!("{sample}{sample}"),
        format!("{sample},"),
        format!("{sample}\0"),
        sample[..sample.len() - 1].to_owned(),
        sample.replace("\"John\"", "'John'"),
        sample.replace("12548", "012548"),
        sample.replace("12548", "NaN"),
        sample.replace("John", "a\nb"),
    ] {
        assert_invalid_json(&app.send(put().body(&body)).await, &body);
    }
}

#[tokio::test]
async fn message_names_the_encoding_of_a_body_that_is_not_utf_8() {
    let app = TestApp::new().await;
    let sample = SAMPLE_REQUEST.trim();
    let gzip = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xab, 0xae, 5, 0];
    let utf_16: Vec<_> = sample.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let latin_1 = b"{\n  \"firstName\": \"Jos\xe9\"}";
    for (body, message) in [
        (
            format!("\u{feff}{sample}").as_bytes(),
            "The body starts with a byte order mark; send it without one",
        ),
        (&gzip, "The body is compressed (gzip); send it uncompressed"),
        (
            b"\x78\x5e\xab\xae\x05\x00",
            "The body is compressed (zlib); send it uncompressed",
        ),
        (&utf_16, "The body is UTF-16, not UTF-8; send it as UTF-8"),
        // UTF-16 with one ASCII character is not the start of JSON.
        (
            b"{\0\xff\0",
            "The body is not UTF-8; the first invalid byte is at line 1, column 3",
        ),
        (
            latin_1,
            "The body is not UTF-8; the first invalid byte is at line 2, column 20",
        ),
    ] {
        let response = app.send(put().body(body)).await;
        assert_error(message, &response, 400, "invalid_request", message);
    }
}

#[tokio::test]
async fn half_of_a_surrogate_pair_gets_400_and_its_position() {
    let app = TestApp::new().await;
    for (name, half) in [
        (r"\ud83d", 0),
        (r"\ude00", 0),
        (r"\ud83d\ud83d", 0),
        (r"\ud83d\ud83d\ude00", 0),
        (r"\ud83d\u0041", 0),
        (r"\ud83d\n", 0),
        (r"\ud83d\ude00\\ud800\uD83D-", 19),
    ] {
        let body = SAMPLE_REQUEST.trim().replacen("John", name, 1);
        let line = body.lines().position(|line| line.contains(name)).unwrap();
        let column = body.lines().nth(line).unwrap().find(name).unwrap() + half;
        let response = app.send(put().body(&body)).await;
        let message = format!(
            "The body is not valid JSON: half of a surrogate pair at line {}, column {}",
            line + 1,
            column + 1
        );
        assert_error(name, &response, 400, "invalid_request", &message);
    }
}

#[tokio::test]
async fn syntax_error_has_line_and_column() {
    let app = TestApp::new().await;
    let response = app
        .send(put().body("{\n  \"firstName\": \"John\"\n  \"lastName\": \"Doe\"\n}"))
        .await;
    let message = "The body is not valid JSON: expected `,` or `}` at line 3, column 3";
    assert_error("no comma", &response, 400, "invalid_request", message);
}

#[tokio::test]
async fn repeated_key_is_rejected_at_any_depth() {
    let app = TestApp::new().await;
    let body = r#"{"firstName": "John", "lastName": "Doe", "email": "john@aximcommerce.com",
        "status": "active", "status": "active", "unknown": {"a": 1, "a": 1},
        "address": [{"city": "A", "c\u0069ty": "B"}],
        "metaFields": [{"code": "c", "value": {"x": [{"y": 1, "y": 2}]}, "code": "d"}]}"#;
    let response = app.send(put().body(body)).await;
    assert_eq!(
        response.validation_errors(),
        [
            "/status duplicate_key",
            "/unknown/a duplicate_key",
            "/address/0/city duplicate_key",
            "/metaFields/0/value/x/0/y duplicate_key",
            "/metaFields/0/code duplicate_key",
            "/unknown unknown_field"
        ]
    );
    assert_eq!(
        response.body["errors"][0]["message"],
        "The key occurs twice in its object, the second time at line 2, column 29; send it once"
    );
}

#[tokio::test]
async fn repeated_key_inside_128_containers_is_rejected_where_values_are_ignored() {
    let app = TestApp::new().await;
    for levels in [126, 127, 128, 1_000] {
        let (open, close) = ("[".repeat(levels), "]".repeat(levels));
        let value = format!(r#"{open}{{"a": {{"b": 1}}, "b": [{{"c": 2}}], "a": 3}}{close}"#);
        let body = format!(
            r#"{{"firstName": "J", "lastName": "D", "email": "j@x.co", "createdBy": {value}}}"#
        );
        let response = app.send(put().body(&body)).await;
        let errors = response.validation_errors();
        assert_eq!(errors.len(), 1, "{levels}: {errors:?}");
        assert!(
            errors[0].ends_with(" duplicate_key"),
            "{levels}: {errors:?}"
        );
        let column = body.rfind("\"a\"").unwrap() + 1;
        let message = format!(
            "The key occurs twice in its object, the second time at line 1, column {column}; send it once"
        );
        assert_eq!(response.body["errors"][0]["message"], message);
    }
}

/// A body with two more errors, whose `metaFields` entry has this value.
fn with_errors_around(value: &str) -> String {
    format!(
        r#"{{"firstName": "John", "email": "j@x.example", "status": 1,
            "metaFields": [{{"code": "c", "value": {value}}}]}}"#
    )
}

#[tokio::test]
async fn value_nested_too_deeply_is_listed_with_all_other_errors() {
    let app = TestApp::new().await;
    for levels in [31, 127, 128, 1_000, 100_000] {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let levels = levels.min(400_000 / (open.len() + close.len()));
            let value = open.repeat(levels) + "1" + &close.repeat(levels);
            let response = app.send(put().body(with_errors_around(&value))).await;
            assert_eq!(
                response.validation_errors(),
                [
                    "/lastName required",
                    "/status invalid_type",
                    "/metaFields/0/value too_deep",
                ],
                "{levels} levels of {open}"
            );
        }
    }
}

#[tokio::test]
async fn number_with_too_many_digits_is_listed_with_all_other_errors() {
    let app = TestApp::new().await;
    for digits in [39, 4_300, 4_301, 50_000, 400_000] {
        for number in [
            "9".repeat(digits),
            format!("-{}", "9".repeat(digits)),
            format!("{}.5e-7", "9".repeat(digits)),
        ] {
            let value = format!("{{\"a\": [0, {number}]}}");
            let response = app.send(put().body(with_errors_around(&value))).await;
            assert_eq!(
                response.validation_errors(),
                [
                    "/lastName required",
                    "/status invalid_type",
                    "/metaFields/0/value/a/1 number_out_of_range",
                ],
                "{digits} digits: {number:.10}"
            );
        }
    }
}

#[tokio::test]
async fn several_values_beyond_the_limits_are_listed_once_each() {
    let app = TestApp::new().await;
    let deep = "[".repeat(1_000) + &"]".repeat(1_000);
    let long = "9".repeat(50_000);
    let body = format!(
        r#"{{"firstName": {deep}, "lastName": {long}, "email": "j@x.example", "emial": {deep}, "other": {long},
            "updatedAt": {deep}, "createdBy": {long}, "address": [{{"city": {deep}, "state": {long}}}, {deep}],
            "metaFields": [{{"code": {deep}, "value": {deep}}}, {{"code": "c", "value": {long}}}, {long}]}}"#
    );
    assert_eq!(
        app.send(put().body(body)).await.validation_errors(),
        [
            "/firstName invalid_type",
            "/lastName invalid_type",
            "/address/0/city invalid_type",
            "/address/0/state invalid_type",
            "/address/1 invalid_type",
            "/metaFields/0/code invalid_type",
            "/metaFields/0/value too_deep",
            "/metaFields/1/value number_out_of_range",
            "/metaFields/2 invalid_type",
            "/emial unknown_field",
            "/other unknown_field",
        ]
    );
}

#[tokio::test]
async fn read_only_fields_may_have_any_depth_and_any_digits() {
    let app = TestApp::new().await;
    let before = app.stored().await;
    let deep = "[".repeat(1_000) + &"]".repeat(1_000);
    let long = "9".repeat(50_000);
    let body = format!(
        r#"{{"firstName": "John", "lastName": "Doe", "email": "john.doe@aximcommerce.com",
            "createdBy": {deep}, "createdAt": {long}}}"#
    );
    let response = app.send(put().body(body)).await;
    for name in ["createdBy", "createdAt"] {
        assert_eq!(response.data()[name], before[name], "{name}");
    }
}

#[tokio::test]
async fn long_notation_of_a_number_in_range_is_stored() {
    let app = TestApp::new().await;
    let number = format!("12{}e-5000", "0".repeat(5_000));
    let body = format!(
        r#"{{"firstName": "John", "lastName": "Doe", "email": "john.doe@aximcommerce.com",
            "metaFields": [{{"code": "c", "value": {number}}}]}}"#
    );
    let response = app.send(put().body(body)).await;
    assert_eq!(response.data()["metaFields"][0]["value"], json!(12));
}

#[tokio::test]
async fn syntax_error_inside_a_value_nested_too_deeply_has_its_position() {
    let app = TestApp::new().await;
    let value = format!("{}\n01{}", "[".repeat(1_000), "]".repeat(1_000));
    let response = app.send(put().body(with_errors_around(&value))).await;
    let message = "The body is not valid JSON: invalid number at line 3, column 2";
    assert_error("01", &response, 400, "invalid_request", message);
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
    let padded = |bytes: usize| {
        format!(
            "{}{}",
            SAMPLE_REQUEST,
            " ".repeat(bytes - SAMPLE_REQUEST.len())
        )
    };
    assert_eq!(app.send(put().body(padded(409_600))).await.status, 200);
    let response = app.send(put().body(padded(409_601))).await;
    let message = "The body is larger than 400 KB (409,600 bytes)";
    assert_error("409,601 bytes", &response, 400, "invalid_request", message);
}

#[tokio::test]
async fn customer_over_400_kb_gets_400() {
    let app = TestApp::new().await;
    app.store_sample(|customer| customer["unknownToTheFunction"] = json!("x".repeat(250_000)))
        .await;
    let value = "v".repeat(200_000);
    let response = app
        .send(put().with(json!({"metaFields": [{"code": "big", "value": value}]})))
        .await;
    let message =
        "With this update the customer would exceed 400 KB; shorten notes, address or metaFields";
    assert_error("450 KB", &response, 400, "invalid_request", message);
    assert_eq!(
        app.stored().await["firstName"],
        "Jon",
        "no part of the update is stored"
    );
}

#[tokio::test]
async fn unknown_fields_get_a_suggestion_at_every_level() {
    let app = TestApp::new().await;
    let response = app
        .send(put().body(
            r#"{"firstName": "John", "lastName": "Doe", "email": "john.doe@aximcommerce.com",
                "emial": "x", "first_name": "x", "Company": "x", "version": 7, "updatedBy": "me", "": 1,
                "address": [{"city": "A", "zipCode": "1", "street": "x"}],
                "metaFields": [{"code": "c", "value": {"anything": {"goes": true}}, "vlaue": 1}]}"#,
        ))
        .await;
    let errors: Vec<_> = response.body["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| {
            (
                error["pointer"].as_str().unwrap(),
                error["message"].as_str().unwrap(),
            )
        })
        .collect();
    let plain = "Unknown field";
    assert_eq!(
        errors,
        [
            (
                "/address/0/zipCode",
                "Unknown field; did you mean `zipcode`?"
            ),
            (
                "/address/0/street",
                "Unknown field; did you mean `address1`?"
            ),
            (
                "/metaFields/0/vlaue",
                "Unknown field; did you mean `value`?"
            ),
            ("/emial", "Unknown field; did you mean `email`?"),
            ("/first_name", "Unknown field; did you mean `firstName`?"),
            ("/Company", "Unknown field; did you mean `company`?"),
            ("/version", plain),
            ("/updatedBy", plain),
            ("/", plain),
        ]
    );
    assert!(
        response
            .validation_errors()
            .iter()
            .all(|error| error.ends_with(" unknown_field"))
    );
}

#[tokio::test]
async fn names_from_other_systems_get_a_suggestion_where_the_field_exists() {
    let app = TestApp::new().await;
    let message = |field: Option<&str>| match field {
        Some(field) => format!("Unknown field; did you mean `{field}`?"),
        None => "Unknown field".to_owned(),
    };
    for (name, customer, address, meta_field) in [
        ("phone", Some("phoneNumber"), Some("phoneNumber"), None),
        ("MOBILE", Some("phoneNumber"), Some("phoneNumber"), None),
        ("postal_code", None, Some("zipcode"), None),
        ("postalCode", None, Some("zipcode"), None),
        ("zip", None, Some("zipcode"), None),
        ("street1", None, Some("address1"), None),
        ("line2", None, Some("address2"), None),
        ("province", None, Some("state"), None),
        ("country-code", None, Some("country"), None),
        ("isDefault", None, Some("isDefaultAddress"), None),
        ("key", None, None, Some("code")),
        ("attribute_code", None, None, Some("code")),
        ("custom_attributes", Some("metaFields"), None, None),
        ("meta_data", Some("metaFields"), None, None),
        ("addresses", Some("address"), None, None),
        ("addressId", None, None, None),
        ("address3", None, None, None),
    ] {
        let fields = json!({
            name: 1, "address": [{"city": "A", name: 1}], "metaFields": [{"code": "c", "value": 1, name: 1}]
        });
        let response = app.send(put().with(fields)).await;
        let errors = response.body["errors"].as_array().unwrap();
        let messages: Vec<_> = errors.iter().map(|error| &error["message"]).collect();
        assert_eq!(
            messages,
            [address, meta_field, customer].map(message).each_ref(),
            "{name}"
        );
    }
}

#[tokio::test]
async fn read_only_fields_are_ignored() {
    let app = TestApp::new().await;
    let before = app.stored().await;
    let read_only = json!({
        "id": "other", "role": "admin", "verifiedEmail": false, "newsletter": false, "isB2B": false,
        "createdBy": {"id": "me"}, "createdAt": "1970-01-01T00:00:00.000Z", "updatedAt": 0
    });
    let response = app.send(put().with(read_only.clone())).await;
    let after = app.stored().await;
    for name in [
        "id",
        "role",
        "verifiedEmail",
        "newsletter",
        "isB2B",
        "createdBy",
        "createdAt",
    ] {
        assert_eq!(after[name], before[name], "{name}");
        assert_eq!(response.data()[name], before[name], "{name}");
    }
    assert_ne!(response.data()["updatedAt"], json!(0));
}

#[tokio::test]
async fn response_data_can_be_edited_and_sent_back() {
    let app = TestApp::new().await;
    let mut data = app.send(put()).await.data().clone();
    data["notes"] = json!("edited");
    let mut response = app.send(put().json(&data)).await;
    response.body["data"]["updatedAt"] = data["updatedAt"].clone();
    assert_eq!(response.data(), &data);
}
