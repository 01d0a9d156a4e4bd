//! Reads the members of one JSON object by name, and records what is wrong with them.

use super::email::EmailAddress;
use super::rules::{TextRule, Violation};
use super::suggestion::suggest;
use crate::validation::characters::{find, quoted};
use crate::validation::json::{Object, Value};
use crate::validation::{ErrorCode, JsonPointer, ValidationErrors};

/// Takes members out of an object one by one; [`FieldReader::reject_unknown`] rejects the rest.
pub(super) struct FieldReader<'a, 'e> {
    members: Object<'a>,
    at: JsonPointer<'e>,
    errors: &'e mut ValidationErrors,
    known: Vec<&'static str>,
    read_only: Vec<&'static str>,
}

impl<'a, 'e> FieldReader<'a, 'e> {
    /// Reads the object with these members at `at`; errors are added to `errors`.
    pub(super) fn new(
        members: Object<'a>,
        at: JsonPointer<'e>,
        errors: &'e mut ValidationErrors,
    ) -> Self {
        Self {
            members,
            at,
            errors,
            known: Vec::new(),
            read_only: Vec::new(),
        }
    }

    /// Reads each entry of a list, which must be an object, with `read`, and rejects the members that `read`
    /// does not take. Returns the entries as they are to be stored.
    pub(super) fn entries(
        list: Vec<Value<'a>>,
        at: &JsonPointer<'_>,
        errors: &mut ValidationErrors,
        mut read: impl FnMut(&mut FieldReader<'a, '_>) -> Object<'a>,
    ) -> Vec<Value<'a>> {
        let mut entries = Vec::with_capacity(list.len());
        for (index, entry) in list.into_iter().enumerate() {
            let at = at.element(index);
            if let Value::Object(members) = entry {
                let mut entry = FieldReader::new(members, at, errors);
                entries.push(Value::Object(read(&mut entry)));
                entry.reject_unknown();
            } else {
                let message = format!("{} must be an object", at.entry_name());
                errors.add(&at, ErrorCode::InvalidType, message);
            }
        }
        entries
    }

    /// Takes a member of any type out, and adds its name to the known ones.
    pub(super) fn take(&mut self, name: &'static str) -> Option<Value<'a>> {
        self.known.push(name);
        let index = self.members.iter().position(|(key, _)| key == name)?;
        Some(self.members.remove(index).1)
    }

    /// Takes a member out that a request may hold but cannot change.
    pub(super) fn ignore(&mut self, name: &'static str) {
        self.take(name);
        self.read_only.push(name);
    }

    /// Records an error of the member `name`. `message` follows the name: "must be a string".
    pub(super) fn error(&mut self, name: &str, code: ErrorCode, message: &str) {
        let message = format!("`{name}` {message}");
        self.errors.add(&self.at.member(name), code, message);
    }

    /// Records an error of a list's entry when all its members are null, or when it has none.
    pub(super) fn reject_empty(&mut self) {
        if self.members.iter().all(|(_, value)| *value == Value::Null) {
            let name = self.at.entry_name();
            let message = format!("{name} is empty; send at least one member that is not null");
            self.errors.add(&self.at, ErrorCode::EmptyObject, message);
        }
    }

    /// Checks a member's own value with `check`, which adds errors at the member's pointer.
    pub(super) fn check(
        &mut self,
        name: &str,
        check: impl FnOnce(&JsonPointer<'_>, &mut ValidationErrors),
    ) {
        check(&self.at.member(name), self.errors);
    }

    /// A string that must be sent.
    pub(super) fn required_text(
        &mut self,
        name: &'static str,
        rule: &TextRule,
    ) -> Option<Value<'a>> {
        match self.take(name).unwrap_or(Value::Null) {
            Value::Null => self.reject(name, ErrorCode::Required, "is required"),
            value => self.text(name, value, |text| rule.check(text)),
        }
    }

    /// An email address that must be sent.
    pub(super) fn required_email(&mut self, name: &'static str) -> Option<EmailAddress<'a>> {
        match self.take(name).unwrap_or(Value::Null) {
            Value::Null => self.reject(name, ErrorCode::Required, "is required"),
            Value::String(text) => match EmailAddress::parse(text) {
                Ok(email) => Some(email),
                Err(broken) => self.reject(name, broken.code, &broken.message),
            },
            _ => self.reject_type(name, "must be a string"),
        }
    }

    /// A string that may be omitted, or be empty.
    pub(super) fn optional_text(
        &mut self,
        name: &'static str,
        rule: &TextRule,
    ) -> Option<Value<'a>> {
        match self.take(name)? {
            Value::Null => self.reject_null(name, "\"\""),
            value => self.text(name, value, |text| rule.check_unless_empty(text)),
        }
    }

    /// A string in a list's entry, which may be empty: null leaves the member out.
    pub(super) fn nullable_text(
        &mut self,
        name: &'static str,
        rule: &TextRule,
    ) -> Option<Value<'a>> {
        match self.take(name)? {
            Value::Null => None,
            value => self.text(name, value, |text| rule.check_unless_empty(text)),
        }
    }

    /// A boolean in a list's entry: null leaves the member out.
    pub(super) fn nullable_boolean(&mut self, name: &'static str) -> Option<bool> {
        match self.take(name)? {
            Value::Null => None,
            Value::Bool(value) => Some(value),
            _ => self.reject_type(name, "must be true or false"),
        }
    }

    /// A list that may be omitted, as `read` returns its entries at the list's pointer.
    pub(super) fn list(
        &mut self,
        name: &'static str,
        read: impl FnOnce(Vec<Value<'a>>, &JsonPointer<'_>, &mut ValidationErrors) -> Vec<Value<'a>>,
    ) -> Option<Value<'a>> {
        match self.take(name)? {
            Value::Null => self.reject_null(name, "[]"),
            Value::Array(list) => {
                let list = read(list, &self.at.member(name), self.errors);
                Some(Value::Array(list))
            }
            _ => self.reject_type(name, "must be an array"),
        }
    }

    /// Rejects every member that was not taken.
    pub(super) fn reject_unknown(self) {
        for (name, _) in &self.members {
            // Search for a suggestion only if the error is listed: a body can hold ten thousand unknown names.
            let message = match self.errors.is_full() {
                true => String::new(),
                false => self.unknown_field(name),
            };
            let at = self.at.member(name);
            self.errors.add(&at, ErrorCode::UnknownField, message);
        }
    }

    fn unknown_field(&self, name: &str) -> String {
        let mut message = quoted(name);
        if let Some(found) = find(name, 0, |c| !c.is_ascii_graphic()) {
            message += &format!(" contains {found} and");
        }
        message += " is not a field";
        if let Some(known) = suggest(name, &self.known) {
            let read_only = match self.read_only.contains(&known) {
                true => ", which is read-only",
                false => "",
            };
            message += &format!("; did you mean `{known}`{read_only}?");
        }
        message
    }

    fn text(
        &mut self,
        name: &str,
        value: Value<'a>,
        check: impl FnOnce(&str) -> Result<(), Violation>,
    ) -> Option<Value<'a>> {
        let Value::String(text) = &value else {
            return self.reject_type(name, "must be a string");
        };
        match check(text) {
            Ok(()) => Some(value),
            Err(broken) => self.reject(name, broken.code, &broken.message),
        }
    }

    fn reject<T>(&mut self, name: &str, code: ErrorCode, message: &str) -> Option<T> {
        self.error(name, code, message);
        None
    }

    fn reject_type<T>(&mut self, name: &str, message: &str) -> Option<T> {
        self.reject(name, ErrorCode::InvalidType, message)
    }

    /// Some clients write null for what was not set, others to clear a field.
    fn reject_null<T>(&mut self, name: &str, empty: &str) -> Option<T> {
        let message =
            format!("is null: leave it out to keep the stored value, or send {empty} to clear it");
        self.reject_type(name, &message)
    }
}
