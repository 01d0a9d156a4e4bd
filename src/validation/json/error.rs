//! Why a body cannot be parsed, and where.

use std::ops::RangeInclusive;

use thiserror::Error;

/// A body that cannot be parsed to its end.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ParseError {
    #[error("The body is empty; send a JSON object")]
    Empty,
    #[error("The body must be a JSON object")]
    NotAnObject,
    #[error("The body starts with a byte order mark; send it without one")]
    ByteOrderMark,
    /// The name of the format, such as `gzip`.
    #[error("The body is compressed ({0}); send it uncompressed")]
    Compressed(&'static str),
    /// The name of the encoding, such as `UTF-16`.
    #[error("The body is {0}, not UTF-8; send it as UTF-8")]
    OtherEncoding(&'static str),
    #[error("The body is not UTF-8; the first invalid byte is at {position}")]
    NotUtf8 { position: String },
    /// `position` is such as `line 3, column 14`. Columns count characters; both count from 1.
    #[error("The body is not valid JSON: {reason} at {position}")]
    Syntax { reason: String, position: String },
}

impl ParseError {
    /// A body that is no UTF-8 text is no JSON either, but then the place of the JSON error says little.
    pub(super) fn syntax(body: &[u8], reason: &str, index: usize) -> Self {
        encoding_error(body).unwrap_or_else(|| Self::Syntax {
            reason: reason.to_owned(),
            position: position(body, index),
        })
    }
}

/// What is wrong with the whole body, if it is no text in UTF-8.
fn encoding_error(body: &[u8]) -> Option<ParseError> {
    const ASCII: RangeInclusive<u8> = 1..=0x7f;
    Some(match body {
        [0xef, 0xbb, 0xbf, ..] => ParseError::ByteOrderMark,
        [0x1f, 0x8b, ..] => ParseError::Compressed("gzip"),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => ParseError::Compressed("zstd"),
        [0x78, 0x01 | 0x9c | 0xda, ..] => ParseError::Compressed("zlib"),
        // Also the text `x^`.
        [0x78, 0x5e, ..] if str::from_utf8(body).is_err() => ParseError::Compressed("zlib"),
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => ParseError::OtherEncoding("UTF-32"),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => ParseError::OtherEncoding("UTF-16"),
        // JSON starts with two ASCII characters, whatever its encoding.
        [a, 0, 0, 0, ..] | [0, 0, 0, a, ..] if ASCII.contains(a) => {
            ParseError::OtherEncoding("UTF-32")
        }
        [a, 0, b, 0, ..] | [0, a, 0, b, ..] if ASCII.contains(a) && ASCII.contains(b) => {
            ParseError::OtherEncoding("UTF-16")
        }
        _ => ParseError::NotUtf8 {
            position: position(body, str::from_utf8(body).err()?.valid_up_to()),
        },
    })
}

/// The index of the first escape that lacks its other half. `jiter` reports a place behind it.
pub fn half_of_pair(body: &[u8]) -> Option<usize> {
    const ESCAPE_BYTES: usize = "\\ud83d".len();
    const PAIR_BYTES: usize = "\\ud83d\\ude00".len();
    let unit = |at: usize| {
        let digits = body.get(at..at + ESCAPE_BYTES)?.strip_prefix(b"\\u")?;
        u16::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()
    };
    let mut index = 0;
    loop {
        let rest = body.get(index..)?;
        index += rest.iter().position(|&byte| byte == b'\\')?;
        index += match (unit(index), unit(index + ESCAPE_BYTES)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => PAIR_BYTES,
            (Some(0xd800..=0xdfff), _) => return Some(index),
            (Some(_), _) => ESCAPE_BYTES,
            // Such as `\n`.
            (None, _) => 2,
        };
    }
}

/// The line and column of the byte at `index`.
pub fn position(body: &[u8], index: usize) -> String {
    let before = String::from_utf8_lossy(&body[..index.min(body.len())]);
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|&c| c != '\n').count() + 1;
    format!("line {line}, column {column}")
}
