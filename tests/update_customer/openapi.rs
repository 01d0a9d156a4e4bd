//! `openapi.yaml` and the code say the same. Every response of every test is held to the description as
//! well, in `support`.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use strum::VariantArray;
use update_customer::validation::ErrorCode;

use crate::support::openapi::{OPENAPI, REQUEST_SCHEMA, resolve, violations};
use crate::support::{TestApp, put};

/// The required fields, and these.
fn with(fields: Value) -> Value {
    let mut body =
        json!({"firstName": "John", "lastName": "Doe", "email": "john@aximcommerce.com"});
    for (name, value) in fields.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

fn without(name: &str) -> Value {
    let mut body = with(json!({}));
    body.as_object_mut().unwrap().shift_remove(name);
    body
}

/// Sends each body and asks the schema about it: both must take it, or both reject it.
async fn assert_agreement(bodies: impl IntoIterator<Item = Value>) {
    let app = TestApp::new().await;
    let mut disagreements = Vec::new();
    for body in bodies {
        let response = app.send(put().json(&body)).await;
        let wrong = violations(REQUEST_SCHEMA, &body);
        if (response.status == 200) != wrong.is_empty() {
            let start: String = body.to_string().chars().take(300).collect();
            disagreements.push(format!(
                "{start}\n  code: {}\n  schema: {wrong:?}",
                response.body
            ));
        }
    }
    assert!(disagreements.is_empty(), "{}", disagreements.join("\n"));
}

/// A member of the request's schema, by the names on the way to it.
fn schema_of(path: &[&str]) -> &'static Value {
    let (mut pointer, mut schema) =
        resolve(REQUEST_SCHEMA, OPENAPI.pointer(REQUEST_SCHEMA).unwrap());
    for name in path {
        let step = if *name == "[]" {
            "/items".to_owned()
        } else {
            format!("/properties/{name}")
        };
        let child = schema
            .pointer(&step)
            .unwrap_or_else(|| panic!("{pointer}{step} is not in openapi.yaml"));
        (pointer, schema) = resolve(&format!("{pointer}{step}"), child);
    }
    schema
}

/// A body that holds a text under a name.
type Body = fn(&str, &str) -> Value;

/// Every text of the request with its longest length, and how a body holds it.
fn texts() -> Vec<(&'static str, u64, Body)> {
    let top: Body = |name, text| with(json!({name: text}));
    let address: Body = |name, text| with(json!({"address": [{name: text}]}));
    let code: Body = |name, text| with(json!({"metaFields": [{name: text, "value": 1}]}));
    let mut texts = Vec::new();
    for (name, max) in [
        ("firstName", 255),
        ("lastName", 255),
        ("phoneNumber", 32),
        ("status", 64),
        ("company", 255),
        ("notes", 10_000),
    ] {
        texts.push((name, max, top));
    }
    for (name, max) in [
        ("firstName", 255),
        ("lastName", 255),
        ("phoneNumber", 32),
        ("address1", 255),
        ("address2", 255),
        ("city", 255),
        ("state", 32),
        ("zipcode", 32),
    ] {
        texts.push((name, max, address));
    }
    texts.push(("code", 255, code));
    texts
}

#[tokio::test]
async fn lengths_agree_with_the_schema() {
    let mut bodies = Vec::new();
    for (name, max, body) in texts() {
        let character = if name == "phoneNumber" { "1" } else { "😀" };
        for length in [max - 1, max, max + 1] {
            bodies.push(body(
                name,
                &character.repeat(usize::try_from(length).unwrap()),
            ));
        }
    }
    assert_agreement(bodies).await;
}

#[test]
fn schema_states_every_max_length() {
    let told = |path: &[&str]| {
        let schema = schema_of(path);
        let own = schema["maxLength"].as_u64();
        // A text that may be null or empty stands in a choice.
        let choices = ["anyOf", "oneOf", "allOf"]
            .iter()
            .flat_map(|key| schema[key].as_array().into_iter().flatten());
        let inner = choices
            .filter_map(|choice| resolve("", choice).1["maxLength"].as_u64())
            .max();
        own.or(inner)
    };
    for (name, max, body) in texts() {
        let shape = body(name, "");
        let path = match (shape["address"].is_array(), shape["metaFields"].is_array()) {
            (true, _) => vec!["address", "[]", name],
            (_, true) => vec!["metaFields", "[]", name],
            _ => vec![name],
        };
        assert_eq!(told(&path), Some(max), "{path:?}");
    }
}

#[tokio::test]
async fn types_and_blank_values_agree_with_the_schema() {
    let mut bodies = vec![
        without("firstName"),
        without("lastName"),
        without("email"),
        json!({}),
    ];
    let values = [
        json!(""),
        json!(" "),
        json!("\u{a0}"),
        json!(null),
        json!(1),
        json!(true),
        json!([]),
        json!({}),
        json!(["a"]),
        json!("a"),
        json!("a b"),
        json!(" a "),
    ];
    for (name, _, body) in texts() {
        for value in &values {
            let mut sent = body(name, "placeholder");
            for pointer in [
                format!("/{name}"),
                format!("/address/0/{name}"),
                format!("/metaFields/0/{name}"),
            ] {
                if let Some(member) = sent
                    .pointer_mut(&pointer)
                    .filter(|member| **member == "placeholder")
                {
                    *member = value.clone();
                }
            }
            bodies.push(sent);
        }
    }
    for name in ["email", "address", "metaFields"] {
        bodies.extend(values.iter().map(|value| with(json!({name: value}))));
    }
    assert_agreement(bodies).await;
}

#[tokio::test]
async fn control_characters_agree_with_the_schema() {
    let mut bodies = Vec::new();
    for (name, _, body) in texts() {
        let texts = [
            "a\nb", "a\r\n\tb", "a\tb", "a\0b", "a\u{1f}b", "a\u{7f}b", "a\u{85}b", "a\u{9f}b",
            "a\u{a0}b", "\n", "a\n", "\na",
        ];
        bodies.extend(texts.map(|text| body(name, text)));
    }
    assert_agreement(bodies).await;
}

#[tokio::test]
async fn patterns_agree_with_the_schema() {
    let mut bodies = Vec::new();
    for phone in [
        "65161861",
        "+1 (908) 555-0100",
        "0908/555.010",
        "908-555-0100 x12",
        "908-555-0100x12",
        "908 ext. 12",
        "908 EXT12",
        "112",
        "12",
        "1 2",
        "1-2-3",
        "x123",
        "ext 123",
        "123 x",
        "123 ext",
        "123 x 12",
        "123 x.12",
        "123 x1 2",
        "123 x-4",
        "123 y",
        "1x23",
        "1x2",
        "12x",
        "１２３",
        "123\n",
        "\n123",
        "123é",
        "call 123",
        "+-()",
        "123 x12 x12",
        "123 e 12",
        "123X4",
        "123 eXt 4",
        "()123",
        "123 ext..4",
        "123 ext . 4",
        "123 x ",
    ] {
        bodies.push(with(json!({"phoneNumber": phone})));
        bodies.push(with(json!({"address": [{"phoneNumber": phone}]})));
    }
    for country in [
        "US", "DE", "TW", "GB", "", "us", "Us", "USA", "XK", "UK", "EU", " US", "US ", "U", "840",
        "ＵＳ",
    ] {
        bodies.push(with(json!({"address": [{"country": country}]})));
    }
    for email in [
        "john@aximcommerce.com",
        "a+b@example.com",
        "o'neil@example.ie",
        "x@shop.photography",
        "john",
        "john@",
        "@example.com",
        "john@localhost",
        "a b@example.com",
        "a@b@example.com",
        "john@example.com ",
        "",
        " ",
        "a@example.com\n",
    ] {
        bodies.push(with(json!({"email": email})));
    }
    for (local, label) in [(64, 63), (65, 63), (64, 64)] {
        bodies.push(with(
            json!({"email": format!("{}@{}.com", "l".repeat(local), "d".repeat(label))}),
        ));
    }
    assert_agreement(bodies).await;
}

#[tokio::test]
async fn list_entries_agree_with_the_schema() {
    let mut bodies = Vec::new();
    for address in [
        json!({}),
        json!({"city": null}),
        json!({"city": ""}),
        json!({"city": null, "state": ""}),
        json!({"city": "A", "state": null}),
        json!({"isDefaultAddress": true}),
        json!({"isDefaultAddress": null}),
        json!({"isDefaultAddress": "true"}),
        json!({"city": "A", "isDefaultAddress": 1}),
        json!({"city": "A", "street": "B"}),
        json!({"city": "A", "id": "B"}),
        json!(null),
        json!("A"),
        json!([]),
        json!(1),
    ] {
        bodies.push(with(json!({"address": [address]})));
    }
    for meta_field in [
        json!({}),
        json!({"code": "c"}),
        json!({"value": 1}),
        json!({"code": "c", "value": null}),
        json!({"code": "c", "value": {"a": [1]}}),
        json!({"code": "c", "value": 1, "id": 2}),
        json!({"code": null, "value": 1}),
        json!(null),
        json!("c"),
        json!([]),
    ] {
        bodies.push(with(json!({"metaFields": [meta_field]})));
    }
    for name in [
        "id",
        "role",
        "verifiedEmail",
        "newsletter",
        "isB2B",
        "createdBy",
        "createdAt",
        "updatedAt",
    ] {
        for value in [
            json!(null),
            json!(""),
            json!(1),
            json!(false),
            json!({"a": []}),
            json!([1]),
        ] {
            bodies.push(with(json!({name: value})));
        }
    }
    for name in [
        "version",
        "updatedBy",
        "emial",
        "FirstName",
        "",
        "metafields",
        "$ref",
    ] {
        bodies.push(with(json!({name: "x"})));
    }
    bodies.extend([
        json!([]),
        json!(null),
        json!("text"),
        json!(1),
        json!([with(json!({}))]),
    ]);
    assert_agreement(bodies).await;
}

#[test]
fn error_codes_agree_with_the_schema() {
    let listed = |pointer: &str| -> BTreeSet<String> {
        let list = OPENAPI
            .pointer(pointer)
            .unwrap_or_else(|| panic!("{pointer} is not in openapi.yaml"));
        list.as_array()
            .unwrap()
            .iter()
            .map(|code| code.as_str().unwrap().to_owned())
            .collect()
    };
    let fields: BTreeSet<_> = ErrorCode::VARIANTS
        .iter()
        .map(|code| <&str>::from(code).to_owned())
        .collect();
    assert_eq!(listed("/components/schemas/FieldCode/enum"), fields);
    let top = [
        "invalid_request",
        "token_missing",
        "token_invalid",
        "insufficient_permission",
        "customer_not_found",
        "version_conflict",
        "internal_error",
        "method_not_allowed",
        "not_found",
    ];
    assert_eq!(
        listed("/components/schemas/ErrorCode/enum"),
        top.map(str::to_owned).into()
    );
}
