//! Strict JSON: RFC 8259 without the freedoms that would let a value change on its way.
//!
//! Numbers keep their text, a key that comes twice is a fault, and nothing may follow the object.
//! The reader is `jiter` rather than `serde_json`, because `serde_json` reports a number of any
//! precision as an object with a reserved key, which a caller could send as well.

use jiter::{Jiter, JiterErrorType, JsonErrorType, Peek};
use serde_json::Value;
use serde_json::map::{Entry, Map};

use crate::error::Error;
use crate::fault::{FaultCode, Faults, Pointer};

/// Containers within containers that are read at all; no body within the contract comes close.
const MAX_DEPTH: usize = 128;

/// Reads a body that must be one JSON object.
///
/// Returns the object, with the first value of a key that comes twice, and a fault for each such
/// key.
///
/// # Errors
///
/// [`Error::InvalidRequest`] with line and column for a syntax error, or when the body is empty or
/// no object. [`Error::InvalidBody`] for nesting or a number beyond what can be read.
pub fn parse(body: &[u8]) -> Result<(Map<String, Value>, Faults), Error> {
    let mut reader = Reader {
        body,
        json: Jiter::new(body),
        faults: Faults::default(),
    };
    match reader.document() {
        Ok(Value::Object(object)) => Ok((object, reader.faults)),
        Ok(_) => Err(Error::InvalidRequest(
            "The body must be a JSON object".to_owned(),
        )),
        Err(Stop::Syntax(sentence)) => Err(Error::InvalidRequest(sentence)),
        Err(Stop::Fault) => Err(Error::InvalidBody(reader.faults)),
    }
}

/// Why reading cannot go on.
enum Stop {
    /// The body is not JSON; the sentence says where.
    Syntax(String),
    /// The last fault in the list.
    Fault,
}

struct Reader<'a> {
    body: &'a [u8],
    json: Jiter<'a>,
    faults: Faults,
}

impl Reader<'_> {
    fn document(&mut self) -> Result<Value, Stop> {
        if self.body.iter().all(u8::is_ascii_whitespace) {
            return Err(Stop::Syntax(
                "The body is empty; send a JSON object".to_owned(),
            ));
        }
        let first = self
            .json
            .peek()
            .map_err(|error| self.stop(error, &Pointer::Root))?;
        let value = self.value(first, &Pointer::Root, 0)?;
        self.json
            .finish()
            .map_err(|error| self.stop(error, &Pointer::Root))?;
        Ok(value)
    }

    /// Reads the value that starts with `first`; `depth` containers are around it.
    fn value(&mut self, first: Peek, at: &Pointer<'_>, depth: usize) -> Result<Value, Stop> {
        let scalar = match first {
            Peek::Object | Peek::Array if depth == MAX_DEPTH => {
                let message = format!("The body is nested more than {MAX_DEPTH} levels deep");
                self.faults.add(at, FaultCode::TooDeep, message);
                return Err(Stop::Fault);
            }
            Peek::Object => return self.object(at, depth),
            Peek::Array => return self.array(at, depth),
            Peek::String => self
                .json
                .known_str()
                .map(|text| Value::String(text.to_owned())),
            Peek::True | Peek::False => self.json.known_bool(first).map(Value::Bool),
            Peek::Null => self.json.known_null().map(|()| Value::Null),
            _ => return self.number(first, at),
        };
        scalar.map_err(|error| self.stop(error, at))
    }

    fn number(&mut self, first: Peek, at: &Pointer<'_>) -> Result<Value, Stop> {
        let start = self.json.current_index();
        if let Err(error) = self.json.known_number_bytes(first).map(|_| ()) {
            return Err(self.stop(error, at));
        }
        // What `jiter` takes for a number, `serde_json` takes too: the error is for the types.
        let text = str::from_utf8(self.json.slice_to_current(start)).ok();
        let number = text.and_then(|text| text.parse().ok()).map(Value::Number);
        number.ok_or_else(|| self.syntax("invalid number", start))
    }

    fn array(&mut self, at: &Pointer<'_>, depth: usize) -> Result<Value, Stop> {
        let mut elements = Vec::new();
        let mut next = self.json.known_array();
        while let Some(first) = next.map_err(|error| self.stop(error, at))? {
            elements.push(self.value(first, &at.element(elements.len()), depth + 1)?);
            next = self.json.array_step();
        }
        // A vector makes room for four at once: of arrays within arrays, a body would hold four times as much.
        elements.shrink_to_fit();
        Ok(Value::Array(elements))
    }

    fn object(&mut self, at: &Pointer<'_>, depth: usize) -> Result<Value, Stop> {
        let mut members = Map::new();
        let mut before_key = self.json.current_index();
        let mut next = self.json.known_object().map(|key| key.map(str::to_owned));
        while let Some(key) = next.map_err(|error| self.stop(error, at))? {
            let member = at.member(&key);
            let first = self
                .json
                .peek()
                .map_err(|error| self.stop(error, &member))?;
            let value = self.value(first, &member, depth + 1)?;
            match members.entry(key) {
                Entry::Vacant(place) => {
                    place.insert(value);
                }
                Entry::Occupied(first) => self.duplicate_key(&at.member(first.key()), before_key),
            }
            before_key = self.json.current_index();
            next = self.json.next_key().map(|key| key.map(str::to_owned));
        }
        Ok(Value::Object(members))
    }

    fn duplicate_key(&mut self, at: &Pointer<'_>, before_key: usize) {
        // Only a comma and white space stand before the key's opening quote. Counting lines takes
        // time in proportion to the body, so it is done for listed faults only.
        let message = if self.faults.has_room() {
            let key = self.body[before_key..]
                .iter()
                .position(|&byte| byte == b'"');
            let place = self.place(before_key + key.unwrap_or(0));
            format!(
                "The same key comes twice in one object, the second time at {place}; send it once"
            )
        } else {
            String::new()
        };
        self.faults.add(at, FaultCode::DuplicateKey, message);
    }

    fn stop(&mut self, error: jiter::JiterError, at: &Pointer<'_>) -> Stop {
        match &error.error_type {
            JiterErrorType::JsonError(JsonErrorType::NumberOutOfRange) => {
                self.faults.add(
                    at,
                    FaultCode::NumberOutOfRange,
                    "The number has too many digits to be stored",
                );
                Stop::Fault
            }
            JiterErrorType::JsonError(reason) => self.syntax(&reason.to_string(), error.index),
            JiterErrorType::WrongType { .. } => self.syntax("expected value", error.index),
        }
    }

    fn syntax(&self, reason: &str, index: usize) -> Stop {
        Stop::Syntax(format!(
            "The body is not valid JSON: {reason} at {}",
            self.place(index)
        ))
    }

    /// `line 3, column 14` of the byte at `index`; columns count characters, both count from one.
    fn place(&self, index: usize) -> String {
        let before = String::from_utf8_lossy(&self.body[..index.min(self.body.len())]);
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|&c| c != '\n').count() + 1;
        format!("line {line}, column {column}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sentence(body: &str) -> String {
        match parse(body.as_bytes()) {
            Err(Error::InvalidRequest(sentence)) => sentence,
            other => panic!("no syntax error: {other:?}"),
        }
    }

    #[test]
    fn a_syntax_error_names_line_and_column() {
        assert_eq!(
            sentence("{\n  \"é\": 1,\n  \"b\": tru\n}"),
            "The body is not valid JSON: expected ident at line 3, column 11"
        );
        assert_eq!(
            sentence("{\"a\": 1,}"),
            "The body is not valid JSON: trailing comma at line 1, column 9"
        );
        assert_eq!(
            sentence("{\"a\": 1} {}"),
            "The body is not valid JSON: trailing characters at line 1, column 10"
        );
    }

    #[test]
    fn what_is_not_one_object_is_refused() {
        assert_eq!(sentence(""), "The body is empty; send a JSON object");
        assert_eq!(sentence(" \n"), "The body is empty; send a JSON object");
        for body in ["[]", "null", "1", "\"{}\"", "true"] {
            assert_eq!(sentence(body), "The body must be a JSON object", "{body}");
        }
    }

    #[test]
    fn the_freedoms_other_parsers_take_are_refused() {
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
            "\u{feff}{}",
            "{\"a\"",
            "{\"a\": [1",
            "{\"\\ud800\": 1}",
        ] {
            let said = sentence(body);
            assert!(
                said.starts_with("The body is not valid JSON: "),
                "{body}: {said}"
            );
        }
        assert!(parse(b"{\"a\": \"\xff\"}").is_err(), "invalid UTF-8");
    }

    #[test]
    fn a_key_that_comes_twice_is_a_fault_at_any_depth_with_its_place() {
        let (object, faults) = parse(b"{\"a\": {\"b\": 1,\n \"\\u0062\" : 2}, \"a\": 3}").unwrap();
        let found: Vec<_> = faults
            .listed()
            .iter()
            .map(|f| (f.pointer.as_str(), f.code))
            .collect();
        assert_eq!(
            found,
            [
                ("/a/b", FaultCode::DuplicateKey),
                ("/a", FaultCode::DuplicateKey)
            ]
        );
        assert!(faults.listed()[0].message.contains("at line 2, column 2;"));
        assert!(faults.listed()[1].message.contains("at line 2, column 17;"));
        assert_eq!(Value::Object(object).to_string(), r#"{"a":{"b":1}}"#);
    }

    #[test]
    fn numbers_keep_every_digit_and_reserved_keys_stay_keys() {
        let body = r#"{"n":-12345678901234567890.12345678901234567800,"o":{"$serde_json::private::Number":"1"}}"#;
        let (object, _) = parse(body.as_bytes()).unwrap();
        assert_eq!(Value::Object(object).to_string(), body);
    }

    #[test]
    fn nesting_and_numbers_beyond_reading_are_faults_not_crashes() {
        for (body, pointer, code) in [
            (
                format!("{{\"a\":{}", "[".repeat(400_000)),
                "/a/0/0/0",
                FaultCode::TooDeep,
            ),
            ("{\"a\":".repeat(80_000), "/a/a/a", FaultCode::TooDeep),
            (
                format!("{{\"a\":{}}}", "9".repeat(400_000)),
                "/a",
                FaultCode::NumberOutOfRange,
            ),
        ] {
            match parse(body.as_bytes()) {
                Err(Error::InvalidBody(faults)) => {
                    assert!(faults.listed()[0].pointer.starts_with(pointer));
                    assert_eq!(faults.listed()[0].code, code);
                }
                other => panic!("{other:?}"),
            }
        }
    }

    proptest! {
        /// Two independent readers agree on what JSON is.
        #[test]
        fn whatever_serde_json_refuses_is_refused_and_the_other_way_round(
            body in prop_oneof![
                "[\\[\\]{}:,\"\\\\a0-9eE+.tnu \\-]{0,24}",
                "\\{\"a\":[\\[\\]{}:,\"\\\\/a0-9eE+.\\-truefalsn]{0,12}\\}",
            ]
        ) {
            let theirs = serde_json::from_str::<Map<String, serde_json::Value>>(&body);
            let ours = parse(body.as_bytes());
            prop_assert_eq!(theirs.is_ok(), ours.is_ok(), "{} {:?}", body, theirs);
        }

        #[test]
        fn no_bytes_make_it_panic(body in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = parse(&body);
        }
    }
}
