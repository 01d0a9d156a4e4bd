//! Request bodies of a given size.

use serde_json::{Value, json};

/// A valid body of at least `bytes` bytes and little more: the required fields, and metafields of every
/// JSON type.
pub fn of_size(bytes: usize) -> String {
    let mut body = json!({
        "firstName": "John", "lastName": "Doe", "email": "john@aximcommerce.com", "metaFields": []
    });
    let mut length = body.to_string().len();
    let mut fields = Vec::new();
    while length < bytes {
        let field = meta_field(fields.len());
        length += field.to_string().len() + 1;
        fields.push(field);
    }
    body["metaFields"] = Value::Array(fields);
    body.to_string()
}

fn meta_field(number: usize) -> Value {
    json!({
        "code": format!("order_{number:05}"),
        "value": {
            "placed": "2022-12-05T14:01:43.000Z", "total": 12548.25, "lines": 3, "paid": true, "discount": null,
            "labels": ["wholesale", "r\u{e9}gion \"east\""]
        }
    })
}
