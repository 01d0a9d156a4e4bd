//! The part of an email address before the `@`.

use icu_normalizer::ComposingNormalizerBorrowed;
use icu_properties::props::{EnumeratedProperty, GeneralCategory};

use crate::customer::characters::{find, is_visible, located};

/// RFC 5321, section 4.5.3.1.1.
const MAX_BYTES: usize = 64;

const NFKC: ComposingNormalizerBorrowed<'static> = ComposingNormalizerBorrowed::new_nfkc();

/// Why the text is neither a dot-string nor a quoted string (RFC 5321, section 4.1.2, extended by
/// RFC 6531, section 3.3).
pub fn find_cause(text: &str) -> Option<String> {
    if text.is_empty() {
        return Some("it has nothing before the `@`".to_owned());
    }
    if text.len() > MAX_BYTES {
        return Some(format!(
            "the part before the `@` is longer than {MAX_BYTES} bytes"
        ));
    }
    match text.strip_prefix('"') {
        Some(rest) => find_cause_in_quoted_string(rest),
        None => find_cause_in_dot_string(text),
    }
}

fn find_cause_in_dot_string(text: &str) -> Option<String> {
    let is_unexpected = |c| !(c == '.' || is_atom_character(c) || is_international(c));
    if text.chars().find(|&c| is_unexpected(c)) == Some('@') {
        return Some("it has more than one `@`; send one address".to_owned());
    }
    if let Some(found) = find(text, 0, is_unexpected) {
        return Some(format!("it contains {found}"));
    }
    if text.split('.').any(str::is_empty) {
        let cause = "before the `@`, a dot must be between two other characters";
        return Some(cause.to_owned());
    }
    None
}

/// The text follows the opening quote.
fn find_cause_in_quoted_string(text: &str) -> Option<String> {
    let mut is_escaped = false;
    let mut is_closed = false;
    for (index, c) in text.chars().enumerate() {
        let is_allowed =
            !is_closed && (matches!(c, ' '..='~') || (!is_escaped && is_international(c)));
        if !is_allowed {
            return Some(format!("it contains {}", located(c, index + 1)));
        }
        is_closed = c == '"' && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
    }
    let cause = "the part before the `@` starts with a quote and must end with one";
    (!is_closed).then(|| cause.to_owned())
}

/// `atext` of RFC 5322, section 3.2.3.
fn is_atom_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c)
}

/// A character outside ASCII that a reader can recognise: one with a meaning and a shape of its own,
/// that does not look like punctuation such as `@` or `.`.
fn is_international(c: char) -> bool {
    use GeneralCategory::{Control, PrivateUse, Unassigned};
    let looks_like_punctuation = |c: char| {
        let normalized = NFKC.normalize(c.encode_utf8(&mut [0; 4])).into_owned();
        normalized.contains(|c: char| c.is_ascii_punctuation())
    };
    !c.is_ascii()
        && is_visible(c)
        && c != char::REPLACEMENT_CHARACTER
        && !matches!(
            GeneralCategory::for_char(c),
            Control | PrivateUse | Unassigned
        )
        && !looks_like_punctuation(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dot_string_has_atoms_between_dots() {
        for text in [
            "john",
            "a.b.c",
            "!#$%&'*+-/=?^_`{|}~",
            "jörg",
            "用户",
            "संपर्क",
            "\u{61}\u{301}",
            "ａ",
            "½",
        ] {
            assert_eq!(find_cause(text), None, "{text}");
        }
        let dot = "before the `@`, a dot must be between two other characters";
        for (text, expected) in [
            ("", "it has nothing before the `@`"),
            (".john", dot),
            ("john.", dot),
            ("jo..hn", dot),
            (".", dot),
            ("jo hn", "it contains a space at character 3"),
            ("mailto:john", "it contains U+003A at character 7"),
            ("john(home)", "it contains U+0028 at character 5"),
            ("jo\"hn", "it contains U+0022 at character 3"),
            ("jo\\hn", "it contains U+005C at character 3"),
            ("a@b", "it has more than one `@`; send one address"),
            ("a b@c", "it contains a space at character 2"),
        ] {
            assert_eq!(find_cause(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn quoted_string_ends_at_the_second_quote() {
        for text in [
            r#""""#,
            r#"" ""#,
            r#""a b@c""#,
            r#""a\"b""#,
            r#""a\\""#,
            r#""é""#,
        ] {
            assert_eq!(find_cause(text), None, "{text}");
        }
        let end = "the part before the `@` starts with a quote and must end with one";
        for (text, expected) in [
            (r#"""#, end),
            (r#""a"#, end),
            (r#""a\""#, end),
            (r#""a"b"#, "it contains U+0062 at character 4"),
            (r#""a"b""#, "it contains U+0062 at character 4"),
            (r#""a""b""#, "it contains U+0022 at character 4"),
            (r#""\é""#, "it contains U+00E9 at character 3"),
            ("\"\u{7f}\"", "it contains U+007F at character 2"),
        ] {
            assert_eq!(find_cause(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn at_most_64_bytes() {
        for text in [
            "l".repeat(64),
            "é".repeat(32),
            format!("\"{}\"", "l".repeat(62)),
        ] {
            assert_eq!(find_cause(&text), None, "{text}");
        }
        for text in [
            "l".repeat(65),
            "é".repeat(33),
            format!("\"{}\"", "l".repeat(63)),
        ] {
            let expected = "the part before the `@` is longer than 64 bytes";
            assert_eq!(find_cause(&text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn characters_outside_ascii_are_recognisable() {
        for (c, why) in [
            ('\u{80}', "a control character"),
            ('\u{a0}', "white space"),
            ('\u{200d}', "default-ignorable"),
            ('\u{2800}', "without a dot"),
            ('\u{378}', "unassigned"),
            ('\u{10ffff}', "unassigned"),
            ('\u{e000}', "private use"),
            ('\u{f0000}', "private use"),
            ('\u{fffd}', "the replacement character"),
            ('\u{ff20}', "`@`"),
            ('\u{fe6b}', "`@`"),
            ('\u{ff0e}', "`.`"),
            ('\u{2024}', "`.`"),
            ('\u{2026}', "`...`"),
            ('\u{37e}', "`;`"),
            ('\u{2100}', "`a/c`"),
            ('\u{2474}', "`(1)`"),
        ] {
            for text in [format!("a{c}"), format!("\"{c}\"")] {
                let expected = format!("it contains {}", located(c, 1));
                assert_eq!(find_cause(&text), Some(expected), "{why}");
            }
        }
    }
}
