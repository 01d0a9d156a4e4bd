//! The text of an `UpdateItem`: its update, its condition, and their placeholders.

use std::borrow::Cow;
use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::attribute::Item;
use crate::customer::Version;

/// The fields that need a placeholder because they are reserved words of DynamoDB (Developer Guide,
/// "Reserved words in DynamoDB"). Each placeholder makes the request longer.
const RESERVED_FIELDS: [&str; 2] = ["role", "status"];

pub(super) struct Expression {
    pub(super) update: String,
    pub(super) condition: String,
    pub(super) names: HashMap<String, String>,
    pub(super) values: Item,
}

impl Expression {
    /// Appends `, name = :name` to the SET clause.
    pub(super) fn set(&mut self, name: &str, value: AttributeValue) {
        let placeholder = [":", name].concat();
        let path = self.path(name);
        for part in [", ", &path, " = ", &placeholder] {
            self.update += part;
        }
        self.values.insert(placeholder, value);
    }

    /// The attribute of this name, as the expressions refer to it.
    pub(super) fn path<'a>(&mut self, name: &'a str) -> Cow<'a, str> {
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
    use crate::customer::fields::FIELDS;
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
            let name = field.name;
            let update = json!({
                "TableName": "table", "Key": {"key": {"S": "1"}},
                "UpdateExpression": format!("SET {name} = :value"),
                "ExpressionAttributeValues": {":value": {"S": ""}},
            });
            let update = serde_json::from_value(update).unwrap();
            let is_reserved = database.update_item(update).is_err();
            assert_eq!(RESERVED_FIELDS.contains(&name), is_reserved, "{name}");
        }
    }
}
