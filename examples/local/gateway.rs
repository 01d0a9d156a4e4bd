//! Does what API Gateway does: makes an event (payload 2.0) of an HTTP request, and an HTTP response of
//! what the function returns.

use axum::body::{Body, Bytes};
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use axum::response::IntoResponse;
use percent_encoding::percent_decode_str;
use serde_json::Value;
use testkit::invoke::invoke_text;
use testkit::request::HttpApiRequest;
use update_customer::App;

/// What a person sees who opens a customer's URL in a browser.
const ONLY_PUT: &str = include_str!("console/page/only-put.html");

/// Passes a request to the function and returns its response.
pub async fn invoke(app: &App, request: &Request<Bytes>, request_id: &str) -> Response<String> {
    let event = event(request).to_string();
    match invoke_text(app, &event, request_id).await {
        Ok(returned) => response(&returned),
        // API Gateway also returns 500 when a function cannot read the event.
        Err(error) => {
            let message = format!("The function did not accept the event: {error}");
            let mut response = Response::new(message);
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            response
        }
    }
}

/// The response as an HTTP API sends it. A browser that opens a customer's URL gets a page that says
/// where to look, with the same status and headers.
pub fn sent(
    request: &Request<Bytes>,
    response: Response<String>,
    request_id: &str,
) -> Response<Body> {
    let is_page = request.method() == Method::GET
        && response.status() == StatusCode::METHOD_NOT_ALLOWED
        && accepts_html(request.headers());
    let mut response = response.into_response();
    if is_page {
        let html = HeaderValue::from_static("text/html; charset=utf-8");
        response.headers_mut().insert(CONTENT_TYPE, html);
        *response.body_mut() = Body::from(ONLY_PUT);
    }
    if let Ok(id) = HeaderValue::from_str(request_id) {
        response.headers_mut().insert("apigw-requestid", id);
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
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = headers.iter();
    headers
        .map(|(name, value)| (name.to_string(), text(value)))
        .collect()
}

fn event(request: &Request<Bytes>) -> Value {
    // Another method does not match the route.
    let customer_id = customer_id(request).filter(|_| request.method() == Method::PUT);
    HttpApiRequest {
        method: request.method().as_str(),
        path: &decoded(request.uri().path()),
        query: request.uri().query().unwrap_or_default(),
        customer_id: customer_id.as_deref(),
        headers: &pairs(request.headers()),
        body: request.body(),
    }
    .event()
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// Status, headers and body of what the function returned.
fn response(returned: &Value) -> Response<String> {
    let status = returned["statusCode"]
        .as_u64()
        .and_then(|status| u16::try_from(status).ok());
    let headers = returned["headers"].as_object().into_iter().flatten();
    let headers = headers.filter_map(|(name, value)| {
        Some((
            name.parse::<HeaderName>().ok()?,
            value.as_str()?.parse().ok()?,
        ))
    });
    let body = returned["body"].as_str().unwrap_or_default();
    let mut response = Response::new(body.to_owned());
    let known = status.and_then(|status| StatusCode::from_u16(status).ok());
    *response.status_mut() = known.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().extend(headers);
    response
}

/// Whether the client names HTML, as browsers do and `curl` does not.
fn accepts_html(headers: &HeaderMap) -> bool {
    let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}
