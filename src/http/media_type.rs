//! Media types (RFC 9110, section 8.3.1).

/// A media type: what `Content-Type` says about the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaType {
    /// Type, slash and subtype, as sent.
    essence: String,
    /// The value of each `charset` parameter, without quotes and escapes.
    charsets: Vec<Vec<u8>>,
}

/// Why a header's value is not one media type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvalidMediaType {
    Malformed,
    /// A list. API Gateway joins the values of two headers with a comma.
    Several,
}

impl MediaType {
    /// Parses a header's value: every spelling that the RFC allows, also white space around `;` and
    /// empty parameters.
    pub fn parse(value: &[u8]) -> Result<Self, InvalidMediaType> {
        let malformed = InvalidMediaType::Malformed;
        let mut rest = Rest(value);
        rest.skip_white_space();
        let mut media_type = Self {
            essence: rest.essence().ok_or(malformed)?,
            charsets: Vec::new(),
        };
        loop {
            rest.skip_white_space();
            match rest.next() {
                None => return Ok(media_type),
                Some(b',') => return Err(InvalidMediaType::Several),
                Some(b';') => rest.skip_white_space(),
                Some(_) => return Err(malformed),
            }
            // Without a name, the parameter is empty.
            if let Some(name) = rest.token() {
                let value = rest.parameter_value().ok_or(malformed)?;
                if name.eq_ignore_ascii_case(b"charset") {
                    media_type.charsets.push(value);
                }
            }
        }
    }

    pub fn is_json(&self) -> bool {
        self.essence.eq_ignore_ascii_case("application/json")
    }

    /// Whether every `charset` is UTF-8, or there is none. JSON is UTF-8 without one (RFC 8259).
    pub fn is_utf_8(&self) -> bool {
        self.charsets.iter().all(|charset| {
            charset.eq_ignore_ascii_case(b"utf-8") || charset.eq_ignore_ascii_case(b"utf8")
        })
    }
}

/// What is left to parse.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn skip_white_space(&mut self) {
        while let [b' ' | b'\t', rest @ ..] = self.0 {
            self.0 = rest;
        }
    }

    fn token(&mut self) -> Option<&'a [u8]> {
        let end = self.0.iter().position(|byte| !is_token_byte(*byte));
        let (token, rest) = self.0.split_at(end.unwrap_or(self.0.len()));
        self.0 = rest;
        (!token.is_empty()).then_some(token)
    }

    fn essence(&mut self) -> Option<String> {
        let kind = self.token()?;
        self.next().filter(|byte| *byte == b'/')?;
        let subtype = self.token()?;
        String::from_utf8([kind, b"/", subtype].concat()).ok()
    }

    /// `=` and a token or a quoted string, without quotes and escapes.
    fn parameter_value(&mut self) -> Option<Vec<u8>> {
        self.next().filter(|byte| *byte == b'=')?;
        if let Some(token) = self.token() {
            return Some(token.to_vec());
        }
        self.next().filter(|byte| *byte == b'"')?;
        let mut value = Vec::new();
        loop {
            match self.next()? {
                b'"' => return Some(value),
                b'\\' => value.push(self.next()?),
                byte => value.push(byte),
            }
        }
    }
}

/// `tchar` (RFC 9110, section 5.6.2).
pub fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_json_in_utf_8_passes() {
        for value in [
            "application/json",
            "Application/JSON",
            " application/json\t",
            "application/json;charset=utf-8",
            "application/json; charset=UTF-8",
            "application/json ; charset=utf-8",
            "application/json\t;\tcharset=utf-8 ",
            "application/json; Charset=utf8",
            "application/json; charset=\"utf-8\"",
            "application/json; charset=\"UT\\F-8\"",
            "application/json; charset=utf-8; charset=\"utf8\"",
            "application/json;",
            "application/json;;",
            "application/json; ; charset=utf-8 ;",
            "application/json; profile=x",
            "application/json; profile=\"a;b,c\\\"d\\\\\"; charset=utf-8",
            "application/json; profile=\"\"",
            "application/json; a=\"\u{e9}\"",
        ] {
            let media_type = MediaType::parse(value.as_bytes()).unwrap();
            assert!(media_type.is_json() && media_type.is_utf_8(), "{value}");
        }
    }

    #[test]
    fn other_media_types_are_not_json() {
        for value in [
            "text/json",
            "application/jsonp",
            "application/problem+json",
            "application/xml; charset=utf-8",
            "*/*",
        ] {
            let media_type = MediaType::parse(value.as_bytes()).unwrap();
            assert!(!media_type.is_json(), "{value}");
        }
    }

    #[test]
    fn other_charsets_are_not_utf_8() {
        for value in [
            "application/json; charset=latin1",
            "application/json; charset=utf-16",
            "application/json; charset=\"\"",
            "application/json; charset=\" utf-8\"",
            "application/json; charset=utf-8; charset=latin1",
            "application/json; charset=latin1; charset=utf-8",
        ] {
            let media_type = MediaType::parse(value.as_bytes()).unwrap();
            assert!(media_type.is_json() && !media_type.is_utf_8(), "{value}");
        }
    }

    #[test]
    fn lists_and_malformed_values_are_rejected() {
        for value in [
            "application/json, application/json",
            "application/json,text/plain",
            "application/json; charset=utf-8 ,application/json",
        ] {
            let parsed = MediaType::parse(value.as_bytes());
            assert_eq!(parsed, Err(InvalidMediaType::Several), "{value}");
        }
        for value in [
            "",
            "json",
            "application/",
            "/json",
            "application /json",
            "application/json charset=utf-8",
            "application/json; charset",
            "application/json; charset=",
            "application/json; charset =utf-8",
            "application/json; charset= utf-8",
            "application/json; =utf-8",
            "application/json; charset=\"utf-8",
            "application/json; charset=\"utf-8\\",
            "application/json; charset=\"utf-8\"x",
            "application/json; charset=(utf-8)",
            ", application/json",
            ";",
        ] {
            let parsed = MediaType::parse(value.as_bytes());
            assert_eq!(parsed, Err(InvalidMediaType::Malformed), "{value}");
        }
    }
}
