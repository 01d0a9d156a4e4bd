//! The entries of `address`.

use super::country::COUNTRY;
use super::field_reader::{FieldReader, Null};
use super::phone_number::PHONE_NUMBER;
use super::rules::{TextRule, one_line};
use crate::validation::ErrorCode;
use crate::validation::json::{Object, Value};

/// The strings of an address in the order in which they are checked. `""` and null are always allowed.
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

/// Reads the list `address`. Its entries are stored without nulls.
pub(super) fn read<'a>(body: &mut FieldReader<'a, '_>, name: &'static str) -> Option<Value<'a>> {
    let mut has_default = false;
    body.list(name, |entry, index| {
        entry.reject_empty(name, index);
        let mut address = Object::new();
        for (name, rule) in TEXT_MEMBERS {
            let text = entry.text(name, Null::LeftOut, rule);
            address.extend(text.map(|text| ((*name).into(), Value::String(text))));
        }
        if let Some(is_default) = entry.boolean(DEFAULT_MEMBER) {
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
