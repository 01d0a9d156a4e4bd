//! What one request asks to change: a body that keeps every rule, or every fault of it at once.

use std::collections::HashSet;

use serde_json::{Map, Value};

use crate::fault::{FaultCode, Faults, Pointer};
use crate::field::{self, Rule};
use crate::number;

/// Levels of a metafield's `value`, itself included. DynamoDB allows 32 levels in an attribute;
/// the list `metaFields` and its entry are two of them.
const MAX_VALUE_DEPTH: usize = 30;

/// DynamoDB's limit for the name of an attribute, nested ones included.
const MAX_KEY_BYTES: usize = 65_535;

/// Names of an answer's `data` that only the server sets. They may be sent and are ignored.
const READ_ONLY: [&str; 8] =
    ["id", "role", "verifiedEmail", "newsletter", "isB2B", "createdBy", "createdAt", "updatedAt"];

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
            ("status", body.uncleared_text("status", field::status).map(Change::Set)),
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
                let changes = changes.into_iter().filter_map(|(name, change)| Some((name, change?)));
                Ok(Self { email, changes: changes.collect() })
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

/// An object of the body whose members are taken out one by one, so that what is left is unknown.
struct Object<'a> {
    members: Map<String, Value>,
    at: Pointer<'a>,
    faults: &'a mut Faults,
    known: Vec<&'static str>,
}

impl<'a> Object<'a> {
    fn new(members: Map<String, Value>, at: Pointer<'a>, faults: &'a mut Faults) -> Self {
        Self { members, at, faults, known: Vec::new() }
    }

    fn take(&mut self, name: &'static str) -> Option<Value> {
        self.known.push(name);
        self.members.shift_remove(name)
    }

    fn fault(&mut self, name: &str, code: FaultCode, must: &str) {
        self.faults.add(&self.at.member(name), code, format!("`{name}` {must}"));
    }

    /// A text that must be there.
    fn required_text(&mut self, name: &'static str, rule: Rule) -> Option<Value> {
        match self.take(name) {
            None | Some(Value::Null) => {
                self.fault(name, FaultCode::Required, "is required");
                None
            }
            Some(value) => self.checked(name, value, rule),
        }
    }

    /// A text that may be left out and cannot be cleared; its rule refuses a blank one.
    fn uncleared_text(&mut self, name: &'static str, rule: Rule) -> Option<Value> {
        match self.take(name)? {
            Value::Null => {
                self.fault(
                    name,
                    FaultCode::CannotBeCleared,
                    "cannot be cleared; leave it out to keep it as it is",
                );
                None
            }
            value => self.checked(name, value, rule),
        }
    }

    /// A text that may be left out; null and the empty text clear it.
    fn text(&mut self, name: &'static str, rule: Rule) -> Option<Change> {
        match self.take(name)? {
            Value::Null => Some(Change::Clear),
            Value::String(text) if text.is_empty() => Some(Change::Clear),
            value => self.checked(name, value, rule).map(Change::Set),
        }
    }

    /// A text of a list's entry: null leaves it out of the stored entry, the empty text is kept.
    fn entry_text(&mut self, name: &'static str, rule: Rule) -> Option<Value> {
        match self.take(name)? {
            Value::Null => None,
            Value::String(text) if text.is_empty() => Some(Value::String(text)),
            value => self.checked(name, value, rule),
        }
    }

    /// A boolean that may be left out and cannot be cleared.
    fn boolean(&mut self, name: &'static str) -> Option<bool> {
        match self.take(name)? {
            Value::Bool(value) => Some(value),
            _ => {
                self.fault(name, FaultCode::InvalidType, "must be true or false");
                None
            }
        }
    }

    /// A list that may be left out; null and the empty list clear it.
    fn list(
        &mut self,
        name: &'static str,
        entries: fn(Vec<Value>, &Pointer<'_>, &mut Faults) -> Vec<Value>,
    ) -> Option<Change> {
        match self.take(name)? {
            Value::Null => Some(Change::Clear),
            Value::Array(list) if list.is_empty() => Some(Change::Clear),
            Value::Array(list) => {
                let list = entries(list, &self.at.member(name), self.faults);
                Some(Change::Set(Value::Array(list)))
            }
            _ => {
                self.fault(name, FaultCode::InvalidType, "must be an array");
                None
            }
        }
    }

    fn checked(&mut self, name: &str, value: Value, rule: Rule) -> Option<Value> {
        let Value::String(text) = &value else {
            self.fault(name, FaultCode::InvalidType, "must be a string");
            return None;
        };
        match rule(text) {
            Ok(()) => Some(value),
            Err(broken) => {
                self.fault(name, broken.code, &broken.must);
                None
            }
        }
    }

    /// Refuses every member that was not taken.
    fn finish(self) {
        for name in self.members.keys() {
            let message = match nearest(name, &self.known) {
                Some(known) => format!("There is no such field; did you mean `{known}`?"),
                None => "There is no such field; leave it out".to_owned(),
            };
            self.faults.add(&self.at.member(name), FaultCode::UnknownField, message);
        }
    }
}

/// The entry's members, or a fault when it is no object.
fn object_of<'a>(entry: Value, at: Pointer<'a>, faults: &'a mut Faults) -> Option<Object<'a>> {
    match entry {
        Value::Object(members) => Some(Object::new(members, at, faults)),
        _ => {
            faults.add(&at, FaultCode::InvalidType, "An entry must be an object");
            None
        }
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
            entry.faults.add(&entry.at, FaultCode::EmptyObject, "An address must hold at least one value");
        }
        let mut kept = Map::new();
        for (name, rule) in TEXTS {
            kept.extend(entry.entry_text(name, rule).map(|text| (name.to_owned(), text)));
        }
        if let Some(is_default) = entry.boolean(DEFAULT) {
            if is_default && default_seen {
                entry.fault(DEFAULT, FaultCode::MultipleDefaults, "may be true for one address only");
            }
            default_seen |= is_default;
            kept.insert(DEFAULT.to_owned(), Value::Bool(is_default));
        }
        entry.finish();
        Some(Value::Object(kept))
    };
    list.into_iter().enumerate().filter_map(&mut address).collect()
}

fn meta_fields(list: Vec<Value>, at: &Pointer<'_>, faults: &mut Faults) -> Vec<Value> {
    let mut codes = HashSet::new();
    let mut meta_field = |(index, entry)| {
        let mut entry = object_of(entry, at.element(index), faults)?;
        let mut kept = Map::new();
        if let Some(code) = entry.required_text("code", field::name) {
            if !codes.insert(code.clone()) {
                entry.fault("code", FaultCode::DuplicateCode, "must be unique among metaFields");
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
    list.into_iter().enumerate().filter_map(&mut meta_field).collect()
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

/// The known name that an unknown one most likely stands for: two slips of the pen away at most,
/// or the same but for case, `_` and `-`.
fn nearest(name: &str, known: &[&'static str]) -> Option<&'static str> {
    const LONGEST: usize = 32;
    const SLIPS: usize = 2;
    if name.len() > LONGEST {
        return None;
    }
    let folded = name.replace(['_', '-'], "").to_lowercase();
    let slips = |known: &str| strsim::osa_distance(&folded, &known.to_lowercase());
    let (distance, nearest) = known.iter().map(|&known| (slips(known), known)).min()?;
    (distance <= SLIPS && distance < nearest.len() / 2).then_some(nearest)
}
