//! The rules for text fields (`docs/API.md#field-rules`).
//!
//! A rule sees one text and does not know in which field it stands. Lengths count Unicode scalar
//! values unless a rule says bytes.

use crate::validation::ErrorCode;
use crate::validation::characters::{find, is_visible};

/// One line of up to `max` characters, without control characters and bidirectional overrides.
pub const fn one_line(max: usize) -> TextRule {
    let max = MaxLength::Chars(max);
    TextRule::new(max, ErrorCode::InvalidCharacters, check_one_line)
}

/// Text of up to `max` characters, which may have line breaks and tabs.
pub const fn lines(max: usize) -> TextRule {
    let max = MaxLength::Chars(max);
    TextRule::new(max, ErrorCode::InvalidCharacters, check_lines)
}

/// A text rule. It checks in this order: blank, length, and what `check` returns a message for.
#[derive(Debug, Clone, Copy)]
pub struct TextRule {
    not_blank: bool,
    max_length: MaxLength,
    code: ErrorCode,
    check: fn(&str) -> Option<String>,
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    pub code: ErrorCode,
    pub message: String,
}

impl TextRule {
    /// A rule that also accepts an empty text; `check` sees no empty text.
    pub(super) const fn new(
        max_length: MaxLength,
        code: ErrorCode,
        check: fn(&str) -> Option<String>,
    ) -> Self {
        Self {
            not_blank: false,
            max_length,
            code,
            check,
        }
    }

    pub(super) const fn not_blank(mut self) -> Self {
        self.not_blank = true;
        self
    }

    pub const fn max_length(&self) -> MaxLength {
        self.max_length
    }

    /// Returns the first broken part of the rule.
    pub fn check(&self, text: &str) -> Result<(), Violation> {
        let (length, max, unit) = match self.max_length {
            MaxLength::None => (0, 0, ""),
            MaxLength::Chars(max) => (text.chars().count(), max, "characters"),
            MaxLength::Bytes(max) => (text.len(), max, "bytes"),
        };
        let (code, message) = if self.not_blank && !text.chars().any(is_visible) {
            let message = "is required and must have a visible character";
            (ErrorCode::Required, message.to_owned())
        } else if length > max {
            let message = format!("must be at most {max} {unit} long");
            (ErrorCode::TooLong, message)
        } else if !text.is_empty()
            && let Some(message) = (self.check)(text)
        {
            (self.code, message)
        } else {
            return Ok(());
        };
        Err(Violation { code, message })
    }
}

fn check_one_line(text: &str) -> Option<String> {
    let is_line_end = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    let advice = "send one line without control characters and without bidirectional overrides";
    find_forbidden(text, is_line_end, advice)
}

fn check_lines(text: &str) -> Option<String> {
    let is_control = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    let advice = "send it without control characters other than line breaks and tabs, and without \
                  bidirectional overrides";
    find_forbidden(text, is_control, advice)
}

/// Finds a forbidden character. No text may have an embedding or override of the writing direction, which
/// changes the order in which all following text is shown, or the character that ends it.
fn find_forbidden(text: &str, is_forbidden: impl Fn(char) -> bool, advice: &str) -> Option<String> {
    let found = find(text, 0, |c| {
        is_forbidden(c) || matches!(c, '\u{202a}'..='\u{202e}')
    })?;
    Some(format!("contains {found}; {advice}"))
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
        let longest = "é".repeat(255);
        let names = "J|Zoë|李|O'Neil-Smith| padded |\u{200f}ש\u{2069}|क्\u{200d}ष";
        for text in names.split('|').chain([&*longest]) {
            assert_eq!(code(NAME, text), None, "{text}");
        }
        for text in "| |\u{a0}|\t|\u{200b}|\u{2800}| \u{e0020}\u{3164}".split('|') {
            assert_eq!(code(NAME, text), Some(ErrorCode::Required), "{text:?}");
        }
        assert_eq!(code(NAME, &"é".repeat(256)), Some(ErrorCode::TooLong));
        let forbidden = "a\nb|a\u{0}|a\u{7f}|a\u{85}b|a\u{2028}b|a\u{2029}|\u{202a}a|a\u{202e}b";
        for text in forbidden.split('|') {
            let found = code(NAME, text);
            assert_eq!(found, Some(ErrorCode::InvalidCharacters), "{text:?}");
        }
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
        for max in [32, 64, 255] {
            assert_eq!(code(one_line(max), &"é".repeat(max)), None);
            let longer = "é".repeat(max + 1);
            assert_eq!(code(one_line(max), &longer), Some(ErrorCode::TooLong));
        }
        assert_eq!(code(one_line(32), ""), None);
        assert_eq!(
            code(one_line(32), "a\tb"),
            Some(ErrorCode::InvalidCharacters)
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
