//! DynamoDB's JSON format.

use serde_json::{Value, json};

/// Converts a JSON object to an item in DynamoDB's JSON format.
pub fn attributes(item: &Value) -> Value {
    let members = item.as_object().into_iter().flatten();
    members
        .map(|(name, value)| (name.clone(), attribute(value)))
        .collect()
}

fn attribute(value: &Value) -> Value {
    match value {
        Value::Null => json!({"NULL": true}),
        Value::Bool(value) => json!({"BOOL": value}),
        Value::Number(number) => json!({"N": number.to_string()}),
        Value::String(text) => json!({"S": text}),
        Value::Array(elements) => json!({"L": elements.iter().map(attribute).collect::<Value>()}),
        Value::Object(_) => json!({"M": attributes(value)}),
    }
}
