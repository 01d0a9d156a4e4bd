//! The SDK's attribute values: from JSON as it was sent, and to JSON for a response.

use std::borrow::Cow;
use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_types::base64;

use crate::validation::json::Value;
use crate::validation::number;

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
        Value::Object(members) => {
            let pair = |(key, value): &(Cow<'_, str>, _)| (key.to_string(), from_json(value));
            AttributeValue::M(members.iter().map(pair).collect())
        }
    }
}

/// Whether `attribute` is `value` in DynamoDB's form. Numbers are compared by value, because DynamoDB
/// does not keep their notation.
pub(super) fn eq_json(attribute: &AttributeValue, value: &Value<'_>) -> bool {
    match (attribute, value) {
        (AttributeValue::N(stored), Value::Number(sent)) => number::equal(stored, sent),
        (AttributeValue::L(stored), Value::Array(sent)) => {
            let mut pairs = stored.iter().zip(sent);
            stored.len() == sent.len() && pairs.all(|(stored, sent)| eq_json(stored, sent))
        }
        (AttributeValue::M(stored), Value::Object(sent)) => {
            let sent_members = sent.iter();
            let mut pairs = sent_members.map(|(key, sent)| Some((stored.get(&**key)?, sent)));
            stored.len() == sent.len() && pairs.all(|pair| pair.is_some_and(|(a, b)| eq_json(a, b)))
        }
        _ => *attribute == from_json(value),
    }
}

/// Converts a stored attribute, also the sets and binary values of other writers: to arrays and base64 text.
pub fn into_json(attribute: AttributeValue) -> Value<'static> {
    let number = |text: String| Value::Number(text.into());
    let string = |text: String| Value::String(text.into());
    match attribute {
        AttributeValue::Bool(value) => Value::Bool(value),
        AttributeValue::N(text) => number(text),
        AttributeValue::S(text) => string(text),
        AttributeValue::L(elements) => Value::Array(elements.into_iter().map(into_json).collect()),
        AttributeValue::M(members) => {
            let pair = |(key, value): (String, _)| (Cow::from(key), into_json(value));
            let mut members: Vec<_> = members.into_iter().map(pair).collect();
            // Sorted by key, because DynamoDB keeps no order and equal customers should look equal.
            members.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
            Value::Object(members)
        }
        AttributeValue::Ss(list) => Value::Array(list.into_iter().map(string).collect()),
        AttributeValue::Ns(list) => Value::Array(list.into_iter().map(number).collect()),
        AttributeValue::B(bytes) => string(base64::encode(bytes)),
        AttributeValue::Bs(list) => {
            let texts = list.into_iter().map(|bytes| string(base64::encode(bytes)));
            Value::Array(texts.collect())
        }
        // NULL. The enum is non-exhaustive; a type that DynamoDB may add has no JSON form yet.
        _ => Value::Null,
    }
}

/// Whether the attribute is what the function shows as an empty value: NULL, `""` or an empty list.
pub(super) fn is_empty(attribute: &AttributeValue) -> bool {
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

    /// Passes the value of this JSON text on.
    fn with_value<T>(json: &str, check: impl Fn(&Value<'_>) -> T) -> T {
        let body = format!("{{\"value\":{json}}}");
        let (object, _) = parse(body.as_bytes()).unwrap();
        check(&object[0].1)
    }

    #[test]
    fn eq_json_compares_every_part() {
        let json = r#"{"a":[100,"x",null],"b":{"c":false}}"#;
        let stored = with_value(json, from_json);
        let shown = into_json(stored.clone());
        assert_eq!(serde_json::to_string(&shown).unwrap(), json);
        for (sent, is_equal) in [
            (json, true),
            (r#"{"b":{"c":false},"a":[1e2,"x",null]}"#, true),
            (r#"{"a":[100,"x"],"b":{"c":false}}"#, false),
            (r#"{"a":[100,"x",null],"b":{"c":false},"d":1}"#, false),
            (r#"{"a":[100,"x",null]}"#, false),
            (r#"{"a":[100,"x",null],"d":{"c":false}}"#, false),
            (r#"{"a":["x",100,null],"b":{"c":false}}"#, false),
            (r#"{"a":[2,"x",null],"b":{"c":false}}"#, false),
            (r#"{"a":["100","x",null],"b":{"c":false}}"#, false),
            (r#"{"a":[100,"x",null],"b":{"c":true}}"#, false),
        ] {
            let found = with_value(sent, |value| eq_json(&stored, value));
            assert_eq!(found, is_equal, "{sent}");
        }
    }
}
