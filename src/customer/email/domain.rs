//! The part of an email address after the `@`.

use idna::AsciiDenyList;
use idna::uts46::{DnsLength, Hyphens, Uts46, verify_dns_length};

use super::{eq_ignore_case, is_joiner};
use crate::validation::characters::{find, is_visible};

const UTS46: Uts46 = Uts46::new();
const DENIED: AsciiDenyList = AsciiDenyList::STD3;

/// Allow `ab--c`: registries refuse it, but host names contain it.
const HYPHENS: Hyphens = Hyphens::CheckFirstLast;

/// Returns why the domain is invalid; `None` if it has two labels or more and UTS 46 changes only its
/// case. `index` is the position of its first character in the address, from 0.
pub(super) fn find_cause(text: &str, index: usize) -> Option<String> {
    let labels: Vec<_> = text.split('.').collect();
    let has_label = |is_wrong: fn(&str) -> bool| labels.iter().any(|label| is_wrong(label));
    let is_unexpected = |c: char| c.is_ascii() && !(c.is_ascii_alphanumeric() || "-.".contains(c));
    let is_number = |label: &&str| label.chars().all(char::is_numeric);
    let cause = if text.is_empty() {
        "it has nothing after the `@`"
    } else if text.starts_with('[') {
        "the domain must be a name, not an IP address in brackets"
    } else if let Some(found) = find(text, index, is_unexpected) {
        return Some(format!("it contains {found}"));
    } else if has_label(str::is_empty) {
        "in the domain, a dot must be between two other characters"
    } else if has_label(|label| label.starts_with('-') || label.ends_with('-')) {
        "no part of the domain may start or end with a hyphen"
    } else if let Some(ascii) = to_ascii(text) {
        if labels.len() < 2 {
            "the domain needs at least one dot, as in `example.com`"
        } else if !verify_dns_length(&ascii, false) {
            "the domain's ASCII form has more than 253 bytes, or more than 63 in one part"
        } else if labels.last().is_some_and(is_number) {
            "the domain's last part must not be a number"
        } else {
            return None;
        }
    } else if let Some(found) = find(text, index, |c| !may_be_in_domain(c)) {
        return Some(format!("it contains {found}, which no domain may contain"));
    } else if has_label(|label| is_punycode(label) && to_ascii(label).is_none()) {
        "a part of the domain that starts with `xn--` is not valid Punycode"
    } else if map_to_ascii(text).is_some() {
        "the domain must be in Unicode's composed form (NFC)"
    } else {
        "the domain is not a valid internationalised name (UTS 46)"
    };
    Some(cause.to_owned())
}

/// Whether the character is allowed in a label. Joiners are, in the right place.
fn may_be_in_domain(c: char) -> bool {
    // Try the character alone, after a Latin and after a Hebrew letter: marks and right-to-left digits
    // are valid only there.
    let labels = || ["", "a", "\u{5d0}"].map(|before| format!("{before}{c}"));
    c.is_ascii() || is_joiner(c) || labels().iter().any(|label| to_ascii(label).is_some())
}

/// The ASCII form of a domain that is valid and that UTS 46 changes in letter case only.
fn to_ascii(text: &str) -> Option<String> {
    let (unicode, _) = UTS46.to_unicode(text.as_bytes(), DENIED, HYPHENS);
    let is_visible = unicode.chars().all(|c| is_visible(c) || is_joiner(c));
    let ascii = map_to_ascii(text)?;
    // A label in Punycode equals any label.
    let eq = |(one, other)| is_punycode(one) || eq_ignore_case(one, other);
    let (one, other) = (text.split('.'), unicode.split('.'));
    let is_same = one.clone().count() == other.clone().count() && one.zip(other).all(eq);
    (is_visible && is_same).then_some(ascii)
}

/// The ASCII form of a domain that is valid after UTS 46 has mapped it.
fn map_to_ascii(text: &str) -> Option<String> {
    let ascii = UTS46.to_ascii(text.as_bytes(), DENIED, HYPHENS, DnsLength::Ignore);
    Some(ascii.ok()?.into_owned())
}

fn is_punycode(label: &str) -> bool {
    let start = label.get(..4);
    start.is_some_and(|start| start.eq_ignore_ascii_case("xn--"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validation::rows;

    #[test]
    fn domain_has_two_labels_of_letters_digits_and_hyphens() {
        let valid = "example.com EXAMPLE.Com a-b.c-d.e ab--c.com éa--c.com 1.2.3.a4 müller.de MÜLLER.DE ꭰ.us \
            xn--mller-kva.de 例子.公司 קום.דוגמה مثال١.إختبار ශ්\u{200d}රී.com";
        for text in valid.split(' ') {
            assert_eq!(find_cause(text, 0), None, "{text}");
        }
        let table = "
            [127.0.0.1] → the domain must be a name, not an IP address in brackets
            [IPv6:::1] → the domain must be a name, not an IP address in brackets
            localhost → the domain needs at least one dot, as in `example.com`
            1.2.3.4 → the domain's last part must not be a number
            example.5 → the domain's last part must not be a number
            b.१२३ → the domain's last part must not be a number
            example..com → in the domain, a dot must be between two other characters
            .example.com → in the domain, a dot must be between two other characters
            example.com. → in the domain, a dot must be between two other characters
            -example.com → no part of the domain may start or end with a hyphen
            example-.com → no part of the domain may start or end with a hyphen
            exam_ple.com → it contains U+005F at character 5
            exam ple.com → it contains a space at character 5
            example.com:25 → it contains U+003A at character 12
        ";
        for (text, expected) in rows(table).chain([("", "it has nothing after the `@`")]) {
            assert_eq!(find_cause(text, 0).as_deref(), Some(expected), "{text}");
        }
        let found = find_cause("a b.c", 5);
        assert_eq!(found.as_deref(), Some("it contains a space at character 7"));
    }

    #[test]
    fn character_that_idna_would_map_is_named() {
        for (text, c, position) in [
            ("ex\u{2024}ample.com", "U+2024", 3),
            ("\u{2100}.com", "U+2100", 1),
            ("example\u{3002}com", "U+3002", 8),
            ("example\u{ff0e}com", "U+FF0E", 8),
            ("\u{ff45}xample.com", "U+FF45", 1),
            ("stra\u{17f}e.de", "U+017F", 5),
            ("\u{212a}.com", "U+212A", 1),
            ("\u{2126}.gr", "U+2126", 1),
            ("\u{212b}.se", "U+212B", 1),
            ("a.\u{e000}", "U+E000", 3),
            ("a.\u{378}", "U+0378", 3),
        ] {
            let expected =
                format!("it contains {c} at character {position}, which no domain may contain");
            assert_eq!(find_cause(text, 0), Some(expected), "{text}");
        }
    }

    #[test]
    fn labels_are_valid_together() {
        let name = "the domain is not a valid internationalised name (UTS 46)";
        let composed = "the domain must be in Unicode's composed form (NFC)";
        let punycode = "a part of the domain that starts with `xn--` is not valid Punycode";
        for (text, expected) in [
            // A joiner in the wrong place, a leading mark, and both writing directions in one label.
            ("a\u{200d}b.com", name),
            ("\u{301}a.com", name),
            ("aא.com", name),
            ("mu\u{308}ller.de", composed),
            ("xn--a.com", punycode),
            ("xn--\u{e9}.com", punycode),
            ("xn--a-ecp.ru.com", punycode),
        ] {
            assert_eq!(find_cause(text, 0).as_deref(), Some(expected), "{text:?}");
        }
    }

    #[test]
    fn lengths_count_bytes_of_the_ascii_form() {
        let long = "государственнаядума-официальныйсайт";
        assert!(long.len() > 63);
        assert_eq!(find_cause(&format!("{long}.рф"), 0), None);
        assert_eq!(find_cause(&format!("{}.com", "d".repeat(63)), 0), None);
        // Punycode needs three bytes for each of these 20 characters.
        let distant: String = ('\u{4e00}'..).step_by(997).take(20).collect();
        // 32 labels of 8 bytes with their dots: `xn--tda`.
        let labels = |count| vec!["ü"; count].join(".");
        assert_eq!(find_cause(&labels(31), 0), None);
        let expected =
            "the domain's ASCII form has more than 253 bytes, or more than 63 in one part";
        for text in [
            format!("{}.com", "d".repeat(64)),
            format!("{distant}.com"),
            labels(32),
        ] {
            assert_eq!(find_cause(&text, 0).as_deref(), Some(expected), "{text}");
        }
    }
}
