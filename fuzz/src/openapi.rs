//! `openapi.yaml`, which describes every response.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use jsonschema::Validator;
use serde_json::{Value, json};
use testkit::Response;

static OPENAPI: LazyLock<Value> = LazyLock::new(|| {
    yaml_serde::from_str(include_str!("../../openapi.yaml")).expect("openapi.yaml is YAML")
});

/// Checks that the document has a response's status, the required headers of that status, and its body.
pub fn check(response: &Response) {
    static VALIDATORS: LazyLock<Mutex<HashMap<u64, Validator>>> = LazyLock::new(Mutex::default);
    let documented = resolve(
        &OPENAPI["paths"]["/customers/{customer_id}"]["put"]["responses"]
            [response.status.to_string()],
    );
    assert!(documented.is_object(), "undocumented: {response:?}");
    for (name, header) in documented["headers"].as_object().into_iter().flatten() {
        let is_missing = response.header(&name.to_ascii_lowercase()).is_none();
        let is_required = resolve(header)["required"] == true;
        assert!(
            !(is_required && is_missing),
            "no header {name}: {response:?}"
        );
    }
    let mut body = response.body.clone();
    for list in ["/data/address", "/data/metaFields"] {
        // An entry that another system stored is shown as stored, of whatever type.
        if let Some(Value::Array(entries)) = body.pointer_mut(list) {
            entries.clear();
        }
    }
    let mut validators = VALIDATORS.lock().unwrap_or_else(PoisonError::into_inner);
    let validator = validators.entry(response.status).or_insert_with(|| {
        let schema = &documented["content"]["application/json"]["schema"];
        let schema = json!({"allOf": [schema], "components": OPENAPI["components"]});
        jsonschema::draft202012::new(&schema).expect("a schema")
    });
    let errors = validator.iter_errors(&body);
    let errors = errors.map(|error| format!("{}: {}", error.instance_path(), error.masked()));
    let errors: Vec<_> = errors.collect();
    assert!(errors.is_empty(), "{}: {errors:#?}", response.status);
}

/// Follows `$ref`, if `value` is one.
fn resolve(value: &'static Value) -> &'static Value {
    let target = value["$ref"]
        .as_str()
        .and_then(|target| target.strip_prefix('#'));
    match target {
        Some(target) => resolve(OPENAPI.pointer(target).expect("a target")),
        None => value,
    }
}
