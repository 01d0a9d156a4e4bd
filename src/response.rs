//! The two envelopes of an answer, and its headers (contract, part 2, "Answer").

use lambda_http::http::header::{self, HeaderName, HeaderValue};
use lambda_http::http::{HeaderMap, StatusCode};
use lambda_http::{Body, Response};
use serde::Serialize;

use crate::customer::Customer;
use crate::error::Error;
use crate::fault::Fault;

const VERSION: HeaderName = HeaderName::from_static("x-customer-version");

#[derive(Serialize)]
struct Success<'a> {
    success: bool,
    message: &'static str,
    data: &'a Customer,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Failure<'a> {
    success: bool,
    message: &'a str,
    code: &'static str,
    #[serde(skip_serializing_if = "<[Fault]>::is_empty")]
    errors: &'a [Fault],
    request_id: &'a str,
}

/// 200 with the customer as stored.
pub fn updated(customer: &Customer) -> Response<Body> {
    let body = Success {
        success: true,
        message: "Customer updated successfully",
        data: customer,
    };
    let mut response = json(StatusCode::OK, &body);
    response
        .headers_mut()
        .insert(VERSION, version(customer.version()));
    response
}

/// The answer to a request that was refused or failed.
pub fn refused(error: &Error, request_id: &str) -> Response<Body> {
    let message = error.message();
    let body = Failure {
        success: false,
        message: &message,
        code: error.code(),
        errors: error.faults(),
        request_id,
    };
    let mut response = json(error.status(), &body);
    add_headers(error, response.headers_mut());
    response
}

fn add_headers(error: &Error, headers: &mut HeaderMap) {
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
        Error::VersionConflict { current } => headers.insert(VERSION, version(*current)),
        Error::NotFound
        | Error::InvalidRequest(_)
        | Error::InvalidBody(_)
        | Error::CustomerNotFound
        | Error::Internal(_) => None,
    };
}

fn json(status: StatusCode, body: &impl Serialize) -> Response<Body> {
    // The envelopes hold nothing that has no JSON form; an empty body would still say the status.
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

/// A version as `If-Match` takes it back: a number in quotes.
fn version(version: u64) -> HeaderValue {
    HeaderValue::from_str(&format!("\"{version}\"")).unwrap_or(HeaderValue::from_static(""))
}
