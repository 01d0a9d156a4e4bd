//! What one request asks to change: a body that keeps every rule, or every fault of it at once.

use std::collections::HashSet;

use serde_json::{Map, Value};

use crate::fault::{FaultCode, Faults, Pointer};
use crate::field::{self, Rule};
use crate::number;
use crate::object::{Object, object_of};

/// Levels of a metafield's `value`, itself included. DynamoDB allows 32 levels in an attribute;
/// the list `metaFields` and its entry are two of them.
const MAX_VALUE_DEPTH: usize = 30;

/// DynamoDB's limit for the name of an attribute, nested ones included.
const MAX_KEY_BYTES: usize = 65_535;

/// Names of an answer's `data` that only the server sets. They may be sent and are ignored.
const READ_ONLY: [&str; 8] = [
    "id",
    "role",
    "verifiedEmail",
    "newsletter",
    "isB2B",
    "createdBy",
    "createdAt",
    "updatedAt",
];

/// What happens to one attribute of the customer.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// The attribute becomes exactly this value.
    Set(Value),
    /// The attribute goes.
    Clear,
}

/// A valid update. [`CustomerUpdate::parse`] is the only way to one.
#[derive(Debug, Clone, PartialEq)]
pub struct CustomerUpdate {
    email: String,
    changes: Vec<(&'static str, Change)>,
}

impl CustomerUpdate {
    /// Checks every field of `body`; `faults` holds what reading the body has found already.
    ///
    /// # Errors
    ///
    /// All faults together, those given included.
    pub fn parse(body: Map<String, Value>, mut faults: Faults) -> Result<Self, Faults> {
        let mut body = Object::new(body, Pointer::Root, &mut faults);
        let first_name = body.required_text("firstName", field::name);
        let last_name = body.required_text("lastName", field::name);
        let email = body.required_text("email", field::email);
        let changes = [
            ("firstName", first_name.map(Change::Set)),
            ("lastName", last_name.map(Change::Set)),
            ("email", email.clone().map(Change::Set)),
            ("phoneNumber", body.text("phoneNumber", field::phone_number)),
            (
                "status",
                body.uncleared_text("status", field::status)
                    .map(Change::Set),
            ),
            ("company", body.text("company", field::line_of_255)),
            ("notes", body.text("notes", field::notes)),
            ("address", body.list("address", addresses)),
            ("metaFields", body.list("metaFields", meta_fields)),
        ];
        for name in READ_ONLY {
            body.take(name);
        }
        body.finish();

        match email {
            Some(Value::String(email)) if faults.is_empty() => {
                let changes = changes
                    .into_iter()
                    .filter_map(|(name, change)| Some((name, change?)));
                Ok(Self {
                    email,
                    changes: changes.collect(),
                })
            }
            _ => Err(faults),
        }
    }

    /// The customer's e-mail address after this update.
    pub fn email(&self) -> &str {
        &self.email
    }

    /// The attributes that change, by name, each at most once.
    pub fn changes(&self) -> &[(&'static str, Change)] {
        &self.changes
    }
}

fn addresses(list: Vec<Value>, at: &Pointer<'_>, faults: &mut Faults) -> Vec<Value> {
    const TEXTS: [(&str, Rule); 9] = [
        ("firstName", field::line_of_255),
        ("lastName", field::line_of_255),
        ("phoneNumber", field::phone_number),
        ("address1", field::line_of_255),
        ("address2", field::line_of_255),
        ("city", field::line_of_255),
        ("state", field::line_of_32),
        ("country", field::country),
        ("zipcode", field::line_of_32),
    ];
    const DEFAULT: &str = "isDefaultAddress";

    let mut default_seen = false;
    let mut address = |(index, entry)| {
        let mut entry = object_of(entry, at.element(index), faults)?;
        if entry.members.values().all(Value::is_null) {
            entry.faults.add(
                &entry.at,
                FaultCode::EmptyObject,
                "An address must hold at least one value",
            );
        }
        let mut kept = Map::new();
        for (name, rule) in TEXTS {
            kept.extend(
                entry
                    .entry_text(name, rule)
                    .map(|text| (name.to_owned(), text)),
            );
        }
        if let Some(is_default) = entry.boolean(DEFAULT) {
            if is_default && default_seen {
                entry.fault(
                    DEFAULT,
                    FaultCode::MultipleDefaults,
                    "may be true for one address only",
                );
            }
            default_seen |= is_default;
            kept.insert(DEFAULT.to_owned(), Value::Bool(is_default));
        }
        entry.finish();
        Some(Value::Object(kept))
    };
    list.into_iter()
        .enumerate()
        .filter_map(&mut address)
        .collect()
}

fn meta_fields(list: Vec<Value>, at: &Pointer<'_>, faults: &mut Faults) -> Vec<Value> {
    let mut codes = HashSet::new();
    let mut meta_field = |(index, entry)| {
        let mut entry = object_of(entry, at.element(index), faults)?;
        let mut kept = Map::new();
        if let Some(code) = entry.required_text("code", field::name) {
            if !codes.insert(code.clone()) {
                entry.fault(
                    "code",
                    FaultCode::DuplicateCode,
                    "must be unique among metaFields",
                );
            }
            kept.insert("code".to_owned(), code);
        }
        match entry.take("value") {
            None => entry.fault("value", FaultCode::Required, "is required; it may be null"),
            Some(value) => {
                let at = entry.at.member("value");
                if levels(&value) > MAX_VALUE_DEPTH {
                    let message = format!("`value` must be at most {MAX_VALUE_DEPTH} levels deep");
                    entry.faults.add(&at, FaultCode::TooDeep, message);
                }
                storable(&value, &at, entry.faults);
                kept.insert("value".to_owned(), value);
            }
        }
        entry.finish();
        Some(Value::Object(kept))
    };
    list.into_iter()
        .enumerate()
        .filter_map(&mut meta_field)
        .collect()
}

/// How deep a value is: 1 for a scalar or an empty container, one more for each container around.
fn levels(value: &Value) -> usize {
    1 + match value {
        Value::Array(elements) => elements.iter().map(levels).max().unwrap_or(0),
        Value::Object(members) => members.values().map(levels).max().unwrap_or(0),
        _ => 0,
    }
}

/// Refuses the numbers and names within a caller's own value that DynamoDB cannot hold.
fn storable(value: &Value, at: &Pointer<'_>, faults: &mut Faults) {
    match value {
        Value::Number(number) if !number::fits_dynamodb(number.as_str()) => {
            let message = "A number may have 38 significant digits and a magnitude from 1e-130 to 9.99e125; \
                           send a longer one as a string";
            faults.add(at, FaultCode::NumberOutOfRange, message);
        }
        Value::Array(elements) => {
            for (index, element) in elements.iter().enumerate() {
                storable(element, &at.element(index), faults);
            }
        }
        Value::Object(members) => {
            for (key, member) in members {
                let at = at.member(key);
                if key.is_empty() {
                    faults.add(&at, FaultCode::InvalidCharacters, "A key must not be empty");
                } else if key.len() > MAX_KEY_BYTES {
                    faults.add(
                        &at,
                        FaultCode::TooLong,
                        format!("A key must be at most {MAX_KEY_BYTES} bytes long"),
                    );
                }
                storable(member, &at, faults);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
