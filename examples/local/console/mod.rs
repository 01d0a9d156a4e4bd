//! The console: a page that sends requests and shows what each of them did, and the JSON behind it.

mod demonstrations;
pub mod history;
pub mod recorder;
mod samples;
pub mod tables;

use std::sync::Arc;

use axum::Json;
use axum::extract::{DefaultBodyLimit, Path, Query, Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderName, Method, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use serde::{Deserialize, Serialize};

use self::demonstrations::Outcome;
use self::history::{Exchange, Summary};
use self::samples::Sample;
use self::tables::{ACCESS_TOKENS_TABLE, CUSTOMERS_TABLE};
use crate::docs;
use crate::gateway::{self, Gateway};

/// API Gateway's limit for a request body. The function has a lower one.
const MAX_BODY_BYTES: usize = 10 * 1_024 * 1_024;

const PAGE: &str = include_str!("page/console.html");
const STYLE: &str = include_str!("page/console.css");

/// The page's modules by path.
const SCRIPTS: [(&str, &str); 5] = [
    ("/console/console.js", include_str!("page/console.js")),
    ("/console/json.js", include_str!("page/json.js")),
    ("/console/diff.js", include_str!("page/diff.js")),
    ("/console/request.js", include_str!("page/request.js")),
    ("/console/result.js", include_str!("page/result.js")),
];

/// Serves the console at `GET /`, the API reference at `GET /docs`, and passes every other request to
/// the function.
pub fn router(gateway: Gateway) -> axum::Router {
    let mut console = axum::Router::new()
        .route("/", get(page).fallback(gateway::invoke))
        .route("/console/console.css", get(typed("text/css", STYLE)))
        .route("/console/samples", get(samples))
        .route("/console/state", get(state))
        .route("/console/exchanges/{number}", get(exchange))
        .route("/console/restore", post(restore))
        .route("/console/two-writers", post(two_writers))
        .route("/console/late-response", post(late_response));
    for (path, script) in SCRIPTS {
        console = console.route(path, get(typed("text/javascript", script)));
    }
    axum::Router::new()
        .merge(docs::router())
        .merge(console.layer(from_fn(only_this_page)))
        .fallback(gateway::invoke)
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(Arc::new(gateway))
}

/// Refuses what another web site could make a browser send: a request under a name that its owner lets
/// point to this computer, and a POST from its own page.
async fn only_this_page(request: Request, next: Next) -> Response {
    if is_from_this_page(request.method(), request.headers()) {
        return next.run(request).await;
    }
    let message = "Open the console under 127.0.0.1 or localhost";
    (StatusCode::FORBIDDEN, message).into_response()
}

fn is_from_this_page(method: &Method, headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let host = text(HOST).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let is_local = ["127.0.0.1", "localhost"].contains(&name);
    let origin_matches = match headers.contains_key(ORIGIN) {
        true => text(ORIGIN) == Some(&format!("http://{host}")),
        // A program such as `curl` sends none, a browser always does with POST.
        false => true,
    };
    is_local && (method != Method::POST || origin_matches)
}

async fn page() -> impl IntoResponse {
    // Scripts only from this server, so that nothing shown can become one.
    let policy =
        "default-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'";
    ([(CONTENT_SECURITY_POLICY, policy)], Html(PAGE))
}

fn typed(content_type: &'static str, text: &'static str) -> impl IntoResponse + Clone {
    // A browser must not show yesterday's script with today's page.
    (
        [(CONTENT_TYPE, content_type), (CACHE_CONTROL, "no-cache")],
        text,
    )
}

/// An error of the console itself.
struct Failure(String);

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Self(message)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (StatusCode::INTERNAL_SERVER_ERROR, self.0).into_response()
    }
}

async fn samples() -> Result<Json<Vec<Sample>>, Failure> {
    Ok(Json(samples::read()?))
}

/// The tables and the last requests as they are now.
#[derive(Serialize)]
struct Now {
    customers: Vec<String>,
    tokens: Vec<String>,
    exchanges: Vec<Summary>,
}

async fn state(State(gateway): State<Arc<Gateway>>) -> Result<Json<Now>, Failure> {
    Ok(Json(Now {
        customers: gateway.tables.items(CUSTOMERS_TABLE).await?,
        tokens: gateway.tables.items(ACCESS_TOKENS_TABLE).await?,
        exchanges: gateway.history.summaries(),
    }))
}

async fn exchange(
    State(gateway): State<Arc<Gateway>>,
    Path(number): Path<u64>,
) -> Result<Json<Exchange>, StatusCode> {
    let exchange = gateway.history.get(number);
    exchange.map(Json).ok_or(StatusCode::NOT_FOUND)
}

async fn restore(State(gateway): State<Arc<Gateway>>) -> Result<StatusCode, Failure> {
    gateway.tables.restore_sample().await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
struct Options {
    if_match: bool,
}

async fn two_writers(
    State(gateway): State<Arc<Gateway>>,
    Query(options): Query<Options>,
) -> Result<Json<Outcome>, Failure> {
    let outcome = demonstrations::two_writers(&gateway, options.if_match).await?;
    Ok(Json(outcome))
}

async fn late_response(
    State(gateway): State<Arc<Gateway>>,
    Query(options): Query<Options>,
) -> Result<Json<Outcome>, Failure> {
    let outcome = demonstrations::late_response(&gateway, options.if_match).await?;
    Ok(Json(outcome))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn accepted(method: Method, headers: &[(HeaderName, &'static str)]) -> bool {
        let headers = headers.iter().cloned();
        let headers = headers.map(|(name, value)| (name, HeaderValue::from_static(value)));
        is_from_this_page(&method, &headers.collect())
    }

    #[test]
    fn only_local_names_and_the_own_origin_are_accepted() {
        let host = (HOST, "127.0.0.1:9000");
        let from = |origin| [host.clone(), (ORIGIN, origin)];
        assert!(accepted(Method::GET, &[(HOST, "localhost:9000")]));
        assert!(accepted(Method::POST, &[(HOST, "localhost:9000")]));
        assert!(accepted(Method::POST, &from("http://127.0.0.1:9000")));
        assert!(!accepted(Method::GET, &[]));
        assert!(!accepted(Method::GET, &[(HOST, "rebound.example:9000")]));
        for origin in ["http://127.0.0.1:8000", "https://shop.example", "null"] {
            assert!(!accepted(Method::POST, &from(origin)));
        }
    }
}
