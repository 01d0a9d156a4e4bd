//! Request bodies: the published sample, a typical one of a given size, and those that cost the most.

use serde_json::{Value, json};

/// The published sample request.
pub const SAMPLE_REQUEST: &str = r#"{
  "firstName": "John", "lastName": "Doe", "email": "john@aximcommerce.com",
  "phoneNumber": "65161861", "status": "active",
  "address": [{
    "firstName": "John", "lastName": "Doe", "phoneNumber": "65161861",
    "address1": "12/4, test st", "address2": "", "city": "Elizabeth",
    "state": "NJ", "country": "US", "zipcode": "07202", "isDefaultAddress": false
  }],
  "company": "6371cd895b77326cf992d5bb",
  "metaFields": [{ "code": "p21_contact_id", "value": 12548 }],
  "notes": "NOTE AREA"
}"#;

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

/// A body of a size in bytes.
type Body = fn(usize) -> String;

/// A body that costs much: a name, the body, and the status of the response.
pub type Shape = (&'static str, Body, u64);

pub const SHAPES: [Shape; 13] = {
    const DEEPEST: Body = |size| value(size, |_| "[".repeat(28) + &"]".repeat(28));
    const TOO_DEEP: Body = |size| value(size, |_| "{\"a\":".repeat(100) + "1" + &"}".repeat(100));
    const KEYS: Body = |size| filled(size, KEYS_OPEN, |n| format!("\"{n:x}\":1"), "}}]");
    const KEYS_OPEN: &str = r#""metaFields":[{"code":"c","value":{"#;
    const ELEMENTS: Body = |size| value(size, |_| "1".into());
    const NUMBERS: Body = |size| {
        value(size, |_| {
            "1.2345678901234567890123456789012345678e-99".into()
        })
    };
    const META_FIELDS: Body = |size| filled(size, r#""metaFields":["#, meta, "]");
    const ADDRESSES: Body = |size| filled(size, r#""address":["#, |_| r#"{"city":""}"#.into(), "]");
    const ESCAPES: Body = |size| value(size, |_| format!("\"{}\"", "\\u00e9".repeat(100)));
    const UNKNOWN: Body = |size| filled(size, "", |n| format!("\"{n:x}\":1"), "");
    const NEAR: Body = |size| filled(size, "", |n| format!("\"firstname{n:022x}\":1"), "");
    const DUPLICATES: Body = |size| filled(size, "", |_| "\"a\":1".into(), "");
    [
        ("deepest nesting", DEEPEST, 200),
        ("nested too deeply", TOO_DEEP, 400),
        ("most levels", levels, 400),
        ("most keys in one value", KEYS, 200),
        ("shortest elements", ELEMENTS, 200),
        ("longest number", long_number, 400),
        ("most numbers of 38 digits", NUMBERS, 200),
        ("most metafields", META_FIELDS, 200),
        ("most addresses", ADDRESSES, 200),
        ("most escapes", ESCAPES, 200),
        ("most unknown fields", UNKNOWN, 400),
        ("most near misses", NEAR, 400),
        ("most duplicate keys", DUPLICATES, 400),
    ]
};

const REQUIRED: &str = r#"{"firstName":"J","lastName":"D","email":"j@x.example""#;

/// The required fields and then this part, again and again, up to `size` bytes.
fn filled(size: usize, open: &str, part: impl Fn(usize) -> String, close: &str) -> String {
    let mut body = format!("{REQUIRED},{open}");
    for number in 0.. {
        let part = part(number);
        if body.len() + part.len() + close.len() + 1 > size {
            break;
        }
        body += &part;
        body.push(',');
    }
    body.pop();
    body + close + "}"
}

fn value(size: usize, part: impl Fn(usize) -> String) -> String {
    filled(size, r#""metaFields":[{"code":"c","value":["#, part, "]}]")
}

fn meta(number: usize) -> String {
    format!(r#"{{"code":"{number:x}","value":1}}"#)
}

fn levels(size: usize) -> String {
    let levels = (size - value(100, |_| "1".to_owned()).len()) / 2;
    value(size, |number| match number {
        0 => "[".repeat(levels) + &"]".repeat(levels),
        _ => " ".repeat(size),
    })
}

fn long_number(size: usize) -> String {
    let body = value(100, |_| "1".to_owned());
    body.replacen("[1", &format!("[1{}", "0".repeat(size - body.len())), 1)
}
