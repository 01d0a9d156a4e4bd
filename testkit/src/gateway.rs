//! Does what an HTTP API does: makes an event (payload 2.0) of an HTTP request, and an HTTP response of what the
//! function returns.

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderName, Method, Request, Response, StatusCode};
use percent_encoding::percent_decode_str;
use update_customer::App;

use crate::invoke::invoke_text;
use crate::request::HttpApiRequest;

/// Passes a request to the function and returns its response.
pub async fn invoke(app: &App, request: &Request<Bytes>, request_id: &str) -> Response<String> {
    // Another method does not match the route.
    let customer_id = customer_id(request).filter(|_| request.method() == Method::PUT);
    let event = HttpApiRequest {
        method: request.method().as_str(),
        path: &decoded(request.uri().path()),
        query: request.uri().query().unwrap_or_default(),
        customer_id: customer_id.as_deref(),
        headers: &pairs(request.headers()),
        body: request.body(),
    }
    .event();
    let mut response = Response::default();
    match invoke_text(app, &event.to_string(), request_id).await {
        Ok(returned) => {
            let returned = crate::Response::from_lambda(&returned);
            let status = u16::try_from(returned.status).unwrap();
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            let headers = returned.headers.iter();
            let headers = headers.map(|(name, value)| {
                let name: HeaderName = name.parse().unwrap();
                (name, value.parse().unwrap())
            });
            response.headers_mut().extend(headers);
            *response.body_mut() = returned.text;
        }
        // API Gateway also returns 500 when a function cannot read the event.
        Err(error) => {
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            *response.body_mut() = format!("The function did not accept the event: {error}");
        }
    }
    response
}

/// The customer that the path names, whatever the method.
pub fn customer_id(request: &Request<Bytes>) -> Option<String> {
    let segment = request.uri().path().strip_prefix("/customers/")?;
    (!segment.is_empty() && !segment.contains('/')).then(|| decoded(segment))
}

/// Headers as text. An equal name occurs as often as it was sent.
pub fn pairs(headers: &HeaderMap) -> Vec<(String, String)> {
    let headers = headers.iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes());
        (name.to_string(), value.into_owned())
    });
    headers.collect()
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}
