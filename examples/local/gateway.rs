//! An HTTP API for local development. It makes an API Gateway event (payload 2.0) of each HTTP
//! request, and an HTTP response of what the function returns.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, Method, Response, StatusCode, Uri};
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use percent_encoding::percent_decode_str;
use serde_json::Value;
use testkit::invoke::invoke_text;
use testkit::request::HttpApiRequest;
use update_customer::handler::App;

/// The API reference, which can send requests to this gateway.
const REFERENCE: &str = include_str!("../../docs/api.html");

/// API Gateway's limit for a request body. The function has a lower one.
const MAX_BODY_BYTES: usize = 10 * 1_024 * 1_024;

/// Serves the API reference at `GET /`, and passes every other request to the function, as a
/// `$default` route does.
pub fn router(app: App) -> axum::Router {
    let gateway = Arc::new(Gateway {
        app,
        requests: AtomicU64::new(0),
    });
    axum::Router::new()
        .route("/", get(Html(REFERENCE)).fallback(invoke))
        .fallback(invoke)
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(gateway)
}

struct Gateway {
    app: App,
    requests: AtomicU64,
}

async fn invoke(
    State(gateway): State<Arc<Gateway>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let number = gateway.requests.fetch_add(1, Ordering::Relaxed) + 1;
    let event = event(&method, &uri, &headers, &body).to_string();
    match invoke_text(&gateway.app, &event, &format!("local-{number}")).await {
        Ok(response) => http_response(&response),
        // API Gateway also returns 500 when a function cannot read the event.
        Err(error) => {
            let message = format!("The function did not accept the event: {error}");
            (StatusCode::INTERNAL_SERVER_ERROR, message).into_response()
        }
    }
}

fn event(method: &Method, uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Value {
    let decoded = |text| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let segment = uri.path().strip_prefix("/customers/");
    let segment = segment.filter(|segment| method == Method::PUT && !segment.contains('/'));
    let headers: Vec<_> = headers
        .iter()
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes());
            (name.to_string(), value.into_owned())
        })
        .collect();
    HttpApiRequest {
        method: method.as_str(),
        path: &decoded(uri.path()),
        query: uri.query().unwrap_or_default(),
        customer_id: segment.map(decoded).as_deref(),
        headers: &headers,
        body,
    }
    .event()
}

fn http_response(returned: &Value) -> Response<Body> {
    let status = returned["statusCode"]
        .as_u64()
        .and_then(|status| u16::try_from(status).ok());
    let mut response = Response::builder().status(status.unwrap_or(500));
    for (name, value) in returned["headers"].as_object().into_iter().flatten() {
        response = response.header(name, value.as_str().unwrap_or_default());
    }
    let body = returned["body"].as_str().unwrap_or_default().to_owned();
    response
        .body(Body::from(body))
        .unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}
