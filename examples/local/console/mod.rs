//! The console: a page that sends requests and shows what each of them did, and the JSON behind it. And the API
//! reference: Swagger UI on `openapi.yaml`, whose assets are compiled in.

pub mod recorder;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path as FilePath;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, Request, Response, StatusCode};
use axum::middleware::from_fn;
use axum::response::{IntoResponse, Redirect};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use testkit::{CUSTOMER_ID, WRITE_TOKEN, gateway, sample_customer};
use update_customer::App;
use utoipa_swagger_ui::serve;

use self::recorder::{Exchange, History};
use crate::dynamodb::{ACCESS_TOKENS_TABLE, CUSTOMERS_TABLE, Tables};
use crate::guard;

/// API Gateway's limit for a request body. The function has a lower one.
const MAX_BODY_BYTES: usize = 10 * 1_024 * 1_024;

/// The example runs from a checkout, so it reads the events and the pages there.
const EVENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../events");
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/local/console/page");
const OPENAPI: &str = include_str!("../../../openapi.yaml");

const HTML: &str = "text/html; charset=utf-8";

/// What a person sees who opens a customer's URL in a browser.
const ONLY_PUT: &str = r#"<!doctype html>
<html lang="en">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>405: only PUT is allowed here</title>
<link rel="icon" href="data:,">
<h1>Only <code>PUT</code> is allowed here</h1>
<p>This address updates a customer. It has no page to read, so a browser gets the status 405.</p>
<ul>
<li><a href="/">Console</a>: send requests, see what each of them changes and what is stored</li>
<li><a href="/docs">API reference</a>: fields, headers and errors</li>
</ul>
"#;

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
        let received_at = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
        let id = gateway::customer_id(&request);
        let before = self.tables.customer(id.as_deref()).await;

        let started_ms = recorder::now();
        let invoked = gateway::invoke(&self.app, &request, &request_id);
        let (response, recording) = recorder::record(late, invoked).await;
        let ended_ms = recorder::now();

        let exchange = Exchange {
            summary: json!({
                "number": number,
                "method": request.method().as_str(),
                "target": request.uri().to_string(),
                "status": response.status().as_u16(),
                "receivedAt": received_at.as_secs_f64() * 1_000.0,
            }),
            // Bodies and customers are text, because a browser's own JSON parser would round numbers. A customer is
            // null when there is none, or when the path names none.
            details: json!({
                "requestHeaders": gateway::pairs(request.headers()),
                "requestBody": String::from_utf8_lossy(request.body()),
                "responseHeaders": gateway::pairs(response.headers()),
                "responseBody": response.body(),
                "hasCustomer": id.is_some(),
                "before": before,
                "after": self.tables.customer(id.as_deref()).await,
                "startedMs": started_ms,
                "endedMs": ended_ms,
            }),
            recording,
        };
        self.history.add(number, exchange);
        (number, sent(&request, response, &request_id))
    }
}

/// The response as an HTTP API sends it. A browser that opens a customer's URL gets a page that says where to look,
/// with the same status and headers.
fn sent(request: &Request<Bytes>, response: Response<String>, request_id: &str) -> Response<Body> {
    // Browsers name HTML, and `curl` does not.
    let accept = request.headers().get(ACCEPT);
    let accept = accept.and_then(|accept| accept.to_str().ok());
    let is_browser = accept.is_some_and(|accept| accept.contains("text/html"));
    let is_page = is_browser
        && request.method() == Method::GET
        && response.status() == StatusCode::METHOD_NOT_ALLOWED;
    let mut response = response.map(Body::from);
    if is_page {
        let html = HeaderValue::from_static(HTML);
        response.headers_mut().insert(CONTENT_TYPE, html);
        *response.body_mut() = Body::from(ONLY_PUT);
    }
    if let Ok(id) = HeaderValue::from_str(request_id) {
        response.headers_mut().insert("apigw-requestid", id);
    }
    response
}

/// Serves the console at `GET /`, the API reference at `GET /docs`, and passes every other request to
/// the function, as a `$default` route does.
pub fn router(console: Console) -> Router {
    let console_router = Router::new()
        .route(
            "/",
            get(|| file(Path("console.html".to_owned()))).fallback(invoke),
        )
        .route("/console/events", get(events))
        .route("/console/state", get(state))
        .route("/console/exchanges/{number}", get(exchange))
        .route("/console/restore", post(restore))
        .route("/console/two-writers", post(two_writers))
        .route("/console/late-response", post(late_response))
        .route("/console/{file}", get(file))
        .route(
            "/openapi.yaml",
            get(([(CONTENT_TYPE, "application/yaml")], OPENAPI)),
        )
        .route("/docs", get(Redirect::permanent("/docs/")))
        .route("/docs/", get(|| swagger_ui(Path(String::new()))))
        // Instead of Swagger UI's own, whose settings cannot fill in a token or keep the digits of a number.
        .route(
            "/docs/swagger-initializer.js",
            get(|| file(Path("docs.js".to_owned()))),
        )
        .route("/docs/{file}", get(swagger_ui));
    let api = Router::new().fallback(invoke).layer(from_fn(guard::cors));
    console_router
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

/// A file of the pages.
async fn file(Path(name): Path<String>) -> Result<impl IntoResponse, StatusCode> {
    let path = FilePath::new(&name);
    let content_type = match path.extension().and_then(|extension| extension.to_str()) {
        Some("html") => HTML,
        Some("css") => "text/css",
        Some("js" | "mjs") => "text/javascript",
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

/// A file of Swagger UI.
async fn swagger_ui(Path(name): Path<String>) -> Result<impl IntoResponse, StatusCode> {
    match serve(&name, Arc::default()) {
        Ok(Some(file)) => Ok(([(CONTENT_TYPE, file.content_type)], file.bytes)),
        _ => Err(StatusCode::NOT_FOUND),
    }
}

/// An error of the console itself.
type Failure = (StatusCode, String);

fn failure(message: impl ToString) -> Failure {
    (StatusCode::INTERNAL_SERVER_ERROR, message.to_string())
}

/// The API Gateway events by their file names without extension.
async fn events() -> Result<Json<BTreeMap<String, Value>>, Failure> {
    let event = |path: &FilePath| {
        let name = path.file_stem()?.to_str()?.to_owned();
        Some((name, serde_json::from_slice(&fs::read(path).ok()?).ok()?))
    };
    let files = fs::read_dir(EVENTS).map_err(failure)?.flatten();
    let events = files.filter_map(|entry| event(&entry.path()));
    Ok(Json(events.collect()))
}

/// The tables and the last requests as they are now.
async fn state(State(console): State<Arc<Console>>) -> Json<Value> {
    Json(json!({
        "customers": console.tables.items(CUSTOMERS_TABLE).await,
        "tokens": console.tables.items(ACCESS_TOKENS_TABLE).await,
        "exchanges": console.history.summaries(),
    }))
}

async fn exchange(
    State(console): State<Arc<Console>>,
    Path(number): Path<u64>,
) -> Result<Json<Exchange>, StatusCode> {
    let exchange = console.history.get(number);
    exchange.map(Json).ok_or(StatusCode::NOT_FOUND)
}

async fn restore(State(console): State<Arc<Console>>) -> Result<StatusCode, Failure> {
    console.tables.restore_sample().await.map_err(failure)?;
    Ok(StatusCode::NO_CONTENT)
}

// Two situations that a single request cannot show: two writers at once, and a late DynamoDB.

/// The variant of a demonstration.
#[derive(Deserialize)]
struct Options {
    if_match: bool,
}

/// Two updates of the same field at the same time. With `if_match`, both name the version that both have read.
async fn two_writers(
    State(console): State<Arc<Console>>,
    Query(options): Query<Options>,
) -> Result<Json<Value>, Failure> {
    let erp = notes("Call before delivery (ERP)", "erp", &options)?;
    let shop = notes("Leave at the door (shop)", "shop", &options)?;
    let sent = async {
        let (erp, shop) = tokio::join!(console.send(erp, false), console.send(shop, false));
        vec![erp.0, shop.0]
    };
    console.demonstrate(sent).await
}

/// One update whose first `UpdateItem` is stored, but whose response comes after the SDK's time limit.
async fn late_response(
    State(console): State<Arc<Console>>,
    Query(options): Query<Options>,
) -> Result<Json<Value>, Failure> {
    let request = notes("Stored before the response was lost", "erp", &options)?;
    let sent = async { vec![console.send(request, true).await.0] };
    console.demonstrate(sent).await
}

impl Console {
    /// Restores the sample customer and sends requests, whose numbers `sent` returns. Returns them, and the customer
    /// around all of them.
    async fn demonstrate(
        &self,
        sent: impl Future<Output = Vec<u64>>,
    ) -> Result<Json<Value>, Failure> {
        self.tables.restore_sample().await.map_err(failure)?;
        let before = self.tables.customer(Some(CUSTOMER_ID)).await;
        let exchanges = sent.await;
        let after = self.tables.customer(Some(CUSTOMER_ID)).await;
        Ok(Json(
            json!({"exchanges": exchanges, "before": before, "after": after}),
        ))
    }
}

/// An update of the sample customer's notes that leaves everything else as it is.
fn notes(notes: &str, user_agent: &str, options: &Options) -> Result<Request<Bytes>, Failure> {
    let sample = sample_customer();
    let body = json!({
        "firstName": sample["firstName"], "lastName": sample["lastName"], "email": sample["email"], "notes": notes
    });
    let mut request = Request::put(format!("/customers/{CUSTOMER_ID}"))
        .header("accesstoken", WRITE_TOKEN)
        .header("content-type", "application/json")
        .header("user-agent", user_agent);
    if options.if_match {
        request = request.header("if-match", format!("\"{}\"", sample["version"]));
    }
    request.body(body.to_string().into()).map_err(failure)
}
