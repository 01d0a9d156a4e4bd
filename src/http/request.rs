//! The parts of a request: route, path parameter and body.

use std::borrow::Cow;

use lambda_http::http::{HeaderMap, header};
use lambda_http::{Request, RequestExt};
use thiserror::Error;

use super::routes::{ROUTES, Route};
use crate::validation::characters::quoted;

/// The longest body in bytes: 400 KB, the size of DynamoDB's largest item.
const MAX_BODY_BYTES: usize = 400 * 1_024;

/// A part of the request is wrong. `Display` tells the caller what to change.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum RequestError {
    /// API Gateway routes no other path here; other event sources may.
    #[error("Not found; use PUT /customers/{{customer_id}}")]
    NoRoute,
    #[error("Only PUT is allowed")]
    MethodNotAllowed,
    #[error("The Content-Type header is missing; send application/json")]
    NoContentType,
    #[error("Content-Type has a comma; send one media type: application/json")]
    ContentTypeList,
    #[error("Content-Type must be application/json")]
    NotJson,
    #[error("The body must be UTF-8; omit the charset or set it to utf-8")]
    Charset,
    /// The name of the coding.
    #[error("The Content-Encoding {0} is not supported; send the body without one")]
    ContentEncoding(String),
    #[error("The body is larger than 400 KB (409,600 bytes)")]
    TooLarge,
    #[error(
        "If-Match must be * or a list of versions in double quotes, such as \"7\", as a response's \
         X-Customer-Version has them"
    )]
    IfMatch,
    #[error("If-Match must not list more than {0} versions")]
    TooManyVersions(usize),
    #[error("If-None-Match must be *; to update only a certain version, use If-Match")]
    IfNoneMatch,
}

/// Finds the route by its path parameter, which every event for a route has (`crate::lambda`), and by the method.
/// Returns the decoded parameter with it.
pub(crate) fn route(request: &Request) -> Result<(&'static Route, &str), RequestError> {
    let parameters = request.path_parameters_ref();
    let mut error = RequestError::NoRoute;
    for route in ROUTES {
        if let Some(parameter) = parameters.and_then(|them| them.first(route.parameter)) {
            if route.method == request.method() {
                return Ok((route, parameter));
            }
            error = RequestError::MethodNotAllowed;
        }
    }
    Err(error)
}

/// The body of a request whose headers say JSON (`docs/API.md#headers-and-body`), not parsed yet.
/// `lambda_http` has already decoded base64.
pub(crate) fn body(request: &Request) -> Result<&[u8], RequestError> {
    check_content_type(request.headers())?;
    check_content_encoding(request.headers())?;
    let body: &[u8] = request.body();
    match body.len() > MAX_BODY_BYTES {
        true => Err(RequestError::TooLarge),
        false => Ok(body),
    }
}

/// Reads only the media type and `charset`. API Gateway joins two headers with a comma.
fn check_content_type(headers: &HeaderMap) -> Result<(), RequestError> {
    let value = joined(headers, header::CONTENT_TYPE).ok_or(RequestError::NoContentType)?;
    if value.contains(',') {
        return Err(RequestError::ContentTypeList);
    }
    let mut parts = value.split(';');
    let media_type = parts.next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("application/json") {
        return Err(RequestError::NotJson);
    }
    let is_utf_8 = |parameter: &str| {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let charset = value.trim().to_ascii_lowercase();
        !name.trim().eq_ignore_ascii_case("charset")
            || ["utf-8", "utf8", "\"utf-8\"", "\"utf8\""].contains(&&*charset)
    };
    match parts.all(is_utf_8) {
        true => Ok(()),
        false => Err(RequestError::Charset),
    }
}

/// A body with a content coding (RFC 9110, section 8.4.1) is not decoded.
fn check_content_encoding(headers: &HeaderMap) -> Result<(), RequestError> {
    let value = joined(headers, header::CONTENT_ENCODING).unwrap_or_default();
    let mut codings = value.split(',').map(str::trim);
    match codings.find(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case("identity")) {
        None => Ok(()),
        Some(coding) => Err(RequestError::ContentEncoding(quoted(coding))),
    }
}

/// All values of a header, joined with commas. `None` without the header.
pub(super) fn joined(headers: &HeaderMap, name: header::HeaderName) -> Option<Cow<'_, str>> {
    let values = headers.get_all(name).iter();
    let values = values.map(|value| String::from_utf8_lossy(value.as_bytes()));
    values.reduce(|one, other| format!("{one},{other}").into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambda_http::http::HeaderValue;

    #[test]
    fn content_type_is_json_in_utf_8() {
        use RequestError::{Charset, ContentTypeList, NotJson};
        for (value, result) in [
            ("", Err(NotJson)),
            (" Application/JSON\t", Ok(())),
            ("application/jsonp", Err(NotJson)),
            ("application/json charset=utf-8", Err(NotJson)),
            ("application/json; profile=\"a,b\"", Err(ContentTypeList)),
            ("application/json; profile=x y \"", Ok(())),
            ("application/json;;", Ok(())),
            ("application/json;charset=utf-8", Ok(())),
            ("application/json ;\tCharset=UTF-8 ", Ok(())),
            ("application/json; charset=\"utf8\"", Ok(())),
            ("application/json; charset=\"utf-8", Err(Charset)),
            ("application/json; charset", Err(Charset)),
            ("application/json; charset=", Err(Charset)),
            ("application/json; charset=latin1", Err(Charset)),
            ("application/json; charset=utf8; charset=\"utf-8\"", Ok(())),
            (
                "application/json; charset=utf-8; charset=utf-16",
                Err(Charset),
            ),
        ] {
            let value = HeaderValue::from_static(value);
            let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, value.clone())]);
            assert_eq!(check_content_type(&headers), result, "{value:?}");
        }
    }

    #[test]
    fn empty_content_codings_are_none() {
        let value = HeaderValue::from_static(" Identity ,,identity");
        let headers = HeaderMap::from_iter([(header::CONTENT_ENCODING, value)]);
        assert_eq!(check_content_encoding(&headers), Ok(()));
    }
}
