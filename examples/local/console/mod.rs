//! The console: a page that sends requests and shows what each of them did, and the JSON behind it.

mod demonstrations;
mod history;
pub mod recorder;
pub mod tables;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path as FilePath;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{Request, Response, StatusCode};
use axum::middleware::from_fn;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use update_customer::App;

use self::history::{Exchange, History, Summary};
use self::tables::{ACCESS_TOKENS_TABLE, CUSTOMERS_TABLE, Tables};
use crate::{docs, gateway, guard};

/// API Gateway's limit for a request body. The function has a lower one.
const MAX_BODY_BYTES: usize = 10 * 1_024 * 1_024;

/// The example runs from a checkout, so it reads the events and the page there.
const EVENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../events");
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/local/console/page");

/// The function behind a gateway that remembers the last requests.
pub struct Console {
    app: App,
    tables: Tables,
    history: History,
    requests: AtomicU64,
}

impl Console {
    pub fn new(app: App, tables: Tables) -> Self {
        Self {
            app,
            tables,
            history: History::default(),
            requests: AtomicU64::new(0),
        }
    }

    /// Passes a request to the function and adds it to the history. With `late`, DynamoDB's first
    /// response to the update comes after the SDK has stopped waiting for it.
    async fn send(&self, request: Request<Bytes>, late: bool) -> (u64, Response<Body>) {
        let number = self.requests.fetch_add(1, Ordering::Relaxed) + 1;
        let request_id = format!("local-{number}");
        let received_at = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        let id = gateway::customer_id(&request);
        let before = self.tables.customer(id.as_deref()).await;

        let started_ms = recorder::now();
        let invoked = gateway::invoke(&self.app, &request, &request_id);
        let (response, recording) = recorder::record(late, invoked).await;
        let ended_ms = recorder::now();

        self.history.push(Exchange {
            summary: Summary {
                number,
                method: request.method().to_string(),
                target: request.uri().to_string(),
                status: response.status().as_u16(),
                received_at: u64::try_from(received_at.as_millis()).unwrap_or_default(),
            },
            request_headers: gateway::pairs(request.headers()),
            request_body: String::from_utf8_lossy(request.body()).into_owned(),
            response_headers: gateway::pairs(response.headers()),
            response_body: response.body().clone(),
            has_customer: id.is_some(),
            before,
            after: self.tables.customer(id.as_deref()).await,
            recording,
            started_ms,
            ended_ms,
        });
        (number, gateway::sent(&request, response, &request_id))
    }
}

/// Serves the console at `GET /`, the API reference at `GET /docs`, and passes every other request to
/// the function, as a `$default` route does.
pub fn router(console: Console) -> Router {
    let console_router = Router::new()
        .route("/", get(page).fallback(invoke))
        .route("/console/events", get(events))
        .route("/console/state", get(state))
        .route("/console/exchanges/{number}", get(exchange))
        .route("/console/restore", post(restore))
        .route("/console/two-writers", post(demonstrations::two_writers))
        .route(
            "/console/late-response",
            post(demonstrations::late_response),
        )
        .route("/console/{file}", get(file));
    let api = Router::new().fallback(invoke).layer(from_fn(guard::cors));
    console_router
        .merge(docs::router())
        .merge(api)
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(from_fn(guard::only_local))
        .with_state(Arc::new(console))
}

async fn invoke(State(console): State<Arc<Console>>, parts: Parts, body: Bytes) -> Response<Body> {
    console
        .send(Request::from_parts(parts, body), false)
        .await
        .1
}

async fn page() -> impl IntoResponse {
    file(Path("console.html".to_owned())).await
}

/// A file of the page.
async fn file(Path(name): Path<String>) -> Result<impl IntoResponse, StatusCode> {
    let path = FilePath::new(&name);
    let content_type = match path.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css",
        Some("js") => "text/javascript",
        _ => return Err(StatusCode::NOT_FOUND),
    };
    // Never a path out of the folder.
    let name = path.file_name().ok_or(StatusCode::NOT_FOUND)?;
    let text =
        fs::read_to_string(FilePath::new(PAGE).join(name)).map_err(|_| StatusCode::NOT_FOUND)?;
    // Scripts only from this server, so that nothing shown can become one.
    let policy =
        "default-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'";
    // A browser must not show yesterday's script with today's page.
    let headers = [
        (CONTENT_TYPE, content_type),
        (CONTENT_SECURITY_POLICY, policy),
        (CACHE_CONTROL, "no-cache"),
    ];
    Ok((headers, text))
}

/// An error of the console itself.
struct Failure(String);

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Self(message)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response<Body> {
        (StatusCode::INTERNAL_SERVER_ERROR, self.0).into_response()
    }
}

/// The API Gateway events by their file names without extension.
async fn events() -> Result<Json<BTreeMap<String, Value>>, Failure> {
    let event = |path: &FilePath| {
        let name = path.file_stem()?.to_str()?;
        Some((
            name.to_owned(),
            serde_json::from_slice(&fs::read(path).ok()?).ok()?,
        ))
    };
    let files = fs::read_dir(EVENTS).map_err(|error| format!("cannot read {EVENTS}: {error}"))?;
    Ok(Json(
        files
            .flatten()
            .filter_map(|entry| event(&entry.path()))
            .collect(),
    ))
}

/// The tables and the last requests as they are now.
#[derive(Serialize)]
struct Now {
    customers: Result<Vec<String>, String>,
    tokens: Result<Vec<String>, String>,
    exchanges: Vec<Summary>,
}

async fn state(State(console): State<Arc<Console>>) -> Json<Now> {
    Json(Now {
        customers: console.tables.items(CUSTOMERS_TABLE).await,
        tokens: console.tables.items(ACCESS_TOKENS_TABLE).await,
        exchanges: console.history.summaries(),
    })
}

async fn exchange(
    State(console): State<Arc<Console>>,
    Path(number): Path<u64>,
) -> Result<Json<Exchange>, StatusCode> {
    let exchange = console.history.get(number);
    exchange.map(Json).ok_or(StatusCode::NOT_FOUND)
}

async fn restore(State(console): State<Arc<Console>>) -> Result<StatusCode, Failure> {
    console.tables.restore_sample().await?;
    Ok(StatusCode::NO_CONTENT)
}
