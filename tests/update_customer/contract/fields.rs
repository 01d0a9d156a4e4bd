//! Every field that `openapi.yaml` documents: its row in `src/customer`, and what happens to it.
//!
//! The tests take the fields from the document, so a new field is tested as soon as it is documented,
//! and a field that is only in the code fails the comparison. `openapi` compares the accepted values.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use testkit::response::shortened;
use update_customer::customer::address::{DEFAULT_MEMBER, TEXT_MEMBERS};
use update_customer::customer::fields::{FIELDS, FieldType, Write};
use update_customer::customer::meta_fields;
use update_customer::customer::rules::{MaxLength, TextRule};

use crate::support::openapi::{REQUEST_SCHEMA, at, is_read_only, resolve};
use crate::support::{Response, SAMPLE_REQUEST, TestApp, put};

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
fn documented(pointer: &str) -> Descriptions {
    let (pointer, schema) = resolve(pointer, at(pointer));
    let properties = schema["properties"].as_object().into_iter().flatten();
    properties
        .map(|(name, property)| {
            let (_, property) = resolve(&format!("{pointer}/properties/{name}"), property);
            let required = schema["required"].as_array().into_iter().flatten();
            let is_required = required.into_iter().any(|required| required == name);
            let kind = property["type"].as_str().unwrap_or("value");
            let description = match is_read_only(property) {
                true => "ignored".to_owned(),
                false => describe(is_required, kind, property["maxLength"].as_u64()),
            };
            (name.clone(), description)
        })
        .collect()
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
    let is_default = (DEFAULT_MEMBER, describe(false, "boolean", None));
    let code = ("code", implemented_string(true, &meta_fields::CODE));
    let value = ("value", describe(true, "value", None));
    let mut differences = Vec::new();
    for (file, pointer, implemented) in [
        ("fields.rs", REQUEST_SCHEMA, request.collect::<Vec<_>>()),
        ("fields.rs", CUSTOMER_SCHEMA, response.collect()),
        (
            "address.rs",
            ADDRESS_SCHEMA,
            address.chain([is_default]).collect(),
        ),
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

/// A documented string, and where it stands in a body, in a stored customer and in a response's `data`.
struct Text {
    pointer: String,
    name: String,
    /// In characters.
    max_length: Option<usize>,
}

/// Every string that a request may hold.
fn texts() -> Vec<Text> {
    let mut texts = Vec::new();
    for (parent, schema) in [
        ("", REQUEST_SCHEMA),
        ("/address/0", ADDRESS_SCHEMA),
        ("/metaFields/0", META_FIELD_SCHEMA),
    ] {
        for (name, description) in documented(schema) {
            if description.contains(" string") {
                let max_length = description.rsplit(' ').next().unwrap().parse().ok();
                let pointer = format!("{parent}/{name}");
                texts.push(Text {
                    pointer,
                    name,
                    max_length,
                });
            }
        }
    }
    texts
}

impl Text {
    /// The fields of a body with this value.
    fn fields(&self, value: &str) -> Value {
        let name = &self.name;
        match self.pointer.split('/').nth(1).unwrap() {
            "address" => json!({"address": [{name: value}]}),
            "metaFields" => json!({"metaFields": [{name: value, "value": 1}]}),
            _ => json!({name: value}),
        }
    }

    /// A valid value as long as possible. Most are not ASCII, because lengths count characters.
    fn longest(&self) -> String {
        let max = self.max_length.unwrap_or(255);
        match &*self.name {
            "email" => format!("{}@{}com", "l".repeat(64), "d.".repeat((max - 68) / 2)),
            "phoneNumber" => "1".repeat(max),
            "country" => "US".to_owned(),
            _ => "é".repeat(max),
        }
    }
}

/// Collects what goes wrong for each field, one line each.
#[derive(Default)]
struct Failures(Vec<String>);

impl Failures {
    fn check(&mut self, what: &str, found: &impl ToString, expected: &impl ToString) {
        let (found, expected) = (found.to_string(), expected.to_string());
        if found != expected {
            let (found, expected) = (shortened(&found), shortened(&expected));
            self.0
                .push(format!("{what}: {found} instead of {expected}"));
        }
    }

    /// The response must have this outcome: `200`, or the only field error.
    fn check_outcome(&mut self, what: &str, response: &Response, expected: &str) {
        let found = match response.status {
            400 => response.validation_errors().join(", "),
            status => status.to_string(),
        };
        self.check(what, &found, &expected);
    }

    #[track_caller]
    fn assert_none(self) {
        assert!(self.0.is_empty(), "\n{}", self.0.join("\n"));
    }
}

#[tokio::test]
async fn every_string_is_stored_and_shown_up_to_its_max_length() {
    let app = TestApp::new().await;
    let mut failures = Failures::default();
    for text in texts() {
        let (pointer, mut value) = (&text.pointer, text.longest());
        let response = app.send(put().with(text.fields(&value))).await;
        failures.check_outcome(pointer, &response, "200");
        let stored = app.stored().await;
        for (place, customer) in [("stored", &stored), ("data", &response.body["data"])] {
            let found = customer.pointer(pointer).unwrap_or(&Value::Null);
            failures.check(&format!("{pointer} {place}"), found, &json!(value));
        }
        if let Some(max_length) = text.max_length {
            value += &"1".repeat(max_length + 1 - value.chars().count());
            let response = app.send(put().with(text.fields(&value))).await;
            failures.check_outcome(pointer, &response, &format!("{pointer} too_long"));
        }
    }
    failures.assert_none();
}

#[tokio::test]
async fn every_field_is_required_or_cleared_by_empty_and_never_null() {
    let app = TestApp::new().await;
    let mut failures = Failures::default();
    for (name, description) in documented(REQUEST_SCHEMA) {
        let required = format!("/{name} required");
        let invalid_type = format!("/{name} invalid_type");
        let (empty, outcomes) = match &*description {
            "ignored" => continue,
            "optional array" => (json!([]), [&*invalid_type, "200", "200"]),
            optional if optional.starts_with("optional") => {
                (json!(""), [&*invalid_type, "200", "200"])
            }
            _ => (json!(""), [&*required; 3]),
        };
        app.store_sample(|_| {}).await;
        let mut omitted: Value = serde_json::from_str(SAMPLE_REQUEST).unwrap();
        omitted.as_object_mut().unwrap().remove(&name);
        let null = put().with(json!({ &name: null }));
        let cleared = put().with(json!({ &name: empty }));
        let requests = [
            ("null", null),
            ("omitted", put().json(&omitted)),
            ("empty", cleared),
        ];
        for ((case, request), expected) in requests.into_iter().zip(outcomes) {
            let what = format!("/{name} {case}");
            let before = app.stored().await[&name].take();
            let response = app.send(request).await;
            failures.check_outcome(&what, &response, expected);
            let (stored, data) = (
                app.stored().await[&name].take(),
                &response.body["data"][&name],
            );
            let is_cleared = case == "empty" && expected == "200";
            failures.check(
                &what,
                &stored,
                if is_cleared { &Value::Null } else { &before },
            );
            if expected == "200" {
                failures.check(&what, data, if is_cleared { &empty } else { &before });
            }
        }
    }
    failures.assert_none();
}
