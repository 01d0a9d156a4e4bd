//! `openapi.yaml`, against which every response of every test is checked.

use std::collections::{HashMap, HashSet};
use std::sync::{LazyLock, Mutex};

use jsonschema::Validator;
use serde_json::{Value, json};
use testkit::response::shortened;

use super::Response;

/// The OpenAPI document.
pub static OPENAPI: LazyLock<Value> = LazyLock::new(|| {
    let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.yaml"));
    yaml_serde::from_str(text).expect("openapi.yaml is YAML")
});

/// The pointer to the one operation.
const OPERATION: &str = "/paths/~1customers~1{customer_id}/put";

/// The pointer to the schema of a request's body.
pub const REQUEST_SCHEMA: &str =
    "/paths/~1customers~1{customer_id}/put/requestBody/content/application~1json/schema";

/// Follows `$ref`, if `value` is one. Returns the target with its pointer.
pub fn resolve(pointer: &str, value: &'static Value) -> (String, &'static Value) {
    let target = value["$ref"].as_str();
    match target.and_then(|target| target.strip_prefix('#')) {
        Some(target) => resolve(target, at(target)),
        None => (pointer.to_owned(), value),
    }
}

/// The value at a pointer into the document.
pub fn at(pointer: &str) -> &'static Value {
    let value = OPENAPI.pointer(pointer);
    value.unwrap_or_else(|| panic!("openapi.yaml has no {pointer}"))
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
    at(pointer);
    let fragment = pointer.replace('{', "%7B").replace('}', "%7D");
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$ref": format!("#{fragment}"),
        "paths": OPENAPI["paths"],
        "components": OPENAPI["components"],
    });
    // Clients must tolerate further members of a response; the function must not send any.
    let schemas = schema["components"]["schemas"].as_object_mut();
    for schema in schemas.into_iter().flat_map(|schemas| schemas.values_mut()) {
        let schema = schema.as_object_mut().expect("a schema is an object");
        if schema.contains_key("properties") {
            schema.entry("additionalProperties").or_insert(json!(false));
        }
    }
    let options = jsonschema::options().should_validate_formats(true);
    let validator = options.build(&schema);
    validator.unwrap_or_else(|error| panic!("{pointer}: {}", error.masked()))
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
    let headers = documented["headers"].as_object();

    let mut disagreements = Vec::new();
    for (name, value) in &response.headers {
        // The media type is in `content`; OpenAPI ignores a header of this name.
        if name == "content-type" {
            if value != "application/json" {
                disagreements.push(format!("{status}: content-type is {value}"));
            }
            continue;
        }
        let documented = headers.into_iter().flatten();
        let mut documented = documented.filter(|(known, _)| known.eq_ignore_ascii_case(name));
        let Some((known, header)) = documented.next() else {
            disagreements.push(format!("{status}: header {name} is not in openapi.yaml"));
            continue;
        };
        let (header, _) = resolve(&format!("{pointer}/headers/{known}"), header);
        for violation in violations(&format!("{header}/schema"), &json!(value)) {
            disagreements.push(format!("{status}: header {name}{violation}"));
        }
    }
    for (name, header) in headers.into_iter().flatten() {
        let (_, header) = resolve(name, header);
        let present = response.headers.contains_key(&name.to_ascii_lowercase());
        if header["required"] == true && !present {
            disagreements.push(format!("{status}: header {name} is missing"));
        }
    }
    let body = format!("{pointer}/content/application~1json/schema");
    for violation in violations(&body, &response.body) {
        disagreements.push(format!("{status}: body{violation}"));
    }
    disagreements
}
