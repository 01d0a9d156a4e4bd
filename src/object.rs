//! An object of the body, taken apart member by member: what is sent, cleared, kept, or unknown.

use serde_json::{Map, Value};

use crate::fault::{FaultCode, Faults, Pointer};
use crate::field::Rule;
use crate::update::Change;

/// An object of the body whose members are taken out one by one, so that what is left is unknown.
pub struct Object<'a> {
    pub members: Map<String, Value>,
    pub at: Pointer<'a>,
    pub faults: &'a mut Faults,
    known: Vec<&'static str>,
}

impl<'a> Object<'a> {
    /// The members of the object at `at`; what is wrong with them goes into `faults`.
    pub fn new(members: Map<String, Value>, at: Pointer<'a>, faults: &'a mut Faults) -> Self {
        Self {
            members,
            at,
            faults,
            known: Vec::new(),
        }
    }

    /// Takes a member of any type out, and counts its name as known.
    pub fn take(&mut self, name: &'static str) -> Option<Value> {
        self.known.push(name);
        self.members.shift_remove(name)
    }

    /// Adds a fault of the member `name`; its sentence starts with the name.
    pub fn fault(&mut self, name: &str, code: FaultCode, must: &str) {
        self.faults
            .add(&self.at.member(name), code, format!("`{name}` {must}"));
    }

    /// A text that must be there.
    pub fn required_text(&mut self, name: &'static str, rule: Rule) -> Option<Value> {
        match self.take(name) {
            None | Some(Value::Null) => {
                self.fault(name, FaultCode::Required, "is required");
                None
            }
            Some(value) => self.checked(name, value, rule),
        }
    }

    /// A text that may be left out and cannot be cleared; its rule refuses a blank one.
    pub fn uncleared_text(&mut self, name: &'static str, rule: Rule) -> Option<Value> {
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
    pub fn text(&mut self, name: &'static str, rule: Rule) -> Option<Change> {
        match self.take(name)? {
            Value::Null => Some(Change::Clear),
            Value::String(text) if text.is_empty() => Some(Change::Clear),
            value => self.checked(name, value, rule).map(Change::Set),
        }
    }

    /// A text of a list's entry: null leaves it out of the stored entry, the empty text is kept.
    pub fn entry_text(&mut self, name: &'static str, rule: Rule) -> Option<Value> {
        match self.take(name)? {
            Value::Null => None,
            Value::String(text) if text.is_empty() => Some(Value::String(text)),
            value => self.checked(name, value, rule),
        }
    }

    /// A boolean that may be left out and cannot be cleared.
    pub fn boolean(&mut self, name: &'static str) -> Option<bool> {
        match self.take(name)? {
            Value::Bool(value) => Some(value),
            _ => {
                self.fault(name, FaultCode::InvalidType, "must be true or false");
                None
            }
        }
    }

    /// A list that may be left out; null and the empty list clear it.
    pub fn list(
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
    pub fn finish(self) {
        for name in self.members.keys() {
            // Only what is listed is worth the search: a body has room for ten thousand names.
            let hint = if self.faults.has_room() {
                nearest(name, &self.known)
            } else {
                None
            };
            let message = match hint {
                Some(known) => format!("There is no such field; did you mean `{known}`?"),
                None => "There is no such field; leave it out".to_owned(),
            };
            self.faults
                .add(&self.at.member(name), FaultCode::UnknownField, message);
        }
    }
}

/// The entry's members, or a fault when it is no object.
pub fn object_of<'a>(entry: Value, at: Pointer<'a>, faults: &'a mut Faults) -> Option<Object<'a>> {
    match entry {
        Value::Object(members) => Some(Object::new(members, at, faults)),
        _ => {
            faults.add(&at, FaultCode::InvalidType, "An entry must be an object");
            None
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_miss_is_two_slips_or_another_way_to_write_the_name() {
        let known = [
            "firstName",
            "email",
            "code",
            "address1",
            "address2",
            "zipcode",
        ];
        for (name, expected) in [
            ("emial", Some("email")),
            ("e-mail", Some("email")),
            ("FIRST_NAME", Some("firstName")),
            ("fristname", Some("firstName")),
            ("zip_code", Some("zipcode")),
            ("adress2", Some("address2")),
            ("cod", Some("code")),
            ("mode", Some("code")),
            ("cab", None),
            ("coal", None),
            ("z_i_p_c_o_d_e___________________", Some("zipcode")),
            ("z_i_p_c_o_d_e____________________", None),
            ("street", None),
            ("", None),
        ] {
            assert_eq!(nearest(name, &known), expected, "{name}");
        }
        assert_eq!(nearest(&"e".repeat(100_000), &known), None);
    }
}
