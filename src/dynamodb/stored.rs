//! A stored customer, as a response shows it.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Serialize, Serializer};
use thiserror::Error;

use super::attribute::{self, Item, Json};
use crate::customer::expected_version::MAX_VERSION;
use crate::customer::fields::{FIELDS, Field, FieldType};
use crate::validation::number;

/// The `data` of a response (`docs/API.md#data`): every field with its documented type.
#[derive(Debug, Clone, PartialEq)]
pub struct Customer {
    fields: Vec<(&'static str, AttributeValue)>,
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
    /// The number of updates that the customer has had.
    pub fn version(&self) -> u64 {
        self.version
    }
}

impl TryFrom<Item> for Customer {
    type Error = UnexpectedType;

    /// An absent or NULL attribute becomes `""`, `[]`, `{}` or `false`. The entries of a list are shown as
    /// stored, and a fraction of a version is cut off.
    ///
    /// # Errors
    ///
    /// [`UnexpectedType`] for an attribute of another type. If it were shown as empty, the caller
    /// could send the empty value back and thereby delete what is stored.
    fn try_from(mut item: Item) -> Result<Self, UnexpectedType> {
        let version = match item.get("version") {
            None => Some(0),
            Some(AttributeValue::N(number)) => number::whole_part(number),
            Some(_) => None,
        };
        let version = version.ok_or(UNEXPECTED_VERSION)?;
        let fields = FIELDS.iter().map(|field| match item.remove(field.name) {
            None | Some(AttributeValue::Null(_)) => {
                Ok((field.name, attribute::empty(field.field_type)))
            }
            Some(value) if attribute::has_type(&value, field.field_type) => Ok((field.name, value)),
            Some(_) => Err(UnexpectedType::of(field)),
        });
        Ok(Self {
            fields: fields.collect::<Result<_, _>>()?,
            version,
        })
    }
}

impl Serialize for Customer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let fields = self.fields.iter();
        serializer.collect_map(fields.map(|(name, attribute)| (name, Json(attribute))))
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
pub fn version(stored: Option<&AttributeValue>) -> Result<u64, UnexpectedType> {
    let version = match stored {
        None => Some(0),
        Some(AttributeValue::N(number)) => {
            number::whole_part(number).filter(|version| number::equal(number, &version.to_string()))
        }
        Some(_) => None,
    };
    let version = version.filter(|version| *version <= MAX_VERSION);
    version.ok_or(UNEXPECTED_VERSION)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> AttributeValue {
        AttributeValue::S(text.to_owned())
    }

    fn number(text: &str) -> AttributeValue {
        AttributeValue::N(text.to_owned())
    }

    fn customer<const N: usize>(
        stored: [(&str, AttributeValue); N],
    ) -> Result<Customer, UnexpectedType> {
        let stored = stored.map(|(name, value)| (name.to_owned(), value));
        Item::from(stored).try_into()
    }

    #[test]
    fn absent_and_null_attributes_are_empty() {
        let empty = |field: &Field| match field.field_type {
            FieldType::Text => "\"\"",
            FieldType::Boolean => "false",
            FieldType::List => "[]",
            FieldType::Object => "{}",
        };
        let fields = FIELDS.iter().map(|field| match field.name {
            "id" => "\"id\":\"c-1\"".to_owned(),
            name => format!("\"{name}\":{}", empty(field)),
        });
        let expected = format!("{{{}}}", fields.collect::<Vec<_>>().join(","));
        let null = || AttributeValue::Null(true);
        for customer in [
            customer([("id", text("c-1"))]),
            customer([("id", text("c-1")), ("role", null()), ("address", null())]),
        ] {
            let customer = customer.unwrap();
            assert_eq!(serde_json::to_string(&customer).unwrap(), expected);
            assert_eq!(customer.version(), 0);
        }
    }

    #[test]
    fn attribute_of_another_type_is_an_error_that_names_it() {
        for (attribute, value, expected) in [
            ("email", number("1"), "a string"),
            ("verifiedEmail", text("true"), "a boolean"),
            ("address", AttributeValue::M(Item::new()), "a list"),
            ("createdBy", text("me"), "a map"),
            ("version", text("7"), "a whole number from 0 to 2^64 - 2"),
            ("version", number("-1"), "a whole number from 0 to 2^64 - 2"),
        ] {
            let expected = UnexpectedType {
                attribute,
                expected,
            };
            assert_eq!(customer([(attribute, value)]), Err(expected));
        }
    }

    #[test]
    fn fraction_of_a_version_is_shown_as_its_whole_part() {
        let customer = customer([("version", number("7.5"))]);
        assert_eq!(customer.unwrap().version(), 7);
    }

    #[test]
    fn version_to_update_is_a_whole_number_up_to_2_to_the_64_minus_2() {
        assert_eq!(version(None), Ok(0));
        for (text, expected) in [
            ("0", 0),
            ("7", 7),
            ("7.0", 7),
            ("1e2", 100),
            ("18446744073709551614", MAX_VERSION),
        ] {
            assert_eq!(version(Some(&number(text))), Ok(expected), "{text}");
        }
        for stored in [
            number("18446744073709551615"),
            number("18446744073709551616"),
            number("-1"),
            number("7.5"),
            AttributeValue::Null(true),
            text("7"),
        ] {
            assert_eq!(
                version(Some(&stored)),
                Err(UNEXPECTED_VERSION),
                "{stored:?}"
            );
        }
    }
}
