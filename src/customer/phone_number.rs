//! Phone numbers.

use icu_properties::props::{BinaryProperty, Dash, EnumeratedProperty, GeneralCategory};

use super::rules::{MaxLength, TextRule};
use crate::validation::ErrorCode;
use crate::validation::characters::find;

/// `phoneNumber` of a customer and of an address.
pub(super) const PHONE_NUMBER: TextRule =
    TextRule::new(MaxLength::Chars(64), ErrorCode::InvalidPhone, check);

const MIN_DIGITS: usize = 3;

/// Longest first: `ext` is a prefix of `extension`.
const EXTENSION_WORDS: [&str; 4] = ["extension", "extn", "ext", "x"];

/// A number, and optionally a word and an extension: `908-555-0100 ext. 12`. Both parts consist of
/// digits and punctuation, in any order.
fn check(text: &str) -> Option<String> {
    let (number, rest) = split_number(text);
    let after_word = strip_extension_word(number, rest);
    let (extension, unexpected) = after_word.map_or(("", rest), split_number);
    let index = text.chars().count() - unexpected.chars().count();
    Some(if let Some(found) = find(unexpected, index, |_| true) {
        format!(
            "contains {found}; send digits, spaces, dashes and + . ( ) / , # * ; and after them at most \
             one extension such as `x12` or `ext. 12`"
        )
    } else if digits(number) < MIN_DIGITS {
        format!("must have at least {MIN_DIGITS} digits, not counting an extension")
    } else if after_word.is_some() && digits(extension) == 0 {
        "must have a digit after the word for the extension, such as `x12`".to_owned()
    } else {
        return None;
    })
}

/// The digits and the punctuation at the start, and the rest.
fn split_number(text: &str) -> (&str, &str) {
    let end = text.find(|c| !(is_digit(c) || is_punctuation(c)));
    text.split_at(end.unwrap_or(text.len()))
}

/// What follows a word for an extension at the start of `rest`.
fn strip_extension_word<'a>(number: &str, rest: &'a str) -> Option<&'a str> {
    let strip = |word: &&str| {
        let (start, after) = rest.split_at_checked(word.len())?;
        start.eq_ignore_ascii_case(word).then_some(after)
    };
    // `;ext=` is the syntax of RFC 3966.
    let parameter = strip(&"ext=").filter(|_| number.ends_with(';'));
    parameter.or_else(|| EXTENSION_WORDS.iter().find_map(strip))
}

fn is_digit(c: char) -> bool {
    c.is_ascii_digit() || GeneralCategory::for_char(c) == GeneralCategory::DecimalNumber
}

/// Spaces and dashes of any script, and the other characters that phone numbers are written with.
fn is_punctuation(c: char) -> bool {
    "+.()/,#*;".contains(c)
        || Dash::for_char(c)
        || GeneralCategory::for_char(c) == GeneralCategory::SpaceSeparator
}

fn digits(text: &str) -> usize {
    text.chars().filter(|&c| is_digit(c)).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validation::rows;

    #[test]
    fn number_has_three_digits_of_any_script_and_punctuation() {
        for text in [
            "65161861",
            "+1 (908) 555-0100",
            "0908/555.010",
            "112",
            "(030) 1",
            "*67#, 908; 555",
            "(555) 555-5555 # 1234",
            "908\u{a0}555\u{2013}0100",
            "908\u{3000}555\u{2010}0100",
            "03\u{2212}1234\u{2212}5678",
            "٠٩٨٧٦٥",
            "１２３４",
            "𝟙𝟚𝟛",
            &"1".repeat(64),
        ] {
            assert_eq!(PHONE_NUMBER.check(text), Ok(()), "{text}");
        }
        let error = PHONE_NUMBER.check(&"1".repeat(65)).unwrap_err();
        assert_eq!(error.code, ErrorCode::TooLong);
    }

    #[test]
    fn extension_follows_the_number() {
        for text in [
            "908-555-0100 x12",
            "908-555-0100x12",
            "908-555-0100X12",
            "908 555 0100 ext. 12",
            "908 555 0100 EXT12",
            "908 555 0100 extn 12",
            "555-555-5555 extension 12",
            "555-555-5555, Extension #12*",
            "+15555555555;ext=12",
            "+15555555555;EXT=1-2",
            "908 x ١٢",
            "123 x-4",
        ] {
            assert_eq!(PHONE_NUMBER.check(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn message_names_the_cause() {
        let too_short = "must have at least 3 digits, not counting an extension";
        let no_digit = "must have a digit after the word for the extension, such as `x12`";
        let table = "
            12 → too short
            +-() → too short
            x123 → too short
            12 ext 345 → too short
            908-555-0100 x → no digit
            908-555-0100 ext.  → no digit
            call me 123 → U+0063 at character 1
            555-CALL → U+0043 at character 5
            123 y 12 → U+0079 at character 5
            123 x 12 x 13 → U+0078 at character 10
            123 ext ext 4 → U+0065 at character 9
            123 ext=4 → U+003D at character 8
            123;ext4= → U+003D at character 9
            123;x=4 → U+003D at character 6
            123 exten 4 → U+0065 at character 8
            123\t4 → U+0009 at character 4
            123\u{200b} → U+200B at character 4
            1２é3 → U+00E9 at character 3
            123_45 → U+005F at character 4
            \u{bd}1234 → U+00BD at character 1
        ";
        for (text, expected) in rows(table).chain([("123\n", "U+000A at character 4")]) {
            let expected = match expected {
                "too short" => too_short.to_owned(),
                "no digit" => no_digit.to_owned(),
                found => format!(
                    "contains {found}; send digits, spaces, dashes and + . ( ) / , # * ; and after \
                     them at most one extension such as `x12` or `ext. 12`"
                ),
            };
            let error = PHONE_NUMBER.check(text).unwrap_err();
            assert_eq!(error.code, ErrorCode::InvalidPhone);
            assert_eq!(error.message, expected, "{text:?}");
        }
    }
}
