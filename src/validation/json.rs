//! A strict JSON parser: RFC 8259 without the ambiguities that could change a value.
//!
//! Numbers keep their text, a repeated key is an error, and nothing may follow the object. The
//! tokenizer is `jiter` rather than `serde_json`, whose numbers lose digits, and which keeps the last of
//! two equal keys.

mod error;
mod value;

use std::borrow::Cow;
use std::collections::HashSet;

use jiter::{Jiter, JiterError, JiterErrorType, JsonErrorType, Peek};
use serde_json::value::RawValue;

use super::{ErrorCode, JsonPointer, ValidationErrors};
pub use error::ParseError;
use error::{half_of_pair, position};
pub use value::{Object, Value};

/// A container inside this many others is read but not kept; null replaces it.
///
/// Nothing that deep can be stored, because DynamoDB allows 32 levels. So the field rules reject the
/// value that holds it, unless they ignore that value.
const MAX_DEPTH: usize = 128;

/// Parses a body that must be one JSON object.
///
/// Returns the object with the first value of each repeated key, and one error per repetition.
///
/// # Errors
///
/// [`ParseError`] when the body cannot be parsed to its end.
pub fn parse(body: &[u8]) -> Result<(Object<'_>, ValidationErrors), ParseError> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err(ParseError::Empty);
    }
    let text = str::from_utf8(body);
    let text = text.map_err(|error| ParseError::syntax(body, "not UTF-8", error.valid_up_to()))?;
    let mut parser = Parser {
        text,
        json: Jiter::new(body),
        json_start: 0,
        errors: ValidationErrors::default(),
    };
    match parser.document()? {
        Value::Object(object) => Ok((object, parser.errors)),
        _ => Err(ParseError::NotAnObject),
    }
}

struct Parser<'a> {
    text: &'a str,
    json: Jiter<'a>,
    /// The index in `text` that `json` counts from.
    json_start: usize,
    errors: ValidationErrors,
}

/// A key and the index of its opening quote.
type Key<'a> = (Cow<'a, str>, usize);

impl<'a> Parser<'a> {
    fn document(&mut self) -> Result<Value<'a>, ParseError> {
        let first = self.peek()?;
        let value = self.value(first, &JsonPointer::Root, 0)?;
        let end = self.json.finish();
        end.map_err(|error| self.error(error))?;
        Ok(value)
    }

    fn peek(&mut self) -> Result<Peek, ParseError> {
        let first = self.json.peek();
        first.map_err(|error| self.error(error))
    }

    /// Parses the value whose first token is `first`, inside `depth` containers.
    fn value(
        &mut self,
        first: Peek,
        at: &JsonPointer<'_>,
        depth: usize,
    ) -> Result<Value<'a>, ParseError> {
        match first {
            Peek::Object | Peek::Array if depth == MAX_DEPTH => {
                self.skip_container(first, at)?;
                Ok(Value::Null)
            }
            Peek::Object => self.object(at, depth),
            Peek::Array => self.array(at, depth),
            _ => self.scalar(first),
        }
    }

    fn scalar(&mut self, first: Peek) -> Result<Value<'a>, ParseError> {
        let (text, start) = (self.text, self.index());
        let scalar = match first {
            Peek::String => self
                .json
                .known_str()
                .map(|decoded| Value::String(decoded_at(text, start, decoded))),
            Peek::True | Peek::False => self.json.known_bool(first).map(Value::Bool),
            Peek::Null => self.json.known_null().map(|()| Value::Null),
            _ => return self.number(first),
        };
        scalar.map_err(|error| self.error(error))
    }

    fn number(&mut self, first: Peek) -> Result<Value<'a>, ParseError> {
        let start = self.index();
        match self.json.known_number_bytes(first).map(|_| ()) {
            Ok(()) => Ok(Value::Number(&self.text[start..self.index()])),
            // `jiter` reads up to 4,300 digits.
            Err(error) if is_too_long(&error) => {
                let is_in_number = |c: char| c.is_ascii_digit() || "+-.eE".contains(c);
                let rest = &self.text[start..];
                let number = &rest[..rest.len() - rest.trim_start_matches(is_in_number).len()];
                if serde_json::from_str::<&RawValue>(number).is_err() {
                    return Err(self.syntax("invalid number", start));
                }
                self.continue_at(start + number.len());
                Ok(Value::Number(number))
            }
            Err(error) => Err(self.error(error)),
        }
    }

    /// Reads a container to its end, without recursion: a body has room for 400,000 levels. `at` points to
    /// the container.
    fn skip_container(&mut self, container: Peek, at: &JsonPointer<'_>) -> Result<(), ParseError> {
        // The keys of each open object; `None` for an array.
        let mut open: Vec<Option<HashSet<Cow<'a, str>>>> = Vec::new();
        let mut next = Some(container);
        loop {
            let is_new = match next {
                Some(first @ (Peek::Object | Peek::Array)) => {
                    open.push((first == Peek::Object).then(HashSet::new));
                    true
                }
                Some(first) => {
                    self.scalar(first)?;
                    false
                }
                None => {
                    open.pop();
                    false
                }
            };
            next = match open.last_mut() {
                None => return Ok(()),
                Some(None) => self.element(is_new)?,
                Some(Some(keys)) => match self.key(is_new)? {
                    None => None,
                    Some((key, start)) => {
                        if !keys.insert(key) {
                            self.repeated_key(at, start);
                        }
                        Some(self.peek()?)
                    }
                },
            };
        }
    }

    fn array(&mut self, at: &JsonPointer<'_>, depth: usize) -> Result<Value<'a>, ParseError> {
        let mut elements = Vec::new();
        while let Some(first) = self.element(elements.is_empty())? {
            elements.push(self.value(first, &at.element(elements.len()), depth + 1)?);
        }
        // A new vector has room for four elements: nested arrays would hold four times their size.
        elements.shrink_to_fit();
        Ok(Value::Array(elements))
    }

    /// The first token of an array's first or next element. `None` after the last one.
    fn element(&mut self, is_first: bool) -> Result<Option<Peek>, ParseError> {
        let next = match is_first {
            true => self.json.known_array(),
            false => self.json.array_step(),
        };
        next.map_err(|error| self.error(error))
    }

    fn object(&mut self, at: &JsonPointer<'_>, depth: usize) -> Result<Value<'a>, ParseError> {
        let mut members = Object::new();
        let mut keys = HashSet::new();
        let mut is_first = true;
        while let Some((key, start)) = self.key(is_first)? {
            is_first = false;
            let first = self.peek()?;
            let value = self.value(first, &at.member(&key), depth + 1)?;
            if keys.insert(key.clone()) {
                members.push((key, value));
            } else {
                self.repeated_key(&at.member(&key), start);
            }
        }
        members.shrink_to_fit();
        Ok(Value::Object(members))
    }

    /// The first or next key of an object. `None` after the last one.
    fn key(&mut self, is_first: bool) -> Result<Option<Key<'a>>, ParseError> {
        let (text, before) = (self.text, self.index());
        let key = match is_first {
            true => self.json.known_object(),
            false => self.json.next_key(),
        };
        let key = key.map(|key| {
            let key = key?;
            // Only a bracket or a comma and white space precede the key's opening quote.
            let start = before + text[before..].find('"')?;
            Some((decoded_at(text, start, key), start))
        });
        key.map_err(|error| self.error(error))
    }

    fn repeated_key(&mut self, at: &JsonPointer<'_>, start: usize) {
        // Finding the position takes time in proportion to the body, so only listed errors have one.
        let message = if self.errors.is_full() {
            String::new()
        } else {
            let position = position(self.text.as_bytes(), start);
            format!(
                "The key occurs twice in its object, the second time at {position}; send it once"
            )
        };
        self.errors.add(at, ErrorCode::DuplicateKey, message);
    }

    fn error(&self, error: JiterError) -> ParseError {
        let index = self.json_start + error.index;
        match &error.error_type {
            JiterErrorType::JsonError(
                JsonErrorType::LoneLeadingSurrogateInHexEscape
                | JsonErrorType::UnexpectedEndOfHexEscape,
            ) => {
                let half = half_of_pair(self.text.as_bytes()).unwrap_or(index);
                self.syntax("half of a surrogate pair", half)
            }
            JiterErrorType::JsonError(reason) => self.syntax(&reason.to_string(), index),
            JiterErrorType::WrongType { .. } => self.syntax("expected value", index),
        }
    }

    fn syntax(&self, reason: &str, index: usize) -> ParseError {
        ParseError::syntax(self.text.as_bytes(), reason, index)
    }

    /// The current index in `text`.
    fn index(&self) -> usize {
        self.json_start + self.json.current_index()
    }

    fn continue_at(&mut self, index: usize) {
        self.json = Jiter::new(&self.text.as_bytes()[index..]);
        self.json_start = index;
    }
}

fn is_too_long(error: &JiterError) -> bool {
    error.error_type == JiterErrorType::JsonError(JsonErrorType::NumberOutOfRange)
}

/// The string whose opening quote is at `start` in `text`: a slice of `text` unless it has escapes.
fn decoded_at<'a>(text: &'a str, start: usize, decoded: &str) -> Cow<'a, str> {
    let end = start + 1 + decoded.len();
    match text.get(start + 1..end) {
        // A decoded backslash had an escape.
        Some(slice) if slice == decoded && !decoded.contains('\\') => Cow::Borrowed(slice),
        _ => Cow::Owned(decoded.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    fn error_message(body: &str) -> String {
        parse(body.as_bytes()).unwrap_err().to_string()
    }

    /// JSON without white space.
    fn text(value: &Value<'_>) -> String {
        let list = |parts: Vec<String>| parts.join(",");
        match value {
            Value::Null => "null".to_owned(),
            Value::Bool(value) => value.to_string(),
            Value::Number(number) => (*number).to_owned(),
            Value::String(text) => format!("{text:?}"),
            Value::Array(elements) => format!("[{}]", list(elements.iter().map(text).collect())),
            Value::Object(members) => {
                let members = members.iter();
                let members = members.map(|(key, value)| format!("{key:?}:{}", text(value)));
                format!("{{{}}}", list(members.collect()))
            }
        }
    }

    /// The text of an accepted body's object.
    fn parsed(body: &str) -> String {
        let (object, errors) = parse(body.as_bytes()).unwrap();
        assert!(errors.is_empty(), "{errors}");
        text(&Value::Object(object))
    }

    #[test]
    fn syntax_error_has_line_and_column() {
        assert_eq!(
            error_message("{\n  \"é\": 1,\n  \"b\": tru\n}"),
            "The body is not valid JSON: expected ident at line 3, column 11"
        );
        assert_eq!(
            error_message("{\"a\": 1,}"),
            "The body is not valid JSON: trailing comma at line 1, column 9"
        );
        assert_eq!(
            error_message("{\"a\": 1} {}"),
            "The body is not valid JSON: trailing characters at line 1, column 10"
        );
    }

    #[test]
    fn rejects_everything_but_one_object() {
        assert_eq!(parse(b""), Err(ParseError::Empty));
        assert_eq!(parse(b" \n"), Err(ParseError::Empty));
        for body in ["[]", "null", "1", "\"{}\"", "true"] {
            let parsed = parse(body.as_bytes());
            assert_eq!(parsed, Err(ParseError::NotAnObject), "{body}");
        }
        assert_eq!(error_message(""), "The body is empty; send a JSON object");
        assert_eq!(error_message("[]"), "The body must be a JSON object");
    }

    #[test]
    fn rejects_extensions_of_json() {
        for body in [
            "{'a': 1}",
            "{a: 1}",
            "{\"a\": 01}",
            "{\"a\": +1}",
            "{\"a\": .5}",
            "{\"a\": 1.}",
            "{\"a\": NaN}",
            "{\"a\": Infinity}",
            "{\"a\": 0x1}",
            "{\"a\": \"\\ud800\"}",
            "{\"a\": \"\\udc00\\ud800\"}",
            "{\"a\": \"\t\"}",
            "{\"a\": \"\\x41\"}",
            "{\"a\": 1 // c\n}",
            "{\"a\"",
            "{\"a\": [1",
            "{\"\\ud800\": 1}",
        ] {
            let parsed = parse(body.as_bytes());
            assert!(
                matches!(parsed, Err(ParseError::Syntax { .. })),
                "{body}: {parsed:?}"
            );
        }
    }

    #[test]
    fn error_names_the_encoding() {
        for (body, message) in [
            (
                &b"\xef\xbb\xbf{}"[..],
                "The body starts with a byte order mark; send it without one",
            ),
            (
                b"\x1f\x8b\x08\0\0",
                "The body is compressed (gzip); send it uncompressed",
            ),
            (
                b"\x28\xb5\x2f\xfd\x24",
                "The body is compressed (zstd); send it uncompressed",
            ),
            (
                b"x\x9c\xab\xae\x05\0",
                "The body is compressed (zlib); send it uncompressed",
            ),
            (
                b"x\x01\xab\xae\x05\0",
                "The body is compressed (zlib); send it uncompressed",
            ),
            (
                b"x\xda\xab\xae\x05\0",
                "The body is compressed (zlib); send it uncompressed",
            ),
            (
                b"\xff\xfe{\0}\0",
                "The body is UTF-16, not UTF-8; send it as UTF-8",
            ),
            (
                b"\xfe\xff\0{\0}",
                "The body is UTF-16, not UTF-8; send it as UTF-8",
            ),
            (b"{\0}\0", "The body is UTF-16, not UTF-8; send it as UTF-8"),
            (b"\0{\0}", "The body is UTF-16, not UTF-8; send it as UTF-8"),
            (
                b"\xff\xfe\0\0{\0\0\0",
                "The body is UTF-32, not UTF-8; send it as UTF-8",
            ),
            (
                b"\0\0\xfe\xff\0\0\0{",
                "The body is UTF-32, not UTF-8; send it as UTF-8",
            ),
            (
                b"{\0\0\0}\0\0\0",
                "The body is UTF-32, not UTF-8; send it as UTF-8",
            ),
            (
                b"\0\0\0{\0\0\0}",
                "The body is UTF-32, not UTF-8; send it as UTF-8",
            ),
            (
                b"{\"a\": \"\xc3\xa9\",\n \"b\": \"\\n\xc3\xa9\xe9\"}",
                "The body is not UTF-8; the first invalid byte is at line 2, column 11",
            ),
            (
                b"{\"a\": 01, \"b\": \"\xff\"}",
                "The body is not UTF-8; the first invalid byte is at line 1, column 17",
            ),
            (
                b"{\"\xe9\": 1}",
                "The body is not UTF-8; the first invalid byte is at line 1, column 3",
            ),
            (
                b"{\0",
                "The body is not valid JSON: key must be a string at line 1, column 2",
            ),
            (
                b"x^",
                "The body is not valid JSON: expected value at line 1, column 1",
            ),
            (
                b"\0\0\0\0\0",
                "The body is not valid JSON: expected value at line 1, column 1",
            ),
        ] {
            let error = parse(body).unwrap_err().to_string();
            assert_eq!(error, message, "{}", body.escape_ascii());
        }
    }

    #[test]
    fn half_of_a_surrogate_pair_is_an_error_at_its_escape() {
        for text in [
            r"\ud800",
            r"\uDBFF",
            r"\udc00",
            r"\uDFFF",
            r"\ud800x",
            r"\ud800\n",
            r"\ud800\\u0041",
            r"\ud800\u0041",
            r"\udc00\ud800",
        ] {
            let expected =
                "The body is not valid JSON: half of a surrogate pair at line 2, column 8";
            let value = format!("{{\n \"a\":\"é{text}\"}}");
            assert_eq!(error_message(&value), expected, "{value}");
        }
        assert_eq!(
            error_message(r#"{"a\ud83d":1}"#),
            "The body is not valid JSON: half of a surrogate pair at line 1, column 4"
        );
        // The second one may be half of a pair.
        for text in [r#"{"\ud83d\ud83d":1}"#, r#"{"\ud83d\ud83d\ude00":1}"#] {
            assert_eq!(
                error_message(text),
                "The body is not valid JSON: half of a surrogate pair at line 1, column 3"
            );
        }
        assert_eq!(
            error_message(r#"{"a":"\ud800\u00zz"}"#),
            "The body is not valid JSON: invalid escape at line 1, column 17"
        );
    }

    #[test]
    fn repeated_key_is_an_error_at_any_depth() {
        let (object, errors) = parse(b"{\"a\": {\"b\": 1,\n \"\\u0062\" : 2}, \"a\": 3}").unwrap();
        let errors: Vec<_> = errors
            .as_slice()
            .iter()
            .map(|error| (error.pointer.as_str(), error.code, error.message.as_str()))
            .collect();
        let message = |position| {
            format!(
                "The key occurs twice in its object, the second time at {position}; send it once"
            )
        };
        assert_eq!(
            errors,
            [
                (
                    "/a/b",
                    ErrorCode::DuplicateKey,
                    &*message("line 2, column 2")
                ),
                (
                    "/a",
                    ErrorCode::DuplicateKey,
                    &*message("line 2, column 17")
                ),
            ]
        );
        assert_eq!(text(&Value::Object(object)), r#"{"a":{"b":1}}"#);
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
    fn containers_inside_128_others_become_null() {
        for (open, close) in [("[", "]"), ("{\"k\":", "}"), ("[{\"k\":0,\"l\":", "},0]")] {
            // Containers around the values, each of `levels` times `open`.
            let body = |levels: usize, value: &str| {
                let nested = open.repeat(levels) + value + &close.repeat(levels);
                format!("{{\"a\":{nested},\"b\":[1]}}")
            };
            let levels = 127 / open.matches(['[', '{']).count();
            let kept = body(levels, "true");
            assert_eq!(parsed(&kept), kept);

            for value in ["true", "[]", "{}", "[[],{}]"] {
                let text = parsed(&body(1_000, value));
                let text = text.strip_suffix(",\"b\":[1]}").unwrap();
                let text = text.strip_prefix("{\"a\":").unwrap();
                assert_eq!(text.matches(['[', '{']).count(), 127, "{text}");
                assert_eq!(text.matches("null").count(), 1, "{text}");
            }
        }
    }

    #[test]
    fn nesting_of_any_depth_is_read_without_recursion() {
        let levels = 200_000;
        let body = format!("{{\"a\":{}{}}}", "[".repeat(levels), "]".repeat(levels));
        assert!(parse(body.as_bytes()).is_ok());
        for open in ["[", "{\"a\":"] {
            let body = format!("{{\"a\":{}", open.repeat(levels));
            let message = error_message(&body);
            assert!(
                message.starts_with("The body is not valid JSON: EOF while parsing a"),
                "{message}"
            );
        }
    }

    #[test]
    fn syntax_errors_are_found_at_any_depth() {
        let body =
            |inner: &str| format!("{{\"a\":{}\n{inner}{}}}", "[".repeat(200), "]".repeat(200));
        assert!(parse(body("[{\"a\": [1, null], \"b\": \"\"}, {}]").as_bytes()).is_ok());
        for (inner, reason) in [
            ("01", "invalid number at line 2, column 2"),
            ("[1,]", "trailing comma at line 2, column 4"),
            ("[1 2]", "expected `,` or `]` at line 2, column 4"),
            ("[}", "expected value at line 2, column 2"),
            ("{]", "key must be a string at line 2, column 2"),
            ("{\"k\" 1}", "expected `:` at line 2, column 6"),
            ("{\"k\":}", "expected value at line 2, column 6"),
            ("{\"k\":1,}", "trailing comma at line 2, column 8"),
            ("{\"k\":1 2}", "expected `,` or `}` at line 2, column 8"),
            ("{\"k\":1,\"l\":}", "expected value at line 2, column 12"),
            ("tru", "expected ident at line 2, column 4"),
            (
                "\"\\ud800\"",
                "half of a surrogate pair at line 2, column 2",
            ),
            (
                "{\"\\udc00\":1}",
                "half of a surrogate pair at line 2, column 3",
            ),
        ] {
            let message = format!("The body is not valid JSON: {reason}");
            assert_eq!(error_message(&body(inner)), message, "{inner}");
        }
        let not_utf_8 = [b"{\"a\":", &*b"[".repeat(200), b"\"\xff\""].concat();
        assert_eq!(
            parse(&not_utf_8).unwrap_err().to_string(),
            "The body is not UTF-8; the first invalid byte is at line 1, column 207"
        );
    }

    #[test]
    fn numbers_of_any_length_are_kept_digit_for_digit() {
        let digits = "1234567890".repeat(500);
        for number in [
            digits.clone(),
            format!("-{digits}"),
            format!("{digits}.{digits}"),
            format!("0.{digits}"),
            format!("{digits}e-5000"),
            format!("{digits}.5e+{digits}"),
        ] {
            let deep = format!("{}{number}{}", "[".repeat(200), "]".repeat(200));
            let body = format!(
                "{{\"a\": {number} , \"b\": [{number},{number}], \"c\": {deep},\n \"d\": 1, \"d\": 2}}"
            );
            let (object, errors) = parse(body.as_bytes()).unwrap();
            let expected = Value::Number(&number);
            let list = Value::Array(vec![expected.clone(), expected.clone()]);
            let is_same = object[0].1 == expected && object[1].1 == list;
            assert!(is_same, "{number:.20}");
            assert_eq!(
                errors.to_string(),
                "The key occurs twice in its object, the second time at line 2, column 10; send it once"
            );
        }
    }

    #[test]
    fn long_numbers_follow_the_syntax_of_json() {
        let digits = "1234567890".repeat(500);
        for number in [
            format!("0{digits}"),
            format!("+{digits}"),
            format!("{digits}."),
            format!("{digits}e"),
            format!("{digits}.5.5"),
            format!("{digits}-1"),
            format!("{digits}e5e5"),
        ] {
            for body in [
                format!("{{\"a\": {number}}}"),
                format!("{{\"a\": {}{number}", "[".repeat(200)),
            ] {
                let parsed = parse(body.as_bytes());
                assert!(
                    matches!(parsed, Err(ParseError::Syntax { .. })),
                    "{number:.20}"
                );
            }
        }
        let body = |after: &str| format!("{{\n \"a\": {digits}{after}");
        for (after, reason) in [
            (".}", "invalid number at line 2, column 7"),
            (" 1}", "expected `,` or `}` at line 2, column 5008"),
            ("x}", "expected `,` or `}` at line 2, column 5007"),
            (",\n}", "trailing comma at line 3, column 1"),
            ("", "EOF while parsing an object at line 2, column 5007"),
        ] {
            let message = format!("The body is not valid JSON: {reason}");
            assert_eq!(error_message(&body(after)), message, "{after}");
        }
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

        /// The check of what is not kept agrees with another parser, too.
        #[test]
        fn agrees_with_serde_json_at_any_depth(inner in "[{}:,\"\\\\a0-9eE+.tnu \\-]{0,24}") {
            let body = format!("{{\"a\":{}{inner}{}}}", "[".repeat(200), "]".repeat(200));
            let expected = format!("[{inner}]");
            let expected = serde_json::from_str::<Vec<&RawValue>>(&expected);
            let parsed = parse(body.as_bytes());
            proptest::prop_assert_eq!(expected.is_ok(), parsed.is_ok(), "{} {:?}", body, expected);
        }

        #[test]
        fn never_panics(body in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..64)) {
            let _ = parse(&body);
        }
    }
}
