//! Conversion between JSON values and DynamoDB attributes.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_types::base64;
use serde_json::{Map, Number, Value};

use crate::customer::fields::FieldType;
use crate::validation::number;

/// A stored item: attributes by name.
pub type Item = HashMap<String, AttributeValue>;

/// Converts strings to S, booleans to BOOL, arrays to L, objects to M, numbers to N digit for digit
/// and null to NULL (`docs/API.md#stored-data`).
pub fn from_json(value: &Value) -> AttributeValue {
    match value {
        Value::Null => AttributeValue::Null(true),
        Value::Bool(value) => AttributeValue::Bool(*value),
        Value::Number(number) => {
            AttributeValue::N(number::to_dynamodb(number.as_str()).into_owned())
        }
        Value::String(text) => AttributeValue::S(text.clone()),
        Value::Array(elements) => AttributeValue::L(elements.iter().map(from_json).collect()),
        Value::Object(members) => AttributeValue::M(
            members
                .iter()
                .map(|(key, value)| (key.clone(), from_json(value)))
                .collect(),
        ),
    }
}

/// Converts a stored attribute to JSON. Sets and binary values, which only other writers store,
/// become arrays and base64 text.
pub fn to_json(attribute: AttributeValue) -> Value {
    let texts = |list: Vec<String>| list.into_iter().map(Value::String).collect();
    match attribute {
        AttributeValue::Bool(value) => Value::Bool(value),
        AttributeValue::N(text) => json_number(text),
        AttributeValue::S(text) => Value::String(text),
        AttributeValue::L(elements) => elements.into_iter().map(to_json).collect(),
        AttributeValue::M(members) => Value::Object(object(members)),
        AttributeValue::Ss(list) => Value::Array(texts(list)),
        AttributeValue::Ns(list) => list.into_iter().map(json_number).collect(),
        AttributeValue::B(bytes) => Value::String(base64::encode(bytes)),
        AttributeValue::Bs(list) => {
            Value::Array(texts(list.into_iter().map(base64::encode).collect()))
        }
        // The enum is non-exhaustive; an attribute type that DynamoDB may add has no JSON form yet.
        _ => Value::Null,
    }
}

/// Whether `attribute` is `value` in DynamoDB's form. Numbers are compared by value, because DynamoDB
/// does not keep their notation.
pub fn eq_json(attribute: &AttributeValue, value: &Value) -> bool {
    match (attribute, value) {
        (AttributeValue::Null(_), Value::Null) => true,
        (AttributeValue::Bool(stored), Value::Bool(value)) => stored == value,
        (AttributeValue::N(stored), Value::Number(number)) => {
            number::equal(stored, number.as_str())
        }
        (AttributeValue::S(stored), Value::String(text)) => stored == text,
        (AttributeValue::L(stored), Value::Array(elements)) => {
            stored.len() == elements.len()
                && stored
                    .iter()
                    .zip(elements)
                    .all(|(stored, element)| eq_json(stored, element))
        }
        (AttributeValue::M(stored), Value::Object(members)) => {
            stored.len() == members.len()
                && members.iter().all(|(key, value)| {
                    stored.get(key).is_some_and(|stored| eq_json(stored, value))
                })
        }
        _ => false,
    }
}

/// DynamoDB's name of a field's type, for `attribute_type` in a condition.
pub fn type_name(field_type: FieldType) -> &'static str {
    match field_type {
        FieldType::Text => "S",
        FieldType::Boolean => "BOOL",
        FieldType::List => "L",
        FieldType::Object => "M",
    }
}

/// Whether the attribute has the type, or is NULL, which is shown as the type's empty value.
pub fn has_type(attribute: &AttributeValue, field_type: FieldType) -> bool {
    matches!(
        (field_type, attribute),
        (FieldType::Text, AttributeValue::S(_))
            | (FieldType::Boolean, AttributeValue::Bool(_))
            | (FieldType::List, AttributeValue::L(_))
            | (FieldType::Object, AttributeValue::M(_))
            | (_, AttributeValue::Null(_))
    )
}

/// Whether the attribute is what the function shows as an empty value: NULL, `""` or an empty list.
pub fn is_empty(attribute: &AttributeValue) -> bool {
    match attribute {
        AttributeValue::Null(_) => true,
        AttributeValue::S(text) => text.is_empty(),
        AttributeValue::L(elements) => elements.is_empty(),
        _ => false,
    }
}

/// Sorted by key, because DynamoDB keeps no order and equal customers should look equal.
fn object(members: Item) -> Map<String, Value> {
    let mut members: Vec<_> = members.into_iter().collect();
    members.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
    members
        .into_iter()
        .map(|(key, attribute)| (key, to_json(attribute)))
        .collect()
}

/// DynamoDB returns plain notation: `1e125` as 126 digits. A longer text than the caller's would be kept
/// becomes normal form, so that no response exceeds Lambda's limit. An emulator may return another writer's
/// `+5` or `.5`.
fn json_number(text: String) -> Value {
    let number = match text.len() {
        ..=number::MAX_VERBATIM_LEN => text.parse::<Number>().ok(),
        _ => None,
    };
    let number = number.or_else(|| number::Decimal::parse(&text)?.to_string().parse().ok());
    number.map_or(Value::String(text), Value::Number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn json_types_have_native_dynamodb_types() {
        let value =
            serde_json::from_str(r#"{"s":"","n":1.10,"t":true,"z":null,"l":[1,[]],"m":{}}"#)
                .unwrap();
        let AttributeValue::M(members) = from_json(&value) else {
            panic!("no map")
        };
        assert_eq!(members["s"], AttributeValue::S(String::new()));
        assert_eq!(members["n"], AttributeValue::N("1.10".into()));
        assert_eq!(members["t"], AttributeValue::Bool(true));
        assert_eq!(members["z"], AttributeValue::Null(true));
        let list = vec![AttributeValue::N("1".into()), AttributeValue::L(vec![])];
        assert_eq!(members["l"], AttributeValue::L(list));
        assert_eq!(members["m"], AttributeValue::M(HashMap::new()));
        assert!(eq_json(&AttributeValue::M(members.clone()), &value));
        assert_eq!(to_json(AttributeValue::M(members)), value);
    }

    #[test]
    fn sets_and_binary_have_a_json_form() {
        assert_eq!(to_json(AttributeValue::Ss(vec!["a".into()])), json!(["a"]));
        assert_eq!(
            to_json(AttributeValue::Ns(vec!["1.5".into()])).to_string(),
            "[1.5]"
        );
        let bytes = aws_sdk_dynamodb::primitives::Blob::new(*b"hi");
        assert_eq!(to_json(AttributeValue::B(bytes.clone())), json!("aGk="));
        assert_eq!(to_json(AttributeValue::Bs(vec![bytes])), json!(["aGk="]));
        assert_eq!(
            to_json(AttributeValue::N("+.50".into())).to_string(),
            "5e-1"
        );
    }

    #[test]
    fn eq_json_compares_every_part() {
        let value = json!({"a": [1, "x", null], "b": {"c": false}});
        assert!(eq_json(&from_json(&value), &value));
        for other in [
            json!({"a": [1, "x"], "b": {"c": false}}),
            json!({"a": [1, "x", null], "b": {"c": false}, "d": 1}),
            json!({"a": [1, "x", null]}),
            json!({"a": ["x", 1, null], "b": {"c": false}}),
            json!({"a": [2, "x", null], "b": {"c": false}}),
            json!({"a": [1, "x", null], "b": {"c": true}}),
        ] {
            assert!(!eq_json(&from_json(&other), &value), "{other}");
        }
        assert!(eq_json(
            &AttributeValue::N("100".into()),
            &serde_json::from_str("1e2").unwrap()
        ));
        assert!(!eq_json(&AttributeValue::S("1".into()), &json!(1)));
    }
}
