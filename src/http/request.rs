//! The parts of a request: route, path parameter and body.

use std::borrow::Cow;

use lambda_http::http::{HeaderMap, header};
use lambda_http::{Request, RequestExt};
use thiserror::Error;

use super::routes::{ROUTES, Route};
use crate::validation::characters::quoted;

/// The longest body in bytes: 400 KB, the size of DynamoDB's largest item.
const MAX_BODY_BYTES: usize = 400 * 1_024;

/// The path or the method has no route. API Gateway routes nothing else here; other event sources may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum RouteError {
    #[error("Not found; use PUT /customers/{{customer_id}}")]
    NotFound,
    #[error("Only PUT is allowed")]
    MethodNotAllowed,
}

/// A header or the size of the body is wrong. `Display` tells the caller what to change.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum RequestError {
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

/// Finds the route by the path parameter, which every event for a route has (`crate::lambda`), and by the
/// method.
pub(crate) fn route(request: &Request) -> Result<&'static Route, RouteError> {
    let routes = ROUTES.iter();
    let mut routes = routes.filter(|route| path_parameter(request, route).is_some());
    let first = routes.next().ok_or(RouteError::NotFound)?;
    [first]
        .into_iter()
        .chain(routes)
        .find(|route| route.method == request.method())
        .ok_or(RouteError::MethodNotAllowed)
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
    let mut parameters = parts.map(|part| part.split_once('=').unwrap_or((part, "")));
    let is_utf_8 = parameters.all(|(name, value)| {
        let value = value.trim();
        let quoted = value
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'));
        let charset = quoted.unwrap_or(value).to_ascii_lowercase();
        !name.trim().eq_ignore_ascii_case("charset") || ["utf-8", "utf8"].contains(&&*charset)
    });
    match is_utf_8 {
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
    let mut values = headers.get_all(name).iter();
    let mut joined = String::from_utf8_lossy(values.next()?.as_bytes());
    for value in values {
        let value = String::from_utf8_lossy(value.as_bytes());
        joined = format!("{joined},{value}").into();
    }
    Some(joined)
}

/// The decoded last segment of the route's path. `None` for another path.
pub(crate) fn path_parameter<'a>(request: &'a Request, route: &Route) -> Option<&'a str> {
    request.path_parameters_ref()?.first(route.parameter)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambda_http::http::HeaderValue;

    fn headers(name: header::HeaderName, values: &[&[u8]]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(&name, HeaderValue::from_bytes(value).unwrap());
        }
        headers
    }

    #[test]
    fn content_type_is_json_in_utf_8() {
        for value in [
            "application/json",
            " Application/JSON\t",
            "application/json;charset=utf-8",
            "application/json ;\tCharset=UTF-8 ",
            "application/json; charset=\"utf8\"",
            "application/json; charset=utf8; charset=utf-8",
            "application/json;;",
            "application/json; profile=x y \"",
            "application/json; ieee754compatible=true; odata.metadata=minimal",
        ] {
            let headers = headers(header::CONTENT_TYPE, &[value.as_bytes()]);
            assert_eq!(check_content_type(&headers), Ok(()), "{value}");
        }
    }

    #[test]
    fn other_content_types_are_rejected_with_their_cause() {
        for (values, error) in [
            (&[][..], RequestError::NoContentType),
            (
                &["application/json", "application/json"],
                RequestError::ContentTypeList,
            ),
            (
                &["application/json; profile=\"a,b\""],
                RequestError::ContentTypeList,
            ),
            (&[""], RequestError::NotJson),
            (&["text/json"], RequestError::NotJson),
            (&["application/jsonp"], RequestError::NotJson),
            (&["application/problem+json"], RequestError::NotJson),
            (&["application/json charset=utf-8"], RequestError::NotJson),
            (&["application/json; charset"], RequestError::Charset),
            (&["application/json; charset="], RequestError::Charset),
            (&["application/json; charset=latin1"], RequestError::Charset),
            (
                &["application/json; charset=\"utf-8"],
                RequestError::Charset,
            ),
            (
                &["application/json; charset=utf-8; charset=utf-16"],
                RequestError::Charset,
            ),
        ] {
            let values: Vec<_> = values.iter().map(|value| value.as_bytes()).collect();
            let headers = headers(header::CONTENT_TYPE, &values);
            assert_eq!(check_content_type(&headers), Err(error), "{values:?}");
        }
    }

    #[test]
    fn content_coding_is_named() {
        let check =
            |values: &[&[u8]]| check_content_encoding(&headers(header::CONTENT_ENCODING, values));
        assert_eq!(check(&[]), Ok(()));
        for value in ["", "identity", " Identity ,,identity"] {
            assert_eq!(check(&[value.as_bytes()]), Ok(()), "{value}");
        }
        let named = |name: &str| Err(RequestError::ContentEncoding(name.to_owned()));
        assert_eq!(check(&[b"gzip"]), named("`gzip`"));
        let two = check(&[b"identity", b"aws-chunked, gzip"]);
        assert_eq!(two, named("`aws-chunked`"));
        assert_eq!(
            RequestError::ContentEncoding("`gzip`".to_owned()).to_string(),
            "The Content-Encoding `gzip` is not supported; send the body without one"
        );
    }
}
