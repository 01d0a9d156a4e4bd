//! The parts of a request: route, customer id, content type and body.

use lambda_http::http::{HeaderMap, Method, header};
use lambda_http::{Request, RequestExt};

use super::media_type::{InvalidMediaType, MediaType, is_token_byte};
use crate::customer::CustomerId;
use crate::customer::id::InvalidCustomerId;
use crate::error::Error;

/// The longest body in bytes: 400 KB, the size of DynamoDB's largest item.
const MAX_BODY_BYTES: usize = 400 * 1_024;

/// The name of the path parameter that every event for a customer's path has (`crate::lambda`).
pub const CUSTOMER_ID: &str = "customer_id";

/// Checks path and method. API Gateway routes nothing else here; other event sources may.
///
/// # Errors
///
/// [`Error::NotFound`] for another path, [`Error::MethodNotAllowed`] for another method.
pub fn check_route(request: &Request) -> Result<(), Error> {
    if path_parameter(request).is_none() {
        return Err(Error::NotFound);
    }
    if request.method() != Method::PUT {
        return Err(Error::MethodNotAllowed);
    }
    Ok(())
}

/// The customer's id (`docs/API.md#customer-id`).
///
/// # Errors
///
/// [`InvalidCustomerId`] for an id that cannot be a key of the customers table.
pub fn customer_id(request: &Request) -> Result<CustomerId, InvalidCustomerId> {
    let id = path_parameter(request).unwrap_or_default();
    id.to_owned().try_into()
}

/// The body of a request whose headers say JSON (`docs/API.md#headers-and-body`). `lambda_http` has
/// already decoded base64.
///
/// # Errors
///
/// [`Error::InvalidRequest`] for another content type, a content coding, or a body over 400 KB.
pub fn json_body(request: &Request) -> Result<&[u8], Error> {
    check_content_type(request.headers())?;
    check_content_encoding(request.headers())?;
    let body: &[u8] = request.body();
    if body.len() > MAX_BODY_BYTES {
        return invalid("The body is larger than 400 KB (409,600 bytes)");
    }
    Ok(body)
}

fn check_content_type(headers: &HeaderMap) -> Result<(), Error> {
    const TWO_HEADERS: &str =
        "The request has two Content-Type headers; send one: application/json";
    let mut values = headers.get_all(header::CONTENT_TYPE).iter();
    let value = match (values.next(), values.next()) {
        (Some(value), None) => value,
        (None, _) => return invalid("The Content-Type header is missing; send application/json"),
        (_, Some(_)) => return invalid(TWO_HEADERS),
    };
    match MediaType::parse(value.as_bytes()) {
        Err(InvalidMediaType::Several) => invalid(TWO_HEADERS),
        Err(InvalidMediaType::Malformed) => {
            invalid("Content-Type is not a valid media type; send application/json")
        }
        Ok(media_type) if !media_type.is_json() => invalid("Content-Type must be application/json"),
        Ok(media_type) if !media_type.is_utf_8() => {
            invalid("The body must be UTF-8; omit the charset or set it to utf-8")
        }
        Ok(_) => Ok(()),
    }
}

/// A body with a content coding (RFC 9110, section 8.4.1) is not decoded.
fn check_content_encoding(headers: &HeaderMap) -> Result<(), Error> {
    let values = headers.get_all(header::CONTENT_ENCODING).iter();
    let codings = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    let mut codings = codings.map(<[u8]>::trim_ascii);
    let unsupported =
        codings.find(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case(b"identity"));
    match unsupported {
        None => Ok(()),
        Some(coding) => {
            let name = coding_name(coding).map_or_else(String::new, |name| format!(" `{name}`"));
            let message = format!(
                "The Content-Encoding{name} is not supported; send the body without a Content-Encoding"
            );
            Err(Error::InvalidRequest(message))
        }
    }
}

/// The coding as text, unless it looks like something else than the name of a coding.
fn coding_name(coding: &[u8]) -> Option<&str> {
    const MAX_BYTES: usize = 64;
    let name = str::from_utf8(coding).ok()?;
    (name.len() <= MAX_BYTES && name.bytes().all(is_token_byte)).then_some(name)
}

fn invalid<T>(message: &str) -> Result<T, Error> {
    Err(Error::InvalidRequest(message.to_owned()))
}

fn path_parameter(request: &Request) -> Option<&str> {
    request.path_parameters_ref()?.first(CUSTOMER_ID)
}
