//! Header value → token: a second reading of the contract's "Access token" takes the same ones.

use lambda_http::http::{HeaderMap, HeaderValue};
use update_customer::auth::AccessToken;
use update_customer::error::Error;

/// Takes each line of `data` as the value of one `accessToken` header.
pub fn holds(data: &[u8]) {
    let mut headers = HeaderMap::new();
    let mut values = Vec::new();
    for line in data.split(|&byte| byte == b'\n') {
        // What no HTTP header can hold never comes so far.
        let Ok(value) = HeaderValue::from_bytes(line) else {
            return;
        };
        headers.append("accessToken", value);
        values.push(line);
    }
    let taken = AccessToken::from_headers(&headers);
    match (read(&values), &taken) {
        (Ok(_), Ok(token)) => assert_eq!(format!("{token:?}"), "AccessToken(redacted)"),
        (Err(expected), Err(refused)) => {
            assert_eq!(&expected, refused);
            assert_eq!(refused.status(), 401);
        }
        (expected, taken) => panic!("expected {expected:?}, got {taken:?}"),
    }
}

/// One value, of one word or of two with `Bearer` before the token.
pub fn read(values: &[&[u8]]) -> Result<String, Error> {
    let [value] = values else {
        return Err(Error::TokenInvalid);
    };
    if !value
        .iter()
        .all(|&byte| byte == b'\t' || (b' '..=b'~').contains(&byte))
    {
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
