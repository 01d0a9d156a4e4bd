//! DynamoDB over TLS with prepared responses.

use std::io::{self, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};
use update_customer::dynamodb::TokenHash;

use super::ServerError;
use super::http::{self, Listener, Request};
use crate::canned_dynamodb::attributes;
use crate::sample::WRITE_TOKEN;

/// The responses to the `UpdateItem` calls of one event, in order.
#[derive(Clone, Default)]
pub struct Responses(Arc<Vec<Vec<u8>>>);

impl Responses {
    pub fn new(responses: Vec<Vec<u8>>) -> Self {
        Self(Arc::new(responses))
    }
}

/// The number of calls for one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallCounts {
    pub token: usize,
    pub update: usize,
}

/// The server of one program. It accepts [`WRITE_TOKEN`] alone.
pub struct FakeDynamoDb {
    pub endpoint: String,
    state: Arc<State>,
    _listener: Listener,
}

#[derive(Default)]
struct State {
    responses: Mutex<Responses>,
    token: AtomicUsize,
    update: AtomicUsize,
    last_update: Mutex<Vec<u8>>,
}

impl FakeDynamoDb {
    pub fn start(tls: &Arc<ServerConfig>) -> Result<Self, ServerError> {
        let state = Arc::new(State::default());
        let (shared, tls) = (Arc::clone(&state), Arc::clone(tls));
        let listener = Listener::start(move |stream| {
            let tls = ServerConnection::new(Arc::clone(&tls))?;
            Ok(serve(StreamOwned::new(tls, stream), &shared)?)
        })?;
        let endpoint = format!("https://localhost:{}", listener.address.port());
        Ok(Self {
            endpoint,
            state,
            _listener: listener,
        })
    }

    /// Prepares these responses and resets the counts.
    pub fn prepare(&self, responses: &Responses) {
        *lock(&self.state.responses) = responses.clone();
        self.state.token.store(0, Ordering::SeqCst);
        self.state.update.store(0, Ordering::SeqCst);
    }

    pub fn call_counts(&self) -> CallCounts {
        let count = |count: &AtomicUsize| count.load(Ordering::SeqCst);
        CallCounts {
            token: count(&self.state.token),
            update: count(&self.state.update),
        }
    }

    /// The body of the last `UpdateItem`.
    pub fn last_update(&self) -> Result<String, ServerError> {
        Ok(String::from_utf8(lock(&self.state.last_update).clone())?)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn serve(mut stream: StreamOwned<ServerConnection, TcpStream>, state: &State) -> io::Result<()> {
    let known_hash = TokenHash::of(WRITE_TOKEN).to_hex();
    let known_token = token_record(&known_hash);
    let no_item = success(&json!({}));
    while let Some(request) = Request::read(&mut stream)? {
        let is_call_of = |operation| {
            request
                .header("x-amz-target")
                .is_some_and(|t| t.ends_with(operation))
        };
        if is_call_of(".UpdateItem") {
            *lock(&state.last_update) = request.body;
            let number = state.update.fetch_add(1, Ordering::SeqCst);
            let responses = lock(&state.responses).clone();
            let response = responses.0.get(number);
            stream
                .write_all(response.ok_or_else(|| io::Error::other("an unexpected UpdateItem"))?)?;
        } else if is_call_of(".GetItem") && contains(&request.body, &known_hash) {
            state.token.fetch_add(1, Ordering::SeqCst);
            stream.write_all(&known_token)?;
        } else {
            // The call of a warm-up.
            stream.write_all(&no_item)?;
        }
        stream.flush()?;
    }
    Ok(())
}

fn contains(body: &[u8], text: &str) -> bool {
    body.windows(text.len())
        .any(|window| window == text.as_bytes())
}

fn token_record(hash: &str) -> Vec<u8> {
    success(&json!({"Item": {
        "tokenHash": {"S": hash}, "subject": {"S": "demo-erp"}, "scopes": {"SS": ["customers:write"]}
    }}))
}

/// A response with status 200.
pub fn success(body: &Value) -> Vec<u8> {
    response("200 OK", body)
}

/// The response to a write whose condition failed, with the old item if there is one.
pub fn condition_failed(item: Option<&Value>) -> Vec<u8> {
    let mut body = json!({
        "__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
        "message": "The conditional request failed"
    });
    if let Some(item) = item {
        body["Item"] = attributes(item);
    }
    response("400 Bad Request", &body)
}

fn response(status: &str, body: &Value) -> Vec<u8> {
    let body = body.to_string();
    let checksum = crc32fast::hash(body.as_bytes()).to_string();
    let headers = [
        ("server", "Server"),
        ("date", "Mon, 05 Dec 2022 14:01:43 GMT"),
        ("content-type", "application/x-amz-json-1.0"),
        ("connection", "keep-alive"),
        (
            "x-amzn-requestid",
            "2G5O7OCIOTSDK4ONB6TVSHT5CNVV4KQNSO5AEMVJF66Q9ASUAAJG",
        ),
        ("x-amz-crc32", &checksum),
    ];
    http::response(status, &headers, body.as_bytes())
}
