//! The entries of `metaFields`.

use std::collections::HashSet;

use super::field_reader::{FieldReader, Null};
use super::rules::{TextRule, one_line};
use crate::validation::json::{Object, Value};
use crate::validation::{ErrorCode, JsonPointer, ValidationErrors, number};

/// The rule for `code`, which is also unique in the list.
pub const CODE: TextRule = one_line(255).not_blank();

/// Levels of a `value`, itself included. DynamoDB allows 32 levels in an attribute, and rejects an empty
/// container at the last one; the list `metaFields` and its entry are two of them.
const MAX_VALUE_DEPTH: usize = 30;

/// DynamoDB's limit for an attribute name, which also holds for the keys of a map.
const MAX_KEY_BYTES: usize = 65_535;

/// Reads the list `metaFields`.
pub(super) fn read<'a>(body: &mut FieldReader<'a, '_>, name: &'static str) -> Option<Value<'a>> {
    let mut codes = HashSet::new();
    body.list(name, |entry, _| {
        let mut meta_field = Object::new();
        if let Some(code) = entry.text("code", Null::Missing, &CODE) {
            if !codes.insert(code.clone()) {
                let message = "must be unique in `metaFields`";
                entry.error("code", ErrorCode::DuplicateCode, message);
            }
            meta_field.push(("code".into(), Value::String(code)));
        }
        if let Some(value) = entry.take("value") {
            if depth(&value) > MAX_VALUE_DEPTH {
                let message = format!(
                    "must be at most {MAX_VALUE_DEPTH} levels deep; an empty array or object is two"
                );
                entry.error("value", ErrorCode::TooDeep, &message);
            }
            check_dynamodb_limits(&value, &entry.at.member("value"), entry.errors);
            meta_field.push(("value".into(), value));
        } else {
            entry.error("value", ErrorCode::Required, "is required; it may be null");
        }
        meta_field
    })
}

/// The number of levels: 1 for a scalar, 2 for an empty container, one more for each container around.
fn depth(value: &Value<'_>) -> usize {
    let inner = match value {
        Value::Array(elements) => elements.iter().map(depth).max(),
        Value::Object(members) => members.iter().map(|(_, value)| depth(value)).max(),
        _ => return 1,
    };
    1 + inner.unwrap_or(1)
}

/// Rejects numbers and keys that DynamoDB cannot store.
fn check_dynamodb_limits(value: &Value<'_>, at: &JsonPointer<'_>, errors: &mut ValidationErrors) {
    match value {
        Value::Number(number) if !number::fits_dynamodb(number) => {
            let message = "`value` has a number that DynamoDB would round: send at most 38 significant \
                           digits and a magnitude from 1e-130 to 9.99e125, or send it as a string";
            errors.add(at, ErrorCode::NumberOutOfRange, || message.to_owned());
        }
        Value::Array(elements) => {
            for (index, element) in elements.iter().enumerate() {
                check_dynamodb_limits(element, &at.element(index), errors);
            }
        }
        Value::Object(members) => {
            for (key, member) in members {
                let at = at.member(key);
                if key.is_empty() {
                    let message = "`value` has an empty key; a key needs at least one character";
                    errors.add(&at, ErrorCode::InvalidCharacters, || message.to_owned());
                } else if key.len() > MAX_KEY_BYTES {
                    errors.add(&at, ErrorCode::TooLong, || {
                        format!("`value` has a key of over {MAX_KEY_BYTES} bytes; shorten it")
                    });
                }
                check_dynamodb_limits(member, &at, errors);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
