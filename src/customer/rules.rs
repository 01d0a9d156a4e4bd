//! The rules for text fields (`docs/API.md#field-rules`).
//!
//! A rule sees one text and does not know in which field it stands. Lengths count Unicode scalar
//! values unless a rule says bytes.

use crate::validation::ErrorCode;
use crate::validation::characters::{find, is_bidirectional_override, is_visible};

/// One line of up to `max` characters, without control characters and bidirectional overrides.
pub const fn one_line(max: usize) -> TextRule {
    TextRule::new(MaxLength::Chars(max), check_one_line)
}

/// Text of up to `max` characters, which may have line breaks and tabs.
pub const fn lines(max: usize) -> TextRule {
    TextRule::new(MaxLength::Chars(max), check_lines)
}

/// A text rule. It checks in this order: blank, length, characters.
#[derive(Debug, Clone, Copy)]
pub struct TextRule {
    not_blank: bool,
    max_length: MaxLength,
    check: fn(&str) -> Result<(), Violation>,
}

/// The longest text that a rule accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MaxLength {
    /// The rule's check bounds the length.
    None,
    /// Unicode scalar values.
    Chars(usize),
    /// Bytes of UTF-8.
    Bytes(usize),
}

/// A broken rule. `message` follows the field's name: "must be at most 255 characters long".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Violation {
    pub code: ErrorCode,
    pub message: String,
}

impl TextRule {
    pub(super) const fn new(
        max_length: MaxLength,
        check: fn(&str) -> Result<(), Violation>,
    ) -> Self {
        Self {
            not_blank: false,
            max_length,
            check,
        }
    }

    pub(super) const fn not_blank(self) -> Self {
        Self {
            not_blank: true,
            ..self
        }
    }

    pub const fn max_length(&self) -> MaxLength {
        self.max_length
    }

    pub(crate) fn check_unless_empty(&self, text: &str) -> Result<(), Violation> {
        if text.is_empty() {
            Ok(())
        } else {
            self.check(text)
        }
    }

    /// Returns the first broken part of the rule.
    pub fn check(&self, text: &str) -> Result<(), Violation> {
        if self.not_blank && !text.chars().any(is_visible) {
            let message = "is required and must have a visible character";
            return violation(ErrorCode::Required, message);
        }
        match self.max_length {
            MaxLength::Chars(max) if text.chars().count() > max => {
                let message = format!("must be at most {max} characters long");
                return violation(ErrorCode::TooLong, message);
            }
            MaxLength::Bytes(max) if text.len() > max => {
                let message = format!("must be at most {max} bytes long");
                return violation(ErrorCode::TooLong, message);
            }
            _ => {}
        }
        (self.check)(text)
    }
}

fn check_one_line(text: &str) -> Result<(), Violation> {
    let forbidden = |c: char| {
        let is_line_end = c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
        is_line_end || is_bidirectional_override(c)
    };
    let advice = "send one line without control characters and without bidirectional overrides";
    reject(text, forbidden, advice)
}

fn check_lines(text: &str) -> Result<(), Violation> {
    let forbidden = |c: char| {
        let is_control = c.is_control() && !matches!(c, '\n' | '\r' | '\t');
        is_control || is_bidirectional_override(c)
    };
    let advice = "send it without control characters other than line breaks and tabs, and without \
                  bidirectional overrides";
    reject(text, forbidden, advice)
}

/// A violation that names the first forbidden character, if there is one.
fn reject(text: &str, forbidden: impl Fn(char) -> bool, advice: &str) -> Result<(), Violation> {
    let message = find(text, 0, forbidden).map(|found| format!("contains {found}; {advice}"));
    message.map_or(Ok(()), |message| {
        violation(ErrorCode::InvalidCharacters, message)
    })
}

pub(super) fn violation(code: ErrorCode, message: impl Into<String>) -> Result<(), Violation> {
    Err(Violation {
        code,
        message: message.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: TextRule = one_line(255).not_blank();
    const NOTES: TextRule = lines(10_000);

    fn code(rule: TextRule, text: &str) -> Option<ErrorCode> {
        rule.check(text).err().map(|violation| violation.code)
    }

    #[test]
    fn name_is_not_blank_and_up_to_255_characters() {
        for text in [
            "J",
            "Zoë",
            "李",
            "O'Neil-Smith",
            &"é".repeat(255),
            " padded ",
            "\u{200f}ש\u{2069}",
            "क्\u{200d}ष",
        ] {
            assert_eq!(code(NAME, text), None, "{text}");
        }
        for text in [
            "",
            " ",
            "\u{a0}",
            "\t",
            "\u{200b}",
            "\u{2800}",
            " \u{e0020}\u{3164}",
        ] {
            assert_eq!(code(NAME, text), Some(ErrorCode::Required), "{text:?}");
        }
        assert_eq!(code(NAME, &"é".repeat(256)), Some(ErrorCode::TooLong));
        for text in [
            "a\nb",
            "a\u{0}",
            "a\u{7f}",
            "a\u{85}b",
            "a\u{2028}b",
            "a\u{2029}",
            "\u{202a}a",
            "a\u{202e}b",
        ] {
            assert_eq!(
                code(NAME, text),
                Some(ErrorCode::InvalidCharacters),
                "{text:?}"
            );
        }
    }

    #[test]
    fn length_is_counted_in_characters() {
        assert_eq!(code(one_line(64), &"s".repeat(64)), None);
        assert_eq!(
            code(one_line(64), &"s".repeat(65)),
            Some(ErrorCode::TooLong)
        );
        assert_eq!(
            code(one_line(64), "a\tb"),
            Some(ErrorCode::InvalidCharacters)
        );
    }

    #[test]
    fn only_notes_may_contain_line_breaks_and_tabs() {
        assert_eq!(code(NOTES, "one\r\n\ttwo\u{2028}three\u{2029}"), None);
        for text in ["bell \u{7}", "a\u{85}b", "a\u{b}", "\u{202a}a", "a\u{202e}"] {
            let found = code(NOTES, text);
            assert_eq!(found, Some(ErrorCode::InvalidCharacters), "{text:?}");
        }
        assert_eq!(code(NOTES, &"n".repeat(10_000)), None);
        assert_eq!(code(NOTES, &"n".repeat(10_001)), Some(ErrorCode::TooLong));
        assert_eq!(
            code(one_line(255), "one\ttwo"),
            Some(ErrorCode::InvalidCharacters)
        );
        assert_eq!(
            code(one_line(255), &"c".repeat(256)),
            Some(ErrorCode::TooLong)
        );
        assert_eq!(code(one_line(32), &"z".repeat(32)), None);
        assert_eq!(
            code(one_line(32), &"z".repeat(33)),
            Some(ErrorCode::TooLong)
        );
    }

    #[test]
    fn message_names_the_character_and_its_position() {
        let message = |rule: TextRule, text| rule.check(text).unwrap_err().message;
        assert_eq!(
            message(one_line(255), "\u{202a}a"),
            "contains U+202A at character 1; send one line without control characters and without \
             bidirectional overrides"
        );
        assert_eq!(
            message(NOTES, "é\n\u{0}"),
            "contains U+0000 at character 3; send it without control characters other than line \
             breaks and tabs, and without bidirectional overrides"
        );
    }
}
