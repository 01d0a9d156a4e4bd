//! The response: status, headers and body (`docs/API.md#responses`).

use lambda_http::http::StatusCode;
use lambda_http::http::header::{self, HeaderName, HeaderValue};
use lambda_http::{Body, Response};
use serde::Serialize;

use crate::customer::{Customer, Version};
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
    /// The customer as stored, whose version is not the expected one.
    pub customer: Option<&'a Customer>,
}

#[derive(Serialize)]
struct SuccessBody<'a> {
    success: bool,
    message: &'static str,
    data: &'a Customer,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FailureBody<'a> {
    success: bool,
    message: &'a str,
    code: &'static str,
    #[serde(skip_serializing_if = "<[ValidationError]>::is_empty")]
    errors: &'a [ValidationError],
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a Customer>,
    request_id: &'a str,
}

/// 200 with the stored customer and its version.
pub fn success(customer: &Customer) -> Response<Body> {
    let body = SuccessBody {
        success: true,
        message: "Customer updated successfully",
        data: customer,
    };
    with_version(json(StatusCode::OK, &body), customer.version())
}

/// The response to a request that failed.
pub fn failure(failure: &Failure<'_>, request_id: &str) -> Response<Body> {
    let body = FailureBody {
        success: false,
        message: &failure.message,
        code: failure.code,
        errors: failure.errors,
        data: failure.customer,
        request_id,
    };
    let mut response = json(failure.status, &body);
    if let Some((name, value)) = &failure.header {
        let headers = response.headers_mut();
        headers.insert(name, HeaderValue::from_static(value));
    }
    match failure.customer {
        Some(customer) => with_version(response, customer.version()),
        None => response,
    }
}

fn json(status: StatusCode, body: &impl Serialize) -> Response<Body> {
    // Serialising cannot fail here; if it ever does, send the status without a body.
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

/// Adds the version as an entity tag for `If-Match`, such as `"7"`.
fn with_version(mut response: Response<Body>, version: Version) -> Response<Body> {
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{version}\"")) {
        response.headers_mut().insert(CUSTOMER_VERSION, tag);
    }
    response
}
