//! What the function must agree with: `openapi.yaml`, against which every response of every test is checked, and
//! `template.yaml`. Both are addressed by JSON Pointers.

use std::collections::{HashMap, HashSet};
use std::sync::{LazyLock, Mutex};

use jsonschema::Validator;
use serde_json::{Map, Value, json};
use testkit::shortened;

use super::Response;

static OPENAPI: LazyLock<Value> = LazyLock::new(|| {
    let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.yaml"));
    yaml_serde::from_str(text).expect("openapi.yaml is YAML")
});

static TEMPLATE: LazyLock<Value> = LazyLock::new(|| {
    let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/template.yaml"));
    without_tags(&yaml_serde::from_str(text).expect("template.yaml is YAML"))
});

/// The pointer to the one operation.
const OPERATION: &str = "/paths/~1customers~1{customer_id}/put";

/// The pointer to the schema of a request's body.
pub const REQUEST_SCHEMA: &str =
    "/paths/~1customers~1{customer_id}/put/requestBody/content/application~1json/schema";

/// The headers of every response, which the document does not repeat for each status.
pub const COMMON_HEADERS: [(&str, &str); 3] = [
    ("cache-control", "no-store"),
    ("content-type", "application/json"),
    ("x-content-type-options", "nosniff"),
];

/// The value at a pointer into `openapi.yaml`, or what it refers to.
#[track_caller]
pub fn openapi(pointer: &str) -> &'static Value {
    let value = OPENAPI.pointer(pointer);
    let value = value.unwrap_or_else(|| panic!("openapi.yaml has no {pointer}"));
    resolve(pointer, value).1
}

/// The value at a pointer into `template.yaml`, without CloudFormation's tags such as `!If`.
#[track_caller]
pub fn template(pointer: &str) -> &'static Value {
    let value = TEMPLATE.pointer(pointer);
    value.unwrap_or_else(|| panic!("template.yaml has no {pointer}"))
}

/// Every text in the value at a pointer into `template.yaml`, keys excluded.
#[track_caller]
pub fn template_texts(pointer: &str) -> Vec<&'static str> {
    let mut found = Vec::new();
    let mut values = vec![template(pointer)];
    while let Some(value) = values.pop() {
        match value {
            Value::String(text) => found.push(text.as_str()),
            Value::Array(elements) => values.extend(elements.iter().rev()),
            Value::Object(members) => values.extend(members.values().rev()),
            _ => {}
        }
    }
    found
}

fn without_tags(yaml: &yaml_serde::Value) -> Value {
    match yaml {
        yaml_serde::Value::Tagged(tagged) => without_tags(&tagged.value),
        yaml_serde::Value::Sequence(elements) => elements.iter().map(without_tags).collect(),
        yaml_serde::Value::Mapping(members) => {
            let name = |key: &yaml_serde::Value| key.as_str().expect("a text key").to_owned();
            let member = |(key, value)| (name(key), without_tags(value));
            members.iter().map(member).collect()
        }
        scalar => serde_json::to_value(scalar).expect("a scalar"),
    }
}

/// Follows `$ref`, if `value` is one. Returns the target with its pointer.
fn resolve(pointer: &str, value: &'static Value) -> (String, &'static Value) {
    let target = value["$ref"].as_str();
    match target.and_then(|target| target.strip_prefix('#')) {
        Some(target) => resolve(target, openapi(target)),
        None => (pointer.to_owned(), value),
    }
}

/// A valid request body but for the value at a pointer.
pub fn body_with(pointer: &str, value: &Value) -> Value {
    let mut body =
        json!({"firstName": "John", "lastName": "Doe", "email": "john@aximcommerce.com"});
    match pointer.split('/').skip(1).collect::<Vec<_>>()[..] {
        [] => return value.clone(),
        [name] => body[name] = value.clone(),
        [list, "0"] => body[list] = json!([value]),
        ["address", "0", name] => {
            body["address"] = json!([{"isDefaultAddress": false, name: value}])
        }
        ["metaFields", "0", name] => body["metaFields"] = json!([{"value": 1, name: value}]),
        _ => panic!("no body has {pointer}"),
    }
    body
}

/// Each string of a request body: a pointer, and the most characters that it may have.
pub fn strings() -> Vec<(String, Option<usize>)> {
    let mut strings = Vec::new();
    for (parent, schema) in [
        ("", REQUEST_SCHEMA),
        ("/address/0", "/components/schemas/AddressUpdate"),
        ("/metaFields/0", "/components/schemas/MetaFieldUpdate"),
    ] {
        for (name, property) in properties(schema) {
            if property["type"] == "string" && !is_read_only(property) {
                let max_length = property["maxLength"].as_u64();
                let max_length = max_length.map(|max| usize::try_from(max).unwrap());
                strings.push((format!("{parent}/{name}"), max_length));
            }
        }
    }
    strings
}

/// The properties of a schema with their own schemas.
pub fn properties(schema: &str) -> impl Iterator<Item = (&'static str, &'static Value)> {
    let properties = openapi(schema)["properties"].as_object().into_iter();
    let properties = properties.flatten();
    properties.map(|(name, property)| (name.as_str(), resolve("", property).1))
}

/// What the schema at `pointer` rejects in `value`: one line each, without the value.
pub fn violations(pointer: &str, value: &Value) -> Vec<String> {
    static VALIDATORS: LazyLock<Mutex<HashMap<String, &'static Validator>>> =
        LazyLock::new(Mutex::default);
    let mut validators = VALIDATORS.lock().unwrap();
    let validator = *validators
        .entry(pointer.to_owned())
        .or_insert_with(|| Box::leak(Box::new(validator(pointer))));
    drop(validators);
    let line = |error: jsonschema::ValidationError<'_>| {
        format!("{}: {}", error.instance_path(), shortened(&error.masked()))
    };
    validator.iter_errors(value).map(line).collect()
}

fn validator(pointer: &str) -> Validator {
    openapi(pointer);
    let fragment = pointer.replace('{', "%7B").replace('}', "%7D");
    let mut schema = json!({
        // The draft that OpenAPI 3.0 is closest to.
        "$schema": "http://json-schema.org/draft-04/schema#",
        "$ref": format!("#{fragment}"),
        "paths": OPENAPI["paths"],
        "components": OPENAPI["components"],
    });
    let schemas = schema["components"]["schemas"].as_object_mut();
    let schemas = schemas.expect("openapi.yaml has schemas");
    close_responses(schemas);
    add_accepted_values(schemas);
    let validator = jsonschema::options().build(&schema);
    validator.unwrap_or_else(|error| panic!("{pointer}: {}", error.masked()))
}

/// Requires exactly the documented members of a response.
///
/// The document tells clients to tolerate other members. An error of API Gateway lacks some, and an
/// entry of a list is shown as stored.
fn close_responses(schemas: &mut Map<String, Value>) {
    for schema in schemas.values_mut() {
        let properties = schema["properties"].as_object();
        let Some(properties) = properties.filter(|_| schema["additionalProperties"] == true) else {
            continue;
        };
        let members: Vec<_> = properties.keys().filter(|name| *name != "errors").collect();
        schema["required"] = json!(members);
        schema["additionalProperties"] = json!(false);
    }
    for list in ["address", "metaFields"] {
        let list = schemas["Customer"]["properties"][list].as_object_mut();
        list.expect("a schema").remove("items");
    }
}

/// Allows what the function accepts and no client should send: any value for a read-only name, and
/// null in an address.
fn add_accepted_values(schemas: &mut Map<String, Value>) {
    let update = schemas["CustomerUpdate"]["properties"].as_object_mut();
    for property in update.into_iter().flat_map(Map::values_mut) {
        if is_read_only(property) {
            *property = json!({});
        }
    }
    let address = schemas["AddressUpdate"]["properties"].as_object_mut();
    for member in address.into_iter().flat_map(Map::values_mut) {
        *member = json!({"anyOf": [member, {"type": "null"}]});
    }
}

/// Whether a request's property is accepted and ignored.
pub fn is_read_only(property: &Value) -> bool {
    let description = property["description"].as_str();
    description.is_some_and(|description| description.starts_with("Read-only;"))
}

/// Checks a response against the document: its status, each of its headers, its body.
///
/// A disagreement fails the first test that meets it and no other one, so that a wrong name does not
/// fail every test.
#[track_caller]
pub fn assert_documented(response: &Response) {
    static REPORTED: LazyLock<Mutex<HashSet<String>>> = LazyLock::new(Mutex::default);
    let mut disagreements = disagreements(response);
    let mut reported = REPORTED.lock().unwrap();
    disagreements.retain(|disagreement| reported.insert(disagreement.clone()));
    drop(reported);
    assert!(
        disagreements.is_empty(),
        "the function and openapi.yaml disagree:\n{}",
        disagreements.join("\n")
    );
}

fn disagreements(response: &Response) -> Vec<String> {
    let status = response.status;
    let pointer = format!("{OPERATION}/responses/{status}");
    let Some(documented) = OPENAPI.pointer(&pointer) else {
        return vec![format!("status {status} is not in openapi.yaml")];
    };
    let (pointer, documented) = resolve(&pointer, documented);
    let mut disagreements = Vec::new();
    let mut undocumented = response.headers.clone();
    for (name, expected) in COMMON_HEADERS {
        let value = undocumented.remove(name);
        let value = value.unwrap_or("missing".to_owned());
        if value != expected {
            disagreements.push(format!("{status}: {name} is {value}"));
        }
    }
    for (name, header) in documented["headers"].as_object().into_iter().flatten() {
        let (header, schema) = resolve(&format!("{pointer}/headers/{name}"), header);
        match undocumented.remove(&name.to_ascii_lowercase()) {
            Some(value) => {
                let violations = violations(&format!("{header}/schema"), &json!(value));
                let line = |violation| format!("{status}: header {name}{violation}");
                disagreements.extend(violations.into_iter().map(line));
            }
            None if schema["required"] == true => {
                disagreements.push(format!("{status}: header {name} is missing"));
            }
            None => {}
        }
    }
    let undocumented = undocumented.keys();
    let line = |name| format!("{status}: header {name} is not in openapi.yaml");
    disagreements.extend(undocumented.map(line));
    let body = format!("{pointer}/content/application~1json/schema");
    for violation in violations(&body, &response.body) {
        disagreements.push(format!("{status}: body{violation}"));
    }
    disagreements
}
