//! The embedded DynamoDB: its guarded port, and its tables as the console shows and restores them.

use std::net::Ipv4Addr;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::AttributeValue;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::ORIGIN;
use axum::http::uri::{Authority, Scheme, Uri};
use axum::middleware::from_fn;
use axum::response::{IntoResponse, Response};
use axum::{BoxError, Router};
use hyper_util::client::legacy::{Client as HttpClient, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use testkit::{sample_customer, tables};
use tokio::io;
use tokio::net::TcpListener;
use update_customer::dynamodb::attribute::{Item, into_json};

use crate::guard;

pub const CUSTOMERS_TABLE: &str = "customers";
pub const ACCESS_TOKENS_TABLE: &str = "access-tokens";

/// More items than this are not shown.
const MAX_ITEMS: i32 = 50;

/// Listens where only this process finds the engine, because the engine itself serves every web page.
/// Its address is one of 16 million, with a random port. macOS has only 127.0.0.1, and so only a random port.
pub async fn engine_listener() -> io::Result<TcpListener> {
    let [a, b, c] = [(); 3].map(|()| fastrand::u8(1..255));
    match TcpListener::bind((Ipv4Addr::new(127, a, b, c), 0)).await {
        Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable => {
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await
        }
        bound => bound,
    }
}

/// Passes every request that the guard lets pass to the engine.
pub fn router(engine: Authority) -> Router {
    let client = HttpClient::builder(TokioExecutor::new()).build_http();
    Router::new()
        .fallback(forward)
        .layer(from_fn(guard::no_preflight))
        .layer(from_fn(guard::only_local))
        .with_state((client, engine))
}

async fn forward(
    State((client, engine)): State<(HttpClient<HttpConnector, Body>, Authority)>,
    request: Request,
) -> Result<Response, Response> {
    let sent = async {
        let (mut parts, body) = request.into_parts();
        let mut uri = std::mem::take(&mut parts.uri).into_parts();
        (uri.scheme, uri.authority) = (Some(Scheme::HTTP), Some(engine.clone()));
        parts.uri = Uri::from_parts(uri)?;
        // The engine lets every origin read its response.
        parts.headers.remove(ORIGIN);
        Ok::<_, BoxError>(client.request(Request::from_parts(parts, body)).await?)
    };
    match sent.await {
        Ok(response) => Ok(response.map(Body::new)),
        Err(error) => Err((StatusCode::BAD_GATEWAY, error.to_string()).into_response()),
    }
}

/// The two tables. Calls of the console are not recorded.
#[derive(Clone)]
pub struct Tables(Client);

impl Tables {
    pub fn new(client: Client) -> Self {
        Self(client)
    }

    /// Creates both tables with the sample data, and keeps what is stored already.
    pub async fn create(&self) -> Result<(), String> {
        tables::seed(&self.0, CUSTOMERS_TABLE, ACCESS_TOKENS_TABLE).await
    }

    /// Replaces the sample customer by its initial state. Other items stay.
    pub async fn restore_sample(&self) -> Result<(), String> {
        let item = tables::item(&sample_customer());
        let put = self.0.put_item().table_name(CUSTOMERS_TABLE);
        let put = put.set_item(Some(item)).send().await;
        put.map(drop)
            .map_err(|error| sentence(CUSTOMERS_TABLE, &error))
    }

    /// The stored customer as JSON with all digits of its numbers, if there is one.
    pub async fn customer(&self, id: Option<&str>) -> Option<String> {
        let get = self.0.get_item().table_name(CUSTOMERS_TABLE);
        let get = get.key("id", AttributeValue::S(id?.to_owned()));
        // An id that cannot be a key is an error of DynamoDB, and names no customer either.
        let got = get.consistent_read(true).send().await.ok()?;
        got.item.as_ref().map(json)
    }

    /// The first items of a table as JSON.
    pub async fn items(&self, table: &str) -> Result<Vec<String>, String> {
        let scan = self.0.scan().table_name(table).limit(MAX_ITEMS);
        let scan = scan.consistent_read(true).send().await;
        let scan = scan.map_err(|error| sentence(table, &error))?;
        let mut items: Vec<_> = scan.items().iter().map(json).collect();
        items.sort();
        Ok(items)
    }
}

/// An error as a sentence for the page, without the SDK's own text.
fn sentence(table: &str, error: &impl ProvideErrorMetadata) -> String {
    match error.code() {
        Some("ResourceNotFoundException") => {
            format!(
                "The table {table} does not exist. Restart the local example, which creates it again."
            )
        }
        Some(code) => format!("DynamoDB rejected a request to the table {table}: {code}."),
        None => format!("DynamoDB did not respond to a request to the table {table}."),
    }
}

/// An item as JSON, its members sorted by name.
fn json(item: &Item) -> String {
    // Fails only for a map with keys that are not strings.
    serde_json::to_string(&into_json(AttributeValue::M(item.clone()))).unwrap_or_default()
}
