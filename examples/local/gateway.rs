//! An HTTP API for local development. It makes an API Gateway event (payload 2.0) of each HTTP
//! request, and an HTTP response of what the function returns.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Instant, SystemTime};

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Uri};
use axum::response::IntoResponse;
use percent_encoding::percent_decode_str;
use serde_json::Value;
use testkit::invoke::invoke_text;
use testkit::request::HttpApiRequest;
use update_customer::handler::App;

use crate::console::history::{Exchange, History};
use crate::console::recorder::{Trace, milliseconds};
use crate::console::tables::Tables;

/// The header in which an HTTP API returns the request's id.
const REQUEST_ID: &str = "apigw-requestid";

/// What a person sees who opens a customer's URL in a browser.
const ONLY_PUT: &str = include_str!("console/page/only-put.html");

/// The function behind a gateway that remembers the last requests.
pub struct Gateway {
    app: App,
    pub tables: Tables,
    pub history: History,
    requests: AtomicU64,
    started: Instant,
}

/// An HTTP request, read to its end.
pub struct Request {
    pub method: Method,
    pub uri: Uri,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Gateway {
    pub fn new(app: App, tables: Tables) -> Self {
        Self {
            app,
            tables,
            history: History::default(),
            requests: AtomicU64::new(0),
            started: Instant::now(),
        }
    }

    /// Passes a request to the function and adds it to the history. With `late`, DynamoDB's first
    /// response to the update comes after the SDK has stopped waiting for it.
    pub async fn send(&self, request: Request, late: bool) -> (u64, Response<Body>) {
        let number = self.requests.fetch_add(1, Ordering::Relaxed) + 1;
        let request_id = format!("local-{number}");
        let received_at = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let id = customer_id(&request);
        let before = self.customer(id.as_deref()).await;

        let event = event(&request, id.as_deref()).to_string();
        let trace = Trace::new(self.started, late);
        let started_ms = milliseconds(self.started.elapsed());
        let returned = trace.record(invoke_text(&self.app, &event, &request_id));
        let (status, headers, body) = match returned.await {
            Ok(returned) => response_parts(&returned),
            // API Gateway also returns 500 when a function cannot read the event.
            Err(error) => {
                let message = format!("The function did not accept the event: {error}");
                (StatusCode::INTERNAL_SERVER_ERROR, HeaderMap::new(), message)
            }
        };
        let ended_ms = milliseconds(self.started.elapsed());

        let response = http_response(&request, status, &headers, &body, &request_id);
        self.history.push(Exchange {
            number,
            request_id,
            method: request.method.to_string(),
            target: request.uri.to_string(),
            request_headers: pairs(&request.headers),
            request_body: String::from_utf8_lossy(&request.body).into_owned(),
            status: status.as_u16(),
            response_headers: pairs(&headers),
            response_body: body,
            before,
            after: self.customer(id.as_deref()).await,
            attempts: trace.attempts(),
            log: trace.log(),
            received_at: received_at
                .ok()
                .and_then(|time| u64::try_from(time.as_millis()).ok())
                .unwrap_or_default(),
            started_ms,
            ended_ms,
        });
        (number, response)
    }

    async fn customer(&self, id: Option<&str>) -> Option<String> {
        self.tables.customer(id?).await
    }
}

/// Passes every request that no other route takes to the function, as a `$default` route does.
pub async fn invoke(
    State(gateway): State<Arc<Gateway>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let request = Request {
        method,
        uri,
        headers,
        body,
    };
    gateway.send(request, false).await.1
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// The path parameter, if the request matches the route.
fn customer_id(request: &Request) -> Option<String> {
    let segment = request.uri.path().strip_prefix("/customers/")?;
    (request.method == Method::PUT && !segment.contains('/')).then(|| decoded(segment))
}

fn event(request: &Request, customer_id: Option<&str>) -> Value {
    HttpApiRequest {
        method: request.method.as_str(),
        path: &decoded(request.uri.path()),
        query: request.uri.query().unwrap_or_default(),
        customer_id,
        headers: &pairs(&request.headers),
        body: &request.body,
    }
    .event()
}

fn pairs(headers: &HeaderMap) -> Vec<(String, String)> {
    headers
        .iter()
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes());
            (name.to_string(), value.into_owned())
        })
        .collect()
}

/// Status, headers and body of what the function returned.
fn response_parts(returned: &Value) -> (StatusCode, HeaderMap, String) {
    let status = returned["statusCode"]
        .as_u64()
        .and_then(|status| u16::try_from(status).ok())
        .and_then(|status| StatusCode::from_u16(status).ok());
    let headers = returned["headers"].as_object().into_iter().flatten();
    let headers = headers.filter_map(|(name, value)| {
        let value = value.as_str()?.parse::<HeaderValue>().ok()?;
        Some((name.parse::<axum::http::HeaderName>().ok()?, value))
    });
    (
        status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
        headers.collect(),
        returned["body"].as_str().unwrap_or_default().to_owned(),
    )
}

/// The function's response. A browser that opens a customer's URL gets a page that says where to look,
/// with the same status and headers.
fn http_response(
    request: &Request,
    status: StatusCode,
    headers: &HeaderMap,
    body: &str,
    request_id: &str,
) -> Response<Body> {
    let is_page = request.method == Method::GET
        && status == StatusCode::METHOD_NOT_ALLOWED
        && accepts_html(&request.headers);
    let body = if is_page { ONLY_PUT } else { body };
    let mut response = (status, headers.clone(), body.to_owned()).into_response();
    if is_page {
        let html = HeaderValue::from_static("text/html; charset=utf-8");
        response.headers_mut().insert(CONTENT_TYPE, html);
    }
    if let Ok(id) = HeaderValue::from_str(request_id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

/// Whether the client names HTML, as browsers do and `curl` does not.
fn accepts_html(headers: &HeaderMap) -> bool {
    let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}
