//! Reads the members of one JSON object by name, and records what is wrong with them.

use super::rules::TextRule;
use super::suggestion::suggest;
use crate::validation::json::{Object, Value};
use crate::validation::{ErrorCode, JsonPointer, ValidationErrors};

/// What an update does with one attribute of the customer.
#[derive(Debug, Clone, PartialEq)]
pub enum Change<'a> {
    /// The attribute becomes exactly this value.
    Set(Value<'a>),
    /// The attribute is removed.
    Clear,
}

/// Checks the entries of a list at a pointer and returns them as they are to be stored.
pub type ListReader =
    for<'a> fn(Vec<Value<'a>>, &JsonPointer<'_>, &mut ValidationErrors) -> Vec<Value<'a>>;

/// Takes members out of an object one by one; [`FieldReader::reject_unknown`] rejects the rest.
pub struct FieldReader<'a, 'e> {
    members: Object<'a>,
    at: JsonPointer<'e>,
    errors: &'e mut ValidationErrors,
    known: Vec<&'static str>,
}

impl<'a, 'e> FieldReader<'a, 'e> {
    /// Reads the object with these members at `at`; errors are added to `errors`.
    pub fn new(members: Object<'a>, at: JsonPointer<'e>, errors: &'e mut ValidationErrors) -> Self {
        Self {
            members,
            at,
            errors,
            known: Vec::new(),
        }
    }

    /// Reads an entry of a list. Records an error when it is not an object.
    pub fn from_value(
        entry: Value<'a>,
        at: JsonPointer<'e>,
        errors: &'e mut ValidationErrors,
    ) -> Option<Self> {
        match entry {
            Value::Object(members) => Some(Self::new(members, at, errors)),
            _ => {
                errors.add(&at, ErrorCode::InvalidType, "An entry must be an object");
                None
            }
        }
    }

    /// Takes a member of any type out, and adds its name to the known ones.
    pub fn take(&mut self, name: &'static str) -> Option<Value<'a>> {
        self.known.push(name);
        let index = self.members.iter().position(|(key, _)| key == name)?;
        Some(self.members.remove(index).1)
    }

    /// Records an error of the member `name`. `message` follows the name: "must be a string".
    pub fn error(&mut self, name: &str, code: ErrorCode, message: &str) {
        let message = format!("`{name}` {message}");
        self.errors.add(&self.at.member(name), code, message);
    }

    /// Records an error of the object itself when all its members are null, or when it has none.
    pub fn reject_empty(&mut self, message: &str) {
        if self.members.iter().all(|(_, value)| *value == Value::Null) {
            self.errors.add(&self.at, ErrorCode::EmptyObject, message);
        }
    }

    /// Checks a member's own value with `check`, which adds errors at the member's pointer.
    pub fn check(
        &mut self,
        name: &str,
        check: impl FnOnce(&JsonPointer<'_>, &mut ValidationErrors),
    ) {
        check(&self.at.member(name), self.errors);
    }

    /// A string that must be sent.
    pub fn required_text(&mut self, name: &'static str, rule: &TextRule) -> Option<Value<'a>> {
        match self.take(name) {
            None | Some(Value::Null) => {
                self.error(name, ErrorCode::Required, "is required");
                None
            }
            Some(value) => self.checked_text(name, value, rule),
        }
    }

    /// A string that may be omitted; null and `""` clear it.
    pub fn optional_text(&mut self, name: &'static str, rule: &TextRule) -> Option<Change<'a>> {
        match self.take(name)? {
            Value::Null => Some(Change::Clear),
            Value::String(text) if text.is_empty() => Some(Change::Clear),
            value => self.checked_text(name, value, rule).map(Change::Set),
        }
    }

    /// A string in a list's entry: null leaves the member out, `""` is stored.
    pub fn nullable_text(&mut self, name: &'static str, rule: &TextRule) -> Option<Value<'a>> {
        match self.take(name)? {
            Value::Null => None,
            Value::String(text) if text.is_empty() => Some(Value::String(text)),
            value => self.checked_text(name, value, rule),
        }
    }

    /// A boolean that may be omitted but not cleared.
    pub fn boolean(&mut self, name: &'static str) -> Option<bool> {
        match self.take(name)? {
            Value::Bool(value) => Some(value),
            _ => {
                self.error(name, ErrorCode::InvalidType, "must be true or false");
                None
            }
        }
    }

    /// A list that may be omitted; null and `[]` clear it.
    pub fn list(&mut self, name: &'static str, read: ListReader) -> Option<Change<'a>> {
        match self.take(name)? {
            Value::Null => Some(Change::Clear),
            Value::Array(list) if list.is_empty() => Some(Change::Clear),
            Value::Array(list) => {
                let list = read(list, &self.at.member(name), self.errors);
                Some(Change::Set(Value::Array(list)))
            }
            _ => {
                self.error(name, ErrorCode::InvalidType, "must be an array");
                None
            }
        }
    }

    fn checked_text(&mut self, name: &str, value: Value<'a>, rule: &TextRule) -> Option<Value<'a>> {
        let Value::String(text) = &value else {
            self.error(name, ErrorCode::InvalidType, "must be a string");
            return None;
        };
        match rule.check(text) {
            Ok(()) => Some(value),
            Err(violation) => {
                self.error(name, violation.code, &violation.message);
                None
            }
        }
    }

    /// Rejects every member that was not taken.
    pub fn reject_unknown(self) {
        for (name, _) in &self.members {
            // A body has room for ten thousand names; only a listed error is worth the search.
            let suggestion = match self.errors.is_full() {
                true => None,
                false => suggest(name, &self.known),
            };
            let message = match suggestion {
                Some(known) => format!("Unknown field; did you mean `{known}`?"),
                None => "Unknown field".to_owned(),
            };
            let at = self.at.member(name);
            self.errors.add(&at, ErrorCode::UnknownField, message);
        }
    }
}
