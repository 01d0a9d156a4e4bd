//! A stored customer, as a response shows it.

use std::fmt;

use serde::{Serialize, Serializer};

use super::fields::{FIELDS, FieldType};
use super::version::Version;
use crate::validation::json::Value;
use crate::validation::number;

/// The `data` of a response (`docs/API.md#data`): every field with its documented type, whatever is stored.
/// `Debug` does not show personal data.
#[derive(Clone, PartialEq)]
pub struct Customer {
    version: Version,
    fields: Vec<(&'static str, Value<'static>)>,
}

impl Customer {
    /// `stored` returns the value that is stored under a field's name.
    pub fn new(version: Version, mut stored: impl FnMut(&str) -> Option<Value<'static>>) -> Self {
        let fields = FIELDS.iter().map(|field| {
            let value = stored(field.name).unwrap_or(Value::Null);
            (field.name, shown(value, field.field_type))
        });
        Self {
            version,
            fields: fields.collect(),
        }
    }

    pub fn version(&self) -> Version {
        self.version
    }
}

impl Serialize for Customer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.fields.iter().map(|(name, value)| (name, value)))
    }
}

impl fmt::Debug for Customer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Customer(version {})", self.version)
    }
}

/// The value in the documented type, with null as empty. Another system may have stored any type, and an update
/// must not fail over it.
fn shown(value: Value<'static>, field_type: FieldType) -> Value<'static> {
    match (field_type, value) {
        (FieldType::Text, Value::Null) => Value::String("".into()),
        (FieldType::Text, Value::String(text)) => Value::String(text),
        (FieldType::Text, value) => {
            Value::String(serde_json::to_string(&value).unwrap_or_default().into())
        }
        (FieldType::Boolean, Value::Bool(value)) => Value::Bool(value),
        (FieldType::Boolean, Value::Number(number)) => Value::Bool(!number::equal(&number, "0")),
        (FieldType::Boolean, Value::String(text)) => Value::Bool(text.eq_ignore_ascii_case("true")),
        (FieldType::Boolean, _) => Value::Bool(false),
        (FieldType::List, Value::Array(elements)) => Value::Array(elements),
        (FieldType::List, Value::Null) => Value::Array(Vec::new()),
        (FieldType::List, value) => Value::Array(vec![value]),
        (FieldType::Object, Value::Object(members)) => Value::Object(members),
        (FieldType::Object, _) => Value::Object(Vec::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_and_null_values_are_empty() {
        let empty = |field_type| match field_type {
            FieldType::Text => "\"\"",
            FieldType::Boolean => "false",
            FieldType::List => "[]",
            FieldType::Object => "{}",
        };
        let fields = FIELDS.iter();
        let fields = fields.map(|field| format!("\"{}\":{}", field.name, empty(field.field_type)));
        let expected = format!("{{{}}}", fields.collect::<Vec<_>>().join(","));
        for stored in [None, Some(Value::Null)] {
            let customer = Customer::new(Version::ZERO, |_| stored.clone());
            assert_eq!(serde_json::to_string(&customer).unwrap(), expected);
        }
    }

    #[test]
    fn each_type_is_shown_as_the_documented_one() {
        let string = |text: &str| Value::String(text.to_owned().into());
        let number = |text: &str| Value::Number(text.to_owned().into());
        let list = || Value::Array(vec![number("1"), string("a")]);
        let object = || Value::Object(vec![("k".into(), Value::Null)]);
        // As text, as a boolean, as a list and as an object.
        for (value, expected) in [
            (string("a"), [r#""a""#, "false", r#"["a"]"#, "{}"]),
            (string("TRUE"), [r#""TRUE""#, "true", r#"["TRUE"]"#, "{}"]),
            (number("1.50"), [r#""1.50""#, "true", "[1.50]", "{}"]),
            (number("0.0"), [r#""0.0""#, "false", "[0.0]", "{}"]),
            (Value::Bool(true), [r#""true""#, "true", "[true]", "{}"]),
            (Value::Bool(false), [r#""false""#, "false", "[false]", "{}"]),
            (list(), [r#""[1,\"a\"]""#, "false", r#"[1,"a"]"#, "{}"]),
            (
                object(),
                [
                    r#""{\"k\":null}""#,
                    "false",
                    r#"[{"k":null}]"#,
                    r#"{"k":null}"#,
                ],
            ),
        ] {
            let types = [
                FieldType::Text,
                FieldType::Boolean,
                FieldType::List,
                FieldType::Object,
            ];
            let shown = types.map(|field_type| {
                serde_json::to_string(&shown(value.clone(), field_type)).unwrap()
            });
            assert_eq!(shown, expected, "{value:?}");
        }
    }

    #[test]
    fn debug_shows_no_personal_data() {
        let customer = Customer::new(7.into(), |_| Some(Value::String("john".into())));
        assert_eq!(format!("{customer:?}"), "Customer(version 7)");
    }
}
