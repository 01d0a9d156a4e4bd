//! The text of an `UpdateItem`: its update, its condition, and their placeholders.

use std::borrow::Cow;
use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::attribute::{self, Item};
use super::condition::Condition;
use crate::customer::fields::FIELDS;
use crate::customer::{Change, CustomerUpdate, Version};

/// The fields that need a placeholder because they are reserved words of DynamoDB (Developer Guide,
/// "Reserved words in DynamoDB"). Each placeholder makes the request longer.
const RESERVED_FIELDS: [&str; 2] = ["role", "status"];

/// Who writes, and when. Stored as `updatedAt` and `updatedBy`, by which a request recognises its own write.
#[derive(Debug, Clone, PartialEq)]
pub struct Stamp {
    pub updated_at: AttributeValue,
    pub updated_by: AttributeValue,
}

/// Expressions with their placeholders.
pub struct Expression {
    pub update: String,
    pub condition: String,
    pub names: HashMap<String, String>,
    pub values: Item,
}

impl Expression {
    pub fn new(update: &CustomerUpdate<'_>, condition: &Condition<'_>, stamp: &Stamp) -> Self {
        // Capacity for every field, so that nothing is reallocated.
        let capacity = FIELDS.len() + 8;
        let mut expression = Self {
            update: String::with_capacity(32 * capacity),
            condition: String::with_capacity(256),
            names: HashMap::with_capacity(RESERVED_FIELDS.len()),
            values: HashMap::with_capacity(capacity),
        };
        expression.set_fields(update, condition, stamp);
        expression.remove_fields(update);
        condition.render(&mut expression);
        expression
    }

    fn set_fields(
        &mut self,
        update: &CustomerUpdate<'_>,
        condition: &Condition<'_>,
        stamp: &Stamp,
    ) {
        self.update += "SET version = if_not_exists(version, :v0) + :one";
        self.number(":v0", Version::ZERO);
        self.number(":one", Version::from(1));
        self.set("updatedAt", stamp.updated_at.clone());
        self.set("updatedBy", stamp.updated_by.clone());
        for (name, change) in update.changes() {
            if let Change::Set(value) = change {
                self.set(name, attribute::from_json(value));
            }
        }
        if condition.resets_verified() {
            self.set("verifiedEmail", AttributeValue::Bool(false));
        }
    }

    fn remove_fields(&mut self, update: &CustomerUpdate<'_>) {
        let mut separator = " REMOVE ";
        for (name, change) in update.changes() {
            if let Change::Clear = change {
                let path = self.path(name);
                self.update += separator;
                self.update += &path;
                separator = ", ";
            }
        }
    }

    /// Appends `, name = :name` to the SET clause.
    fn set(&mut self, name: &str, value: AttributeValue) {
        let placeholder = [":", name].concat();
        let path = self.path(name);
        for part in [", ", &path, " = ", &placeholder] {
            self.update += part;
        }
        self.values.insert(placeholder, value);
    }

    /// The attribute of this name, as the expressions refer to it.
    fn path<'a>(&mut self, name: &'a str) -> Cow<'a, str> {
        if !RESERVED_FIELDS.contains(&name) {
            return Cow::Borrowed(name);
        }
        let placeholder = ["#", name].concat();
        self.names.insert(placeholder.clone(), name.to_owned());
        Cow::Owned(placeholder)
    }

    pub fn value(&mut self, placeholder: &str, value: AttributeValue) {
        self.values.insert(placeholder.to_owned(), value);
    }

    pub fn number(&mut self, placeholder: &str, version: Version) {
        self.value(placeholder, AttributeValue::N(version.to_string()));
    }
}
