//! The customer's fields, one row each.
//!
//! Reading a request, the names that a request may hold, the limits and the response all follow from
//! these rows. To add a field, see `CONTRIBUTING.md`.

use super::field_reader::FieldReader;
use super::phone_number::PHONE_NUMBER;
use super::rules::{TextRule, lines, one_line};
use super::{address, meta_fields};
use crate::validation::json::Value;
use FieldType::{Boolean, List, Object, Text};
use Write::{Email, Optional, ReadOnly, Required};

/// The fields in the order in which a request is checked and a response shows them.
pub const FIELDS: &[Field] = &[
    field("id", Text, ReadOnly),
    field("firstName", Text, Required(one_line(255).not_blank())),
    field("lastName", Text, Required(one_line(255).not_blank())),
    field("email", Text, Email),
    field("phoneNumber", Text, Optional(PHONE_NUMBER)),
    field("status", Text, Optional(one_line(64))),
    field("company", Text, Optional(one_line(255))),
    field("notes", Text, Optional(lines(10_000))),
    field("address", List, Write::List(address::read)),
    field("metaFields", List, Write::List(meta_fields::read)),
    field("role", Text, ReadOnly),
    field("verifiedEmail", Boolean, ReadOnly),
    field("newsletter", Boolean, ReadOnly),
    field("isB2B", Boolean, ReadOnly),
    field("createdBy", Object, ReadOnly),
    field("createdAt", Text, ReadOnly),
    field("updatedAt", Text, ReadOnly),
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

/// Takes a list out of the body, and returns it as it is to be stored.
type ListReader = for<'a> fn(&mut FieldReader<'a, '_>, &'static str) -> Option<Value<'a>>;

/// What a request may do with a field (`docs/API.md#field-rules`).
#[derive(Debug, Clone, Copy)]
pub enum Write {
    /// Accepted and ignored, so that the `data` of a response can be edited and sent back whole.
    ReadOnly,
    /// Must be sent.
    Required(TextRule),
    /// The email address, which must be sent.
    Email,
    /// May be omitted; `""` clears it.
    Optional(TextRule),
    /// May be omitted; `[]` clears it.
    List(ListReader),
}

const fn field(name: &'static str, field_type: FieldType, write: Write) -> Field {
    Field {
        name,
        field_type,
        write,
    }
}
