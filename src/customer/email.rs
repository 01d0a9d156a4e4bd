//! Email addresses: which are valid, and which are the same mailbox.

mod domain;
mod local_part;

use super::rules::{MaxLength, TextRule};
use crate::validation::ErrorCode;
use crate::validation::characters::{find, is_visible};

/// `email`. SMTP limits bytes, not characters: a path is at most 256, its brackets included (RFC 5321,
/// section 4.5.3.1.3).
pub(super) const EMAIL: TextRule =
    TextRule::new(MaxLength::Bytes(254), ErrorCode::InvalidEmail, check).not_blank();

/// One address, `local@domain` (RFC 5321, internationalised by RFC 6531), without a display name.
fn check(text: &str) -> Option<String> {
    find_cause(text).map(|cause| format!("is not a valid address: {cause}"))
}

/// Returns why the text is not an address. Reports invisible characters first; the caller cannot see them.
fn find_cause(text: &str) -> Option<String> {
    let is_forbidden = |c: char| c.is_control() || !(c == ' ' || is_visible(c) || is_joiner(c));
    let cause = if text.starts_with(' ') {
        "it starts with a space"
    } else if text.ends_with(' ') {
        "it ends with a space"
    } else if let Some(found) = find(text, 0, is_forbidden) {
        return Some(format!("it contains {found}"));
    } else if text.contains('<') && text.ends_with('>') {
        "it has a display name or angle brackets; send the address alone"
    } else if let Some((local_part, domain)) = text.rsplit_once('@') {
        let index = local_part.chars().count() + 1;
        return local_part::find_cause(local_part).or_else(|| domain::find_cause(domain, index));
    } else if let Some(found) = find(text, 0, |c| matches!(c, '\u{fe6b}' | '\u{ff20}')) {
        // NFKC changes these two characters to `@`.
        return Some(format!("it contains {found}, which is not the sign `@`"));
    } else {
        "it has no `@`"
    };
    Some(cause.to_owned())
}

/// The joiners, which some scripts need in a domain. IDNA restricts where they may be.
fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}')
}

/// A valid email address (`docs/API.md#field-rules`).
pub(crate) struct EmailAddress<'a>(pub(super) &'a str);

impl EmailAddress<'_> {
    /// Whether `other` differs in letter case alone.
    pub(crate) fn eq_ignore_case(&self, other: &str) -> bool {
        eq_ignore_case(self.0, other)
    }
}

/// Whether two texts have the same letters in the same or in different case.
///
/// The Ohm, Kelvin and Ångström signs look like letters, and Unicode lower-cases them to letters, but
/// an address with one of them is another mailbox.
fn eq_ignore_case(one: &str, other: &str) -> bool {
    let is_sign = |c| matches!(c, '\u{2126}' | '\u{212a}' | '\u{212b}');
    let mut pairs = one.chars().zip(other.chars());
    one.chars().count() == other.chars().count()
        && pairs.all(|(a, b)| {
            a == b || (!is_sign(a) && !is_sign(b) && a.to_lowercase().eq(b.to_lowercase()))
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validation::rows;

    /// What follows "is not a valid address: ".
    fn cause(text: &str) -> String {
        let error = EMAIL.check(text).expect_err(text);
        assert_eq!(error.code, ErrorCode::InvalidEmail, "{text:?}");
        let cause = error.message.strip_prefix("is not a valid address: ");
        cause.unwrap().to_owned()
    }

    #[test]
    fn accepts_real_addresses() {
        let addresses = "john@aximcommerce.com first.last+tag@example.co.uk o'neil@example.ie a@b.museum \
            x@shop.photography JOHN@EXAMPLE.COM john@1.2.3.4.example john@123.com john@4chan.7eleven \
            用户@例子.公司 jörg@müller.de JÖRG@MÜLLER.DE संपर्क@हिन्दी.भारत \
            info@государственнаядума-официальныйсайт.рф i❤@😀.la a@faß.de a@xn--mller-kva.de \
            a@XN--MLLER-KVA.de a@ශ්\u{200d}රී.com א@דוגמה.קום a..b@docomo.ne.jp a.@docomo.ne.jp";
        let longest = [
            format!("{}@example.com", "l".repeat(64)),
            format!("{}@example.com", "é".repeat(32)),
            format!("{}@example.com", "中".repeat(21)),
            format!("{}@example.com", "😀".repeat(16)),
            format!(
                "{}@{}.{}.{}.com",
                "l".repeat(60),
                "d".repeat(63),
                "d".repeat(63),
                "d".repeat(61)
            ),
        ];
        for text in addresses
            .split(' ')
            .chain(longest.iter().map(String::as_str))
        {
            assert_eq!(EMAIL.check(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn invisible_cause_is_named_first() {
        let table = "
            john@example.com  → it ends with a space
            John Doe  → it ends with a space
            john@x.co\u{200b} → it contains U+200B at character 10
            \u{202e}john@example.com → it contains U+202E at character 1
            \u{feff}john@x.co → it contains U+FEFF at character 1
            jo\thn@x.co → it contains U+0009 at character 3
            jo\u{a0}hn@x.co → it contains U+00A0 at character 3
            john@exa\u{ad}mple.com → it contains U+00AD at character 9
            john@exa\u{3000}mple.com → it contains U+3000 at character 9
            john@\u{2800}.com → it contains U+2800 at character 6
            jo\u{85}hn@x.co → it contains U+0085 at character 3
        ";
        let others = [
            (" john@example.com", "it starts with a space"),
            ("john@x.co\n", "it contains U+000A at character 10"),
        ];
        for (text, expected) in rows(table).chain(others) {
            assert_eq!(cause(text), expected, "{text:?}");
        }
    }

    #[test]
    fn text_must_be_one_address() {
        let table = "
            john → it has no `@`
            mailto:john → it has no `@`
            john＠example.com → it contains U+FF20 at character 5, which is not the sign `@`
            a﹫b.co → it contains U+FE6B at character 2, which is not the sign `@`
            é@exam_ple.com → it contains U+005F at character 7
            a<b@example.com → it contains U+003C at character 2
            a@example.com> → it contains U+003E at character 14
            John <john@example.com> → it has a display name or angle brackets; send the address alone
            <john@example.com> → it has a display name or angle brackets; send the address alone
            john@@example.com → it has more than one `@`; send one address
            a@b@example.com → it has more than one `@`; send one address
            a@example.com,b@example.com → it has more than one `@`; send one address
            a@example.com; b@example.com → it has more than one `@`; send one address
        ";
        for (text, expected) in rows(table) {
            assert_eq!(cause(text), expected, "{text}");
        }
    }

    #[test]
    fn whole_address_has_at_most_254_bytes() {
        let text = format!("a@{}.com", vec!["d".repeat(62); 4].join("."));
        assert_eq!(text.len(), 257);
        let code = |text| EMAIL.check(text).map_err(|error| error.code);
        assert_eq!(code(&text), Err(ErrorCode::TooLong));
        assert_eq!(code(""), Err(ErrorCode::Required));
    }

    fn same_mailbox(one: &str, other: &str) -> bool {
        EmailAddress(one).eq_ignore_case(other)
    }

    #[test]
    fn only_letter_case_is_ignored() {
        for (one, other) in [
            ("John@Example.com", "john@example.COM"),
            ("JÖRG@x.de", "jörg@x.de"),
            ("ΩÅ@x.gr", "ωå@x.gr"),
            ("\u{2126}@x.gr", "\u{2126}@x.gr"),
        ] {
            assert!(same_mailbox(one, other), "{one} {other}");
        }
        for (one, other) in [
            ("john@example.com", "jonn@example.com"),
            ("john@example.com", "john@example.comm"),
            // The Kelvin, Ohm and Ångström signs, and the letters that look like them.
            ("\u{212a}ate@example.com", "kate@example.com"),
            ("\u{212a}ate@example.com", "Kate@example.com"),
            ("\u{212a}k@example.com", "k\u{212a}@example.com"),
            ("\u{2126}@x.gr", "ω@x.gr"),
            ("\u{2126}@x.gr", "Ω@x.gr"),
            ("\u{212b}@x.se", "å@x.se"),
            ("\u{212b}@x.se", "Å@x.se"),
        ] {
            assert!(!same_mailbox(one, other), "{one} {other}");
            assert!(!same_mailbox(other, one), "{other} {one}");
        }
    }
}
