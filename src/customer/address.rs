//! The entries of `address`.

use super::country::COUNTRY;
use super::field_reader::FieldReader;
use super::phone_number::PHONE_NUMBER;
use super::rules::{TextRule, one_line};
use crate::validation::json::{Object, Value};
use crate::validation::{ErrorCode, JsonPointer, ValidationErrors};

/// The strings of an address in the order in which they are checked, one row each. `""` and null
/// are always allowed.
pub const TEXT_MEMBERS: &[(&str, TextRule)] = &[
    ("firstName", one_line(255)),
    ("lastName", one_line(255)),
    ("phoneNumber", PHONE_NUMBER),
    ("address1", one_line(255)),
    ("address2", one_line(255)),
    ("city", one_line(255)),
    ("state", one_line(255)),
    ("country", COUNTRY),
    ("zipcode", one_line(32)),
];

/// A boolean that is true in at most one entry.
pub const DEFAULT_MEMBER: &str = "isDefaultAddress";

/// Checks the entries of `address` and returns them as they are to be stored: without nulls.
pub fn read<'a>(
    list: Vec<Value<'a>>,
    at: &JsonPointer<'_>,
    errors: &mut ValidationErrors,
) -> Vec<Value<'a>> {
    let mut has_default = false;
    FieldReader::entries(list, at, errors, |entry| {
        entry.reject_empty();
        let mut address = Object::new();
        for (name, rule) in TEXT_MEMBERS {
            let text = entry.nullable_text(name, rule);
            address.extend(text.map(|text| ((*name).into(), text)));
        }
        if let Some(is_default) = entry.nullable_boolean(DEFAULT_MEMBER) {
            if is_default && has_default {
                let message = "must be true for one address at most";
                entry.error(DEFAULT_MEMBER, ErrorCode::MultipleDefaults, message);
            }
            has_default |= is_default;
            address.push((DEFAULT_MEMBER.into(), Value::Bool(is_default)));
        }
        address
    })
}
