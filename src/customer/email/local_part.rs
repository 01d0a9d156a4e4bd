//! The part of an email address before the `@`.

use icu_normalizer::ComposingNormalizerBorrowed;
use icu_properties::props::{EnumeratedProperty, GeneralCategory};

use crate::validation::characters::{find, is_visible};

/// RFC 5321, section 4.5.3.1.1.
const MAX_BYTES: usize = 64;

const NFKC: ComposingNormalizerBorrowed<'static> = ComposingNormalizerBorrowed::new_nfkc();

/// Returns why the text is not a local part; `None` if it is one.
///
/// ASCII follows browsers (WHATWG HTML, "valid email address"): dots may be anywhere, because mailboxes such
/// as `a..b@docomo.ne.jp` exist, and quoted strings are not accepted. RFC 6531 adds the other characters.
pub(super) fn find_cause(text: &str) -> Option<String> {
    let is_unexpected = |c| !(is_allowed_ascii(c) || is_international(c));
    if text.is_empty() {
        Some("it has nothing before the `@`".to_owned())
    } else if text.len() > MAX_BYTES {
        Some(format!(
            "the part before the `@` is longer than {MAX_BYTES} bytes"
        ))
    } else if text.chars().find(|&c| is_unexpected(c)) == Some('@') {
        Some("it has more than one `@`; send one address".to_owned())
    } else {
        find(text, 0, is_unexpected).map(|found| format!("it contains {found}"))
    }
}

fn is_allowed_ascii(c: char) -> bool {
    c.is_ascii_alphanumeric() || ".!#$%&'*+/=?^_`{|}~-".contains(c)
}

/// A character outside ASCII that is assigned, visible, and not a look-alike of punctuation such as `@` or `.`.
fn is_international(c: char) -> bool {
    use GeneralCategory::{Control, PrivateUse, Unassigned};
    let looks_like_punctuation = |c: char| {
        let normalized = NFKC.normalize(c.encode_utf8(&mut [0; 4])).into_owned();
        normalized.contains(|c: char| c.is_ascii_punctuation())
    };
    let category = GeneralCategory::for_char(c);
    !c.is_ascii()
        && is_visible(c)
        && c != char::REPLACEMENT_CHARACTER
        && !matches!(category, Control | PrivateUse | Unassigned)
        && !looks_like_punctuation(c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validation::characters::name;
    use crate::validation::rows;

    #[test]
    fn ascii_is_what_browsers_accept() {
        for text in
            "john a..b a. . .!#$%&'*+/=?^_`{|}~- jörg 用户 संपर्क \u{61}\u{301} ａ ½".split(' ')
        {
            assert_eq!(find_cause(text), None, "{text}");
        }
        let table = "
            jo hn → it contains a space at character 3
            mailto:john → it contains U+003A at character 7
            john(home) → it contains U+0028 at character 5
            \"john\" → it contains U+0022 at character 1
            jo\\hn → it contains U+005C at character 3
            a@b → it has more than one `@`; send one address
            a b@c → it contains a space at character 2
        ";
        for (text, expected) in rows(table).chain([("", "it has nothing before the `@`")]) {
            assert_eq!(find_cause(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn at_most_64_bytes() {
        for text in ["l".repeat(64), "é".repeat(32)] {
            assert_eq!(find_cause(&text), None, "{text}");
        }
        for text in ["l".repeat(65), "é".repeat(33)] {
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
            let expected = format!("it contains {} at character 2", name(c));
            assert_eq!(find_cause(&format!("a{c}")), Some(expected), "{why}");
        }
    }
}
