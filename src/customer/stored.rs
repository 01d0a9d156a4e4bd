//! A stored customer, as a response shows it.

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};
use thiserror::Error;

use super::fields::{FIELDS, Field, FieldType};
use crate::validation::number;

/// The highest version that an update can increment: the next one is the highest 64-bit number.
pub const MAX_VERSION: u64 = u64::MAX - 1;

/// The `data` of a response (`docs/API.md#data`): every field with its documented type.
#[derive(Debug, Clone, PartialEq)]
pub struct Customer {
    fields: Vec<(&'static str, Value)>,
    version: u64,
}

/// A stored attribute does not have the type that `docs/API.md#stored-data` gives it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the stored customer's attribute {attribute} is not {expected}")]
pub struct UnexpectedType {
    pub attribute: &'static str,
    /// The documented type, such as `a string`.
    pub expected: &'static str,
}

impl Customer {
    /// Builds a customer from its stored attributes. `take` returns the value of an attribute, if it
    /// is stored. An absent or null attribute becomes `""`, `[]`, `{}` or `false`. The entries of a list
    /// are shown as stored, and a fraction of a version is cut off.
    ///
    /// # Errors
    ///
    /// [`UnexpectedType`] for an attribute of another type. If it were shown as empty, the caller
    /// could send the empty value back and thereby delete what is stored.
    pub fn from_stored(
        mut take: impl FnMut(&str) -> Option<Value>,
    ) -> Result<Self, UnexpectedType> {
        let version = take("version").map_or(Some(0), |value| match value {
            Value::Number(number) => number::whole_part(number.as_str()),
            _ => None,
        });
        let version = version.ok_or(UNEXPECTED_VERSION)?;
        let fields = FIELDS.iter().map(|field| {
            let value = take(field.name).unwrap_or_default();
            let value = field.field_type.checked(value);
            let value = value.ok_or(UnexpectedType::of(field))?;
            Ok((field.name, value))
        });
        Ok(Self {
            fields: fields.collect::<Result<_, _>>()?,
            version,
        })
    }

    /// The number of updates that the customer has had.
    pub fn version(&self) -> u64 {
        self.version
    }
}

impl Serialize for Customer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.fields.iter().map(|(name, value)| (name, value)))
    }
}

const UNEXPECTED_VERSION: UnexpectedType = UnexpectedType {
    attribute: "version",
    expected: "a whole number from 0 to 2^64 - 2",
};

impl UnexpectedType {
    pub fn of(field: &Field) -> Self {
        Self {
            attribute: field.name,
            expected: match field.field_type {
                FieldType::Text => "a string",
                FieldType::Boolean => "a boolean",
                FieldType::List => "a list",
                FieldType::Object => "a map",
            },
        }
    }
}

/// Reads the `version` of a customer that is to be updated. An absent one is 0.
///
/// # Errors
///
/// [`UnexpectedType`] for anything but a whole number from 0 to [`MAX_VERSION`].
pub fn version(stored: Option<&Value>) -> Result<u64, UnexpectedType> {
    let version = match stored {
        None => Some(0),
        Some(Value::Number(number)) => number::whole_part(number.as_str())
            .filter(|version| number::equal(number.as_str(), &version.to_string())),
        Some(_) => None,
    };
    let version = version.filter(|version| *version <= MAX_VERSION);
    version.ok_or(UNEXPECTED_VERSION)
}

impl FieldType {
    /// The value itself when it has this type, and the empty value of this type for null.
    fn checked(self, value: Value) -> Option<Value> {
        match (self, value) {
            (Self::Text, Value::Null) => Some(Value::String(String::new())),
            (Self::Boolean, Value::Null) => Some(Value::Bool(false)),
            (Self::List, Value::Null) => Some(Value::Array(Vec::new())),
            (Self::Object, Value::Null) => Some(Value::Object(Map::new())),
            (Self::Text, value @ Value::String(_))
            | (Self::Boolean, value @ Value::Bool(_))
            | (Self::List, value @ Value::Array(_))
            | (Self::Object, value @ Value::Object(_)) => Some(value),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::customer::fields::Field;
    use serde_json::json;

    fn customer(stored: Value) -> Result<Customer, UnexpectedType> {
        Customer::from_stored(|name| stored.get(name).cloned())
    }

    #[test]
    fn absent_and_null_attributes_are_empty() {
        let empty = |field: &Field| match field.field_type {
            FieldType::Text => json!(""),
            FieldType::Boolean => json!(false),
            FieldType::List => json!([]),
            FieldType::Object => json!({}),
        };
        let fields = FIELDS.iter();
        let mut expected: Value = fields
            .map(|field| (field.name.to_owned(), empty(field)))
            .collect();
        expected["id"] = json!("c-1");
        for stored in [
            json!({"id": "c-1"}),
            json!({"id": "c-1", "role": null, "address": null}),
        ] {
            let customer = customer(stored).unwrap();
            assert_eq!(serde_json::to_value(&customer).unwrap(), expected);
            assert_eq!(customer.version(), 0);
        }
    }

    #[test]
    fn attribute_of_another_type_is_an_error_that_names_it() {
        for (attribute, value, expected) in [
            ("email", json!(1), "a string"),
            ("verifiedEmail", json!("true"), "a boolean"),
            ("address", json!({}), "a list"),
            ("createdBy", json!("me"), "a map"),
            ("version", json!("7"), "a whole number from 0 to 2^64 - 2"),
            ("version", json!(-1), "a whole number from 0 to 2^64 - 2"),
        ] {
            assert_eq!(
                customer(json!({ attribute: value })),
                Err(UnexpectedType {
                    attribute,
                    expected
                })
            );
        }
    }

    #[test]
    fn list_entries_are_shown_as_stored() {
        let entries = json!([{"code": "c", "other": 1}, "c", [], null]);
        let customer = customer(json!({"metaFields": entries})).unwrap();
        let data = serde_json::to_value(&customer).unwrap();
        assert_eq!(data["metaFields"], entries);
    }

    #[test]
    fn fraction_of_a_version_is_shown_as_its_whole_part() {
        assert_eq!(customer(json!({"version": 7.5})).unwrap().version(), 7);
    }

    #[test]
    fn version_to_update_is_a_whole_number_up_to_2_to_the_64_minus_2() {
        let version = |text: &str| version(Some(&serde_json::from_str(text).unwrap()));
        assert_eq!(super::version(None), Ok(0));
        for (text, expected) in [
            ("0", 0),
            ("7", 7),
            ("7.0", 7),
            ("1e2", 100),
            ("18446744073709551614", MAX_VERSION),
        ] {
            assert_eq!(version(text), Ok(expected), "{text}");
        }
        for text in [
            "18446744073709551615",
            "18446744073709551616",
            "-1",
            "7.5",
            "null",
            "\"7\"",
        ] {
            assert_eq!(version(text), Err(UNEXPECTED_VERSION), "{text}");
        }
    }
}
