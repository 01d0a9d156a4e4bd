//! The response: status, headers and body (`docs/API.md#responses`).

use std::borrow::Cow;

use lambda_http::http::StatusCode;
use lambda_http::http::header::{self, HeaderName, HeaderValue};
use lambda_http::{Body, Response};
use serde::Serialize;

use crate::customer::Customer;
use crate::validation::ValidationError;

/// What a caller sees of a request. The body has the other members in this order, without absent ones.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Outcome<'a> {
    #[serde(skip)]
    pub(crate) status: StatusCode,
    /// A header of this outcome alone.
    #[serde(skip)]
    pub(crate) header: Option<(HeaderName, &'static str)>,
    pub(crate) success: bool,
    pub(crate) message: Cow<'a, str>,
    /// A failure's stable code (`docs/API.md#error-codes`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<&'static str>,
    #[serde(skip_serializing_if = "<[ValidationError]>::is_empty")]
    pub(crate) errors: &'a [ValidationError],
    /// The stored customer; of the failures, only a 412 shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) data: Option<&'a Customer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) request_id: Option<&'a str>,
}

impl<'a> Outcome<'a> {
    /// 200 with the stored customer.
    pub(crate) fn success(customer: &'a Customer) -> Self {
        Self {
            success: true,
            message: "Customer updated successfully".into(),
            data: Some(customer),
            ..Self::default()
        }
    }

    pub(crate) fn to_response(&self) -> Response<Body> {
        // Serialising cannot fail here; if it ever does, send the status without a body.
        let body = serde_json::to_string(self).map_or(Body::Empty, Body::Text);
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        let common = [
            (header::CONTENT_TYPE, "application/json"),
            (header::CACHE_CONTROL, "no-store"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ];
        for (name, value) in common.into_iter().chain(self.header.clone()) {
            headers.insert(name, HeaderValue::from_static(value));
        }
        // An entity tag for `If-Match`, such as `"7"`.
        let tag = self
            .data
            .map(|customer| format!("\"{}\"", customer.version()));
        if let Some(Ok(tag)) = tag.map(HeaderValue::try_from) {
            headers.insert("x-customer-version", tag);
        }
        response
    }
}
