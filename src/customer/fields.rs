//! The customer's fields, one row each.
//!
//! Reading a request, the names that a request may hold, the limits and the response all follow from
//! these rows. To add a field, see `CONTRIBUTING.md`.

use super::phone_number::PHONE_NUMBER;
use super::rules::{TextRule, lines, one_line};
use super::{address, meta_fields};
use crate::validation::json::Value;
use crate::validation::{JsonPointer, ValidationErrors};

/// The fields in the order in which a request is checked and a response shows them.
pub const FIELDS: &[Field] = &[
    Field::read_only("id", FieldType::Text),
    Field::required("firstName", one_line(255).not_blank()),
    Field::required("lastName", one_line(255).not_blank()),
    Field::new("email", FieldType::Text, Write::RequiredEmail),
    Field::optional("phoneNumber", PHONE_NUMBER),
    Field::optional("status", one_line(64)),
    Field::optional("company", one_line(255)),
    Field::optional("notes", lines(10_000)),
    Field::list("address", address::read),
    Field::list("metaFields", meta_fields::read),
    Field::read_only("role", FieldType::Text),
    Field::read_only("verifiedEmail", FieldType::Boolean),
    Field::read_only("newsletter", FieldType::Boolean),
    Field::read_only("isB2B", FieldType::Boolean),
    Field::read_only("createdBy", FieldType::Object),
    Field::read_only("createdAt", FieldType::Text),
    Field::read_only("updatedAt", FieldType::Text),
];

/// A field of a request's body, of the stored customer and of a response's `data`, under one name.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    pub name: &'static str,
    pub field_type: FieldType,
    pub write: Write,
}

/// The JSON type of a field, which is also its type in DynamoDB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldType {
    Text,
    Boolean,
    /// An array of objects.
    List,
    Object,
}

/// Checks the entries of a list at a pointer and returns them as they are to be stored.
pub type ListReader =
    for<'a> fn(Vec<Value<'a>>, &JsonPointer<'_>, &mut ValidationErrors) -> Vec<Value<'a>>;

/// What a request may do with a field (`docs/API.md#field-rules`).
#[derive(Debug, Clone, Copy)]
pub enum Write {
    /// Accepted and ignored, so that the `data` of a response can be edited and sent back whole.
    ReadOnly,
    /// Must be sent.
    Required(TextRule),
    /// The email address, which must be sent.
    RequiredEmail,
    /// May be omitted; `""` clears it.
    Optional(TextRule),
    /// May be omitted; `[]` clears it.
    List(ListReader),
}

impl Field {
    const fn new(name: &'static str, field_type: FieldType, write: Write) -> Self {
        Self {
            name,
            field_type,
            write,
        }
    }

    const fn read_only(name: &'static str, field_type: FieldType) -> Self {
        Self::new(name, field_type, Write::ReadOnly)
    }

    const fn required(name: &'static str, rule: TextRule) -> Self {
        Self::new(name, FieldType::Text, Write::Required(rule))
    }

    const fn optional(name: &'static str, rule: TextRule) -> Self {
        Self::new(name, FieldType::Text, Write::Optional(rule))
    }

    const fn list(name: &'static str, read: ListReader) -> Self {
        Self::new(name, FieldType::List, Write::List(read))
    }
}
