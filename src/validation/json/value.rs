//! A JSON value: one that borrows from the body it was parsed from, or one that owns what is stored.

use std::borrow::Cow;

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::validation::number::{Decimal, MAX_VERBATIM_LEN};

/// A value with all digits of its numbers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Value<'a> {
    Null,
    Bool(bool),
    /// The number's text: in the syntax of JSON when it was parsed, in DynamoDB's when it was stored.
    Number(Cow<'a, str>),
    String(Cow<'a, str>),
    Array(Vec<Self>),
    Object(Object<'a>),
}

/// The members of an object in order, without repeated keys.
pub type Object<'a> = Vec<(Cow<'a, str>, Value<'a>)>;

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(text) => serialize_number(text, serializer),
            Self::String(text) => serializer.serialize_str(text),
            Self::Array(elements) => serializer.collect_seq(elements),
            Self::Object(members) => {
                serializer.collect_map(members.iter().map(|(key, value)| (key, value)))
            }
        }
    }
}

/// A text of over 64 characters is written with an exponent: DynamoDB returns `1e125` as 126 digits, with
/// which a response could exceed Lambda's 6 MB. So is the `+5` or `.5` of another writer.
fn serialize_number<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    let is_verbatim = text.len() <= MAX_VERBATIM_LEN
        && text.starts_with(|c: char| c == '-' || c.is_ascii_digit());
    if is_verbatim && let Ok(number) = serde_json::from_str::<&RawValue>(text) {
        return number.serialize(serializer);
    }
    match Decimal::parse(text).map(|decimal| RawValue::from_string(decimal.to_string())) {
        Some(Ok(number)) => number.serialize(serializer),
        _ => serializer.serialize_str(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            let value = Value::Number(stored.into());
            assert_eq!(serde_json::to_string(&value).unwrap(), shown);
        }
    }
}
