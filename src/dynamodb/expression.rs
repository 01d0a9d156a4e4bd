//! The text of an `UpdateItem`: its update, room for its condition, and their placeholders.

use std::borrow::Cow;
use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::attribute::{self, Item};
use crate::customer::fields::FIELDS;
use crate::customer::{Change, CustomerUpdate, Version};

/// The fields that need a placeholder because they are reserved words of DynamoDB (Developer Guide,
/// "Reserved words in DynamoDB"). Each placeholder makes the request longer.
const RESERVED_FIELDS: [&str; 2] = ["role", "status"];

/// Expressions with their placeholders.
pub(super) struct Expression {
    pub update: String,
    pub condition: String,
    pub names: HashMap<String, String>,
    pub values: Item,
}

impl Expression {
    pub(super) fn new(
        update: &CustomerUpdate<'_>,
        resets_verified: bool,
        now: &str,
        subject: &str,
    ) -> Self {
        // Capacity for every field, so that nothing is reallocated.
        let capacity = FIELDS.len() + 8;
        let mut expression = Self {
            update: String::with_capacity(32 * capacity),
            condition: String::with_capacity(256),
            names: HashMap::with_capacity(RESERVED_FIELDS.len()),
            values: HashMap::with_capacity(capacity),
        };
        expression.update += "SET version = if_not_exists(version, :v0) + :one";
        expression.number(":v0", Version::ZERO);
        expression.number(":one", Version::from(1));
        expression.set("updatedAt", AttributeValue::S(now.to_owned()));
        expression.set("updatedBy", AttributeValue::S(subject.to_owned()));
        for (name, change) in update.changes() {
            if let Change::Set(value) = change {
                expression.set(name, attribute::from_json(value));
            }
        }
        if resets_verified {
            expression.set("verifiedEmail", AttributeValue::Bool(false));
        }
        expression.remove_fields(update);
        expression
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

    pub(super) fn value(&mut self, placeholder: &str, value: AttributeValue) {
        self.values.insert(placeholder.to_owned(), value);
    }

    pub(super) fn number(&mut self, placeholder: &str, version: Version) {
        self.value(placeholder, AttributeValue::N(version.to_string()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// DynamoDB refuses a reserved word in an expression, with an error that no caller can understand.
    #[test]
    fn fields_that_are_reserved_words_have_a_placeholder() {
        let database = dynoxide::Database::memory().unwrap();
        let table = json!({
            "TableName": "table", "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": [{"AttributeName": "key", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "key", "AttributeType": "S"}],
        });
        let table = serde_json::from_value(table).unwrap();
        database.create_table(table).unwrap();
        for field in FIELDS {
            let is_accepted = |name: &str| {
                let update = json!({
                    "TableName": "table", "Key": {"key": {"S": "1"}},
                    "UpdateExpression": format!("SET {name} = :value"),
                    "ExpressionAttributeValues": {":value": {"S": ""}},
                });
                let update = serde_json::from_value(update).unwrap();
                database.update_item(update).is_ok()
            };
            let is_reserved = !is_accepted(field.name);
            let name = field.name;
            assert_eq!(
                RESERVED_FIELDS.contains(&name),
                is_reserved,
                "`{name}`: RESERVED_FIELDS must list exactly the fields that are reserved words"
            );
        }
    }
}
