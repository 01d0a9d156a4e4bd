//! `openapi.yaml`, which every answer of every test has to match.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};

use jsonschema::Validator;
use serde_json::{Value, json};

use super::Answer;

/// The description as JSON.
pub static DESCRIPTION: LazyLock<Value> = LazyLock::new(|| {
    let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.yaml"));
    yaml_serde::from_str(text).expect("openapi.yaml is YAML")
});

/// Where the one operation stands.
const OPERATION: &str = "/paths/~1customers~1{customer_id}/put";

/// Where the schema of a request's body stands.
pub const REQUEST: &str =
    "/paths/~1customers~1{customer_id}/put/requestBody/content/application~1json/schema";

/// Follows a reference within the description, if `value` is one.
pub fn resolved(pointer: &str, value: &'static Value) -> (String, &'static Value) {
    match value["$ref"]
        .as_str()
        .and_then(|target| target.strip_prefix('#'))
    {
        Some(target) => {
            let value = DESCRIPTION
                .pointer(target)
                .unwrap_or_else(|| panic!("{target} is not in openapi.yaml"));
            resolved(target, value)
        }
        None => (pointer.to_owned(), value),
    }
}

/// What is wrong with `value` by the schema at `pointer`; empty when nothing is.
pub fn violations(pointer: &str, value: &Value) -> Vec<String> {
    static VALIDATORS: LazyLock<Mutex<HashMap<String, &'static Validator>>> =
        LazyLock::new(Mutex::default);
    let validator = *VALIDATORS
        .lock()
        .unwrap()
        .entry(pointer.to_owned())
        .or_insert_with(|| {
            assert!(
                DESCRIPTION.pointer(pointer).is_some(),
                "{pointer} is not in openapi.yaml"
            );
            let mut schema = json!({"$schema": "https://json-schema.org/draft/2020-12/schema"});
            schema["$ref"] = json!(format!(
                "#{}",
                pointer.replace('{', "%7B").replace('}', "%7D")
            ));
            for part in ["paths", "components"] {
                schema[part] = DESCRIPTION[part].clone();
            }
            let validator = jsonschema::options()
                .should_validate_formats(true)
                .build(&schema);
            Box::leak(Box::new(
                validator.unwrap_or_else(|error| panic!("{pointer}: {error}")),
            ))
        });
    validator
        .iter_errors(value)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

/// Holds an answer to the description: its status, each of its headers, its body.
#[track_caller]
pub fn assert_described(answer: &Answer) {
    let responses = format!("{OPERATION}/responses/{}", answer.status);
    let response = DESCRIPTION.pointer(&responses);
    let response =
        response.unwrap_or_else(|| panic!("status {} is not in openapi.yaml", answer.status));
    let (pointer, response) = resolved(&responses, response);

    let described = response["headers"].as_object();
    for (name, value) in &answer.headers {
        // The media type stands in `content`; OpenAPI ignores a header of that name.
        if name == "content-type" {
            assert_eq!(value, "application/json");
            continue;
        }
        let header = described.and_then(|headers| {
            headers
                .iter()
                .find(|(known, _)| known.eq_ignore_ascii_case(name))
        });
        let (known, header) = header
            .unwrap_or_else(|| panic!("{}: header {name} is not in openapi.yaml", answer.status));
        let (header, _) = resolved(&format!("{pointer}/headers/{known}"), header);
        let wrong = violations(&format!("{header}/schema"), &json!(value));
        assert!(
            wrong.is_empty(),
            "{}: header {name}: {wrong:?}",
            answer.status
        );
    }
    for (name, header) in described.into_iter().flatten() {
        let (_, header) = resolved(name, header);
        let present = answer.headers.contains_key(&name.to_ascii_lowercase());
        assert!(
            present || header["required"] != true,
            "{}: header {name} is missing",
            answer.status
        );
    }

    let wrong = violations(
        &format!("{pointer}/content/application~1json/schema"),
        &answer.body,
    );
    assert!(
        wrong.is_empty(),
        "{}: {}\n{wrong:#?}",
        answer.status,
        answer.body
    );
}
