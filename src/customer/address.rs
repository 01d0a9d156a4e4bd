//! The entries of `address`.

use super::country::COUNTRY;
use super::field_reader::FieldReader;
use super::phone_number::PHONE_NUMBER;
use super::rules::{MAX_32, MAX_255, TextRule};
use crate::validation::json::{Object, Value};
use crate::validation::{ErrorCode, JsonPointer, ValidationErrors};

/// The strings of an address in the order in which they are checked, one row each. `""` and null
/// are always allowed.
pub const TEXT_MEMBERS: &[(&str, TextRule)] = &[
    ("firstName", MAX_255),
    ("lastName", MAX_255),
    ("phoneNumber", PHONE_NUMBER),
    ("address1", MAX_255),
    ("address2", MAX_255),
    ("city", MAX_255),
    ("state", MAX_255),
    ("country", COUNTRY),
    ("zipcode", MAX_32),
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
    let mut addresses = Vec::with_capacity(list.len());
    for (index, entry) in list.into_iter().enumerate() {
        let Some(mut entry) = FieldReader::from_value(entry, at.element(index), errors) else {
            continue;
        };
        entry.reject_empty("An address must have at least one member that is not null");
        let mut address = Object::new();
        for (name, rule) in TEXT_MEMBERS {
            if let Some(text) = entry.nullable_text(name, rule) {
                address.push(((*name).into(), text));
            }
        }
        if let Some(is_default) = entry.boolean(DEFAULT_MEMBER) {
            if is_default && has_default {
                let message = "must be true for one address at most";
                entry.error(DEFAULT_MEMBER, ErrorCode::MultipleDefaults, message);
            }
            has_default |= is_default;
            address.push((DEFAULT_MEMBER.into(), Value::Bool(is_default)));
        }
        entry.reject_unknown();
        addresses.push(Value::Object(address));
    }
    addresses
}
