//! Lambda's Runtime API for one program. It measures the time from each event to its response.

use std::collections::HashMap;
use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::server::Server;

/// What the program did.
#[derive(Debug)]
pub enum Signal {
    /// It requested the next event, or to be restored from a snapshot.
    Waiting { since: Instant },
    /// It responded to the event with this request id, this long after receiving it.
    Responded {
        id: String,
        after: Duration,
        body: Vec<u8>,
    },
    /// It reported an error of its start, or of the event with this request id instead of a response.
    Failed { id: Option<String>, report: Vec<u8> },
}

/// The server of one program.
pub struct FakeRuntimeApi {
    /// `host:port` for `AWS_LAMBDA_RUNTIME_API`.
    pub address: String,
    /// Each event sent here is delivered in order. A program that waits to be restored takes the first one as the sign
    /// that it was.
    pub events: UnboundedSender<Arc<[u8]>>,
    pub signals: Receiver<Signal>,
    /// Dropping it stops the server.
    pub server: Server,
}

struct Invocations {
    events: tokio::sync::Mutex<UnboundedReceiver<Arc<[u8]>>>,
    signals: Sender<Signal>,
    /// By request id.
    sent_at: Mutex<HashMap<String, Instant>>,
    number: AtomicUsize,
}

impl FakeRuntimeApi {
    pub fn start() -> Self {
        let ((events, queue), (sender, signals)) = (unbounded_channel(), channel());
        let invocations = Arc::new(Invocations {
            events: tokio::sync::Mutex::new(queue),
            signals: sender,
            sent_at: Mutex::default(),
            number: AtomicUsize::new(0),
        });
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/restore/next", get(restore))
            .route(
                "/2018-06-01/runtime/invocation/{id}/response",
                post(response),
            )
            .route("/2018-06-01/runtime/invocation/{id}/error", post(failure))
            .fallback(post(start_failure))
            .with_state(invocations);
        let server = Server::start(router);
        let address = server.address.to_string();
        Self {
            address,
            events,
            signals,
            server,
        }
    }
}

type Headers = [(&'static str, String); 5];

async fn next(State(invocations): State<Arc<Invocations>>) -> (Headers, Vec<u8>) {
    let mut events = invocations.events.lock().await;
    let since = Instant::now();
    invocations.signal(Signal::Waiting { since });
    let Some(event) = events.recv().await else {
        // The test or benchmark is over.
        return pending().await;
    };
    let id = request_id(invocations.number.fetch_add(1, Ordering::SeqCst) + 1);
    let arn = "arn:aws:lambda:us-east-1:123456789012:function:update-customer";
    let trace = "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1";
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("lambda-runtime-aws-request-id", id.clone()),
        ("lambda-runtime-deadline-ms", "9999999999999".to_owned()),
        ("lambda-runtime-invoked-function-arn", arn.to_owned()),
        ("lambda-runtime-trace-id", trace.to_owned()),
    ];
    invocations
        .sent_at
        .lock()
        .unwrap()
        .insert(id, Instant::now());
    (headers, event.to_vec())
}

/// Responds when the program's snapshot is restored.
async fn restore(State(invocations): State<Arc<Invocations>>) -> StatusCode {
    let mut events = invocations.events.lock().await;
    let since = Instant::now();
    invocations.signal(Signal::Waiting { since });
    events.recv().await;
    StatusCode::OK
}

async fn response(
    State(invocations): State<Arc<Invocations>>,
    Path(id): Path<String>,
    body: Bytes,
) -> StatusCode {
    let sent_at = invocations.sent_at.lock().unwrap().remove(&id);
    let after = sent_at.expect("one response for each event").elapsed();
    let body = body.to_vec();
    invocations.signal(Signal::Responded { id, after, body });
    StatusCode::ACCEPTED
}

async fn failure(
    State(invocations): State<Arc<Invocations>>,
    Path(id): Path<String>,
    body: Bytes,
) -> StatusCode {
    let (id, report) = (Some(id), body.to_vec());
    invocations.signal(Signal::Failed { id, report });
    StatusCode::ACCEPTED
}

async fn start_failure(State(invocations): State<Arc<Invocations>>, body: Bytes) -> StatusCode {
    let (id, report) = (None, body.to_vec());
    invocations.signal(Signal::Failed { id, report });
    StatusCode::ACCEPTED
}

impl Invocations {
    /// Nobody listens once the test or benchmark is over.
    fn signal(&self, signal: Signal) {
        let _ = self.signals.send(signal);
    }
}

/// The request id of the n-th event, counted from 1.
pub fn request_id(number: usize) -> String {
    format!("8476a536-e9f4-11e8-9739-{number:012x}")
}
