//! The response: status, headers and body (`docs/API.md#responses`).

use lambda_http::http::header::{self, HeaderName, HeaderValue};
use lambda_http::http::{HeaderMap, StatusCode};
use lambda_http::{Body, Response};
use serde::Serialize;

use crate::dynamodb::Customer;
use crate::error::Error;
use crate::validation::ValidationError;

const CUSTOMER_VERSION: HeaderName = HeaderName::from_static("x-customer-version");

#[derive(Serialize)]
struct SuccessBody<'a> {
    success: bool,
    message: &'static str,
    data: &'a Customer,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ErrorBody<'a> {
    success: bool,
    message: &'a str,
    code: &'static str,
    #[serde(skip_serializing_if = "<[ValidationError]>::is_empty")]
    errors: &'a [ValidationError],
    request_id: &'a str,
}

/// 200 with the stored customer and its version.
pub fn success(customer: &Customer) -> Response<Body> {
    let body = SuccessBody {
        success: true,
        message: "Customer updated successfully",
        data: customer,
    };
    let mut response = json(StatusCode::OK, &body);
    let headers = response.headers_mut();
    headers.insert(CUSTOMER_VERSION, version_tag(customer.version()));
    response
}

/// The response to a request that failed.
pub fn error(error: &Error, request_id: &str) -> Response<Body> {
    let body = ErrorBody {
        success: false,
        message: &error.to_string(),
        code: error.code(),
        errors: error.validation_errors(),
        request_id,
    };
    let mut response = json(error.status(), &body);
    add_error_headers(error, response.headers_mut());
    response
}

fn add_error_headers(error: &Error, headers: &mut HeaderMap) {
    let mut add = |name, value| headers.insert(name, HeaderValue::from_static(value));
    match error {
        Error::MethodNotAllowed => add(header::ALLOW, "PUT"),
        Error::TokenMissing => add(header::WWW_AUTHENTICATE, "Bearer"),
        Error::TokenInvalid => add(header::WWW_AUTHENTICATE, r#"Bearer error="invalid_token""#),
        Error::InsufficientScope => add(
            header::WWW_AUTHENTICATE,
            r#"Bearer error="insufficient_scope""#,
        ),
        Error::Unavailable(_) => add(header::RETRY_AFTER, "1"),
        Error::VersionConflict { current } | Error::CustomerExists { current } => {
            headers.insert(CUSTOMER_VERSION, version_tag(*current))
        }
        Error::NotFound
        | Error::InvalidRequest(_)
        | Error::InvalidBody(_)
        | Error::CustomerNotFound
        | Error::Internal(_) => None,
    };
}

fn json(status: StatusCode, body: &impl Serialize) -> Response<Body> {
    // Both bodies always have a JSON form. If not, an empty body still carries the status.
    let body = serde_json::to_string(body).map_or(Body::Empty, Body::Text);
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    response
}

/// A version as an entity tag for `If-Match`, such as `"7"`.
fn version_tag(version: u64) -> HeaderValue {
    HeaderValue::from_str(&format!("\"{version}\"")).unwrap_or(HeaderValue::from_static(""))
}
