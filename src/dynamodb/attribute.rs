//! The SDK's attribute values: from JSON as it was sent, and as JSON in a response.

use std::collections::HashMap;
use std::mem::discriminant;

use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_types::base64;
use serde::ser::{Error as _, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::customer::fields::FieldType;
use crate::validation::json::Value;
use crate::validation::number::{self, Decimal};

/// A stored item: attributes by name.
pub type Item = HashMap<String, AttributeValue>;

/// Converts strings to S, booleans to BOOL, arrays to L, objects to M, numbers to N digit for digit
/// and null to NULL (`docs/API.md#stored-data`).
pub fn from_json(value: &Value<'_>) -> AttributeValue {
    match value {
        Value::Null => AttributeValue::Null(true),
        Value::Bool(value) => AttributeValue::Bool(*value),
        Value::Number(number) => AttributeValue::N(number::to_dynamodb(number).into_owned()),
        Value::String(text) => AttributeValue::S(text.clone().into_owned()),
        Value::Array(elements) => AttributeValue::L(elements.iter().map(from_json).collect()),
        Value::Object(members) => AttributeValue::M(
            members
                .iter()
                .map(|(key, value)| (key.clone().into_owned(), from_json(value)))
                .collect(),
        ),
    }
}

/// Whether `attribute` is `value` in DynamoDB's form. Numbers are compared by value, because DynamoDB
/// does not keep their notation.
pub fn eq_json(attribute: &AttributeValue, value: &Value<'_>) -> bool {
    match (attribute, value) {
        (AttributeValue::Null(_), Value::Null) => true,
        (AttributeValue::Bool(stored), Value::Bool(value)) => stored == value,
        (AttributeValue::N(stored), Value::Number(number)) => number::equal(stored, number),
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
                    stored
                        .get(&**key)
                        .is_some_and(|stored| eq_json(stored, value))
                })
        }
        _ => false,
    }
}

/// The attribute in JSON. Sets and binary values, which only other writers store, become arrays and
/// base64 text.
#[derive(Debug)]
pub struct Json<'a>(pub &'a AttributeValue);

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            AttributeValue::Bool(value) => serializer.serialize_bool(*value),
            AttributeValue::N(text) => Number(text).serialize(serializer),
            AttributeValue::S(text) => serializer.serialize_str(text),
            AttributeValue::L(elements) => serializer.collect_seq(elements.iter().map(Json)),
            AttributeValue::M(members) => {
                // Sorted by key, because DynamoDB keeps no order and equal customers should look equal.
                let mut members: Vec<_> = members.iter().collect();
                members.sort_unstable_by_key(|(key, _)| *key);
                serializer.collect_map(members.into_iter().map(|(key, value)| (key, Json(value))))
            }
            AttributeValue::Ss(list) => serializer.collect_seq(list),
            AttributeValue::Ns(list) => {
                serializer.collect_seq(list.iter().map(|text| Number(text)))
            }
            AttributeValue::B(bytes) => serializer.serialize_str(&base64::encode(bytes)),
            AttributeValue::Bs(list) => serializer.collect_seq(list.iter().map(base64::encode)),
            // The enum is non-exhaustive; an attribute type that DynamoDB may add has no JSON form yet.
            _ => serializer.serialize_unit(),
        }
    }
}

/// A number's text as DynamoDB returns it.
///
/// That is plain notation: `1e125` as 126 digits. A longer text than the caller's would be kept becomes
/// normal form, so that no response exceeds Lambda's limit. An emulator may return another writer's `+5`
/// or `.5`.
struct Number<'a>(&'a str);

impl Serialize for Number<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(text) = self;
        let is_verbatim = text.len() <= number::MAX_VERBATIM_LEN
            && text.starts_with(|c: char| c == '-' || c.is_ascii_digit());
        let json = serde_json::from_str::<&RawValue>(text);
        if let (true, Ok(number)) = (is_verbatim, json) {
            return number.serialize(serializer);
        }
        match Decimal::parse(text) {
            Some(decimal) => RawValue::from_string(decimal.to_string())
                .map_err(S::Error::custom)?
                .serialize(serializer),
            None => serializer.serialize_str(text),
        }
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

/// What a response shows for an attribute of this type that is absent or NULL.
pub fn empty(field_type: FieldType) -> AttributeValue {
    match field_type {
        FieldType::Text => AttributeValue::S(String::new()),
        FieldType::Boolean => AttributeValue::Bool(false),
        FieldType::List => AttributeValue::L(Vec::new()),
        FieldType::Object => AttributeValue::M(Item::new()),
    }
}

/// Whether the attribute has the type, or is NULL, which is shown as the type's empty value.
pub fn has_type(attribute: &AttributeValue, field_type: FieldType) -> bool {
    matches!(attribute, AttributeValue::Null(_))
        || discriminant(attribute) == discriminant(&empty(field_type))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validation::json::parse;
    use aws_sdk_dynamodb::primitives::Blob;

    /// Passes the value of this JSON text on.
    fn with_value<T>(json: &str, check: impl Fn(&Value<'_>) -> T) -> T {
        let body = format!("{{\"value\":{json}}}");
        let (object, _) = parse(body.as_bytes()).unwrap();
        check(&object[0].1)
    }

    fn to_json(attribute: &AttributeValue) -> String {
        serde_json::to_string(&Json(attribute)).unwrap()
    }

    #[test]
    fn json_types_have_native_dynamodb_types() {
        let json = r#"{"l":[1,[]],"m":{},"n":1.10,"s":"","t":true,"z":null}"#;
        with_value(json, |value| {
            let attribute = from_json(value);
            assert!(eq_json(&attribute, value));
            assert_eq!(to_json(&attribute), json);
            let AttributeValue::M(members) = attribute else {
                panic!("no map")
            };
            assert_eq!(members["s"], AttributeValue::S(String::new()));
            assert_eq!(members["n"], AttributeValue::N("1.10".into()));
            assert_eq!(members["t"], AttributeValue::Bool(true));
            assert_eq!(members["z"], AttributeValue::Null(true));
            let list = vec![AttributeValue::N("1".into()), AttributeValue::L(vec![])];
            assert_eq!(members["l"], AttributeValue::L(list));
            assert_eq!(members["m"], AttributeValue::M(HashMap::new()));
        });
    }

    #[test]
    fn sets_and_binary_have_a_json_form() {
        let bytes = Blob::new(*b"hi");
        for (attribute, json) in [
            (AttributeValue::Ss(vec!["a".into()]), r#"["a"]"#),
            (AttributeValue::Ns(vec!["1.5".into()]), "[1.5]"),
            (AttributeValue::B(bytes.clone()), r#""aGk=""#),
            (AttributeValue::Bs(vec![bytes]), r#"["aGk="]"#),
        ] {
            assert_eq!(to_json(&attribute), json);
        }
    }

    #[test]
    fn number_in_json_syntax_of_up_to_64_characters_is_shown_as_stored() {
        let zeros = "0".repeat(63);
        for (stored, shown) in [
            ("1.50", "1.50"),
            ("-0.0", "-0.0"),
            (&format!("1{zeros}"), &format!("1{zeros}")),
            (&format!("10{zeros}"), "1e64"),
            (&format!("-1{zeros}"), "-1e63"),
            ("+.50", "5e-1"),
            ("01", "1"),
            ("", "\"\""),
            ("NaN", "\"NaN\""),
            ("[1]", "\"[1]\""),
            ("true", "\"true\""),
        ] {
            assert_eq!(to_json(&AttributeValue::N(stored.into())), shown);
        }
    }

    #[test]
    fn eq_json_compares_every_part() {
        let json = r#"{"a": [1, "x", null], "b": {"c": false}}"#;
        let stored = with_value(json, from_json);
        assert!(with_value(json, |value| eq_json(&stored, value)));
        for other in [
            r#"{"a": [1, "x"], "b": {"c": false}}"#,
            r#"{"a": [1, "x", null], "b": {"c": false}, "d": 1}"#,
            r#"{"a": [1, "x", null]}"#,
            r#"{"a": ["x", 1, null], "b": {"c": false}}"#,
            r#"{"a": [2, "x", null], "b": {"c": false}}"#,
            r#"{"a": [1, "x", null], "b": {"c": true}}"#,
        ] {
            assert!(
                !with_value(other, |value| eq_json(&stored, value)),
                "{other}"
            );
        }
        let equal = |stored, json| with_value(json, |value| eq_json(&stored, value));
        assert!(equal(AttributeValue::N("100".into()), "1e2"));
        assert!(!equal(AttributeValue::S("1".into()), "1"));
    }
}
