//! What an HTTP request says: method, path, content type and body.

use lambda_http::http::{HeaderMap, Method, header};
use lambda_http::{Request, RequestExt};
use mime::Mime;
use percent_encoding::percent_decode_str;

use crate::error::Error;

/// A body may be this long, in bytes: 400 KB, as much as DynamoDB's largest item.
const MAX_BODY_BYTES: usize = 400 * 1_024;

/// DynamoDB's longest partition key, in bytes.
const MAX_KEY_BYTES: usize = 2_048;

const PREFIX: &str = "/customers/";

/// A customer's id: opaque, and able to be a key of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerId(String);

impl CustomerId {
    /// Takes the gateway's path parameter as it is; where a front door gives none, the path's
    /// segment after `/customers/`, percent-decoded once.
    ///
    /// # Errors
    ///
    /// [`Error::CustomerNotFound`] for an id that cannot be a key: no customer has it.
    pub fn from_request(request: &Request) -> Result<Self, Error> {
        let id = match path_parameter(request) {
            Some(id) => id.to_owned(),
            None => percent_decode_str(path_segment(request).unwrap_or_default())
                .decode_utf8()
                .map_err(|_| Error::CustomerNotFound)?
                .into_owned(),
        };
        if id.is_empty() || id.len() > MAX_KEY_BYTES {
            return Err(Error::CustomerNotFound);
        }
        Ok(Self(id))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Checks path and method. API Gateway sends nothing else here; other front doors may.
///
/// # Errors
///
/// [`Error::NotFound`] for another path, [`Error::MethodNotAllowed`] for another method.
pub fn route(request: &Request) -> Result<(), Error> {
    if path_parameter(request).is_none() && path_segment(request).is_none() {
        return Err(Error::NotFound);
    }
    if request.method() != Method::PUT {
        return Err(Error::MethodNotAllowed);
    }
    Ok(())
}

/// The bytes of a body that claims to be JSON. `lambda_http` has decoded base64 already.
///
/// # Errors
///
/// [`Error::InvalidRequest`] for another content type or a body over 400 KB.
pub fn json_body(request: &Request) -> Result<&[u8], Error> {
    content_type(request.headers())?;
    let body: &[u8] = request.body();
    if body.len() > MAX_BODY_BYTES {
        return Err(Error::InvalidRequest(
            "The body is larger than 400 KB (409,600 bytes)".to_owned(),
        ));
    }
    Ok(body)
}

fn content_type(headers: &HeaderMap) -> Result<(), Error> {
    let refused = |sentence: &str| Err(Error::InvalidRequest(sentence.to_owned()));
    let mut values = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return refused("Send exactly one Content-Type header, with the value application/json");
    };
    let media_type = value
        .to_str()
        .ok()
        .and_then(|value| value.parse::<Mime>().ok());
    match media_type {
        Some(media_type) if media_type.essence_str() == "application/json" => {
            match media_type.get_param(mime::CHARSET) {
                Some(charset) if charset != mime::UTF_8 => refused(
                    "The body must be in UTF-8; leave the charset out of Content-Type or set it to utf-8",
                ),
                _ => Ok(()),
            }
        }
        _ => refused("Content-Type must be application/json"),
    }
}

fn path_parameter(request: &Request) -> Option<&str> {
    request.path_parameters_ref()?.first("customer_id")
}

/// What stands after `/customers/`, still percent-encoded, if nothing follows it.
fn path_segment(request: &Request) -> Option<&str> {
    request
        .raw_http_path()
        .strip_prefix(PREFIX)
        .filter(|segment| !segment.contains('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambda_http::Body;
    use lambda_http::http::HeaderValue;

    fn with_path(path: &str) -> Request {
        Request::new(Body::Empty).with_raw_http_path(path)
    }

    fn with_content_type(values: &[&str]) -> Result<(), Error> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::CONTENT_TYPE, HeaderValue::from_str(value).unwrap());
        }
        content_type(&headers)
    }

    #[test]
    fn the_path_parameter_is_taken_as_it_is() {
        let parameter =
            std::collections::HashMap::from([("customer_id".to_owned(), "a%2Fb c".to_owned())]);
        let request = with_path("/customers/other").with_path_parameters(parameter);
        assert_eq!(
            CustomerId::from_request(&request).unwrap().as_str(),
            "a%2Fb c"
        );
    }

    #[test]
    fn without_a_parameter_the_segment_is_decoded_once() {
        for (path, id) in [
            (
                "/customers/638df9e713920facde1a1cfa",
                "638df9e713920facde1a1cfa",
            ),
            ("/customers/a%2Fb%20c%25", "a/b c%"),
            ("/customers/%C3%A9", "é"),
            ("/customers/a+b", "a+b"),
        ] {
            assert_eq!(
                CustomerId::from_request(&with_path(path)).unwrap().as_str(),
                id
            );
        }
    }

    #[test]
    fn an_id_that_cannot_be_a_key_is_no_customers() {
        let longest = "i".repeat(MAX_KEY_BYTES);
        assert!(CustomerId::from_request(&with_path(&format!("/customers/{longest}"))).is_ok());
        for path in [
            "/customers/".to_owned(),
            format!("/customers/{longest}i"),
            "/customers/%ff".to_owned(),
        ] {
            assert_eq!(
                CustomerId::from_request(&with_path(&path)),
                Err(Error::CustomerNotFound)
            );
        }
    }

    #[test]
    fn another_path_is_not_found_and_another_method_not_allowed() {
        for path in [
            "/",
            "/customers",
            "/customers/a/b",
            "/customers/a/",
            "/orders/a",
            "/v1/customers/a",
        ] {
            assert_eq!(route(&with_path(path)), Err(Error::NotFound), "{path}");
        }
        assert_eq!(
            route(&with_path("/customers/a")),
            Err(Error::MethodNotAllowed)
        );
        let mut request = with_path("/customers/a");
        *request.method_mut() = Method::PUT;
        assert_eq!(route(&request), Ok(()));
    }

    #[test]
    fn json_in_utf_8_is_the_only_content_type() {
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
