//! The rules of list entries, and one case for each rule of `src/customer` that `fields` and `openapi` do
//! not derive from `openapi.yaml`. The other cases of such a rule are in its unit test.

use serde_json::{Value, json};

use crate::support::{SAMPLE_REQUEST, TestApp, put, shortened};

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
async fn each_rule_of_a_text_has_its_code_and_message() {
    let app = TestApp::new().await;
    for (pointer, value, error) in [
        ("/lastName", " \u{ad}\u{2800}", "required: `lastName`"),
        (
            "/company",
            "\u{202a}A",
            "invalid_characters: `company` contains U+202A at character 1",
        ),
        (
            "/notes",
            "Axim\u{7}",
            "invalid_characters: `notes` contains U+0007 at character 5",
        ),
        (
            "/email",
            "j@x.co ",
            "invalid_email: `email` is not a valid address: it ends with a space",
        ),
        ("/phoneNumber", "call me", "invalid_phone: `phoneNumber`"),
        (
            "/address/0/phoneNumber",
            "12",
            "invalid_phone: `phoneNumber`",
        ),
        ("/address/0/country", "UK", "invalid_country: `country`"),
    ] {
        let field = pointer.rsplit('/').next().unwrap();
        let fields = match pointer.starts_with("/address") {
            true => json!({"address": [{field: value}]}),
            false => json!({field: value}),
        };
        let response = app.send(put().with(fields)).await;
        let text = |name: &str| response.body["errors"][0][name].as_str().unwrap();
        let found = format!("{}: {}", text("code"), text("message"));
        assert_eq!(text("pointer"), pointer);
        assert!(
            found.starts_with(error),
            "{pointer}: {found} instead of {error}"
        );
    }
}

#[tokio::test]
async fn address_is_not_empty() {
    let app = TestApp::new().await;
    for address in [
        json!({}),
        json!({"city": null}),
        json!({"isDefaultAddress": null}),
    ] {
        let found = errors(&app, json!({"address": [address]})).await;
        assert_eq!(found, ["/address/0 empty_object"], "{address}");
    }
    for address in [json!({"city": ""}), json!({"isDefaultAddress": false})] {
        assert_eq!(
            errors(&app, json!({"address": [address]})).await,
            NONE,
            "{address}"
        );
    }
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
    let found = errors(&app, json!({"address": [default, other, default, default]})).await;
    let expected = [
        "/address/2/isDefaultAddress multiple_defaults",
        "/address/3/isDefaultAddress multiple_defaults",
    ];
    assert_eq!(found, expected);
    for value in [json!("true"), json!(1)] {
        let found = errors(
            &app,
            json!({"address": [{"city": "A", "isDefaultAddress": value}]}),
        )
        .await;
        assert_eq!(found, ["/address/0/isDefaultAddress invalid_type"]);
    }
}

#[tokio::test]
async fn metafield_has_a_unique_code_and_a_value() {
    let app = TestApp::new().await;
    let fields = json!([{"code": "a", "value": 1}, {"value": 1}, {"code": "b"}, {"code": "A", "value": 1},
        {"code": "a", "value": 2}, {"code": " ", "value": 1}, {"code": "a\nb", "value": 1}]);
    let expected = [
        "/metaFields/1/code required",
        "/metaFields/2/value required",
        "/metaFields/4/code duplicate_code",
        "/metaFields/5/code required",
        "/metaFields/6/code invalid_characters",
    ];
    assert_eq!(errors(&app, json!({"metaFields": fields})).await, expected);
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
async fn number_that_dynamodb_would_round_is_rejected() {
    let app = TestApp::new().await;
    let largest = format!("9.{}e125", "9".repeat(37));
    for number in [
        "12345678901234567890123456789012345678",
        "-1e-130",
        &largest,
        "-0",
        "1.50",
    ] {
        let response = app.send(put().body(with_value(number))).await;
        assert_eq!(response.status, 200, "{number}");
    }
    for number in [
        "123456789012345678901234567890123456789",
        "1e126",
        "1e-131",
        "1e9999999999",
    ] {
        let response = app.send(put().body(with_value(number))).await;
        let expected = ["/metaFields/0/value number_out_of_range"];
        assert_eq!(
            response.validation_errors(),
            expected,
            "{}",
            shortened(&number)
        );
    }
}

#[tokio::test]
async fn key_that_dynamodb_cannot_store_is_rejected() {
    let app = TestApp::new().await;
    let with_key = |key: &str| json!({"metaFields": [{"code": "c", "value": {"outer": {key: 1}}}]});
    let empty = ["/metaFields/0/value/outer/ invalid_characters"];
    assert_eq!(errors(&app, with_key("")).await, empty);
    assert_eq!(errors(&app, with_key(&"k".repeat(65_535))).await, NONE);
    let too_long = ["/metaFields/0/value/outer too_long"];
    assert_eq!(errors(&app, with_key(&"k".repeat(65_536))).await, too_long);
}

#[tokio::test]
async fn unknown_fields_get_a_suggestion_at_every_level() {
    let app = TestApp::new().await;
    let fields = json!({
        "emial": "x", "familyName": "x", "zip": "x", "": 1,
        "address": [{"city": "A", "zip": "1", "createdBy": "x"}],
        "metaFields": [{"code": "c", "value": {"anything": {"goes": true}}, "key": 1}]
    });
    let response = app.send(put().with(fields)).await;
    let found: Vec<_> = response.validation_errors();
    let expected = [
        "/address/0/createdBy unknown_field",
        "/address/0/zip unknown_field",
        "/metaFields/0/key unknown_field",
        "/ unknown_field",
        "/emial unknown_field",
        "/familyName unknown_field",
        "/zip unknown_field",
    ];
    assert_eq!(found, expected);
    let names = "createdBy:- zip:zipcode key:code :- emial:email familyName:lastName zip:-";
    let suggestions = names.split(' ').map(|pair| pair.split_once(':').unwrap().1);
    let errors = response.body["errors"].as_array().unwrap().iter();
    for (error, suggestion) in errors.zip(suggestions) {
        let message = error["message"].as_str().unwrap();
        let is_expected = match suggestion {
            "-" => !message.contains("did you mean"),
            name => message.ends_with(&format!("did you mean `{name}`?")),
        };
        assert!(is_expected, "{error}");
    }
}
