//! Email addresses: which are valid, and which are the same mailbox.

use email_address::{EmailAddress, Options};

use super::rules::{MaxLength, TextRule, Violation, violation};
use crate::validation::ErrorCode;

/// `email`. SMTP limits bytes, not characters: a path is at most 256, its brackets included (RFC 5321,
/// section 4.5.3.1.3).
pub const EMAIL: TextRule = TextRule::new(MaxLength::Bytes(254), check).not_blank();

/// RFC 5321, section 4.5.3.1.1.
const MAX_LOCAL_PART_BYTES: usize = 64;

/// One address (RFC 5321, internationalised by RFC 6531) without a display name and with a domain
/// that has at least one dot and is not an IP address literal.
fn check(text: &str) -> Result<(), Violation> {
    let options = Options::default()
        .with_required_tld()
        .without_display_text()
        .without_domain_literal();
    let (local_part, domain) = text.rsplit_once('@').unwrap_or((text, ""));
    // The library allows every character of a local part in a domain as well; DNS does not.
    let in_domain = |c: char| !c.is_ascii() || c.is_ascii_alphanumeric() || c == '-' || c == '.';
    let invisible = |c: char| c.is_control() || (!c.is_ascii() && c.is_whitespace());
    if text.chars().any(invisible)
        || local_part.len() > MAX_LOCAL_PART_BYTES
        || !domain.chars().all(in_domain)
        || EmailAddress::parse_with_options(&replace_non_ascii(text), options).is_err()
    {
        return violation(
            ErrorCode::InvalidEmail,
            "must be one email address such as `name@example.com`, with at most 64 bytes before the `@`",
        );
    }
    Ok(())
}

/// The text with an `a` for each byte outside ASCII. RFC 6531 allows every non-ASCII character; the
/// library allows letters and digits only, and none in quotes, and so would reject the marks of
/// Devanagari.
fn replace_non_ascii(text: &str) -> String {
    text.bytes()
        .map(|byte| if byte.is_ascii() { byte as char } else { 'a' })
        .collect()
}

/// Whether two addresses differ in letter case alone.
///
/// A letter outside ASCII never equals one within: Unicode lower-cases the Kelvin sign to `k`, but
/// the two are different mailboxes.
pub fn emails_eq_ignore_case(one: &str, other: &str) -> bool {
    one.chars().count() == other.chars().count()
        && one.chars().zip(other.chars()).all(|(a, b)| {
            a == b || (a.is_ascii() == b.is_ascii() && a.to_lowercase().eq(b.to_lowercase()))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(rule: TextRule, text: &str) -> Option<ErrorCode> {
        rule.check(text).err().map(|violation| violation.code)
    }

    #[test]
    fn accepts_real_addresses() {
        for text in [
            "john@aximcommerce.com",
            "first.last+tag@example.co.uk",
            "o'neil@example.ie",
            "a@b.museum",
            "x@shop.photography",
            "用户@例子.公司",
            "jörg@müller.de",
            "संपर्क@हिन्दी.भारत",
            "i❤@😀.la",
            "a@xn--mller-kva.de",
            "\"quoted part\"@example.com",
            "\"é\"@x.co",
            "\"jörg müller\"@müller.de",
            &format!("{}@example.com", "l".repeat(64)),
            &format!("{}@example.com", "é".repeat(32)),
            &format!("{}@example.com", "中".repeat(21)),
            &format!("{}@example.com", "😀".repeat(16)),
            &format!(
                "{}@{}.{}.{}.com",
                "l".repeat(60),
                "d".repeat(63),
                "d".repeat(63),
                "d".repeat(61)
            ),
        ] {
            assert_eq!(code(EMAIL, text), None, "{text}");
        }
    }

    #[test]
    fn rejects_everything_but_one_address() {
        for text in [
            "john",
            "john@",
            "@example.com",
            "john@example",
            "john@@example.com",
            "a@b@example.com",
            "John <john@example.com>",
            "<john@example.com>",
            "john@[127.0.0.1]",
            "john@[IPv6:::1]",
            "john@example..com",
            "john@.example.com",
            "john@example.com.",
            "john@-example.com",
            "john@example-.com",
            ".john@example.com",
            "john.@example.com",
            "jo..hn@example.com",
            "jo hn@example.com",
            "john@exa mple.com",
            " john@example.com",
            "john@example.com ",
            "a@example.com,b@example.com",
            "john@example.com\n",
            "john@exam_ple.com",
            "jo\u{a0}hn@example.com",
            "john@exam\u{3000}ple.com",
            "mailto:john",
            &format!("{}@example.com", "l".repeat(65)),
        ] {
            assert_eq!(code(EMAIL, text), Some(ErrorCode::InvalidEmail), "{text:?}");
        }
        let text = format!("a@{}.com", vec!["d".repeat(62); 4].join("."));
        assert_eq!(text.len(), 257);
        assert_eq!(code(EMAIL, &text), Some(ErrorCode::TooLong));
        assert_eq!(code(EMAIL, ""), Some(ErrorCode::Required));
    }

    #[test]
    fn only_letter_case_is_ignored() {
        assert!(emails_eq_ignore_case(
            "John@Example.com",
            "john@example.COM"
        ));
        assert!(emails_eq_ignore_case("JÖRG@x.de", "jörg@x.de"));
        assert!(!emails_eq_ignore_case(
            "john@example.com",
            "jonn@example.com"
        ));
        assert!(!emails_eq_ignore_case(
            "john@example.com",
            "john@example.comm"
        ));
        assert!(!emails_eq_ignore_case(
            "\u{212a}ate@example.com",
            "kate@example.com"
        ));
        assert!(!emails_eq_ignore_case(
            "\u{212a}k@example.com",
            "k\u{212a}@example.com"
        ));
    }
}
