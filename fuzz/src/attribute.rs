//! JSON value → DynamoDB attribute → JSON: a value survives both conversions, and an attribute that
//! other programs store has one JSON form.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use testkit::json::{self, Json};
use update_customer::dynamodb::attribute::{self, eq_json, from_json};
use update_customer::validation::json::parse;

/// Takes `data` as the text of one JSON value.
pub fn check(data: &[u8]) {
    let Some(value) = json::read(data) else {
        return;
    };
    // Nothing else is accepted.
    if value.depth() > 30 || value.duplicates() > 0 {
        return;
    }
    check_foreign(&value);
    if !can_be_stored(&value) {
        return;
    }
    let attribute = to_attribute(&value);
    assert_eq!(attribute_type(&attribute), json_type(&value));
    assert!(
        equals(&attribute, &value),
        "the attribute is not equal to {value}"
    );
    let back = to_json(&attribute);
    assert!(value.same(&back), "{value} came back as {back}");
    assert!(
        equals(&to_attribute(&back), &value),
        "{value} differs after it was sent back"
    );
    for other in differing(&value) {
        let same = equals(&to_attribute(&other), &value);
        assert_eq!(same, other.same(&value), "{other} and {value}");
    }
}

/// The value as a body with this member would store it.
fn to_attribute(value: &Json) -> AttributeValue {
    let body = format!("{{\"value\":{value}}}");
    let (object, _) = parse(body.as_bytes()).expect("JSON");
    from_json(&object[0].1)
}

/// Whether the function sees no difference between the attribute and the value in a body.
fn equals(attribute: &AttributeValue, value: &Json) -> bool {
    let body = format!("{{\"value\":{value}}}");
    let (object, _) = parse(body.as_bytes()).expect("JSON");
    eq_json(attribute, &object[0].1)
}

fn to_json(attribute: &AttributeValue) -> Json {
    let text = serde_json::to_vec(&attribute::Json(attribute)).expect("JSON");
    json::read(&text).expect("JSON")
}

/// A body with a number beyond DynamoDB's limits is rejected before the conversion.
fn can_be_stored(value: &Json) -> bool {
    value.numbers().into_iter().all(json::can_be_stored)
}

/// An attribute that only other programs store: its JSON form does not change when it is sent back.
fn check_foreign(value: &Json) {
    let once = to_json(&foreign_attribute(value));
    if can_be_stored(&once) {
        let twice = to_json(&to_attribute(&once));
        assert!(once.same(&twice), "{once} sent back becomes {twice}");
    }
}

/// An attribute of the types that the function does not store: strings become numbers in any
/// notation, or binary in objects; arrays of strings become sets.
fn foreign_attribute(value: &Json) -> AttributeValue {
    let blob = |text: &str| Blob::new(text.as_bytes());
    match value {
        Json::String(text) => AttributeValue::N(text.clone()),
        Json::Array(elements) => {
            let texts: Vec<_> = elements.iter().filter_map(Json::text).collect();
            let owned = || texts.iter().map(|&text| text.to_owned()).collect();
            match elements.len() {
                0 => AttributeValue::Ns(owned()),
                count if count != texts.len() => {
                    AttributeValue::L(elements.iter().map(foreign_attribute).collect())
                }
                1 => AttributeValue::Bs(texts.into_iter().map(blob).collect()),
                2 => AttributeValue::Ns(owned()),
                _ => AttributeValue::Ss(owned()),
            }
        }
        Json::Object(members) => {
            let member = |(key, value): &(String, Json)| match value {
                Json::String(text) => (key.clone(), AttributeValue::B(blob(text))),
                value => (key.clone(), foreign_attribute(value)),
            };
            AttributeValue::M(members.iter().map(member).collect())
        }
        value => to_attribute(value),
    }
}

/// Similar values, nearly all of them different.
fn differing(value: &Json) -> Vec<Json> {
    match value {
        Json::Null | Json::Skipped(_) => vec![Json::Bool(false), Json::Array(vec![])],
        Json::Bool(value) => vec![Json::Bool(!value), Json::Null],
        Json::Number(number) => {
            let (negative, digits, scale) = json::decimal(number);
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
                .map(Json::Number)
                .chain([Json::String(number.clone())])
                .collect()
        }
        Json::String(text) => vec![Json::String(format!("{text} ")), Json::Null],
        Json::Array(elements) => {
            let longer = elements.iter().cloned().chain([Json::Null]).collect();
            vec![
                Json::Array(longer),
                Json::Array(elements.iter().rev().cloned().collect()),
            ]
        }
        Json::Object(members) => {
            let keys = members.iter().map(|(key, _)| key.as_str());
            let other_key = keys.collect::<String>() + "+";
            let longer = members.iter().cloned().chain([(other_key, Json::Null)]);
            let shorter = members.iter().skip(1).cloned().collect();
            vec![Json::Object(longer.collect()), Json::Object(shorter)]
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

fn json_type(value: &Json) -> &'static str {
    match value {
        Json::Null | Json::Skipped(_) => "null",
        Json::Bool(_) => "boolean",
        Json::Number(_) => "number",
        Json::String(_) => "string",
        Json::Array(_) => "array",
        Json::Object(_) => "object",
    }
}
