//! Every rule of every field, seen from outside.

use serde_json::{Value, json};

use crate::support::{SAMPLE_REQUEST, TestApp, put};

/// Sends the required fields with `fields` and gives the faults; none when the response is 200.
async fn faults(app: &TestApp, fields: Value) -> Vec<String> {
    let response = app.send(put().with(fields)).await;
    if response.status == 200 {
        Vec::new()
    } else {
        response.validation_errors()
    }
}

#[tokio::test]
async fn required_fields_are_required() {
    let app = TestApp::new().await;
    for name in ["firstName", "lastName", "email"] {
        let mut body: Value = serde_json::from_str(SAMPLE_REQUEST).unwrap();
        body.as_object_mut().unwrap().shift_remove(name);
        let expected = [format!("/{name} required")];
        assert_eq!(
            app.send(put().json(&body)).await.validation_errors(),
            expected
        );
        for blank in [json!(null), json!("")] {
            body[name] = blank;
            assert_eq!(
                app.send(put().json(&body)).await.validation_errors(),
                expected
            );
        }
    }
}

#[tokio::test]
async fn every_field_rejects_other_types() {
    let app = TestApp::new().await;
    for name in [
        "firstName",
        "lastName",
        "email",
        "phoneNumber",
        "status",
        "company",
        "notes",
    ] {
        for value in [json!(1), json!(true), json!([]), json!({})] {
            assert_eq!(
                faults(&app, json!({name: value})).await,
                [format!("/{name} invalid_type")]
            );
        }
    }
    for name in ["address", "metaFields"] {
        for value in [json!(1), json!(true), json!("text"), json!({}), json!("")] {
            assert_eq!(
                faults(&app, json!({name: value})).await,
                [format!("/{name} invalid_type")]
            );
        }
        for entry in [json!(null), json!(1), json!("text"), json!([])] {
            assert_eq!(
                faults(&app, json!({name: [entry]})).await,
                [format!("/{name}/0 invalid_type")]
            );
        }
    }
}

#[tokio::test]
async fn lengths_count_unicode_scalar_values() {
    let app = TestApp::new().await;
    for (name, max) in [
        ("firstName", 255),
        ("lastName", 255),
        ("status", 64),
        ("company", 255),
        ("notes", 10_000),
    ] {
        assert_eq!(
            faults(&app, json!({name: "😀".repeat(max)})).await,
            [""; 0],
            "{name}"
        );
        assert_eq!(
            faults(&app, json!({name: "😀".repeat(max + 1)})).await,
            [format!("/{name} too_long")]
        );
    }
    for (name, max) in [
        ("firstName", 255),
        ("lastName", 255),
        ("address1", 255),
        ("address2", 255),
        ("city", 255),
        ("state", 32),
        ("zipcode", 32),
    ] {
        assert_eq!(
            faults(&app, json!({"address": [{name: "é".repeat(max)}]})).await,
            [""; 0]
        );
        let expected = [format!("/address/0/{name} too_long")];
        assert_eq!(
            faults(&app, json!({"address": [{name: "é".repeat(max + 1)}]})).await,
            expected
        );
    }
}

#[tokio::test]
async fn only_notes_may_contain_line_breaks_and_tabs() {
    let app = TestApp::new().await;
    for name in ["firstName", "lastName", "status", "company"] {
        for control in ["\n", "\t", "\0", "\u{7f}", "\u{9f}"] {
            let expected = [format!("/{name} invalid_characters")];
            assert_eq!(
                faults(&app, json!({name: format!("a{control}b")})).await,
                expected
            );
        }
    }
    assert_eq!(faults(&app, json!({"notes": "a\r\n\tb"})).await, [""; 0]);
    assert_eq!(
        faults(&app, json!({"notes": "a\u{1b}[31m"})).await,
        ["/notes invalid_characters"]
    );
    assert_eq!(
        faults(&app, json!({"address": [{"city": "a\nb"}]})).await,
        ["/address/0/city invalid_characters"]
    );
}

#[tokio::test]
async fn email_must_be_one_address() {
    let app = TestApp::new().await;
    for email in [
        "a+b@example.com",
        "o'neil@example.ie",
        "x@shop.photography",
        "用户@例子.公司",
        "संपर्क@हिन्दी.भारत",
    ] {
        assert_eq!(
            faults(&app, json!({"email": email})).await,
            [""; 0],
            "{email}"
        );
    }
    for email in [
        "john",
        "John <john@example.com>",
        "john@[127.0.0.1]",
        "john@localhost",
        "a@x.com,b@x.com",
    ] {
        assert_eq!(
            faults(&app, json!({"email": email})).await,
            ["/email invalid_email"],
            "{email}"
        );
    }
}

#[tokio::test]
async fn phone_numbers_of_customer_and_address_are_checked() {
    let app = TestApp::new().await;
    for phone in ["65161861", "+1 (908) 555-0100 x12", "0908/555.010 ext 7"] {
        let fields = json!({"phoneNumber": phone, "address": [{"phoneNumber": phone}]});
        assert_eq!(faults(&app, fields).await, [""; 0], "{phone}");
    }
    for (phone, code) in [
        ("12", "invalid_phone"),
        ("call me", "invalid_phone"),
        (&"1".repeat(33), "too_long"),
    ] {
        let fields = json!({"phoneNumber": phone, "address": [{"phoneNumber": phone}]});
        let expected = [
            format!("/phoneNumber {code}"),
            format!("/address/0/phoneNumber {code}"),
        ];
        assert_eq!(faults(&app, fields).await, expected);
    }
}

#[tokio::test]
async fn country_is_empty_or_an_assigned_code() {
    let app = TestApp::new().await;
    for country in ["", "US", "DE", "TW"] {
        assert_eq!(
            faults(&app, json!({"address": [{"country": country}]})).await,
            [""; 0]
        );
    }
    for country in ["us", "USA", "XK", "UK", "United States"] {
        let expected = ["/address/0/country invalid_country"];
        assert_eq!(
            faults(&app, json!({"address": [{"country": country}]})).await,
            expected,
            "{country}"
        );
    }
}

#[tokio::test]
async fn empty_address_is_rejected() {
    let app = TestApp::new().await;
    for address in [
        json!({}),
        json!({"city": null}),
        json!({"city": null, "country": null}),
    ] {
        assert_eq!(
            faults(&app, json!({"address": [address]})).await,
            ["/address/0 empty_object"]
        );
    }
    assert_eq!(
        faults(&app, json!({"address": [{"city": ""}]})).await,
        [""; 0]
    );
    assert_eq!(
        faults(&app, json!({"address": [{"isDefaultAddress": false}]})).await,
        [""; 0]
    );
}

#[tokio::test]
async fn at_most_one_address_is_the_default() {
    let app = TestApp::new().await;
    let default = json!({"isDefaultAddress": true});
    let other = json!({"isDefaultAddress": false});
    assert_eq!(
        faults(&app, json!({"address": [other, default, other]})).await,
        [""; 0]
    );
    assert_eq!(
        faults(&app, json!({"address": [default, other, default, default]})).await,
        [
            "/address/2/isDefaultAddress multiple_defaults",
            "/address/3/isDefaultAddress multiple_defaults"
        ]
    );
    for value in [json!(null), json!("true"), json!(1)] {
        let expected = ["/address/0/isDefaultAddress invalid_type"];
        assert_eq!(
            faults(
                &app,
                json!({"address": [{"city": "A", "isDefaultAddress": value}]})
            )
            .await,
            expected
        );
    }
}

#[tokio::test]
async fn metafield_has_a_unique_code_and_a_value() {
    let app = TestApp::new().await;
    assert_eq!(
        faults(
            &app,
            json!({"metaFields": [{"code": "a", "value": 1}, {"value": 1}, {"code": "b"}, {}]})
        )
        .await,
        [
            "/metaFields/1/code required",
            "/metaFields/2/value required",
            "/metaFields/3/code required",
            "/metaFields/3/value required"
        ]
    );
    let twice =
        json!([{"code": "a", "value": 1}, {"code": "A", "value": 1}, {"code": "a", "value": 2}]);
    assert_eq!(
        faults(&app, json!({"metaFields": twice})).await,
        ["/metaFields/2/code duplicate_code"]
    );
    for (code, expected) in [
        (json!(" "), "required"),
        (json!(null), "required"),
        (json!(1), "invalid_type"),
        (json!("c".repeat(256)), "too_long"),
        (json!("a\nb"), "invalid_characters"),
    ] {
        let expected = [format!("/metaFields/0/code {expected}")];
        assert_eq!(
            faults(&app, json!({"metaFields": [{"code": code, "value": 1}]})).await,
            expected
        );
    }
}

#[tokio::test]
async fn metafield_value_is_at_most_30_levels_deep() {
    let app = TestApp::new().await;
    let nested = |(open, close): (&str, &str), containers: usize, inner: &str| {
        let value = format!(
            "{}{inner}{}",
            open.repeat(containers),
            close.repeat(containers)
        );
        let fields = r#""firstName": "John", "lastName": "Doe", "email": "john@aximcommerce.com""#;
        format!(r#"{{{fields}, "metaFields": [{{"code": "c", "value": {value}}}]}}"#)
    };
    for container in [("[", "]"), (r#"{"k":"#, "}")] {
        // A scalar is a level of its own: DynamoDB stores 32, and two are the list and its entry.
        for (containers, inner) in [(29, "1"), (29, "[]"), (29, "\"\""), (29, "{}")] {
            let response = app
                .send(put().body(nested(container, containers, inner)))
                .await;
            assert_eq!(response.status, 200, "{container:?} {containers} {inner}");
        }
        for (containers, inner) in [(30, "1"), (30, "[]"), (30, "{}"), (100, "1")] {
            let response = app
                .send(put().body(nested(container, containers, inner)))
                .await;
            assert_eq!(
                response.validation_errors(),
                ["/metaFields/0/value too_deep"],
                "{container:?} {containers} {inner}"
            );
        }
    }
    for arrays in [200, 100_000] {
        let faults = app
            .send(put().body(nested(("[", "]"), arrays, "")))
            .await
            .validation_errors();
        assert!(
            faults[0].starts_with("/metaFields/0/value/0/") && faults[0].ends_with(" too_deep")
        );
    }
}

#[tokio::test]
async fn number_that_dynamodb_would_round_is_rejected() {
    let app = TestApp::new().await;
    let send = |number: &str| {
        put().body(format!(
            r#"{{"firstName": "John", "lastName": "Doe", "email": "john@aximcommerce.com",
                "metaFields": [{{"code": "c", "value": {{"n": [{number}]}}}}]}}"#
        ))
    };
    for number in [
        "12345678901234567890123456789012345678",
        "0.1",
        "-1e-130",
        "9.9999999999999999999999999999999999999e125",
        "1e2",
        "-0",
        "0e500",
        "1.50",
    ] {
        assert_eq!(app.send(send(number)).await.status, 200, "{number}");
    }
    let nines = "9".repeat(5_000);
    for number in [
        "123456789012345678901234567890123456789",
        "1e126",
        "1e-131",
        "1e300",
        "1e9999999999",
        &nines,
    ] {
        let response = app.send(send(number)).await;
        assert_eq!(
            response.validation_errors(),
            ["/metaFields/0/value/n/0 number_out_of_range"],
            "{number}"
        );
    }
}

#[tokio::test]
async fn key_that_dynamodb_cannot_store_is_rejected() {
    let app = TestApp::new().await;
    let with_key = |key: &str| json!({"metaFields": [{"code": "c", "value": {"outer": {key: 1}}}]});
    assert_eq!(
        faults(&app, with_key("")).await,
        ["/metaFields/0/value/outer/ invalid_characters"]
    );
    assert_eq!(faults(&app, with_key(&"k".repeat(65_535))).await, [""; 0]);
    let expected = ["/metaFields/0/value/outer too_long"];
    assert_eq!(faults(&app, with_key(&"k".repeat(65_536))).await, expected);
}

#[tokio::test]
async fn status_cannot_be_cleared() {
    let app = TestApp::new().await;
    for status in [json!(null), json!(""), json!(" ")] {
        assert_eq!(
            faults(&app, json!({"status": status})).await,
            ["/status cannot_be_cleared"]
        );
    }
}
