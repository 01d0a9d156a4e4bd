//! The parts of a request: route, customer id, content type and body.

use lambda_http::http::{HeaderMap, Method, header};
use lambda_http::{Request, RequestExt};
use mime::Mime;

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
/// [`Error::InvalidRequest`] for another content type or a body over 400 KB.
pub fn json_body(request: &Request) -> Result<&[u8], Error> {
    check_content_type(request.headers())?;
    let body: &[u8] = request.body();
    if body.len() > MAX_BODY_BYTES {
        return invalid("The body is larger than 400 KB (409,600 bytes)");
    }
    Ok(body)
}

fn check_content_type(headers: &HeaderMap) -> Result<(), Error> {
    let mut values = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return invalid("Send exactly one Content-Type header: application/json");
    };
    let media_type = value.to_str().ok();
    let media_type = media_type.and_then(|value| value.parse::<Mime>().ok());
    match media_type {
        Some(media_type) if media_type.essence_str() == "application/json" => {
            match media_type.get_param(mime::CHARSET) {
                Some(charset) if charset != mime::UTF_8 => {
                    invalid("The body must be UTF-8; omit the charset or set it to utf-8")
                }
                _ => Ok(()),
            }
        }
        _ => invalid("Content-Type must be application/json"),
    }
}

fn invalid<T>(message: &str) -> Result<T, Error> {
    Err(Error::InvalidRequest(message.to_owned()))
}

fn path_parameter(request: &Request) -> Option<&str> {
    request.path_parameters_ref()?.first(CUSTOMER_ID)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambda_http::http::HeaderValue;

    fn with_content_type(values: &[&str]) -> Result<(), Error> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::CONTENT_TYPE, HeaderValue::from_str(value).unwrap());
        }
        check_content_type(&headers)
    }

    #[test]
    fn only_json_in_utf_8_is_accepted() {
        for value in [
            "application/json",
            "Application/JSON",
            "application/json; charset=utf-8",
            "application/json;charset=UTF-8",
            "application/json; charset=\"utf-8\"",
            "application/json; profile=x",
        ] {
            assert_eq!(with_content_type(&[value]), Ok(()), "{value}");
        }
        for value in [
            "",
            "text/json",
            "application/jsonp",
            "application/problem+json",
            "application/json; charset=latin1",
            "application/json; charset=utf-16",
            "application/json, application/json",
            "json",
        ] {
            assert!(with_content_type(&[value]).is_err(), "{value}");
        }
        assert!(with_content_type(&[]).is_err());
        assert!(with_content_type(&["application/json", "application/json"]).is_err());
    }
}
