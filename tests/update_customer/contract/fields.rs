//! Every field that `openapi.yaml` documents: its row in `src/customer`, and what happens to it.
//!
//! The tests take the fields from the document, so a new field is tested as soon as it is documented,
//! and a field that is only in the code fails the comparison.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use testkit::response::shortened;
use update_customer::customer::address::{DEFAULT_MEMBER, TEXT_MEMBERS};
use update_customer::customer::fields::{FIELDS, FieldType, Write};
use update_customer::customer::meta_fields;
use update_customer::customer::rules::{MaxLength, TextRule};

use crate::support::openapi::{REQUEST_SCHEMA, at, is_read_only, resolve};
use crate::support::{CUSTOMER_ID, Response, SAMPLE_REQUEST, TestApp, put};

/// What a request may do with a field, as text, so that a difference is readable.
type Descriptions = BTreeMap<String, String>;

fn text(kind: &str, max_length: Option<u64>) -> String {
    match max_length {
        Some(max) => format!("{kind} string of up to {max}"),
        None => format!("{kind} string"),
    }
}

/// The properties of a schema, each with its own schema, references followed.
fn properties(pointer: &str) -> Vec<(&'static str, &'static Value)> {
    let (pointer, schema) = resolve(pointer, at(pointer));
    let properties = schema["properties"].as_object().into_iter().flatten();
    properties
        .map(|(name, property)| {
            let pointer = format!("{pointer}/properties/{name}");
            (name.as_str(), resolve(&pointer, property).1)
        })
        .collect()
}

fn is_text(schema: &Value) -> bool {
    schema["type"] == "string" && !is_read_only(schema)
}

fn is_required(pointer: &str, name: &str) -> bool {
    let (_, schema) = resolve(pointer, at(pointer));
    let required = schema["required"].as_array();
    required.is_some_and(|required| required.contains(&json!(name)))
}

/// The documented fields of the request body.
fn documented_fields() -> Descriptions {
    let describe = |(name, schema): (&str, &Value)| {
        let description = if is_read_only(schema) {
            "ignored".to_owned()
        } else if is_text(schema) {
            let kind = match is_required(REQUEST_SCHEMA, name) {
                true => "required",
                false => "optional",
            };
            text(kind, schema["maxLength"].as_u64())
        } else {
            format!("optional {}", schema["type"].as_str().unwrap_or("untyped"))
        };
        (name.to_owned(), description)
    };
    properties(REQUEST_SCHEMA)
        .into_iter()
        .map(describe)
        .collect()
}

fn max_length(rule: &TextRule) -> Option<u64> {
    match rule.max_length() {
        MaxLength::None => None,
        MaxLength::Chars(max) | MaxLength::Bytes(max) => u64::try_from(max).ok(),
    }
}

/// The fields of the request body in `src/customer/fields.rs`.
fn implemented_fields() -> Descriptions {
    let describe = |write: &Write| match write {
        Write::ReadOnly => "ignored".to_owned(),
        Write::Required(rule) => text("required", max_length(rule)),
        Write::Email => text("required", Some(254)),
        Write::Optional(rule) => text("optional", max_length(rule)),
        Write::List(_) => "optional array".to_owned(),
    };
    let fields = FIELDS.iter();
    fields
        .map(|field| (field.name.to_owned(), describe(&field.write)))
        .collect()
}

/// Fails with one line for each name on which code and document disagree.
#[track_caller]
fn assert_agree(file: &str, implemented: &Descriptions, documented: &Descriptions) {
    let absent = "absent".to_owned();
    let names = implemented.keys().chain(documented.keys());
    let mut differences = Vec::new();
    for name in names {
        let code = implemented.get(name).unwrap_or(&absent);
        let document = documented.get(name).unwrap_or(&absent);
        let difference = format!("`{name}`: {code} in {file}, {document} in openapi.yaml");
        if code != document && !differences.contains(&difference) {
            differences.push(difference);
        }
    }
    assert!(differences.is_empty(), "\n{}", differences.join("\n"));
}

#[test]
fn request_fields_agree_with_openapi() {
    assert_agree(
        "src/customer/fields.rs",
        &implemented_fields(),
        &documented_fields(),
    );
}

#[test]
fn address_members_agree_with_openapi() {
    let mut implemented: Descriptions = TEXT_MEMBERS
        .iter()
        .map(|(name, rule)| ((*name).to_owned(), text("member", max_length(rule))))
        .collect();
    implemented.insert(DEFAULT_MEMBER.to_owned(), "boolean".to_owned());
    let describe = |(name, schema): (&str, &Value)| {
        let description = match is_text(schema) {
            true => text("member", schema["maxLength"].as_u64()),
            false => schema["type"].as_str().unwrap_or_default().to_owned(),
        };
        (name.to_owned(), description)
    };
    let documented = properties(&items("address")).into_iter().map(describe);
    let documented = documented.collect();
    assert_agree("src/customer/address.rs", &implemented, &documented);
}

#[test]
fn metafield_code_agrees_with_openapi() {
    let members = properties(&items("metaFields"));
    let names: Vec<_> = members.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["code", "value"]);
    let documented = members[0].1["maxLength"].as_u64();
    assert_eq!(max_length(&meta_fields::CODE), documented);
}

#[test]
fn response_fields_agree_with_openapi() {
    let name = |field_type| match field_type {
        FieldType::Text => "string",
        FieldType::Boolean => "boolean",
        FieldType::List => "array",
        FieldType::Object => "object",
    };
    let implemented = FIELDS
        .iter()
        .map(|field| (field.name.to_owned(), name(field.field_type).to_owned()))
        .collect();
    let describe = |(name, schema): (&str, &Value)| {
        let optional = match is_required(CUSTOMER_SCHEMA, name) {
            true => "",
            false => "optional ",
        };
        let documented = schema["type"].as_str().unwrap_or("untyped");
        (name.to_owned(), format!("{optional}{documented}"))
    };
    let documented = properties(CUSTOMER_SCHEMA).into_iter().map(describe);
    let documented = documented.collect();
    assert_agree("src/customer/fields.rs", &implemented, &documented);
}

const CUSTOMER_SCHEMA: &str = "/components/schemas/Customer";

/// The pointer to the schema of a list's entries.
fn items(list: &str) -> String {
    let (pointer, _) = resolve(REQUEST_SCHEMA, at(REQUEST_SCHEMA));
    format!("{pointer}/properties/{list}/items")
}

/// Where a string stands in a body, in a stored customer and in a response's `data`.
#[derive(Debug, Clone, Copy)]
enum Place {
    Customer,
    Address,
    MetaField,
}

/// A documented string.
struct Text {
    place: Place,
    name: &'static str,
    /// Unicode scalar values.
    max_length: Option<usize>,
}

/// Every string that a request may hold.
fn texts() -> Vec<Text> {
    let mut texts = Vec::new();
    for (place, pointer) in [
        (Place::Customer, REQUEST_SCHEMA.to_owned()),
        (Place::Address, items("address")),
        (Place::MetaField, items("metaFields")),
    ] {
        for (name, schema) in properties(&pointer) {
            if is_text(schema) {
                let max_length = schema["maxLength"].as_u64();
                texts.push(Text {
                    place,
                    name,
                    max_length: max_length.map(|max| usize::try_from(max).unwrap()),
                });
            }
        }
    }
    texts
}

impl Text {
    /// The fields of a body with this value.
    fn fields(&self, value: Value) -> Value {
        let name = self.name;
        match self.place {
            Place::Customer => json!({name: value}),
            Place::Address => json!({"address": [{name: value}]}),
            Place::MetaField => json!({"metaFields": [{name: value, "value": 1}]}),
        }
    }

    fn pointer(&self) -> String {
        let name = self.name;
        match self.place {
            Place::Customer => format!("/{name}"),
            Place::Address => format!("/address/0/{name}"),
            Place::MetaField => format!("/metaFields/0/{name}"),
        }
    }

    /// A valid value as long as possible. Most are not ASCII, because lengths count characters.
    fn longest(&self) -> String {
        let max = self.max_length.unwrap_or(255);
        match self.name {
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

    /// The response must have this status and these field errors.
    fn check_errors(&mut self, what: &str, response: &Response, expected: &[String]) {
        let found = match response.status {
            400 => response.validation_errors(),
            status => vec![format!("status {status}")],
        };
        self.check(what, &found.join(", "), &expected.join(", "));
    }

    #[track_caller]
    fn assert_none(self) {
        assert!(self.0.is_empty(), "\n{}", self.0.join("\n"));
    }
}

#[tokio::test]
async fn every_string_is_stored_and_shown_at_its_max_length() {
    let app = TestApp::new().await;
    let mut failures = Failures::default();
    for text in texts() {
        let pointer = text.pointer();
        let value = json!(text.longest());
        let response = app.send(put().with(text.fields(value.clone()))).await;
        if response.status != 200 {
            failures.check_errors(&pointer, &response, &["status 200".to_owned()]);
            continue;
        }
        let stored = app.stored().await;
        for (place, customer) in [("stored", &stored), ("data", response.data())] {
            let found = customer.pointer(&pointer).unwrap_or(&Value::Null);
            failures.check(&format!("{pointer} {place}"), found, &value);
        }
    }
    failures.assert_none();
}

#[tokio::test]
async fn every_string_rejects_one_character_more() {
    let app = TestApp::new().await;
    let mut failures = Failures::default();
    for text in texts() {
        let Some(max_length) = text.max_length else {
            continue;
        };
        let mut longer = text.longest();
        while longer.chars().count() <= max_length {
            longer.push('1');
        }
        let response = app.send(put().with(text.fields(json!(longer)))).await;
        let expected = [format!("{} too_long", text.pointer())];
        failures.check_errors(&text.pointer(), &response, &expected);
    }
    failures.assert_none();
}

#[tokio::test]
async fn every_string_rejects_other_types() {
    let app = TestApp::new().await;
    let mut failures = Failures::default();
    for text in texts() {
        for value in [json!(1), json!(true), json!([]), json!({})] {
            let what = format!("{} {value}", text.pointer());
            let response = app.send(put().with(text.fields(value))).await;
            let expected = [format!("{} invalid_type", text.pointer())];
            failures.check_errors(&what, &response, &expected);
        }
    }
    failures.assert_none();
}

#[tokio::test]
async fn every_list_rejects_other_types() {
    let app = TestApp::new().await;
    let mut failures = Failures::default();
    for (name, description) in documented_fields() {
        if description != "optional array" {
            continue;
        }
        for value in [json!(1), json!(true), json!("text"), json!(""), json!({})] {
            let what = format!("/{name} {value}");
            let response = app.send(put().with(json!({ &name: value }))).await;
            let expected = [format!("/{name} invalid_type")];
            failures.check_errors(&what, &response, &expected);
        }
        for entry in [json!(null), json!(1), json!("text"), json!([])] {
            let what = format!("/{name}/0 {entry}");
            let response = app.send(put().with(json!({ &name: [entry] }))).await;
            let expected = [format!("/{name}/0 invalid_type")];
            failures.check_errors(&what, &response, &expected);
        }
    }
    failures.assert_none();
}

#[tokio::test]
async fn every_required_field_is_required() {
    let app = TestApp::new().await;
    let mut failures = Failures::default();
    for (name, description) in documented_fields() {
        if !description.starts_with("required") {
            continue;
        }
        let expected = [format!("/{name} required")];
        for value in [json!(null), json!(""), json!(" ")] {
            let what = format!("/{name} {value}");
            let response = app.send(put().with(json!({ &name: value }))).await;
            failures.check_errors(&what, &response, &expected);
        }
        let mut sample: Value = serde_json::from_str(SAMPLE_REQUEST).unwrap();
        sample.as_object_mut().unwrap().remove(&name);
        let response = app.send(put().json(&sample)).await;
        failures.check_errors(&format!("without {name}"), &response, &expected);
    }
    failures.assert_none();
}

#[tokio::test]
async fn every_optional_field_is_cleared_by_empty_and_rejects_null() {
    let app = TestApp::new().await;
    let mut failures = Failures::default();
    for (name, description) in documented_fields() {
        if !description.starts_with("optional") {
            continue;
        }
        let empty = match description.as_str() {
            "optional array" => json!([]),
            _ => json!(""),
        };
        app.store_sample(|_| {}).await;
        let response = app.send(put().with(json!({ &name: null }))).await;
        let expected = [format!("/{name} invalid_type")];
        failures.check_errors(&format!("/{name} null"), &response, &expected);

        let what = format!("/{name} {empty}");
        let response = app.send(put().with(json!({ &name: empty }))).await;
        if response.status != 200 {
            failures.check_errors(&what, &response, &["status 200".to_owned()]);
            continue;
        }
        let stored = app.stored().await[&name].take();
        failures.check(&format!("{what} stored"), &stored, &Value::Null);
        failures.check(&format!("{what} data"), &response.data()[&name], &empty);
    }
    failures.assert_none();
}

#[tokio::test]
async fn every_response_field_is_shown_as_stored() {
    let app = TestApp::new().await;
    let mut failures = Failures::default();
    for (name, schema) in properties(CUSTOMER_SCHEMA) {
        let value = match schema["type"].as_str() {
            Some("string") => json!("stored text"),
            Some("boolean") => json!(true),
            Some("array") => json!([{"code": "stored", "value": 12.5}]),
            Some("object") => json!({"stored": {"by": "an import"}}),
            other => panic!("{name}: no example for type {other:?}"),
        };
        // Another email would reset `verifiedEmail`.
        let mut customer = json!({"id": CUSTOMER_ID, "email": "john.doe@aximcommerce.com"});
        if !["id", "email"].contains(&name) {
            customer[name] = value;
        }
        app.store(&customer).await;
        let response = app.send(put().with(json!({}))).await;
        if response.status != 200 {
            failures.check_errors(name, &response, &["status 200".to_owned()]);
            continue;
        }
        // A field that the update sets is shown as stored afterwards.
        let stored = app.stored().await[name].take();
        failures.check(name, &response.data()[name], &stored);
        let overwritten = ["firstName", "lastName", "email", "updatedAt"];
        if !overwritten.contains(&name) {
            failures.check(name, &stored, &customer[name]);
        }
    }
    failures.assert_none();
}

#[tokio::test]
async fn every_absent_field_is_shown_as_empty() {
    let app = TestApp::new().await;
    let mut failures = Failures::default();
    app.store(&json!({"id": CUSTOMER_ID})).await;
    let response = app.send(put().with(json!({}))).await;
    let stored = app.stored().await;
    for (name, schema) in properties(CUSTOMER_SCHEMA) {
        let empty = match schema["type"].as_str() {
            Some("string") => json!(""),
            Some("boolean") => json!(false),
            Some("array") => json!([]),
            _ => json!({}),
        };
        // The update sets some fields.
        let expected = stored.get(name).unwrap_or(&empty);
        failures.check(name, &response.data()[name], expected);
    }
    failures.assert_none();
    assert_eq!(response.header("x-customer-version"), Some("\"1\""));
}
