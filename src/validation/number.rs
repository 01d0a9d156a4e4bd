//! Decimal numbers as text: which of them DynamoDB can hold, and which are equal.
//!
//! DynamoDB holds 38 significant digits and magnitudes from 1e-130 to 9.99…e125 (DynamoDB Developer
//! Guide, "Number"; `docs/API.md#metafield-values`). It trims leading and trailing zeros, so that
//! `1.50` comes back as `1.5`.

use std::borrow::Cow;
use std::num::{IntErrorKind, ParseIntError};

const SIGNIFICANT_DIGITS: usize = 38;
const EXPONENTS: std::ops::RangeInclusive<i64> = -130..=125;

/// Up to this length in bytes a number keeps its notation; a longer one is written with an exponent.
pub(crate) const MAX_VERBATIM_LEN: usize = 64;

/// A decimal number in normal form: equal numbers are equal values of this type.
///
/// The number is `d.ddd × 10^exponent`, where `digits` starts and ends with a digit other than
/// zero. Zero has no digits, no sign and the exponent 0.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Decimal {
    negative: bool,
    digits: String,
    exponent: i64,
}

impl Decimal {
    /// Reads JSON notation, and also a leading `+`, a bare `.5` and leading zeros, which other writers
    /// may have stored. Returns `None` when `text` is not a decimal number.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
        let parts = unsigned.split_once(['e', 'E']);
        let (mantissa, exponent) = parts.unwrap_or((unsigned, "0"));
        let exponent = parse_exponent(exponent)?;
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        // Most numbers are whole, and a body can hold 200,000 of them.
        let all = match fraction {
            "" => Cow::Borrowed(whole),
            _ => Cow::Owned([whole, fraction].concat()),
        };
        if all.is_empty() || !all.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }

        let leading_zeros = all.len() - all.trim_start_matches('0').len();
        if leading_zeros == all.len() {
            return Some(Self::default());
        }
        let significant = leading_zeros..all.trim_end_matches('0').len();
        // Distance of the first significant digit from the units digit.
        let places = whole.len() as i64 - leading_zeros as i64 - 1;
        Some(Self {
            negative: text.starts_with('-'),
            digits: all[significant].to_owned(),
            exponent: exponent.saturating_add(places),
        })
    }
}

/// Scientific notation in JSON's syntax, such as `-1.5e7`.
impl std::fmt::Display for Decimal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.digits.is_empty() {
            return f.write_str("0");
        }
        let (first, rest) = self.digits.split_at(1);
        let sign = if self.negative { "-" } else { "" };
        let point = if rest.is_empty() { "" } else { "." };
        write!(f, "{sign}{first}{point}{rest}")?;
        match self.exponent {
            0 => Ok(()),
            exponent => write!(f, "e{exponent}"),
        }
    }
}

/// Whether DynamoDB can store this JSON number exactly.
pub(crate) fn fits_dynamodb(text: &str) -> bool {
    // Fast path: a number this short cannot have more than 38 digits.
    (text.len() <= SIGNIFICANT_DIGITS && is_plain(text))
        || Decimal::parse(text).is_some_and(|decimal| {
            decimal.digits.len() <= SIGNIFICANT_DIGITS && EXPONENTS.contains(&decimal.exponent)
        })
}

/// Whether a JSON number other than zero has no exponent.
fn is_plain(text: &str) -> bool {
    let mut digits = text.bytes();
    !text.contains(['e', 'E']) && digits.any(|byte| matches!(byte, b'1'..=b'9'))
}

/// Whether two texts are the same number in any notation.
pub(crate) fn equal(one: &str, other: &str) -> bool {
    one == other || normal(one) == normal(other)
}

/// The one text of all notations of a number. Another text stays as it is.
pub(crate) fn normal(text: &str) -> String {
    Decimal::parse(text).map_or_else(|| text.to_owned(), |decimal| decimal.to_string())
}

/// The whole part of a number; `None` for a negative number, a part above 2^64 - 1, and another text.
pub(crate) fn whole_part(text: &str) -> Option<u64> {
    const MAX_DIGITS: i64 = 20;
    let number = Decimal::parse(text)?;
    if number.negative || number.exponent >= MAX_DIGITS {
        return None;
    }
    // A number below 1 has no digit before the decimal point.
    let length = usize::try_from(number.exponent + 1).unwrap_or(0);
    let padded = format!("0{:0<length$}", number.digits);
    padded.get(..=length)?.parse().ok()
}

/// The text to send to DynamoDB: the caller's text when it is in plain notation, otherwise normal form.
///
/// A number within DynamoDB's limits can be written with an exponent beyond them, such as `0e500` or
/// `0.001e128`.
pub(crate) fn to_dynamodb(text: &str) -> Cow<'_, str> {
    if text.len() <= MAX_VERBATIM_LEN && is_plain(text) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(normal(text))
}

/// Exponents beyond `i64` saturate: all of them are out of range.
fn parse_exponent(text: &str) -> Option<i64> {
    match text.parse().map_err(|error: ParseIntError| *error.kind()) {
        Ok(exponent) => Some(exponent),
        Err(IntErrorKind::PosOverflow) => Some(i64::MAX),
        Err(IntErrorKind::NegOverflow) => Some(-i64::MAX),
        Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_38_significant_digits_and_rejects_39() {
        let digits = "12345678901234567890123456789012345678";
        assert!(fits_dynamodb(digits));
        assert!(fits_dynamodb(&format!("-0.000{digits}000")));
        assert!(!fits_dynamodb(&format!("{digits}9")));
        assert!(
            fits_dynamodb(&format!("{digits}000")),
            "zeros at the end are not significant"
        );
    }

    #[test]
    fn accepts_magnitudes_from_1e_minus_130_to_below_1e126() {
        for text in
            "1e-130 -1e-130 9.9999999999999999999999999999999999999e125 0 0e999 10e-131".split(' ')
        {
            assert!(fits_dynamodb(text), "{text}");
        }
        for text in
            "1e126 -1e126 9.9e-131 1e300 1e99999999999999999999 1e-99999999999999999999".split(' ')
        {
            assert!(!fits_dynamodb(text), "{text}");
        }
    }

    #[test]
    fn equal_ignores_notation() {
        for (one, other) in [
            ("1e2", "100"),
            ("1.50", "1.5"),
            ("-0.0", "0"),
            ("1E+2", "0.1e3"),
            ("12548", "12548"),
            ("0.05", "5e-2"),
        ] {
            assert!(equal(one, other), "{one} = {other}");
        }
        for (one, other) in [("1", "-1"), ("1", "10"), ("0.1", "0.10000000000000000001")] {
            assert!(!equal(one, other), "{one} ≠ {other}");
        }
    }

    #[test]
    fn whole_part_cuts_a_fraction_off() {
        for (text, whole) in [
            ("0", Some(0)),
            ("-0", Some(0)),
            ("7", Some(7)),
            ("7.999", Some(7)),
            ("0.5", Some(0)),
            ("1e-130", Some(0)),
            ("1.2e1", Some(12)),
            ("1e19", Some(10_000_000_000_000_000_000)),
            ("18446744073709551615", Some(u64::MAX)),
            ("18446744073709551616", None),
            ("1e20", None),
            ("1e99999999999999999999", None),
            ("-1", None),
            ("-0.5", None),
            ("x", None),
        ] {
            assert_eq!(whole_part(text), whole, "{text}");
        }
    }

    #[test]
    fn parse_rejects_non_numbers() {
        for text in [
            "", "-", ".", "e5", "1e", "1e+", "1.2.3", "0x10", "NaN", "１",
        ] {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
    }

    #[test]
    fn to_dynamodb_keeps_plain_notation_and_normalises_the_rest() {
        for text in "1.50 -12548 0.05 12345678901234567890123456789012345678".split(' ') {
            assert_eq!(to_dynamodb(text), text);
        }
        for (text, shortest) in [
            ("-0", "0"),
            ("0e500", "0"),
            ("0.001e128", "1e125"),
            ("10E1", "1e2"),
        ] {
            assert_eq!(to_dynamodb(text), shortest);
        }
        assert_eq!(to_dynamodb(&format!("-1.5{}", "0".repeat(200))), "-1.5");
        assert_eq!(to_dynamodb(&format!("25{}", "0".repeat(100))), "2.5e101");
    }
}
