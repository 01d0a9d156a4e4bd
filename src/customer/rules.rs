//! The rules for text fields (`docs/API.md#field-rules`).
//!
//! A rule sees one text and does not know in which field it stands. Lengths count Unicode scalar
//! values unless a rule says bytes.

use rust_iso3166::from_alpha2;

use super::characters::{find, is_bidirectional_override, is_separator, is_visible};
use crate::validation::ErrorCode;

/// `firstName`, `lastName` and a metafield's `code`.
pub const NAME: TextRule = TextRule::new(MaxLength::Chars(255), one_line).not_blank();
/// `phoneNumber` of a customer and of an address.
pub const PHONE_NUMBER: TextRule = TextRule::new(MaxLength::Chars(64), phone_number);
/// `notes`.
pub const NOTES: TextRule = TextRule::new(MaxLength::Chars(10_000), multiple_lines);
/// An address's `country`. Its check bounds the length.
pub const COUNTRY: TextRule = TextRule::new(MaxLength::None, country);
/// One line of up to 32 characters.
pub const MAX_32: TextRule = TextRule::new(MaxLength::Chars(32), one_line);
/// One line of up to 64 characters.
pub const MAX_64: TextRule = TextRule::new(MaxLength::Chars(64), one_line);
/// One line of up to 255 characters.
pub const MAX_255: TextRule = TextRule::new(MaxLength::Chars(255), one_line);

/// What a text must be: not blank if so required, not too long, and accepted by a check, in this order.
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

    /// Checks a text that does not mean "clear".
    ///
    /// # Errors
    ///
    /// The first [`Violation`].
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

fn one_line(text: &str) -> Result<(), Violation> {
    let forbidden = |c: char| c.is_control() || is_separator(c) || is_bidirectional_override(c);
    match find(text, forbidden) {
        None => Ok(()),
        Some(found) => violation(
            ErrorCode::InvalidCharacters,
            format!(
                "contains {found}; send one line without control characters and without \
                 bidirectional overrides"
            ),
        ),
    }
}

fn multiple_lines(text: &str) -> Result<(), Violation> {
    let forbidden = |c: char| {
        let is_control = c.is_control() && !matches!(c, '\n' | '\r' | '\t');
        is_control || is_bidirectional_override(c)
    };
    match find(text, forbidden) {
        None => Ok(()),
        Some(found) => violation(
            ErrorCode::InvalidCharacters,
            format!(
                "contains {found}; send it without control characters other than line breaks and \
                 tabs, and without bidirectional overrides"
            ),
        ),
    }
}

/// At least three digits, spaces and `+ - . ( ) /`; then optionally `x` or `ext` and more digits.
fn phone_number(text: &str) -> Result<(), Violation> {
    let lower = text.to_ascii_lowercase();
    let split = lower.split_once("ext").or_else(|| lower.split_once('x'));
    let (number, extension) = match split {
        Some((number, extension)) => (number, Some(extension.trim_start_matches(['.', ' ']))),
        None => (lower.as_str(), None),
    };
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let valid_number = number
        .chars()
        .all(|c| c.is_ascii_digit() || " +-.()/".contains(c));
    let valid_extension = extension.is_none_or(|digits| {
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    });
    if digits < 3 || !valid_number || !valid_extension {
        return violation(
            ErrorCode::InvalidPhone,
            "must contain at least 3 digits; it may also contain spaces, + - . ( ) / and an \
             extension such as `x12`",
        );
    }
    Ok(())
}

/// Empty, or an assigned ISO 3166-1 alpha-2 code in capitals.
fn country(text: &str) -> Result<(), Violation> {
    if text.is_empty() || from_alpha2(text).is_some() {
        return Ok(());
    }
    let message = match from_alpha2(&text.to_ascii_uppercase()) {
        Some(_) => "must be in capitals, such as `US`",
        None => "must be an assigned ISO 3166-1 alpha-2 code such as `US`, or empty",
    };
    violation(ErrorCode::InvalidCountry, message)
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
    fn max_64_is_one_line_of_up_to_64_characters() {
        assert_eq!(code(MAX_64, &"s".repeat(64)), None);
        assert_eq!(code(MAX_64, &"s".repeat(65)), Some(ErrorCode::TooLong));
        assert_eq!(code(MAX_64, "a\tb"), Some(ErrorCode::InvalidCharacters));
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
            code(MAX_255, "one\ttwo"),
            Some(ErrorCode::InvalidCharacters)
        );
        assert_eq!(code(MAX_255, &"c".repeat(256)), Some(ErrorCode::TooLong));
        assert_eq!(code(MAX_32, &"z".repeat(32)), None);
        assert_eq!(code(MAX_32, &"z".repeat(33)), Some(ErrorCode::TooLong));
    }

    #[test]
    fn message_names_the_character_and_its_position() {
        let message = |rule: TextRule, text| rule.check(text).unwrap_err().message;
        assert_eq!(
            message(MAX_255, "\u{202a}a"),
            "contains U+202A at character 1; send one line without control characters and without \
             bidirectional overrides"
        );
        assert_eq!(
            message(NOTES, "é\n\u{0}"),
            "contains U+0000 at character 3; send it without control characters other than line \
             breaks and tabs, and without bidirectional overrides"
        );
    }

    #[test]
    fn phone_number_is_digits_punctuation_and_an_extension() {
        for text in [
            "65161861",
            "+1 (908) 555-0100",
            "0908/555.010",
            "908-555-0100 x12",
            "908-555-0100x12",
            "908 555 0100 ext. 12",
            "908 555 0100 EXT12",
            "112",
            "(030) 1",
            &"1".repeat(64),
        ] {
            assert_eq!(code(PHONE_NUMBER, text), None, "{text}");
        }
        for text in [
            "12",
            "",
            "+-()",
            "call me 123",
            "908-555-0100 x",
            "x",
            "123 x 12 x 13",
            "123 ext ext 4",
            "123 y 12",
            "１２３４",
            "123\n",
            "123\t4",
            "555-CALL",
            "123 x-4",
        ] {
            assert_eq!(
                code(PHONE_NUMBER, text),
                Some(ErrorCode::InvalidPhone),
                "{text:?}"
            );
        }
        assert_eq!(
            code(PHONE_NUMBER, &"1".repeat(65)),
            Some(ErrorCode::TooLong)
        );
    }

    /// ISO 3166-1, officially assigned alpha-2 codes: 249 of them.
    const ASSIGNED: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM \
        BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO \
        DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK \
        HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI \
        LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF \
        NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE \
        SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG \
        UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW";

    #[test]
    fn exactly_the_249_assigned_country_codes_are_valid() {
        let mut valid = Vec::new();
        for first in 'A'..='Z' {
            for second in 'A'..='Z' {
                let text = format!("{first}{second}");
                if country(&text).is_ok() {
                    valid.push(text);
                }
            }
        }
        assert_eq!(valid.len(), 249);
        assert_eq!(
            valid.join(" "),
            ASSIGNED.split_whitespace().collect::<Vec<_>>().join(" ")
        );
        assert_eq!(country(""), Ok(()));
    }

    #[test]
    fn lower_case_country_code_gets_a_hint() {
        for text in ["us", "uS"] {
            assert_eq!(
                country(text).unwrap_err().message,
                "must be in capitals, such as `US`"
            );
        }
        for text in ["USA", "XK", "uk", " US", "É", "U", "840"] {
            let violation = country(text).unwrap_err();
            assert_eq!(violation.code, ErrorCode::InvalidCountry);
            assert!(violation.message.contains("assigned"), "{text}");
        }
    }
}
