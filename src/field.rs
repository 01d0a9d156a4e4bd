//! What each text field may hold (contract, part 2, "Field rules").
//!
//! A rule looks at one text and knows nothing of where it stands. Lengths count Unicode scalar
//! values unless a rule says bytes.

use email_address::{EmailAddress, Options};
use rust_iso3166::from_alpha2;

use crate::fault::FaultCode;

/// The rule that a text breaks: its code, and what the text must be, as the end of a sentence that
/// starts with the field's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    pub code: FaultCode,
    pub must: String,
}

/// A field's rule. It sees every text, the empty one included, that is not read as "clear".
pub type Rule = fn(&str) -> Result<(), Broken>;

/// `firstName`, `lastName` and a metafield's `code`: not blank, up to 255.
pub fn name(text: &str) -> Result<(), Broken> {
    not_blank(text)?;
    line(text, 255)
}

/// `status`: not blank, up to 64.
pub fn status(text: &str) -> Result<(), Broken> {
    if text.trim().is_empty() {
        return broken(
            FaultCode::CannotBeCleared,
            "must not be blank; leave it out to keep it as it is",
        );
    }
    line(text, 64)
}

/// `company` and most of an address: up to 255.
pub fn line_of_255(text: &str) -> Result<(), Broken> {
    line(text, 255)
}

/// An address's `state` and `zipcode`: up to 32.
pub fn line_of_32(text: &str) -> Result<(), Broken> {
    line(text, 32)
}

/// `notes`: up to 10,000, line breaks and tabs allowed.
pub fn notes(text: &str) -> Result<(), Broken> {
    at_most(text, 10_000)?;
    if text
        .chars()
        .any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
    {
        return broken(
            FaultCode::InvalidCharacters,
            "must hold no control characters but line breaks and tabs",
        );
    }
    Ok(())
}

/// `email`: one address (RFC 5321, internationalised by RFC 6531), up to 254 bytes with a local
/// part up to 64; no display name, no IP literal, a domain with at least one dot.
pub fn email(text: &str) -> Result<(), Broken> {
    not_blank(text)?;
    if text.len() > 254 {
        return broken(FaultCode::TooLong, "must be at most 254 bytes long");
    }
    let options = Options::default()
        .with_required_tld()
        .without_display_text()
        .without_domain_literal();
    let (local_part, domain) = text.rsplit_once('@').unwrap_or((text, ""));
    // The library takes every character of a local part in a domain as well, where DNS takes few.
    let host_name = |c: char| !c.is_ascii() || c.is_ascii_alphanumeric() || c == '-' || c == '.';
    let blank = |c: char| c.is_control() || (!c.is_ascii() && c.is_whitespace());
    if text.chars().any(blank)
        || local_part.len() > 64
        || !domain.chars().all(host_name)
        || EmailAddress::parse_with_options(&with_plain_letters(text), options).is_err()
    {
        return broken(
            FaultCode::InvalidEmail,
            "must be one e-mail address such as `name@example.com`, with at most 64 bytes before the `@`",
        );
    }
    Ok(())
}

/// The same text with an `a` for each byte of what is outside ASCII. All of that may stand in an
/// address (RFC 6531), where the library knows letters and digits only, and none in quotes; so it refuses
/// the marks that Hindi and others are written with.
fn with_plain_letters(text: &str) -> String {
    let plain = |c: char| {
        if c.is_ascii() {
            (c, 1)
        } else {
            ('a', c.len_utf8())
        }
    };
    text.chars()
        .map(plain)
        .flat_map(|(c, bytes)| std::iter::repeat_n(c, bytes))
        .collect()
}

/// `phoneNumber`: up to 32; digits, spaces and `+ - . ( ) /`, then perhaps `x` or `ext` and more
/// digits; at least three digits.
pub fn phone_number(text: &str) -> Result<(), Broken> {
    at_most(text, 32)?;
    let lower = text.to_ascii_lowercase();
    let (number, extension) = match lower.split_once("ext").or_else(|| lower.split_once('x')) {
        Some((number, extension)) => (number, Some(extension.trim_start_matches(['.', ' ']))),
        None => (lower.as_str(), None),
    };
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let number_fits = number
        .chars()
        .all(|c| c.is_ascii_digit() || " +-.()/".contains(c));
    let extension_fits = extension
        .is_none_or(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()));
    if digits < 3 || !number_fits || !extension_fits {
        return broken(
            FaultCode::InvalidPhone,
            "must hold at least 3 digits, and otherwise only spaces, + - . ( ) / and an extension such as `x12`",
        );
    }
    Ok(())
}

/// An address's `country`: empty, or an assigned ISO 3166-1 alpha-2 code in capitals.
pub fn country(text: &str) -> Result<(), Broken> {
    if text.is_empty() || from_alpha2(text).is_some() {
        return Ok(());
    }
    let must = if from_alpha2(&text.to_ascii_uppercase()).is_some() {
        "must be written in capitals, such as `US`"
    } else {
        "must be an assigned ISO 3166-1 alpha-2 code such as `US`, or empty"
    };
    broken(FaultCode::InvalidCountry, must)
}

/// Whether two e-mail addresses differ by nothing but the case of letters.
///
/// A letter outside ASCII is never taken for one within: Unicode lower-cases the Kelvin sign to
/// `k`, and the two name different mailboxes.
pub fn same_email_but_for_case(one: &str, other: &str) -> bool {
    one.chars().count() == other.chars().count()
        && one.chars().zip(other.chars()).all(|(a, b)| {
            a == b || (a.is_ascii() == b.is_ascii() && a.to_lowercase().eq(b.to_lowercase()))
        })
}

fn not_blank(text: &str) -> Result<(), Broken> {
    if text.trim().is_empty() {
        return broken(FaultCode::Required, "is required and must not be blank");
    }
    Ok(())
}

fn line(text: &str, max: usize) -> Result<(), Broken> {
    at_most(text, max)?;
    if text.chars().any(char::is_control) {
        return broken(
            FaultCode::InvalidCharacters,
            "must hold no control characters such as line breaks",
        );
    }
    Ok(())
}

fn at_most(text: &str, max: usize) -> Result<(), Broken> {
    if text.chars().count() > max {
        return broken(
            FaultCode::TooLong,
            &format!("must be at most {max} characters long"),
        );
    }
    Ok(())
}

fn broken(code: FaultCode, must: &str) -> Result<(), Broken> {
    Err(Broken {
        code,
        must: must.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(rule: Rule, text: &str) -> Option<FaultCode> {
        rule(text).err().map(|broken| broken.code)
    }

    #[test]
    fn names_are_up_to_255_scalar_values_and_not_blank() {
        for text in [
            "J",
            "Zoë",
            "李",
            "O'Neil-Smith",
            &"é".repeat(255),
            " padded ",
        ] {
            assert_eq!(code(name, text), None, "{text}");
        }
        for text in ["", " ", "\u{a0}", "\t"] {
            assert_eq!(code(name, text), Some(FaultCode::Required), "{text:?}");
        }
        assert_eq!(code(name, &"é".repeat(256)), Some(FaultCode::TooLong));
        for text in ["a\nb", "a\u{0}", "a\u{7f}", "a\u{85}b"] {
            assert_eq!(
                code(name, text),
                Some(FaultCode::InvalidCharacters),
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_status_is_up_to_64_and_never_blank() {
        assert_eq!(code(status, &"s".repeat(64)), None);
        assert_eq!(code(status, &"s".repeat(65)), Some(FaultCode::TooLong));
        assert_eq!(code(status, ""), Some(FaultCode::CannotBeCleared));
        assert_eq!(code(status, "  "), Some(FaultCode::CannotBeCleared));
        assert_eq!(code(status, "a\tb"), Some(FaultCode::InvalidCharacters));
    }

    #[test]
    fn only_notes_may_hold_line_breaks_and_tabs() {
        assert_eq!(code(notes, "one\r\n\ttwo"), None);
        assert_eq!(
            code(notes, "bell \u{7}"),
            Some(FaultCode::InvalidCharacters)
        );
        assert_eq!(code(notes, &"n".repeat(10_000)), None);
        assert_eq!(code(notes, &"n".repeat(10_001)), Some(FaultCode::TooLong));
        assert_eq!(
            code(line_of_255, "one\ttwo"),
            Some(FaultCode::InvalidCharacters)
        );
        assert_eq!(
            code(line_of_255, &"c".repeat(256)),
            Some(FaultCode::TooLong)
        );
        assert_eq!(code(line_of_32, &"z".repeat(32)), None);
        assert_eq!(code(line_of_32, &"z".repeat(33)), Some(FaultCode::TooLong));
    }

    #[test]
    fn real_email_addresses_are_valid() {
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
            assert_eq!(code(email, text), None, "{text}");
        }
    }

    #[test]
    fn what_is_not_one_email_address_is_refused() {
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
            assert_eq!(code(email, text), Some(FaultCode::InvalidEmail), "{text:?}");
        }
        let text = format!("a@{}.com", vec!["d".repeat(62); 4].join("."));
        assert_eq!(text.len(), 257);
        assert_eq!(code(email, &text), Some(FaultCode::TooLong));
        assert_eq!(code(email, ""), Some(FaultCode::Required));
    }

    #[test]
    fn phone_numbers_are_digits_punctuation_and_an_extension() {
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
            &"1".repeat(32),
        ] {
            assert_eq!(code(phone_number, text), None, "{text}");
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
                code(phone_number, text),
                Some(FaultCode::InvalidPhone),
                "{text:?}"
            );
        }
        assert_eq!(
            code(phone_number, &"1".repeat(33)),
            Some(FaultCode::TooLong)
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
    fn a_lower_case_country_code_is_refused_with_a_hint() {
        for text in ["us", "uS"] {
            assert_eq!(
                country(text).unwrap_err().must,
                "must be written in capitals, such as `US`"
            );
        }
        for text in ["USA", "XK", "uk", " US", "É", "U", "840"] {
            let said = country(text).unwrap_err();
            assert_eq!(said.code, FaultCode::InvalidCountry);
            assert!(said.must.contains("assigned"), "{text}");
        }
    }

    #[test]
    fn only_letter_case_keeps_an_email_the_same() {
        assert!(same_email_but_for_case(
            "John@Example.com",
            "john@example.COM"
        ));
        assert!(same_email_but_for_case("JÖRG@x.de", "jörg@x.de"));
        assert!(!same_email_but_for_case(
            "john@example.com",
            "jonn@example.com"
        ));
        assert!(!same_email_but_for_case(
            "john@example.com",
            "john@example.comm"
        ));
        assert!(!same_email_but_for_case(
            "\u{212a}ate@example.com",
            "kate@example.com"
        ));
        assert!(!same_email_but_for_case(
            "\u{212a}k@example.com",
            "k\u{212a}@example.com"
        ));
    }
}
