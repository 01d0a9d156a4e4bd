//! Reads `template.yaml`.

use std::sync::LazyLock;

use yaml_serde::Value;

static TEMPLATE: LazyLock<Value> = LazyLock::new(|| {
    let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/template.yaml"));
    yaml_serde::from_str(text).expect("template.yaml is YAML")
});

/// The value at these keys and indices, such as `Resources.Api.Properties`. CloudFormation's tags such as
/// `!If` are ignored.
#[track_caller]
pub fn at(path: &str) -> &'static Value {
    let mut value = &*TEMPLATE;
    for key in path.split('.') {
        let next = match key.parse::<usize>() {
            Ok(index) => untagged(value).get(index),
            Err(_) => untagged(value).get(key),
        };
        value = next.unwrap_or_else(|| panic!("template.yaml has no {path}"));
    }
    value
}

/// The number at this path.
#[track_caller]
pub fn number_at(path: &str) -> u64 {
    let number = at(path).as_u64();
    number.unwrap_or_else(|| panic!("{path} in template.yaml is not a number"))
}

/// The keys of the mapping at this path.
#[track_caller]
pub fn keys_at(path: &str) -> impl Iterator<Item = &'static str> {
    let keys = at(path).as_mapping().expect("a mapping").keys();
    keys.map(|key| key.as_str().expect("a text key"))
}

/// Every text in the value at this path, keys excluded.
#[track_caller]
pub fn texts_at(path: &str) -> Vec<&'static str> {
    let mut found = Vec::new();
    texts(at(path), &mut found);
    found
}

fn texts(value: &'static Value, found: &mut Vec<&'static str>) {
    match untagged(value) {
        Value::String(text) => found.push(text),
        Value::Sequence(values) => values.iter().for_each(|value| texts(value, found)),
        Value::Mapping(members) => members.values().for_each(|value| texts(value, found)),
        _ => {}
    }
}

fn untagged(value: &Value) -> &Value {
    match value {
        Value::Tagged(tagged) => &tagged.value,
        value => value,
    }
}
