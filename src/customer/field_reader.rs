//! Reads the members of one JSON object by name, and records what is wrong with them.

use std::borrow::Cow;

use super::rules::TextRule;
use super::suggestion::suggest;
use crate::validation::characters::{find, quoted};
use crate::validation::json::{Object, Value};
use crate::validation::{ErrorCode, JsonPointer, ValidationErrors};

/// Takes members out of an object one by one; [`FieldReader::reject_unknown`] rejects the rest.
pub struct FieldReader<'a, 'e> {
    members: Object<'a>,
    pub(super) at: JsonPointer<'e>,
    pub(super) errors: &'e mut ValidationErrors,
    known: Vec<&'static str>,
    read_only: Vec<&'static str>,
}

/// What null means for a member.
#[derive(Clone, Copy)]
pub(super) enum Null {
    /// The member must be sent.
    Missing,
    /// An error, because some clients write null for what was not set, others to clear a field. The text is the
    /// JSON that clears the field.
    Ambiguous(&'static str),
    /// The member is left out of a list's entry.
    LeftOut,
}

impl<'a, 'e> FieldReader<'a, 'e> {
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

    /// Takes a member of any type out, and adds its name to the known ones.
    pub(super) fn take(&mut self, name: &'static str) -> Option<Value<'a>> {
        self.known.push(name);
        let index = self.members.iter().position(|(key, _)| key == name)?;
        Some(self.members.remove(index).1)
    }

    /// Takes a member out that a request may hold but cannot change.
    pub(super) fn ignore<T>(&mut self, name: &'static str) -> Option<T> {
        self.take(name);
        self.read_only.push(name);
        None
    }

    /// Records an error of the member `name`. `message` follows the name: "must be a string".
    pub(super) fn error(&mut self, name: &str, code: ErrorCode, message: &str) {
        let at = self.at.member(name);
        self.errors.add(&at, code, || format!("`{name}` {message}"));
    }

    /// Records an error of an entry of `list` when all its members are null, or when it has none.
    pub(super) fn reject_empty(&mut self, list: &str, index: usize) {
        if self.members.iter().all(|(_, value)| *value == Value::Null) {
            self.errors.add(&self.at, ErrorCode::EmptyObject, || {
                let advice = "send at least one member that is not null";
                format!("entry {index} of `{list}` is empty; {advice}")
            });
        }
    }

    /// A string that follows `rule`.
    pub(super) fn text(
        &mut self,
        name: &'static str,
        null: Null,
        rule: &TextRule,
    ) -> Option<Cow<'a, str>> {
        match self.take_unless_null(name, null)? {
            Value::String(text) => match rule.check(&text) {
                Ok(()) => Some(text),
                Err(broken) => self.reject(name, broken.code, &broken.message),
            },
            _ => self.reject(name, ErrorCode::InvalidType, "must be a string"),
        }
    }

    /// A boolean in a list's entry.
    pub(super) fn boolean(&mut self, name: &'static str) -> Option<bool> {
        match self.take_unless_null(name, Null::LeftOut)? {
            Value::Bool(value) => Some(value),
            _ => self.reject(name, ErrorCode::InvalidType, "must be true or false"),
        }
    }

    /// A list of objects. `read` reads each entry, by its index, and returns it as it is to be stored; the members
    /// that it does not take are rejected.
    pub(super) fn list(
        &mut self,
        name: &'static str,
        mut read: impl FnMut(&mut FieldReader<'a, '_>, usize) -> Object<'a>,
    ) -> Option<Value<'a>> {
        let Value::Array(list) = self.take_unless_null(name, Null::Ambiguous("[]"))? else {
            return self.reject(name, ErrorCode::InvalidType, "must be an array");
        };
        let at = self.at.member(name);
        let mut entries = Vec::with_capacity(list.len());
        for (index, entry) in list.into_iter().enumerate() {
            let at = at.element(index);
            if let Value::Object(members) = entry {
                let mut entry = FieldReader::new(members, at, self.errors);
                entries.push(Value::Object(read(&mut entry, index)));
                entry.reject_unknown();
            } else {
                let message = || format!("entry {index} of `{name}` must be an object");
                self.errors.add(&at, ErrorCode::InvalidType, message);
            }
        }
        Some(Value::Array(entries))
    }

    /// Rejects every member that was not taken.
    pub(super) fn reject_unknown(self) {
        for (name, _) in &self.members {
            let message = || unknown_field(name, &self.known, &self.read_only);
            let at = self.at.member(name);
            self.errors.add(&at, ErrorCode::UnknownField, message);
        }
    }

    fn take_unless_null(&mut self, name: &'static str, null: Null) -> Option<Value<'a>> {
        match (self.take(name), null) {
            (None | Some(Value::Null), Null::Missing) => {
                self.reject(name, ErrorCode::Required, "is required")
            }
            (Some(Value::Null), Null::Ambiguous(empty)) => {
                let advice =
                    format!("leave it out to keep the stored value, or send {empty} to clear it");
                self.reject(name, ErrorCode::InvalidType, &format!("is null: {advice}"))
            }
            (value, _) => value.filter(|value| *value != Value::Null),
        }
    }

    fn reject<T>(&mut self, name: &str, code: ErrorCode, message: &str) -> Option<T> {
        self.error(name, code, message);
        None
    }
}

fn unknown_field(name: &str, known: &[&'static str], read_only: &[&'static str]) -> String {
    let mut message = quoted(name);
    if let Some(found) = find(name, 0, |c| !c.is_ascii_graphic()) {
        message += &format!(" contains {found} and");
    }
    message += " is not a field";
    if let Some(known) = suggest(name, known) {
        let read_only = match read_only.contains(&known) {
            true => ", which is read-only",
            false => "",
        };
        message += &format!("; did you mean `{known}`{read_only}?");
    }
    message
}
