//! Why a body cannot be parsed, and where.

use std::ops::RangeInclusive;
use std::str::Utf8Error;

use jiter::{JiterError, JiterErrorType, JsonErrorType as Json};
use thiserror::Error;

use crate::validation::characters::name;

/// A body that is not one JSON object, with the cause and its position, such as `line 3, column 14`. Columns count
/// characters; both count from 1.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("The body {0}")]
pub struct ParseError(pub(super) String);

impl ParseError {
    /// Reports a wrong encoding first, because the position of the JSON error would mislead.
    pub(super) fn not_json(text: &str, error: &JiterError) -> Self {
        let body = text.as_bytes();
        Self(other_encoding(body).unwrap_or_else(|| {
            let start = text.len() - text.trim_ascii_start().len();
            if text[start..].starts_with(|c: char| c.is_ascii() && !"{[\"".contains(c)) {
                let position = position(body, start);
                return format!("is not valid JSON: expected `{{` at {position}");
            }
            let position = position(body, error.index);
            match &error.error_type {
                JiterErrorType::JsonError(Json::RecursionLimitExceeded) => {
                    format!("has more than 128 levels of arrays and objects at {position}")
                }
                JiterErrorType::JsonError(Json::NumberOutOfRange) => format!(
                    "has a number of more than 4,300 digits at {position}; send it as a string"
                ),
                cause => {
                    let found = text.get(error.index..).and_then(|rest| rest.chars().next());
                    let reason = reason(cause, found);
                    format!("is not valid JSON: {reason} at {position}")
                }
            }
        }))
    }

    pub(super) fn not_utf8(body: &[u8], error: &Utf8Error) -> Self {
        Self(other_encoding(body).unwrap_or_else(|| {
            let position = position(body, error.valid_up_to());
            format!("is not UTF-8; the first invalid byte is at {position}")
        }))
    }
}

/// The cause in words of JSON. Where JSON wants a token, a character outside ASCII is named, because it
/// often looks like an allowed one: word processors write U+201C and U+00A0.
fn reason(cause: &JiterErrorType, found: Option<char>) -> String {
    let JiterErrorType::JsonError(cause) = cause else {
        return "expected a value".to_owned();
    };
    let text = match cause {
        Json::InvalidEscape => return "invalid escape in a string".to_owned(),
        Json::LoneLeadingSurrogateInHexEscape | Json::UnexpectedEndOfHexEscape => {
            return "half of a surrogate pair in a string".to_owned();
        }
        Json::ControlCharacterWhileParsingString => {
            return "control character in a string, not escaped".to_owned();
        }
        Json::ExpectedSomeIdent => "expected `true`, `false` or `null`",
        Json::ExpectedSomeValue => "expected a value",
        Json::KeyMustBeAString => "expected a key in double quotes",
        Json::TrailingCharacters => "unexpected text after the JSON value",
        cause => &cause.to_string().replace("EOF", "end of the body"),
    };
    let found = found.filter(|c| !c.is_ascii());
    found.map_or_else(|| text.to_owned(), |c| format!("{text}, found {}", name(c)))
}

/// What the body is, if it starts like something else than text in UTF-8.
fn other_encoding(body: &[u8]) -> Option<String> {
    const ASCII: RangeInclusive<u8> = 1..=0x7f;
    let compressed = |format| format!("is compressed ({format}); send it uncompressed");
    let encoded = |encoding| format!("is {encoding}, not UTF-8; send it as UTF-8");
    Some(match body {
        [0xef, 0xbb, 0xbf, ..] => "starts with a byte order mark; send it without one".to_owned(),
        [0x1f, 0x8b, ..] => compressed("gzip"),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => compressed("zstd"),
        [0x78, 0x01 | 0x9c | 0xda, ..] => compressed("zlib"),
        // `78 5e` is also the text `x^`, so this needs invalid UTF-8.
        [0x78, 0x5e, ..] if str::from_utf8(body).is_err() => compressed("zlib"),
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => encoded("UTF-32"),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => encoded("UTF-16"),
        // JSON starts with two ASCII characters, whatever its encoding.
        [a, 0, 0, 0, ..] | [0, 0, 0, a, ..] if ASCII.contains(a) => encoded("UTF-32"),
        [a, 0, b, 0, ..] | [0, a, 0, b, ..] if ASCII.contains(a) && ASCII.contains(b) => {
            encoded("UTF-16")
        }
        _ => return None,
    })
}

/// The line and column of the byte at `index`.
pub(super) fn position(body: &[u8], index: usize) -> String {
    let before = String::from_utf8_lossy(&body[..index.min(body.len())]);
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|&c| c != '\n').count() + 1;
    format!("line {line}, column {column}")
}
