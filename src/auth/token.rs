//! The access token as the caller sends it.

use lambda_http::http::HeaderMap;

use super::AuthError;
use crate::dynamodb::TokenHash;

const HEADER: &str = "accesstoken";

/// A token as the caller sent it. Without `Display` and `Debug`, so that nothing prints it.
pub(crate) struct AccessToken(String);

impl AccessToken {
    /// Reads the one `accessToken` header: a bare token, or `Bearer <token>` with the scheme in any
    /// case (`docs/API.md#access-token`).
    ///
    /// [`AuthError::Missing`] when the header is absent or has no token. [`AuthError::Invalid`] for two
    /// values, another scheme, or characters that no token contains. Gateways join two headers with
    /// a comma, so a comma means two values.
    pub(crate) fn from_headers(headers: &HeaderMap) -> Result<Self, AuthError> {
        let mut values = headers.get_all(HEADER).iter();
        let value = values.next().ok_or(AuthError::Missing)?;
        if values.next().is_some() {
            return Err(AuthError::Invalid);
        }
        let value = value.to_str().map_err(|_| AuthError::Invalid)?.trim();
        let token = match value.split_once([' ', '\t']) {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim_start(),
            Some(_) => return Err(AuthError::Invalid),
            None if value.eq_ignore_ascii_case("bearer") => "",
            None => value,
        };
        if token.is_empty() {
            return Err(AuthError::Missing);
        }
        let valid = |byte: u8| byte.is_ascii_graphic() && byte != b',';
        if !token.bytes().all(valid) {
            return Err(AuthError::Invalid);
        }
        Ok(Self(token.to_owned()))
    }

    pub(crate) fn hash(&self) -> TokenHash {
        TokenHash::of(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambda_http::http::HeaderValue;

    fn token(values: &[&[u8]]) -> Result<String, AuthError> {
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
        assert!(matches!(token(&[]), Err(AuthError::Missing)));
        for value in ["", " ", "Bearer", "bearer ", "Bearer \t"] {
            let read = token(&[value.as_bytes()]);
            assert!(matches!(read, Err(AuthError::Missing)), "{value:?}");
        }
    }

    #[test]
    fn two_values_another_scheme_and_odd_characters_are_invalid() {
        let two = token(&[b"abc", b"abc"]);
        assert!(matches!(two, Err(AuthError::Invalid)));
        for value in [
            &b"abc,abc"[..],
            b"abc, abc",
            b"Basic abc",
            b"Bearer a b",
            b"a b",
            b"abc\xff",
            b",",
        ] {
            let read = token(&[value]);
            assert!(matches!(read, Err(AuthError::Invalid)), "{value:?}");
        }
    }
}
