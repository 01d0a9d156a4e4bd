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
    Seen {
        email: Option<AttributeValue>,
        reset_verified: bool,
    },
}

impl EmailGuard {
    /// The guard for the next write, after one that met `stored`.
    pub fn after(mut stored: Item, new_email: &str) -> Self {
        if stored.get("verifiedEmail") != Some(&AttributeValue::Bool(true)) {
            return Self::UnverifiedOrSame;
        }
        let email = stored.remove("email");
        let same = matches!(&email, Some(AttributeValue::S(old)) if same_email_but_for_case(old, new_email));
        Self::Seen {
            email,
            reset_verified: !same,
        }
    }
}

/// The parts of an `UpdateItem`. Every name is a `#placeholder`: `status` and others are reserved.
pub struct Expression {
    pub update: String,
    pub condition: String,
    pub names: HashMap<String, String>,
    pub values: Item,
}

impl Expression {
    pub fn new(
        update: &CustomerUpdate,
        if_match: &IfMatch,
        guard: &EmailGuard,
        subject: &str,
    ) -> Self {
        // Room for every field, so that none of the four grows on the way.
        let room = update.changes().len() + 8;
        let mut expression = Self {
            update: String::with_capacity(32 * room),
            condition: String::with_capacity(256),
            names: HashMap::with_capacity(room),
            values: HashMap::with_capacity(room),
        };
        expression.set_fields(update, guard, subject);
        expression.remove_fields(update);
        expression.condition(update, if_match, guard);
        expression
    }

    fn set_fields(&mut self, update: &CustomerUpdate, guard: &EmailGuard, subject: &str) {
        let now = humantime::format_rfc3339_millis(SystemTime::now()).to_string();
        self.update += "SET #version = if_not_exists(#version, :v0) + :one";
        self.name("version");
        self.value(":v0", number(0));
        self.value(":one", number(1));
        self.assign("updatedAt", AttributeValue::S(now));
        self.assign("updatedBy", AttributeValue::S(subject.to_owned()));
        for (name, change) in update.changes() {
            if let Change::Set(value) = change {
                self.assign(name, attribute::from_json(value));
            }
        }
        if matches!(
            guard,
            EmailGuard::Seen {
                reset_verified: true,
                ..
            }
        ) {
            self.assign("verifiedEmail", AttributeValue::Bool(false));
        }
    }

    fn remove_fields(&mut self, update: &CustomerUpdate) {
        let mut separator = " REMOVE #";
        for (name, change) in update.changes() {
            if let Change::Clear = change {
                self.update += separator;
                self.update += name;
                self.name(name);
                separator = ", #";
            }
        }
    }

    fn condition(&mut self, update: &CustomerUpdate, if_match: &IfMatch, guard: &EmailGuard) {
        self.condition += "attribute_exists(#id)";
        self.name("id");
        self.version_condition(if_match);
        self.email_condition(guard, update.email());
    }

    fn version_condition(&mut self, if_match: &IfMatch) {
        match if_match {
            IfMatch::Any => {}
            // Nothing matches, yet the write has to find out whether the customer exists: no version
            // is below zero.
            IfMatch::OneOf(versions) if versions.is_empty() => {
                self.condition += " AND #version = :none";
                self.value(":none", AttributeValue::N("-1".to_owned()));
            }
            IfMatch::OneOf(versions) => {
                let list: Vec<_> = versions
                    .iter()
                    .map(|version| format!(":v{version}"))
                    .collect();
                let known = format!("#version IN ({})", list.join(", "));
                self.condition += &match versions.contains(&0) {
                    true => format!(" AND (attribute_not_exists(#version) OR {known})"),
                    false => format!(" AND {known}"),
                };
                for (placeholder, &version) in list.iter().zip(versions) {
                    self.value(placeholder, number(version));
                }
            }
        }
    }

    fn email_condition(&mut self, guard: &EmailGuard, new_email: &str) {
        self.name("email");
        match guard {
            EmailGuard::UnverifiedOrSame => {
                self.condition += " AND (attribute_not_exists(#verifiedEmail) OR #verifiedEmail <> :verified \
                                   OR #email = :email)";
                self.name("verifiedEmail");
                self.value(":verified", AttributeValue::Bool(true));
                self.value(":email", AttributeValue::S(new_email.to_owned()));
            }
            EmailGuard::Seen {
                email: Some(email), ..
            } => {
                self.condition += " AND #email = :seenEmail";
                self.value(":seenEmail", email.clone());
            }
            EmailGuard::Seen { email: None, .. } => {
                self.condition += " AND attribute_not_exists(#email)"
            }
        }
    }

    /// Adds `, #name = :name` to what is set.
    fn assign(&mut self, name: &str, value: AttributeValue) {
        let placeholder = format!(":{name}");
        for part in [", #", name, " = ", &placeholder] {
            self.update += part;
        }
        self.name(name);
        self.values.insert(placeholder, value);
    }

    fn name(&mut self, name: &str) {
        self.names.insert(format!("#{name}"), name.to_owned());
    }

    fn value(&mut self, placeholder: &str, value: AttributeValue) {
        self.values.insert(placeholder.to_owned(), value);
    }
}

fn number(value: u64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}
