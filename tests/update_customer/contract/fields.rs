//! Every field that `openapi.yaml` documents: its row in `src/customer`, and what happens to it.
//!
//! The tests take the fields from the document, so a new field is tested as soon as it is documented,
//! and a field that is only in the code fails the comparison. `openapi` compares the accepted values.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use testkit::shortened;
use update_customer::customer::address::{DEFAULT_MEMBER, TEXT_MEMBERS};
use update_customer::customer::fields::{FIELDS, FieldType, Write};
use update_customer::customer::meta_fields;
use update_customer::customer::rules::{MaxLength, TextRule};

use crate::support::assertions::outcome;
use crate::support::documents::{
    REQUEST_SCHEMA, body_with, is_read_only, openapi, properties, strings,
};
use crate::support::{SAMPLE_REQUEST, TestApp, put};

const CUSTOMER_SCHEMA: &str = "/components/schemas/Customer";
const ADDRESS_SCHEMA: &str = "/components/schemas/AddressUpdate";
const META_FIELD_SCHEMA: &str = "/components/schemas/MetaFieldUpdate";

/// Each property of a schema as text, so that a difference is readable.
type Descriptions = BTreeMap<String, String>;

/// Describes a property by whether it must be sent, its type, and the length of a string.
fn describe(is_required: bool, kind: &str, max_length: Option<u64>) -> String {
    let presence = if is_required { "required" } else { "optional" };
    let length = max_length.map(|max| format!(" of up to {max}"));
    format!("{presence} {kind}{}", length.unwrap_or_default())
}

/// The properties of a schema as `openapi.yaml` documents them.
fn documented(schema: &str) -> Descriptions {
    let required = openapi(schema)["required"].as_array();
    let describe = |(name, property): (&str, &Value)| {
        let is_required = required.is_some_and(|required| required.contains(&json!(name)));
        let kind = property["type"].as_str().unwrap_or("value");
        let description = match is_read_only(property) {
            true => "ignored".to_owned(),
            false => describe(is_required, kind, property["maxLength"].as_u64()),
        };
        (name.to_owned(), description)
    };
    properties(schema).map(describe).collect()
}

fn implemented_string(is_required: bool, rule: &TextRule) -> String {
    let max_length = match rule.max_length() {
        MaxLength::None => None,
        MaxLength::Chars(max) | MaxLength::Bytes(max) => u64::try_from(max).ok(),
    };
    describe(is_required, "string", max_length)
}

#[test]
fn names_types_and_lengths_agree_with_openapi() {
    let request = FIELDS.iter().map(|field| {
        let description = match &field.write {
            Write::ReadOnly => "ignored".to_owned(),
            Write::Required(rule) => implemented_string(true, rule),
            Write::Email => describe(true, "string", Some(254)),
            Write::Optional(rule) => implemented_string(false, rule),
            Write::List(_) => describe(false, "array", None),
        };
        (field.name, description)
    });
    let response = FIELDS.iter().map(|field| {
        let kind = match field.field_type {
            FieldType::Text => "string",
            FieldType::Boolean => "boolean",
            FieldType::List => "array",
            FieldType::Object => "object",
        };
        (field.name, describe(true, kind, None))
    });
    let address = TEXT_MEMBERS.iter();
    let address = address.map(|(name, rule)| (*name, implemented_string(false, rule)));
    let address = address.chain([(DEFAULT_MEMBER, describe(false, "boolean", None))]);
    let code = ("code", implemented_string(true, &meta_fields::CODE));
    let value = ("value", describe(true, "value", None));
    let mut differences = Vec::new();
    for (file, pointer, implemented) in [
        ("fields.rs", REQUEST_SCHEMA, request.collect::<Vec<_>>()),
        ("fields.rs", CUSTOMER_SCHEMA, response.collect()),
        ("address.rs", ADDRESS_SCHEMA, address.collect()),
        ("meta_fields.rs", META_FIELD_SCHEMA, vec![code, value]),
    ] {
        let mut documented = documented(pointer);
        for (name, code) in implemented {
            let document = documented.remove(name).unwrap_or("absent".to_owned());
            if code != document {
                let code = format!("{code} in src/customer/{file}");
                differences.push(format!("`{name}`: {code}, {document} in openapi.yaml"));
            }
        }
        let only_documented = documented.keys();
        differences.extend(only_documented.map(|name| format!("`{name}` is not in {file}")));
    }
    assert!(differences.is_empty(), "\n{}", differences.join("\n"));
}

/// A valid value as long as possible. Most are not ASCII, because lengths count characters.
fn longest(pointer: &str, max: usize) -> String {
    match pointer.rsplit('/').next() {
        Some("email") => format!("{}@{}com", "l".repeat(64), "d.".repeat((max - 68) / 2)),
        Some("phoneNumber") => "1".repeat(max),
        Some("country") => "US".to_owned(),
        _ => "é".repeat(max),
    }
}

/// A line about something that is not as expected.
fn difference(what: &str, found: &impl ToString, expected: &impl ToString) -> Option<String> {
    let (found, expected) = (found.to_string(), expected.to_string());
    let differ = found != expected;
    let (found, expected) = (shortened(&found), shortened(&expected));
    differ.then(|| format!("{what}: {found} instead of {expected}"))
}

#[tokio::test]
async fn every_string_is_stored_and_shown_up_to_its_max_length() {
    let app = TestApp::new().await;
    let mut differences = Vec::new();
    for (pointer, max_length) in strings() {
        let mut value = longest(&pointer, max_length.unwrap_or(255));
        let body = body_with(&pointer, &json!(value));
        let response = app.send(put().json(&body)).await;
        differences.extend(difference(&pointer, &outcome(&response), &"200"));
        let stored = app.stored().await;
        for (place, customer) in [("stored", &stored), ("data", &response.body["data"])] {
            let what = format!("{pointer} {place}");
            let found = customer.pointer(&pointer).unwrap_or(&Value::Null);
            differences.extend(difference(&what, found, &json!(value)));
        }
        if let Some(max_length) = max_length {
            value += &"1".repeat(max_length + 1 - value.chars().count());
            let body = body_with(&pointer, &json!(value));
            let response = app.send(put().json(&body)).await;
            let expected = format!("{pointer} too_long");
            differences.extend(difference(&pointer, &outcome(&response), &expected));
        }
    }
    assert!(differences.is_empty(), "\n{}", differences.join("\n"));
}

#[tokio::test]
async fn every_field_is_required_or_cleared_by_empty_and_never_null() {
    let app = TestApp::new().await;
    let mut differences = Vec::new();
    for (name, description) in documented(REQUEST_SCHEMA) {
        let empty = match description.ends_with("array") {
            true => json!([]),
            false => json!(""),
        };
        let required = &*format!("/{name} required");
        let invalid_type = &*format!("/{name} invalid_type");
        let [null, others] = match description.split(' ').next() {
            Some("required") => [required; 2],
            Some("optional") => [invalid_type, "200"],
            _ => continue,
        };
        app.store_sample(|_| {}).await;
        let stored = app.stored().await[&name].take();
        let mut omitted: Value = serde_json::from_str(SAMPLE_REQUEST).unwrap();
        omitted.as_object_mut().unwrap().remove(&name);
        for (case, request, expected) in [
            ("null", put().with(json!({ &name: null })), null),
            ("omitted", put().json(&omitted), others),
            ("empty", put().with(json!({ &name: empty })), others),
        ] {
            let what = format!("/{name} {case}");
            let response = app.send(request).await;
            differences.extend(difference(&what, &outcome(&response), &expected));
            let (kept, shown) = match (case, expected) {
                ("empty", "200") => (&Value::Null, &empty),
                _ => (&stored, &stored),
            };
            differences.extend(difference(&what, &app.stored().await[&name], kept));
            if response.status == 200 {
                differences.extend(difference(&what, &response.data()[&name], shown));
            }
        }
    }
    assert!(differences.is_empty(), "\n{}", differences.join("\n"));
}
