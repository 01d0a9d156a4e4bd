//! Who may use the two ports. A browser lets every web page send requests to this computer, so both
//! ports refuse what a page of another site can make it send.

use axum::extract::Request;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, HOST, ORIGIN, VARY,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// Lets a request pass that names this computer as its host, and that no page of another site sends.
/// The host protects against DNS rebinding: a foreign name that resolves to 127.0.0.1.
pub async fn only_local(request: Request, next: Next) -> Response {
    if is_local(request.headers()) {
        return next.run(request).await;
    }
    let message =
        "Only a local host and a page of http://localhost or http://127.0.0.1 are allowed";
    (StatusCode::FORBIDDEN, message).into_response()
}

fn is_local(headers: &HeaderMap) -> bool {
    let every = |name: HeaderName, scheme: &str| {
        let mut values = headers.get_all(name).iter();
        values.all(|value| {
            value
                .to_str()
                .is_ok_and(|value| value.strip_prefix(scheme).is_some_and(is_local_host))
        })
    };
    // A program such as `curl` sends no origin. A browser always sends one with a POST.
    headers.contains_key(HOST) && every(HOST, "") && every(ORIGIN, "http://")
}

/// Whether a name with an optional port is one of this computer.
fn is_local_host(host: &str) -> bool {
    let name = host.split_once(':').map_or(host, |(name, _)| name);
    ["127.0.0.1", "localhost"].contains(&name)
}

/// Refuses a preflight, so that no page can send what needs one: DynamoDB's `X-Amz-Target`.
pub async fn no_preflight(request: Request, next: Next) -> Response {
    match is_preflight(&request) {
        true => (StatusCode::FORBIDDEN, "No page may call this port").into_response(),
        false => next.run(request).await,
    }
}

/// CORS as `template.yaml` configures it, for the pages that [`only_local`] lets pass: a front end in
/// development.
pub async fn cors(request: Request, next: Next) -> Response {
    let Some(origin) = request.headers().get(ORIGIN).cloned() else {
        return next.run(request).await;
    };
    let mut response = match is_preflight(&request) {
        true => StatusCode::NO_CONTENT.into_response(),
        false => next.run(request).await,
    };
    let value = HeaderValue::from_static;
    response.headers_mut().extend([
        (ACCESS_CONTROL_ALLOW_ORIGIN, origin),
        (ACCESS_CONTROL_ALLOW_METHODS, value("PUT")),
        (
            ACCESS_CONTROL_ALLOW_HEADERS,
            value("accesstoken, content-type, if-match, if-none-match"),
        ),
        (
            ACCESS_CONTROL_EXPOSE_HEADERS,
            value("x-customer-version, www-authenticate, retry-after"),
        ),
        (VARY, value("Origin")),
    ]);
    response
}

fn is_preflight(request: &Request) -> bool {
    request.method() == Method::OPTIONS
        && request
            .headers()
            .contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}
