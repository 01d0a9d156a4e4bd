//! DynamoDB as a closure: inside the process without a network, a clock or retries, or as a server for a
//! program that runs as in Lambda.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::config::BehaviorVersion;
use aws_sdk_dynamodb::config::http::{HttpRequest, HttpResponse};
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::{Client, Config};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Response};
use serde_json::{Value, json};
use update_customer::App;
use update_customer::dynamodb::{TokenHash, client};

use crate::gateway::put;
use crate::invoke::{config, invoke_text};
use crate::server::Server;
use crate::tables::{WRITE_TOKEN, local_config};

/// What precedes the operation in the header `x-amz-target`.
const TARGET: &str = "DynamoDB_20120810.";

/// A response of DynamoDB: status and JSON.
pub type Reply = (u16, String);

/// The function on a DynamoDB that responds to an operation and its request body with `reply`. Without a
/// token cache, because a token cached for one input would change the response to the next one.
pub fn app(reply: impl Fn(&str, &[u8]) -> Reply + Send + Sync + 'static) -> App {
    App::new(client(reply), config("customers", "tokens", Duration::ZERO))
}

/// The function on a DynamoDB that knows the token that may write and responds to every update with `updated`. It caches
/// tokens.
pub fn app_with_update(updated: String) -> App {
    let client = client(move |operation, _| match operation {
        "GetItem" => (200, token_record()),
        _ => (200, updated.clone()),
    });
    let hour = Duration::from_secs(3_600);
    App::new(client, config("customers", "tokens", hour))
}

/// The function's client for a DynamoDB that responds to an operation and its request body with `reply`.
pub fn client(reply: impl Fn(&str, &[u8]) -> Reply + Send + Sync + 'static) -> Client {
    let connector = SharedHttpConnector::new(Closure(reply));
    let http_client = http_client_fn(move |_, _| connector.clone());
    let shared = local_config("http://127.0.0.1:1");
    let sdk_config: Config = client::builder(&shared)
        .behavior_version(BehaviorVersion::latest())
        .http_client(http_client)
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::disabled())
        .build();
    Client::from_conf(sdk_config)
}

/// A server that responds to an operation and its request body with `reply`, over TLS if so wanted.
pub fn serve(tls: bool, reply: impl Fn(&str, &[u8]) -> Reply + Send + Sync + 'static) -> Server {
    serve_after(Duration::ZERO, tls, reply)
}

/// Like [`serve`], with a delay before each response.
pub fn serve_after(
    delay: Duration,
    tls: bool,
    reply: impl Fn(&str, &[u8]) -> Reply + Send + Sync + 'static,
) -> Server {
    let reply = Arc::new(reply);
    let respond = async move |headers: HeaderMap, body: Bytes| {
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        let target = headers["x-amz-target"].to_str().unwrap();
        let (status, body) = reply(target.strip_prefix(TARGET).unwrap(), &body);
        let checksum = crc32fast::hash(body.as_bytes()).to_string();
        Response::builder()
            .status(status)
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amz-crc32", checksum)
            .body(Body::from(body))
            .unwrap()
    };
    let router = Router::new().fallback(respond);
    match tls {
        true => Server::start_tls(router),
        false => Server::start(router),
    }
}

/// What the SDK sends requests to, instead of a connection.
struct Closure<F>(F);

impl<F: Fn(&str, &[u8]) -> Reply + Send + Sync> HttpConnector for Closure<F> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap();
        let operation = target.strip_prefix(TARGET).unwrap();
        let body = request.body().bytes().expect("a body in memory");
        let (status, body) = (self.0)(operation, body);
        let status = StatusCode::try_from(status).unwrap();
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status, SdkBody::from(body))))
    }
}

impl<F> fmt::Debug for Closure<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Closure")
    }
}

/// DynamoDB's response to `GetItem` of the token that may write.
pub fn token_record() -> String {
    let hash = TokenHash::of(WRITE_TOKEN).to_hex();
    let record = json!({"tokenHash": {"S": hash}, "subject": {"S": "erp"}, "scopes": {"SS": ["customers:write"]}});
    json!({"Item": record}).to_string()
}

/// DynamoDB's response to an update with this body of a customer that has nothing else.
pub fn updated(body: &str) -> String {
    // What `serde_json` does not read, because it is nested too deeply, is never written.
    let mut customer: Value = serde_json::from_str(body).unwrap_or_else(|_| json!({}));
    customer["id"] = "c".into();
    json!({"Attributes": attributes(&customer)}).to_string()
}

/// The text of an HTTP API event with this body.
pub fn event(body: &str) -> String {
    put().id("c").body(body).http_api_event_text()
}

/// Invokes the function on a runtime of its own and returns the status.
pub fn call(app: &App, event: &str) -> u64 {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let response = runtime.block_on(invoke_text(app, event, "")).unwrap();
    response["statusCode"].as_u64().unwrap()
}

/// Converts a JSON object to an item in DynamoDB's JSON format.
pub fn attributes(item: &Value) -> Value {
    let members = item.as_object().into_iter().flatten();
    members
        .map(|(name, value)| (name.clone(), attribute(value)))
        .collect()
}

fn attribute(value: &Value) -> Value {
    match value {
        Value::Null => json!({"NULL": true}),
        Value::Bool(value) => json!({"BOOL": value}),
        Value::Number(number) => json!({"N": number.to_string()}),
        Value::String(text) => json!({"S": text}),
        Value::Array(elements) => json!({"L": elements.iter().map(attribute).collect::<Value>()}),
        Value::Object(_) => json!({"M": attributes(value)}),
    }
}
