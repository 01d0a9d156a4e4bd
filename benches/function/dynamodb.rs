//! DynamoDB over TLS, with answers that were made before: it costs each program the same little time.

use std::io::{self, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};
use update_customer::auth;

use crate::Failure;
use crate::attributes::attributes;
use crate::http::{self, Request};
use crate::listener::Listener;
use crate::store::WRITE_TOKEN;

/// The answers to the `UpdateItem`s of one event, in their order.
#[derive(Clone, Default)]
pub struct Answers(Arc<Vec<Vec<u8>>>);

impl Answers {
    pub fn new(answers: Vec<Vec<u8>>) -> Self {
        Self(Arc::new(answers))
    }
}

/// How often an event asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    pub token: usize,
    pub update: usize,
}

/// The server of one program.
pub struct DynamoDb {
    pub endpoint: String,
    state: Arc<State>,
    _listener: Listener,
}

#[derive(Default)]
struct State {
    answers: Mutex<Answers>,
    token: AtomicUsize,
    update: AtomicUsize,
    last_update: Mutex<Vec<u8>>,
}

impl DynamoDb {
    pub fn start(tls: &Arc<ServerConfig>) -> Result<Self, Failure> {
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

    /// Has these answers ready and counts from zero.
    pub fn prepare(&self, answers: &Answers) {
        *lock(&self.state.answers) = answers.clone();
        self.state.token.store(0, Ordering::SeqCst);
        self.state.update.store(0, Ordering::SeqCst);
    }

    pub fn asked(&self) -> Asked {
        let count = |count: &AtomicUsize| count.load(Ordering::SeqCst);
        Asked {
            token: count(&self.state.token),
            update: count(&self.state.update),
        }
    }

    /// The body of the last `UpdateItem`.
    pub fn last_update(&self) -> Result<String, Failure> {
        Ok(String::from_utf8(lock(&self.state.last_update).clone())?)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn serve(mut stream: StreamOwned<ServerConnection, TcpStream>, state: &State) -> io::Result<()> {
    let known_hash = auth::record_key(WRITE_TOKEN);
    let known = token_record(&known_hash);
    let unknown = success(&json!({}));
    while let Some(request) = Request::read(&mut stream)? {
        let asks_for = |operation| {
            request
                .header("x-amz-target")
                .is_some_and(|t| t.ends_with(operation))
        };
        if asks_for(".UpdateItem") {
            *lock(&state.last_update) = request.body;
            let number = state.update.fetch_add(1, Ordering::SeqCst);
            let answers = lock(&state.answers).clone();
            let answer = answers.0.get(number);
            stream
                .write_all(answer.ok_or_else(|| io::Error::other("an unexpected UpdateItem"))?)?;
        } else if asks_for(".GetItem") && contains(&request.body, &known_hash) {
            state.token.fetch_add(1, Ordering::SeqCst);
            stream.write_all(&known)?;
        } else {
            // Whatever a program asks to have its connection warm before the first event.
            stream.write_all(&unknown)?;
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

/// An answer with status 200.
pub fn success(body: &Value) -> Vec<u8> {
    answer("200 OK", body)
}

/// The answer to a write whose condition failed on `item`, or on none.
pub fn condition_failed(item: Option<&Value>) -> Vec<u8> {
    let mut body = json!({
        "__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
        "message": "The conditional request failed"
    });
    if let Some(item) = item {
        body["Item"] = attributes(item);
    }
    answer("400 Bad Request", &body)
}

fn answer(status: &str, body: &Value) -> Vec<u8> {
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
