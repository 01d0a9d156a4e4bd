//! `accessToken` header → token: a reference implementation of `docs/API.md#access-token` agrees with
//! the function.

use lambda_http::http::{HeaderMap, HeaderValue};
use update_customer::auth::{AccessToken, TokenHash};
use update_customer::error::Error;

/// Takes each line of `data` as the value of one `accessToken` header.
pub fn check(data: &[u8]) {
    let mut headers = HeaderMap::new();
    let mut values = Vec::new();
    for line in data.split(|&byte| byte == b'\n') {
        // Not a header value: no request can contain it.
        let Ok(value) = HeaderValue::from_bytes(line) else {
            return;
        };
        headers.append("accessToken", value);
        values.push(line);
    }
    match (read(&values), AccessToken::from_headers(&headers)) {
        (Ok(expected), Ok(token)) => {
            assert_eq!(token.hash(), TokenHash::of(&expected));
            assert_eq!(format!("{token:?}"), "AccessToken(redacted)");
        }
        (Err(expected), Err(error)) => {
            assert_eq!(expected, error);
            assert_eq!(error.status(), 401);
        }
        (expected, token) => panic!("expected {expected:?}, got {token:?}"),
    }
}

/// The token in one header value: a single word, or the second word after `Bearer`.
pub fn read(values: &[&[u8]]) -> Result<String, Error> {
    let [value] = values else {
        return Err(Error::TokenInvalid);
    };
    let is_visible = |&byte: &u8| byte == b'\t' || (b' '..=b'~').contains(&byte);
    if !value.iter().all(is_visible) {
        return Err(Error::TokenInvalid);
    }
    let words: Vec<_> = value
        .split(|byte| b" \t".contains(byte))
        .filter(|word| !word.is_empty())
        .collect();
    let token = match words[..] {
        [] => return Err(Error::TokenMissing),
        [scheme] if scheme.eq_ignore_ascii_case(b"bearer") => return Err(Error::TokenMissing),
        [token] => token,
        [scheme, token] if scheme.eq_ignore_ascii_case(b"bearer") => token,
        _ => return Err(Error::TokenInvalid),
    };
    // Gateways join two headers with a comma.
    if token.contains(&b',') {
        return Err(Error::TokenInvalid);
    }
    Ok(String::from_utf8_lossy(token).into_owned())
}
