//! The request bodies that cost the most, each of about a given size.

/// A name, a function from size in bytes to body, and the status of the response.
pub type Shape = (&'static str, fn(usize) -> String, u64);

pub const SHAPES: [Shape; 12] = [
    ("deepest nesting", deepest, 200),
    ("nested too deeply", too_deep, 400),
    ("most keys in one value", keys, 200),
    ("shortest elements", elements, 200),
    ("longest number", long_number, 400),
    ("most numbers of 38 digits", numbers, 200),
    ("most metafields", meta_fields, 200),
    ("most addresses", addresses, 200),
    ("most escapes", escapes, 200),
    ("most unknown fields", unknown, 400),
    ("most near misses", near_misses, 400),
    ("most duplicate keys", duplicates, 400),
];

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

fn deepest(size: usize) -> String {
    value(size, |_| "[".repeat(29) + &"]".repeat(29))
}

fn too_deep(size: usize) -> String {
    value(size, |_| "{\"a\":".repeat(100) + "1" + &"}".repeat(100))
}

fn keys(size: usize) -> String {
    filled(
        size,
        r#""metaFields":[{"code":"c","value":{"#,
        |number| format!("\"{number:x}\":1"),
        "}}]",
    )
}

fn elements(size: usize) -> String {
    value(size, |_| "1".to_owned())
}

fn long_number(size: usize) -> String {
    let body = value(100, |_| "1".to_owned());
    body.replacen("[1", &format!("[1{}", "0".repeat(size - body.len())), 1)
}

fn numbers(size: usize) -> String {
    value(size, |_| {
        "1.2345678901234567890123456789012345678e-99".to_owned()
    })
}

fn meta_fields(size: usize) -> String {
    filled(
        size,
        r#""metaFields":["#,
        |number| format!("{{\"code\":\"{number:x}\",\"value\":1}}"),
        "]",
    )
}

fn addresses(size: usize) -> String {
    filled(size, r#""address":["#, |_| r#"{"city":""}"#.to_owned(), "]")
}

fn escapes(size: usize) -> String {
    value(size, |_| format!("\"{}\"", "\\u00e9".repeat(100)))
}

fn unknown(size: usize) -> String {
    filled(size, "", |number| format!("\"{number:x}\":1"), "")
}

fn near_misses(size: usize) -> String {
    filled(
        size,
        "",
        |number| format!("\"firstname{number:022x}\":1"),
        "",
    )
}

fn duplicates(size: usize) -> String {
    filled(size, "", |_| "\"a\":1".to_owned(), "")
}
