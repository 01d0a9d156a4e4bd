//! A strict JSON parser: RFC 8259 without the ambiguities that could change a value.
//!
//! Numbers keep their text, a repeated key is an error, and nothing may follow the object. The tokenizer
//! is `jiter`, because `serde_json` rounds long numbers and silently keeps the last duplicate key.

mod error;
mod value;

use std::borrow::Cow;
use std::collections::HashSet;

use jiter::{Jiter, JiterError, JiterErrorType, JsonErrorType, Peek};

use super::characters::quoted;
use super::{ErrorCode, JsonPointer, ValidationErrors};
pub use error::ParseError;
use error::position;
pub use value::{Object, Value};

/// The most containers inside one another. It bounds the recursion; DynamoDB allows 32.
const MAX_LEVELS: usize = 128;

/// Parses a body that must be one JSON object.
///
/// Returns the object with the first value of each repeated key, and one error per repetition.
pub fn parse(body: &[u8]) -> Result<(Object<'_>, ValidationErrors), ParseError> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err(ParseError("is empty; send a JSON object".to_owned()));
    }
    let text = str::from_utf8(body).map_err(|error| ParseError::not_utf8(body, &error))?;
    let mut parser = Parser {
        text,
        json: Jiter::new(body),
        errors: ValidationErrors::default(),
    };
    let document = parser.document();
    let cause = match document.map_err(|error| ParseError::not_json(text, &error))? {
        Value::Object(object) => return Ok((object, parser.errors)),
        Value::Array(_) => "is an array; send one JSON object",
        Value::String(_) => "is a JSON string; send the object itself, encoded once",
        _ => "must be a JSON object",
    };
    Err(ParseError(cause.to_owned()))
}

struct Parser<'a> {
    text: &'a str,
    json: Jiter<'a>,
    errors: ValidationErrors,
}

impl<'a> Parser<'a> {
    fn document(&mut self) -> Result<Value<'a>, JiterError> {
        let first = self.json.peek()?;
        let value = self.value(first, &JsonPointer::Root, 1)?;
        self.json.finish()?;
        Ok(value)
    }

    /// Parses the value whose first token is `first`. A container there is at `level`, from 1.
    fn value(
        &mut self,
        first: Peek,
        at: &JsonPointer<'_>,
        level: usize,
    ) -> Result<Value<'a>, JiterError> {
        let (text, start) = (self.text, self.json.current_index());
        Ok(match first {
            Peek::Object | Peek::Array if level > MAX_LEVELS => {
                return Err(JiterError {
                    error_type: JiterErrorType::JsonError(JsonErrorType::RecursionLimitExceeded),
                    index: start,
                });
            }
            Peek::Object => self.object(at, level)?,
            Peek::Array => self.array(at, level)?,
            Peek::String => Value::String(decoded_at(text, start, self.json.known_str()?)),
            Peek::True | Peek::False => Value::Bool(self.json.known_bool(first)?),
            Peek::Null => self.json.known_null().map(|()| Value::Null)?,
            _ => {
                let length = self.json.known_number_bytes(first)?.len();
                Value::Number(text[start..start + length].into())
            }
        })
    }

    fn array(&mut self, at: &JsonPointer<'_>, level: usize) -> Result<Value<'a>, JiterError> {
        let mut elements = Vec::new();
        let mut next = self.json.known_array()?;
        while let Some(first) = next {
            elements.push(self.value(first, &at.element(elements.len()), level + 1)?);
            next = self.json.array_step()?;
        }
        // A new vector has room for four elements: nested arrays would hold four times their size.
        elements.shrink_to_fit();
        Ok(Value::Array(elements))
    }

    fn object(&mut self, at: &JsonPointer<'_>, level: usize) -> Result<Value<'a>, JiterError> {
        let text = self.text;
        let mut members = Object::new();
        let mut keys = HashSet::new();
        // Only a bracket or a comma and white space precede the opening quote of a key.
        let quote = |before: usize| before + text[before..].find('"').unwrap_or_default();
        let mut before = self.json.current_index();
        let mut next = self.json.known_object()?;
        while let Some(key) = next {
            let start = quote(before);
            let key = decoded_at(text, start, key);
            let first = self.json.peek()?;
            let value = self.value(first, &at.member(&key), level + 1)?;
            if keys.insert(key.clone()) {
                members.push((key, value));
            } else {
                let at = at.member(&key);
                self.errors.add(&at, ErrorCode::DuplicateKey, || {
                    let (key, position) = (quoted(&key), position(text.as_bytes(), start));
                    format!("{key} is repeated at {position}; send it once in its object")
                });
            }
            before = self.json.current_index();
            next = self.json.next_key()?;
        }
        members.shrink_to_fit();
        Ok(Value::Object(members))
    }
}

/// The string whose opening quote is at `start` in `text`: a slice of `text` unless it has escapes.
fn decoded_at<'a>(text: &'a str, start: usize, decoded: &str) -> Cow<'a, str> {
    match text.get(start + 1..start + 1 + decoded.len()) {
        // A decoded backslash had an escape.
        Some(slice) if slice == decoded && !decoded.contains('\\') => Cow::Borrowed(slice),
        _ => Cow::Owned(decoded.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validation::rows;
    use serde_json::value::RawValue;
    use std::collections::HashMap;

    fn error_message(body: &str) -> String {
        parse(body.as_bytes()).unwrap_err().to_string()
    }

    /// The text of an accepted body's object.
    fn parsed(body: &str) -> String {
        let (object, errors) = parse(body.as_bytes()).unwrap();
        assert!(errors.is_empty(), "{errors}");
        serde_json::to_string(&Value::Object(object)).unwrap()
    }

    #[test]
    fn syntax_error_names_cause_and_position_in_words_of_json() {
        let table = r#"
            {"é": tru} → expected `true`, `false` or `null` at line 1, column 10
            {"a": 1,} → trailing comma at line 1, column 9
            {"a": [1,]} → trailing comma at line 1, column 10
            {"a": 1} {} → unexpected text after the JSON value at line 1, column 10
            {"a": 01} → invalid number at line 1, column 8
            {"a": [1 2]} → expected `,` or `]` at line 1, column 10
            {"a": 1 2} → expected `,` or `}` at line 1, column 9
            {"a" 1} → expected `:` at line 1, column 6
            {"a": } → expected a value at line 1, column 7
            {a: 1} → expected a key in double quotes at line 1, column 2
            {"a": "	"} → control character in a string, not escaped at line 1, column 8
            {"a": "\x41"} → invalid escape in a string at line 1, column 9
            {"a": [1 → end of the body while parsing a list at line 1, column 9
            {"a" → end of the body while parsing an object at line 1, column 5
            {"a": "b → end of the body while parsing a string at line 1, column 9
        "#;
        // A character outside ASCII in the place of a token is named.
        let named = "
            {\u{201c}a\u{201d}: 1} → expected a key in double quotes, found U+201C at line 1, column 2
            {\"a\"\u{200b}: 1} → expected `:`, found U+200B at line 1, column 5
            {\"a\": \u{201c}b\u{201d}} → expected a value, found U+201C at line 1, column 7
            {\"a\": 1\u{2028}} → expected `,` or `}`, found U+2028 at line 1, column 8
            {\"a\": [1\u{ff0c}2]} → expected `,` or `]`, found U+FF0C at line 1, column 9
            {}\u{feff} → unexpected text after the JSON value, found U+FEFF at line 1, column 3
        ";
        let lines = "expected `true`, `false` or `null` at line 3, column 11";
        let others = [
            ("{\n  \"é\": 1,\n  \"b\": tru\n}", lines),
            (
                "\u{a0}{}",
                "expected a value, found U+00A0 at line 1, column 1",
            ),
        ];
        for (body, expected) in rows(table).chain(rows(named)).chain(others) {
            let expected = format!("The body is not valid JSON: {expected}");
            assert_eq!(error_message(body), expected, "{body}");
        }
    }

    #[test]
    fn everything_but_one_object_is_named() {
        let text = "The body is a JSON string; send the object itself, encoded once";
        for (body, expected) in [
            ("", "The body is empty; send a JSON object"),
            (" \n", "The body is empty; send a JSON object"),
            ("[{}]", "The body is an array; send one JSON object"),
            ("\"{}\"", text),
            ("null", "The body must be a JSON object"),
            ("1", "The body must be a JSON object"),
            ("true", "The body must be a JSON object"),
        ] {
            assert_eq!(error_message(body), expected, "{body}");
        }
    }

    #[test]
    fn rejects_extensions_of_json() {
        let numbers = ["+1", ".5", "1.", "NaN", "Infinity", "0x1", "1 // c\n"];
        let bodies = numbers.map(|number| format!("{{\"a\": {number}}}"));
        for body in bodies.iter().map(String::as_str).chain(["{'a': 1}"]) {
            let message = error_message(body);
            assert!(
                message.starts_with("The body is not valid JSON: "),
                "{body}: {message}"
            );
        }
    }

    #[test]
    fn error_names_the_encoding() {
        let rows: [(&[u8], &str); 23] = [
            (
                b"\xef\xbb\xbf{}",
                "starts with a byte order mark; send it without one",
            ),
            (b"\x1f\x8b\x08\0\0", "gzip"),
            (b"\x28\xb5\x2f\xfd\x24", "zstd"),
            (b"x\x9c\xab\xae\x05\0", "zlib"),
            (b"x\x01\xab\xae\x05\0", "zlib"),
            (b"x\xda\xab\xae\x05\0", "zlib"),
            (b"x^\xab\xae\x05\0", "zlib"),
            (b"\xff\xfe{\0}\0", "UTF-16"),
            (b"\xfe\xff\0{\0}", "UTF-16"),
            (b"{\0}\0", "UTF-16"),
            (b"\0{\0}", "UTF-16"),
            (b"\xff\xfe\0\0{\0\0\0", "UTF-32"),
            (b"\0\0\xfe\xff\0\0\0{", "UTF-32"),
            (b"{\0\0\0}\0\0\0", "UTF-32"),
            (b"\0\0\0{\0\0\0}", "UTF-32"),
            (
                b"{\"a\": \"\xc3\xa9\",\n \"b\": \"\\n\xc3\xa9\xe9\"}",
                "2, column 11",
            ),
            (b"{\"a\": 01, \"b\": \"\xff\"}", "1, column 17"),
            (b"{\"\xe9\": 1}", "1, column 3"),
            (b"{\0\xe9\0", "1, column 3"),
            (
                b"{\0",
                "is not valid JSON: expected a key in double quotes at line 1, column 2",
            ),
            (b"x^", "is not valid JSON: expected `{` at line 1, column 1"),
            (
                b"\n x",
                "is not valid JSON: expected `{` at line 2, column 2",
            ),
            (
                b"\0\0\0\0\0",
                "is not valid JSON: expected `{` at line 1, column 1",
            ),
        ];
        for (body, expected) in rows {
            let expected = match expected {
                "gzip" | "zstd" | "zlib" => {
                    format!("is compressed ({expected}); send it uncompressed")
                }
                "UTF-16" | "UTF-32" => format!("is {expected}, not UTF-8; send it as UTF-8"),
                place if place.starts_with(['1', '2']) => {
                    format!("is not UTF-8; the first invalid byte is at line {place}")
                }
                cause => cause.to_owned(),
            };
            let message = parse(body).unwrap_err().to_string();
            assert_eq!(
                message,
                format!("The body {expected}"),
                "{}",
                body.escape_ascii()
            );
        }
    }

    #[test]
    fn half_of_a_surrogate_pair_is_named() {
        for text in [
            r"\ud800",
            r"\uDBFF",
            r"\udc00x",
            r"\ud800\n",
            r"\ud800\u0041",
            r"\udc00\ud800",
        ] {
            for body in [
                format!("{{\"a\":\"é{text}\"}}"),
                format!("{{\"{text}\":1}}"),
            ] {
                let message = error_message(&body);
                let expected =
                    "The body is not valid JSON: half of a surrogate pair in a string at line 1";
                assert!(message.starts_with(expected), "{body}: {message}");
            }
        }
    }

    #[test]
    fn repeated_key_is_an_error_at_any_depth() {
        let (object, errors) = parse(b"{\"a\": {\"b\": 1,\n \"\\u0062\" : 2}, \"a\": 3}").unwrap();
        let errors: Vec<_> = errors
            .as_slice()
            .iter()
            .map(|error| (error.pointer.as_str(), error.code, error.message.clone()))
            .collect();
        let expected = [("b", "/a/b", 2), ("a", "/a", 17)].map(|(key, pointer, column)| {
            let place = format!("line 2, column {column}");
            let message = format!("`{key}` is repeated at {place}; send it once in its object");
            (pointer, ErrorCode::DuplicateKey, message)
        });
        assert_eq!(errors, expected);
        let text = serde_json::to_string(&Value::Object(object)).unwrap();
        assert_eq!(text, r#"{"a":{"b":1}}"#);
    }

    #[test]
    fn each_repetition_of_a_key_is_an_error() {
        for count in [1, 2, 3, 100] {
            for repeated in [0, count / 2, count - 1] {
                let members = (0..count).chain([repeated, repeated, count]);
                let members: Vec<_> = members.map(|key| format!("\"{key}\":null")).collect();
                let body = format!("{{{}}}", members.join(","));
                let (object, errors) = parse(body.as_bytes()).unwrap();
                assert_eq!(object.len(), count + 1, "{body}");
                let pointers = errors.as_slice().iter().map(|error| &error.pointer);
                let expected = format!("/{repeated}");
                assert_eq!(
                    pointers.collect::<Vec<_>>(),
                    [&expected, &expected],
                    "{body}"
                );
            }
        }
    }

    #[test]
    fn strings_and_keys_are_decoded() {
        for (json, decoded) in [
            (r#""""#, ""),
            (r#""a""#, "a"),
            (r#""é😀""#, "é😀"),
            (r#""\u00e9""#, "é"),
            (r#""\ud83d\ude00x""#, "😀x"),
            (r#""\\""#, "\\"),
            (r#""\"""#, "\""),
            (r#""a\\\"b""#, "a\\\"b"),
            (r#""\/\b\f\n\r\t""#, "/\u{8}\u{c}\n\r\t"),
        ] {
            let body = format!("{{ {json} : [ {json} ,{json}]}}");
            let (object, _) = parse(body.as_bytes()).unwrap();
            let string = Value::String(decoded.into());
            let expected = Value::Array(vec![string.clone(), string]);
            assert_eq!(object, [(decoded.into(), expected)], "{body}");
        }
    }

    #[test]
    fn keys_and_strings_without_escapes_are_slices_of_the_body() {
        let (object, _) = parse(r#" { "é" : "", "b":"aé" }"#.as_bytes()).unwrap();
        assert_eq!(object.len(), 2);
        for (key, value) in object {
            assert!(matches!(key, Cow::Borrowed(_)), "{key}");
            assert!(matches!(value, Value::String(Cow::Borrowed(_))), "{key}");
        }
    }

    #[test]
    fn keeps_every_digit_and_reserved_keys() {
        let body = r#"{"n":-12345678901234567890.12345678901234567800,"o":{"$serde_json::private::Number":"1"}}"#;
        assert_eq!(parsed(body), body);
    }

    #[test]
    fn more_than_128_levels_are_an_error_at_their_place() {
        for (open, close) in [("[", "]"), ("{\"k\":", "}")] {
            let body = |levels: usize| {
                format!(
                    "{{\"a\":\n{}1{}}}",
                    open.repeat(levels - 1),
                    close.repeat(levels - 1)
                )
            };
            assert!(parse(body(128).as_bytes()).is_ok());
            let column = 127 * open.len() + 1;
            let expected = format!(
                "The body has more than 128 levels of arrays and objects at line 2, column {column}"
            );
            assert_eq!(error_message(&body(129)), expected);
            // Not parsed further, however deep the rest is.
            let rest = format!("{{\"a\":\n{}", open.repeat(100_000));
            assert_eq!(error_message(&rest), expected);
        }
    }

    #[test]
    fn numbers_keep_their_text_up_to_4300_digits() {
        for number in ["1".repeat(4_300), format!("-0.{}e-5000", "9".repeat(4_000))] {
            let body = format!("{{\"a\":[{number},{number}]}}");
            assert_eq!(parse_numbers(&body), [&*number, &*number]);
        }
        let expected = "The body has a number of more than 4,300 digits at line 1, column";
        let message = error_message(&format!("{{\"a\":{}}}", "1".repeat(5_000)));
        assert!(message.starts_with(expected), "{message}");
        assert!(message.ends_with("; send it as a string"), "{message}");
    }

    fn parse_numbers(body: &str) -> Vec<String> {
        let (mut object, _) = parse(body.as_bytes()).unwrap();
        let Value::Array(elements) = object.remove(0).1 else {
            panic!("{body}")
        };
        let numbers = elements.into_iter().map(|element| match element {
            Value::Number(text) => text.into_owned(),
            other => panic!("{other:?}"),
        });
        numbers.collect()
    }

    proptest::proptest! {
        /// Two independent parsers agree on what JSON is.
        #[test]
        fn agrees_with_serde_json(
            body in proptest::prop_oneof![
                "[\\[\\]{}:,\"\\\\a0-9eE+.tnu \\-]{0,24}",
                "\\{\"a\":[\\[\\]{}:,\"\\\\/a0-9eE+.\\-truefalsn]{0,12}\\}",
            ]
        ) {
            let expected = serde_json::from_str::<HashMap<String, &RawValue>>(&body);
            let parsed = parse(body.as_bytes());
            proptest::prop_assert_eq!(expected.is_ok(), parsed.is_ok(), "{} {:?}", body, expected);
        }

        #[test]
        fn never_panics(body in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..64)) {
            let _ = parse(&body);
        }
    }
}
