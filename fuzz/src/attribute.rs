//! JSON value ↔ DynamoDB attribute: a value survives the conversion in both directions, and an
//! attribute that other programs store has one JSON form.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::Value;
use update_customer::dynamodb::attribute::{eq_json, from_json, to_json};

use super::json;

/// Takes `data` as the text of one JSON value.
pub fn check(data: &[u8]) {
    let (Some(read), Ok(value)) = (json::read(data), serde_json::from_slice::<Value>(data)) else {
        return;
    };
    check_foreign(&value);
    // A body with a number beyond DynamoDB's limits is rejected before the conversion.
    let storable = read
        .numbers()
        .iter()
        .all(|number| json::can_be_stored(number));
    // `serde_json` reads an object with its own reserved key as a number.
    if !storable || !read.reads_as(&value) {
        return;
    }
    let attribute = from_json(&value);
    assert_eq!(attribute_type(&attribute), json_type(&value));
    assert!(
        eq_json(&attribute, &value),
        "the attribute is not equal to {value}"
    );
    let back = to_json(attribute);
    assert!(read.reads_as(&back), "{value} came back as {back}");
    assert!(
        eq_json(&from_json(&back), &value),
        "{value} differs after it was sent back"
    );
    for other in differing(&value)
        .iter()
        .filter(|other| !read.reads_as(other))
    {
        assert!(
            !eq_json(&from_json(other), &value),
            "{other} equals {value}"
        );
    }
}

/// An attribute that only other programs store: its JSON form does not change when it is sent back.
fn check_foreign(value: &Value) {
    let once = to_json(foreign_attribute(value));
    let read = json::read(once.to_string().as_bytes()).expect("JSON");
    if read
        .numbers()
        .iter()
        .all(|number| json::can_be_stored(number))
    {
        let twice = to_json(from_json(&once));
        assert!(read.reads_as(&twice), "{once} sent back becomes {twice}");
    }
}

/// An attribute of the types that the function does not store: strings become numbers in any
/// notation, or binary in objects; arrays of strings become sets.
fn foreign_attribute(value: &Value) -> AttributeValue {
    let blob = |text: &String| Blob::new(text.as_bytes());
    match value {
        Value::String(text) => AttributeValue::N(text.clone()),
        Value::Array(elements) => {
            let texts: Vec<_> = elements
                .iter()
                .filter_map(|element| element.as_str().map(str::to_owned))
                .collect();
            match elements.len() {
                0 => AttributeValue::Ns(texts),
                count if count != texts.len() => {
                    AttributeValue::L(elements.iter().map(foreign_attribute).collect())
                }
                1 => AttributeValue::Bs(texts.iter().map(blob).collect()),
                2 => AttributeValue::Ns(texts),
                _ => AttributeValue::Ss(texts),
            }
        }
        Value::Object(members) => {
            let member = |(key, value): (&String, &Value)| match value {
                Value::String(text) => (key.clone(), AttributeValue::B(blob(text))),
                value => (key.clone(), foreign_attribute(value)),
            };
            AttributeValue::M(members.iter().map(member).collect())
        }
        value => from_json(value),
    }
}

/// Similar values, nearly all of them different.
fn differing(value: &Value) -> Vec<Value> {
    match value {
        Value::Null => vec![Value::Bool(false), Value::Array(vec![])],
        Value::Bool(value) => vec![Value::Bool(!value), Value::Null],
        Value::Number(number) => {
            let (negative, digits, scale) = json::decimal(number.as_str());
            let sign = if negative { "" } else { "-" };
            let last = if digits.ends_with('9') { "8" } else { "9" };
            let opposite = (!digits.is_empty()).then(|| format!("{sign}{digits}e{scale}"));
            let tenfold = (!digits.is_empty()).then(|| format!("{digits}e{}", scale + 1));
            let other_digit = format!(
                "{}{last}e{scale}",
                &digits[..digits.len().saturating_sub(1)]
            );
            let texts = [opposite, tenfold, Some(other_digit)].into_iter().flatten();
            texts
                .map(|text| Value::Number(text.parse().expect("a number")))
                .chain([number.as_str().into()])
                .collect()
        }
        Value::String(text) => vec![Value::String(format!("{text} ")), Value::Null],
        Value::Array(elements) => {
            let longer = elements.iter().cloned().chain([Value::Null]).collect();
            vec![
                Value::Array(longer),
                elements.iter().rev().cloned().collect(),
            ]
        }
        Value::Object(members) => {
            let mut longer = members.clone();
            longer.insert(
                format!(
                    "{}+",
                    members.keys().map(String::as_str).collect::<String>()
                ),
                Value::Null,
            );
            let shorter = members
                .iter()
                .skip(1)
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect();
            let shorter = (!members.is_empty()).then_some(Value::Object(shorter));
            [Value::Object(longer)].into_iter().chain(shorter).collect()
        }
    }
}

fn attribute_type(attribute: &AttributeValue) -> &'static str {
    match attribute {
        AttributeValue::Null(true) => "null",
        AttributeValue::Bool(_) => "boolean",
        AttributeValue::N(_) => "number",
        AttributeValue::S(_) => "string",
        AttributeValue::L(_) => "array",
        AttributeValue::M(_) => "object",
        _ => "not a JSON type",
    }
}

fn json_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
