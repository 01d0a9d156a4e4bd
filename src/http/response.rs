//! The response: status, headers and body (`docs/API.md#responses`).

use lambda_http::http::StatusCode;
use lambda_http::http::header::{self, HeaderName, HeaderValue};
use lambda_http::{Body, Response};
use serde::Serialize;

use crate::customer::Customer;
use crate::validation::ValidationError;

const CUSTOMER_VERSION: HeaderName = HeaderName::from_static("x-customer-version");

/// What a caller sees of a request that failed.
#[derive(Debug)]
pub struct Failure<'a> {
    pub status: StatusCode,
    /// The stable code (`docs/API.md#error-codes`).
    pub code: &'static str,
    pub message: String,
    /// A header of this failure alone.
    pub header: Option<(HeaderName, &'static str)>,
    /// The field errors to list.
    pub errors: &'a [ValidationError],
    /// The stored customer; only a 412 shows it.
    pub customer: Option<&'a Customer>,
}

/// The members in the documented order. Absent ones are left out.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct ResponseBody<'a> {
    success: bool,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    #[serde(skip_serializing_if = "<[ValidationError]>::is_empty")]
    errors: &'a [ValidationError],
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a Customer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
}

/// 200 with the stored customer and its version.
pub(crate) fn success(customer: &Customer) -> Response<Body> {
    let body = ResponseBody {
        success: true,
        message: "Customer updated successfully",
        data: Some(customer),
        ..ResponseBody::default()
    };
    respond(StatusCode::OK, &body)
}

/// The response to a request that failed.
pub(crate) fn failure(failure: &Failure<'_>, request_id: &str) -> Response<Body> {
    let body = ResponseBody {
        success: false,
        message: &failure.message,
        code: Some(failure.code),
        errors: failure.errors,
        data: failure.customer,
        request_id: Some(request_id),
    };
    let mut response = respond(failure.status, &body);
    if let Some((name, value)) = &failure.header {
        let headers = response.headers_mut();
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

fn respond(status: StatusCode, body: &ResponseBody<'_>) -> Response<Body> {
    // Serialising cannot fail here; if it ever does, send the status without a body.
    let text = serde_json::to_string(body).map_or(Body::Empty, Body::Text);
    let mut response = Response::new(text);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // An entity tag for `If-Match`, such as `"7"`.
    let tag = body
        .data
        .map(|customer| format!("\"{}\"", customer.version()));
    if let Some(Ok(tag)) = tag.map(HeaderValue::try_from) {
        headers.insert(CUSTOMER_VERSION, tag);
    }
    response
}
