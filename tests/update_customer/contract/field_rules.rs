//! The field rules that `fields` does not derive from `openapi.yaml`.

use serde_json::{Value, json};
use testkit::response::shortened;

use crate::support::{TestApp, put};

/// No field error.
const NONE: [&str; 0] = [];

/// Sends the required fields and these. Returns the field errors; none when the response is 200.
async fn errors(app: &TestApp, fields: Value) -> Vec<String> {
    let response = app.send(put().with(fields)).await;
    match response.status {
        200 => Vec::new(),
        _ => response.validation_errors(),
    }
}

#[tokio::test]
async fn lengths_count_unicode_scalar_values() {
    let app = TestApp::new().await;
    for character in ["é", "😀"] {
        let company = |length| json!({"company": character.repeat(length)});
        assert_eq!(errors(&app, company(255)).await, NONE);
        assert_eq!(errors(&app, company(256)).await, ["/company too_long"]);
    }
}

#[tokio::test]
async fn only_notes_may_contain_line_breaks_and_tabs() {
    let app = TestApp::new().await;
    for name in ["firstName", "lastName", "status", "company"] {
        for control in ["\n", "\t", "\0", "\u{7f}", "\u{9f}"] {
            let expected = [format!("/{name} invalid_characters")];
            assert_eq!(
                errors(&app, json!({name: format!("a{control}b")})).await,
                expected
            );
        }
    }
    assert_eq!(errors(&app, json!({"notes": "a\r\n\tb"})).await, NONE);
    assert_eq!(
        errors(&app, json!({"notes": "a\u{1b}[31m"})).await,
        ["/notes invalid_characters"]
    );
    assert_eq!(
        errors(&app, json!({"address": [{"city": "a\nb"}]})).await,
        ["/address/0/city invalid_characters"]
    );
}

#[tokio::test]
async fn one_line_has_no_separators_and_no_bidirectional_overrides() {
    let app = TestApp::new().await;
    for name in ["firstName", "lastName", "status", "company"] {
        for c in ["\u{2028}", "\u{2029}", "\u{202a}", "\u{202e}"] {
            let expected = [format!("/{name} invalid_characters")];
            let found = errors(&app, json!({name: format!("a{c}b")})).await;
            assert_eq!(found, expected);
        }
        // Joiners, directional marks and isolates are part of texts in several scripts.
        let text = "\u{200f}שלום\u{200e} \u{2067}क्\u{200d}ष\u{2069} م\u{200c}ی";
        assert_eq!(errors(&app, json!({name: text})).await, NONE);
    }
    for c in ["\u{202a}", "\u{202e}"] {
        let found = errors(&app, json!({"notes": format!("a{c}b")})).await;
        assert_eq!(found, ["/notes invalid_characters"]);
    }
    assert_eq!(errors(&app, json!({"notes": "a\u{2028}b"})).await, NONE);
}

#[tokio::test]
async fn text_without_a_visible_character_is_blank() {
    let app = TestApp::new().await;
    for blank in ["\u{200b}", "\u{2800}", "\u{3164}", " \u{ad}\u{e0041}\u{a0}"] {
        let fields = json!({
            "firstName": blank, "lastName": blank, "email": blank, "metaFields": [{"code": blank, "value": 1}]
        });
        let expected = [
            "/firstName required",
            "/lastName required",
            "/email required",
            "/metaFields/0/code required",
        ];
        assert_eq!(errors(&app, fields).await, expected, "{blank:?}");
    }
    // Other strings may be invisible, since only these must be present.
    assert_eq!(errors(&app, json!({"company": "\u{200b}"})).await, NONE);
}

#[tokio::test]
async fn message_names_a_forbidden_character_but_no_value() {
    let app = TestApp::new().await;
    let fields = json!({"company": "\u{202a}Axim", "notes": "Axim\u{7}"});
    let response = app.send(put().with(fields)).await;
    let errors = response.body["errors"].as_array().unwrap();
    let messages: Vec<_> = errors.iter().map(|error| &error["message"]).collect();
    assert_eq!(
        messages,
        [
            "`company` contains U+202A at character 1; send one line without control characters and without \
             bidirectional overrides",
            "`notes` contains U+0007 at character 5; send it without control characters other than line breaks \
             and tabs, and without bidirectional overrides"
        ]
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
        "info@государственнаядума-официальныйсайт.рф",
    ] {
        assert_eq!(errors(&app, json!({"email": email})).await, NONE, "{email}");
    }
    for email in [
        "john",
        "John <john@example.com>",
        "john@[127.0.0.1]",
        "john@localhost",
        "a@x.com,b@x.com",
        "john@1.2.3.4",
        "john@x.co\u{200b}",
        "\u{202e}john@example.com",
        "john@ex\u{2024}ample.com",
        "ex\u{2024}ample@x.co",
        "a@℀.com",
        "john＠example.com",
        "john@ｅxample.com",
        "john@example。com",
    ] {
        assert_eq!(
            errors(&app, json!({"email": email})).await,
            ["/email invalid_email"],
            "{email}"
        );
    }
}

#[tokio::test]
async fn message_names_the_cause_of_an_invalid_email() {
    let app = TestApp::new().await;
    for (email, cause) in [
        ("john@example.com ", "it ends with a space"),
        ("john@x.co\u{200b}", "it contains U+200B at character 10"),
        (
            "john@1.2.3.4",
            "the domain's last part must not be a number",
        ),
        ("john", "it has no `@`"),
        (
            "John <john@example.com>",
            "it has a display name or angle brackets; send the address alone",
        ),
        (
            &format!("{}@example.com", "l".repeat(65)),
            "the part before the `@` is longer than 64 bytes",
        ),
        (
            "john@localhost",
            "the domain needs at least one dot, as in `example.com`",
        ),
    ] {
        let response = app.send(put().with(json!({"email": email}))).await;
        assert_eq!(
            response.body["errors"],
            json!([{
                "pointer": "/email", "code": "invalid_email",
                "message": format!("`email` is not a valid address: {cause}")
            }])
        );
    }
}

#[tokio::test]
async fn phone_numbers_of_customer_and_address_are_checked() {
    let app = TestApp::new().await;
    for phone in [
        "65161861",
        "+1 (908) 555-0100 x12",
        "0908/555.010 ext 7",
        "(555) 555-5555 # 1234",
        "555-555-5555 extension 12",
        "+15555555555;ext=12",
        "908\u{a0}555\u{2013}0100",
        "٠٩٨٧٦٥",
    ] {
        let fields = json!({"phoneNumber": phone, "address": [{"phoneNumber": phone}]});
        assert_eq!(errors(&app, fields).await, NONE, "{phone}");
    }
    for phone in [
        "12",
        "call me",
        "x123",
        "908\t555",
        "908\n555",
        "123 x",
        "123 x4 x5",
    ] {
        let fields = json!({"phoneNumber": phone, "address": [{"phoneNumber": phone}]});
        let expected = [
            "/phoneNumber invalid_phone",
            "/address/0/phoneNumber invalid_phone",
        ];
        assert_eq!(errors(&app, fields).await, expected, "{phone}");
    }
}

#[tokio::test]
async fn country_is_empty_or_a_known_code() {
    let app = TestApp::new().await;
    for country in ["", "US", "DE", "TW", "XK", "AC", "TA"] {
        assert_eq!(
            errors(&app, json!({"address": [{"country": country}]})).await,
            NONE,
            "{country}"
        );
    }
    for country in ["us", "USA", "840", "UK", "EL", "EU", "United States"] {
        let expected = ["/address/0/country invalid_country"];
        assert_eq!(
            errors(&app, json!({"address": [{"country": country}]})).await,
            expected,
            "{country}"
        );
    }
}

#[tokio::test]
async fn message_suggests_the_country_code() {
    let app = TestApp::new().await;
    for (country, code) in [
        ("us", "US"),
        (" US", "US"),
        ("UK", "GB"),
        ("EL", "GR"),
        ("USA", "US"),
        ("840", "US"),
    ] {
        let response = app
            .send(put().with(json!({"address": [{"country": country}]})))
            .await;
        assert_eq!(
            response.body["errors"],
            json!([{
                "pointer": "/address/0/country", "code": "invalid_country",
                "message": format!("`country` must be empty or an ISO 3166-1 alpha-2 code in capitals; did you mean `{code}`?")
            }])
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
            errors(&app, json!({"address": [address]})).await,
            ["/address/0 empty_object"]
        );
    }
    assert_eq!(errors(&app, json!({"address": [{"city": ""}]})).await, NONE);
    assert_eq!(
        errors(&app, json!({"address": [{"isDefaultAddress": false}]})).await,
        NONE
    );
}

#[tokio::test]
async fn at_most_one_address_is_the_default() {
    let app = TestApp::new().await;
    let default = json!({"isDefaultAddress": true});
    let other = json!({"isDefaultAddress": false});
    assert_eq!(
        errors(&app, json!({"address": [other, default, other]})).await,
        NONE
    );
    assert_eq!(
        errors(&app, json!({"address": [default, other, default, default]})).await,
        [
            "/address/2/isDefaultAddress multiple_defaults",
            "/address/3/isDefaultAddress multiple_defaults"
        ]
    );
    for value in [json!(null), json!("true"), json!(1)] {
        let expected = ["/address/0/isDefaultAddress invalid_type"];
        assert_eq!(
            errors(
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
        errors(
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
        errors(&app, json!({"metaFields": twice})).await,
        ["/metaFields/2/code duplicate_code"]
    );
    for (code, expected) in [
        (json!(" "), "required"),
        (json!(null), "required"),
        (json!("a\nb"), "invalid_characters"),
    ] {
        let expected = [format!("/metaFields/0/code {expected}")];
        assert_eq!(
            errors(&app, json!({"metaFields": [{"code": code, "value": 1}]})).await,
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
        // A scalar is one level, an empty container two. DynamoDB stores 32 levels; the list and its entry are two.
        for (containers, inner) in [(29, "1"), (28, "[]"), (29, "\"\""), (28, "{}")] {
            let response = app
                .send(put().body(nested(container, containers, inner)))
                .await;
            assert_eq!(response.status, 200, "{container:?} {containers} {inner}");
        }
        for (containers, inner) in [(30, "1"), (29, "[]"), (29, "{}"), (30, "[]"), (100, "1")] {
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
        let response = app.send(put().body(nested(("[", "]"), arrays, ""))).await;
        let errors = response.validation_errors();
        assert_eq!(errors, ["/metaFields/0/value too_deep"], "{arrays} arrays");
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
            "{}",
            shortened(&number)
        );
    }
}

#[tokio::test]
async fn key_that_dynamodb_cannot_store_is_rejected() {
    let app = TestApp::new().await;
    let with_key = |key: &str| json!({"metaFields": [{"code": "c", "value": {"outer": {key: 1}}}]});
    assert_eq!(
        errors(&app, with_key("")).await,
        ["/metaFields/0/value/outer/ invalid_characters"]
    );
    assert_eq!(errors(&app, with_key(&"k".repeat(65_535))).await, NONE);
    let expected = ["/metaFields/0/value/outer too_long"];
    assert_eq!(errors(&app, with_key(&"k".repeat(65_536))).await, expected);
}
