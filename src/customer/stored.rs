//! A stored customer, as a response shows it.

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};
use thiserror::Error;

use super::fields::{FIELDS, FieldType};

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
    /// is stored. An absent or null attribute becomes `""`, `[]`, `{}` or `false`.
    ///
    /// # Errors
    ///
    /// [`UnexpectedType`] for an attribute of another type. If it were shown as empty, the caller
    /// could send the empty value back and thereby delete what is stored.
    pub fn from_stored(
        mut take: impl FnMut(&str) -> Option<Value>,
    ) -> Result<Self, UnexpectedType> {
        let version = version(take("version"))?;
        let fields = FIELDS.iter().map(|field| {
            let value = take(field.name).unwrap_or_default();
            let value = field.field_type.checked(value);
            let value = value.map_err(|expected| UnexpectedType {
                attribute: field.name,
                expected,
            });
            Ok((field.name, value?))
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

/// Reads a stored `version`. An absent one is 0.
///
/// # Errors
///
/// [`UnexpectedType`] for anything but a whole number from 0 to 2^64 - 1.
pub fn version(stored: Option<Value>) -> Result<u64, UnexpectedType> {
    let version = stored.map_or(Some(0), |value| value.as_u64());
    version.ok_or(UnexpectedType {
        attribute: "version",
        expected: "a whole number",
    })
}

impl FieldType {
    /// The value itself when it has this type, the empty value of this type for null, and the
    /// description of the type otherwise.
    fn checked(self, value: Value) -> Result<Value, &'static str> {
        match (self, value) {
            (Self::Text, Value::Null) => Ok(Value::String(String::new())),
            (Self::Text, value @ Value::String(_)) => Ok(value),
            (Self::Text, _) => Err("a string"),
            (Self::Boolean, Value::Null) => Ok(Value::Bool(false)),
            (Self::Boolean, value @ Value::Bool(_)) => Ok(value),
            (Self::Boolean, _) => Err("a boolean"),
            (Self::List, Value::Null) => Ok(Value::Array(Vec::new())),
            (Self::List, Value::Array(entries)) if entries.iter().all(Value::is_object) => {
                Ok(Value::Array(entries))
            }
            (Self::List, _) => Err("a list of maps"),
            (Self::Object, Value::Null) => Ok(Value::Object(Map::new())),
            (Self::Object, value @ Value::Object(_)) => Ok(value),
            (Self::Object, _) => Err("a map"),
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
            ("address", json!({}), "a list of maps"),
            ("metaFields", json!([{"code": "c"}, "c"]), "a list of maps"),
            ("createdBy", json!("me"), "a map"),
            ("version", json!("7"), "a whole number"),
            ("version", json!(7.5), "a whole number"),
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
}
