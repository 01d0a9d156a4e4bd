//! What one `UpdateItem` says: the update, and the condition under which it happens.

use std::collections::HashMap;
use std::time::SystemTime;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::attribute::{self, Item};
use crate::field::same_email_but_for_case;
use crate::if_match::IfMatch;
use crate::update::{Change, CustomerUpdate};

/// What a write may assume about the stored e-mail address.
pub enum EmailGuard {
    /// The address stays, or the stored one is not marked as verified.
    UnverifiedOrSame,
    /// The address is the one that was seen, with this change to `verifiedEmail`.
    Seen { email: Option<AttributeValue>, reset_verified: bool },
}

impl EmailGuard {
    /// The guard for the next write, after one that met `stored`.
    pub fn after(mut stored: Item, new_email: &str) -> Self {
        if stored.get("verifiedEmail") != Some(&AttributeValue::Bool(true)) {
            return Self::UnverifiedOrSame;
        }
        let email = stored.remove("email");
        let same = matches!(&email, Some(AttributeValue::S(old)) if same_email_but_for_case(old, new_email));
        Self::Seen { email, reset_verified: !same }
    }
}

/// The parts of an `UpdateItem`. Every name is a `#placeholder`: `status` and others are reserved.
#[derive(Default)]
pub struct Expression {
    pub update: String,
    pub condition: String,
    pub names: HashMap<String, String>,
    pub values: Item,
}

impl Expression {
    pub fn new(update: &CustomerUpdate, if_match: &IfMatch, guard: &EmailGuard, subject: &str) -> Self {
        let mut expression = Self::default();
        let now = humantime::format_rfc3339_millis(SystemTime::now()).to_string();
        let mut set = vec![
            expression.assign("updatedAt", AttributeValue::S(now)),
            expression.assign("updatedBy", AttributeValue::S(subject.to_owned())),
            expression.next_version(),
        ];
        let mut remove = Vec::new();
        for (name, change) in update.changes() {
            match change {
                Change::Set(value) => set.push(expression.assign(name, attribute::from_json(value))),
                Change::Clear => remove.push(expression.name(name)),
            }
        }

        let mut conditions = vec![format!("attribute_exists({})", expression.name("id"))];
        conditions.extend(expression.version_condition(if_match));
        conditions.push(expression.email_condition(guard, update.email()));
        if matches!(guard, EmailGuard::Seen { reset_verified: true, .. }) {
            set.push(expression.assign("verifiedEmail", AttributeValue::Bool(false)));
        }

        expression.condition = conditions.join(" AND ");
        expression.update = format!("SET {}", set.join(", "));
        if !remove.is_empty() {
            expression.update += &format!(" REMOVE {}", remove.join(", "));
        }
        expression
    }

    fn next_version(&mut self) -> String {
        let (version, zero, one) =
            (self.name("version"), self.value("v0", number(0)), self.value("one", number(1)));
        format!("{version} = if_not_exists({version}, {zero}) + {one}")
    }

    fn version_condition(&mut self, if_match: &IfMatch) -> Option<String> {
        let versions = match if_match {
            IfMatch::Any => return None,
            // Nothing matches, yet the write has to find out whether the customer exists: no version
            // is below zero.
            IfMatch::OneOf(versions) if versions.is_empty() => {
                return Some(format!(
                    "#version = {}",
                    self.value("none", AttributeValue::N("-1".to_owned()))
                ));
            }
            IfMatch::OneOf(versions) => versions,
        };
        let list: Vec<_> =
            versions.iter().map(|&version| self.value(&format!("v{version}"), number(version))).collect();
        let condition = format!("#version IN ({})", list.join(", "));
        Some(match versions.contains(&0) {
            true => format!("(attribute_not_exists(#version) OR {condition})"),
            false => condition,
        })
    }

    fn email_condition(&mut self, guard: &EmailGuard, new_email: &str) -> String {
        let stored = self.name("email");
        match guard {
            EmailGuard::UnverifiedOrSame => {
                let verified = self.name("verifiedEmail");
                let yes = self.value("verified", AttributeValue::Bool(true));
                let same = self.value("email", AttributeValue::S(new_email.to_owned()));
                format!("(attribute_not_exists({verified}) OR {verified} <> {yes} OR {stored} = {same})")
            }
            EmailGuard::Seen { email: Some(email), .. } => {
                format!("{stored} = {}", self.value("seenEmail", email.clone()))
            }
            EmailGuard::Seen { email: None, .. } => format!("attribute_not_exists({stored})"),
        }
    }

    fn assign(&mut self, name: &str, value: AttributeValue) -> String {
        format!("{} = {}", self.name(name), self.value(name, value))
    }

    fn name(&mut self, name: &str) -> String {
        let placeholder = format!("#{name}");
        self.names.insert(placeholder.clone(), name.to_owned());
        placeholder
    }

    fn value(&mut self, name: &str, value: AttributeValue) -> String {
        let placeholder = format!(":{name}");
        self.values.insert(placeholder.clone(), value);
        placeholder
    }
}

fn number(value: u64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}
