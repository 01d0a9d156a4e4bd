//! The access token as the caller sends it, and the hash under which it is stored.

use std::fmt;

use lambda_http::http::HeaderMap;
use sha2::{Digest, Sha256};

use crate::error::Error;

const HEADER: &str = "accesstoken";

/// SHA-256 of a token. Only this form leaves the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// The hash of no token: nobody knows a text with this SHA-256.
    pub const NONE: Self = Self([0; 32]);

    pub fn of(token: &str) -> Self {
        Self(Sha256::digest(token).into())
    }

    /// The key of the token's record (`docs/API.md#stored-data`): 64 lower-case hex digits.
    pub fn to_hex(self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// A token as the caller sent it. `Debug` does not show it.
pub struct AccessToken(String);

impl AccessToken {
    /// Reads the one `accessToken` header: a bare token, or `Bearer <token>` with the scheme in any
    /// case (`docs/API.md#access-token`).
    ///
    /// # Errors
    ///
    /// [`Error::TokenMissing`] when the header is absent or empty. [`Error::TokenInvalid`] for two
    /// values, another scheme, or characters that no token contains. Gateways join two headers with
    /// a comma, so a comma means two values.
    pub fn from_headers(headers: &HeaderMap) -> Result<Self, Error> {
        let mut values = headers.get_all(HEADER).iter();
        let value = values.next().ok_or(Error::TokenMissing)?;
        if values.next().is_some() {
            return Err(Error::TokenInvalid);
        }
        let value = value.to_str().map_err(|_| Error::TokenInvalid)?.trim();
        let token = match value.split_once([' ', '\t']) {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim_start(),
            Some(_) => return Err(Error::TokenInvalid),
            None if value.eq_ignore_ascii_case("bearer") => "",
            None => value,
        };
        if token.is_empty() {
            return Err(Error::TokenMissing);
        }
        let valid = |byte: u8| byte.is_ascii_graphic() && byte != b',';
        if !token.bytes().all(valid) {
            return Err(Error::TokenInvalid);
        }
        Ok(Self(token.to_owned()))
    }

    pub fn hash(&self) -> TokenHash {
        TokenHash::of(&self.0)
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessToken(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambda_http::http::HeaderValue;

    fn token(values: &[&[u8]]) -> Result<String, Error> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(HEADER, HeaderValue::from_bytes(value).unwrap());
        }
        AccessToken::from_headers(&headers).map(|token| token.0)
    }

    #[test]
    fn accepts_a_bare_token_and_bearer_in_any_case() {
        for value in [
            "abc.def-1~+/=",
            "Bearer abc.def-1~+/=",
            "bEARER \t abc.def-1~+/= ",
            " abc.def-1~+/=",
        ] {
            assert_eq!(
                token(&[value.as_bytes()]).unwrap(),
                "abc.def-1~+/=",
                "{value}"
            );
        }
    }

    #[test]
    fn absent_or_empty_token_is_missing() {
        assert_eq!(token(&[]), Err(Error::TokenMissing));
        for value in ["", " ", "Bearer", "bearer ", "Bearer \t"] {
            assert_eq!(
                token(&[value.as_bytes()]),
                Err(Error::TokenMissing),
                "{value:?}"
            );
        }
    }

    #[test]
    fn two_values_another_scheme_and_odd_characters_are_invalid() {
        assert_eq!(token(&[b"abc", b"abc"]), Err(Error::TokenInvalid));
        for value in [
            &b"abc,abc"[..],
            b"abc, abc",
            b"Basic abc",
            b"Bearer a b",
            b"a b",
            b"abc\xff",
            b",",
        ] {
            assert_eq!(token(&[value]), Err(Error::TokenInvalid), "{value:?}");
        }
    }

    #[test]
    fn debug_does_not_show_the_token() {
        assert_eq!(
            format!("{:?}", AccessToken("secret".into())),
            "AccessToken(redacted)"
        );
    }

    #[test]
    fn hash_is_lower_case_hex_sha_256() {
        // The test vector "abc" of FIPS 180-2.
        assert_eq!(
            AccessToken("abc".into()).hash().to_hex(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(TokenHash::NONE.to_hex(), "0".repeat(64));
    }
}
