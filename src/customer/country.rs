//! Country codes.

use rust_iso3166::{from_alpha2, from_alpha3, from_numeric_str};

use super::rules::{MaxLength, TextRule};
use crate::validation::ErrorCode;
use crate::validation::characters::is_visible;

/// An address's `country`. Its check bounds the length.
pub(super) const COUNTRY: TextRule =
    TextRule::new(MaxLength::None, ErrorCode::InvalidCountry, check);

/// Codes in use that ISO 3166-1 has not assigned: Kosovo, Ascension Island and Tristan da Cunha.
const ALSO_USED: [&str; 3] = ["XK", "AC", "TA"];

/// One code in capitals.
fn check(text: &str) -> Option<String> {
    if is_code(text) {
        return None;
    }
    let hint = match suggest(text) {
        Some(code) => format!("; did you mean `{code}`?"),
        None => ", such as `US`".to_owned(),
    };
    Some(format!(
        "must be empty or an ISO 3166-1 alpha-2 code in capitals{hint}"
    ))
}

fn is_code(text: &str) -> bool {
    from_alpha2(text).is_some() || ALSO_USED.contains(&text)
}

/// The code of the country that the text names in another case, with padding or by another code.
fn suggest(text: &str) -> Option<String> {
    let text = text.trim_matches(|c| !is_visible(c)).to_ascii_uppercase();
    let country = || from_alpha3(&text).or_else(|| from_numeric_str(&text));
    let code = match text.as_str() {
        code if is_code(code) => code,
        // Other lists have these codes for the United Kingdom and Greece.
        "UK" => "GB",
        "EL" => "GR",
        _ => country()?.alpha2,
    };
    Some(code.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn exactly_the_assigned_codes_and_three_others_are_valid() {
        let mut valid = Vec::new();
        for first in 'A'..='Z' {
            for second in 'A'..='Z' {
                let text = format!("{first}{second}");
                if COUNTRY.check(&text).is_ok() {
                    valid.push(text);
                }
            }
        }
        let mut expected: Vec<_> = ASSIGNED.split_whitespace().collect();
        assert_eq!(expected.len(), 249);
        expected.extend(ALSO_USED);
        expected.sort_unstable();
        assert_eq!(valid, expected);
        assert_eq!(COUNTRY.check(""), Ok(()));
    }

    #[test]
    fn message_suggests_the_code_of_the_same_country() {
        for (text, code) in [
            ("us", "US"),
            ("uS", "US"),
            (" US", "US"),
            ("US\u{200b}", "US"),
            ("xk", "XK"),
            ("UK", "GB"),
            ("uk ", "GB"),
            ("EL", "GR"),
            ("USA", "US"),
            ("deu", "DE"),
            ("840", "US"),
            ("036", "AU"),
        ] {
            let error = COUNTRY.check(text).unwrap_err();
            assert_eq!(error.code, ErrorCode::InvalidCountry);
            assert_eq!(
                error.message,
                format!(
                    "must be empty or an ISO 3166-1 alpha-2 code in capitals; did you mean `{code}`?"
                )
            );
        }
    }

    #[test]
    fn message_suggests_nothing_for_another_text() {
        for text in "United States|EU|ZZ|É|U|U S|36|+36|999|ＵＳ| ".split('|') {
            let error = COUNTRY.check(text).unwrap_err();
            assert_eq!(error.code, ErrorCode::InvalidCountry);
            let expected = "must be empty or an ISO 3166-1 alpha-2 code in capitals, such as `US`";
            assert_eq!(error.message, expected, "{text}");
        }
    }
}
