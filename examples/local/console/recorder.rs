//! Records what the SDK sends to DynamoDB while a request is handled, and keeps the last requests. It is below the SDK,
//! so that it sees each attempt, also those of the SDK's own retries.

use std::collections::BTreeMap;
use std::mem::take;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use aws_sdk_dynamodb::config::SharedHttpClient;
use aws_sdk_dynamodb::config::http::HttpRequest;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use serde::Serialize;
use serde_json::Value;
use update_customer::dynamodb::client::ATTEMPT_TIMEOUT;

/// How many requests are kept.
const MAX_EXCHANGES: usize = 20;

tokio::task_local! {
    /// The recording of the request that the current task handles.
    static CURRENT: Arc<Mutex<Recording>>;
}

/// What happened while one request was handled.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Recording {
    attempts: Vec<Attempt>,
    log: String,
    /// Whether the next response to an `UpdateItem` is to be late.
    #[serde(skip)]
    late: bool,
}

/// One HTTP request to DynamoDB. Times are milliseconds since the first recorded time.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Attempt {
    operation: String,
    request: String,
    sent_ms: f64,
    /// When DynamoDB had responded.
    responded_ms: Option<f64>,
    /// When the SDK got the response. `None` when it stopped waiting before.
    received_ms: Option<f64>,
    status: Option<u16>,
    response: Option<String>,
}

/// Runs `request` and records what it sends and logs. With `late`, the first response to an `UpdateItem`
/// is held back until the SDK has stopped waiting for it.
pub async fn record<T>(late: bool, request: impl Future<Output = T>) -> (T, Recording) {
    let recording = Recording {
        late,
        ..Recording::default()
    };
    let recording = Arc::new(Mutex::new(recording));
    let value = CURRENT.scope(Arc::clone(&recording), request).await;
    let recorded = lock(&recording).clone();
    (value, recorded)
}

/// Adds logged text to the recording of the request that logs it.
pub fn logged(text: &[u8]) {
    // The program's own lines, such as those at its start, belong to no request.
    let _ = CURRENT.try_with(|recording| lock(recording).log += &String::from_utf8_lossy(text));
}

/// Milliseconds since the first call, with three decimals.
pub fn now() -> f64 {
    static FIRST: LazyLock<Instant> = LazyLock::new(Instant::now);
    (FIRST.elapsed().as_secs_f64() * 1_000_000.0).round() / 1_000.0
}

/// A poisoned lock only means that another request panicked; what is behind it is still whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An `inner` client that records each attempt.
pub fn http_client(inner: SharedHttpClient) -> SharedHttpClient {
    http_client_fn(move |settings, components| {
        SharedHttpConnector::new(Recorder(inner.http_connector(settings, components)))
    })
}

#[derive(Debug)]
struct Recorder(SharedHttpConnector);

impl HttpConnector for Recorder {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let Ok(recording) = CURRENT.try_with(Arc::clone) else {
            return self.0.call(request);
        };
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
        let is_update = operation == "UpdateItem";
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let sent = text(request.body().bytes().unwrap_or_default());
        let attempt = Attempt {
            operation,
            request: sent,
            sent_ms: now(),
            ..Attempt::default()
        };
        let index = {
            let attempts = &mut lock(&recording).attempts;
            attempts.push(attempt);
            attempts.len() - 1
        };
        let response = self.0.call(request);
        HttpConnectorFuture::new(async move {
            let mut response = response.await?;
            let body = ByteStream::new(response.take_body()).collect().await;
            let body = body
                .map_err(|error| ConnectorError::io(error.into()))?
                .into_bytes();
            let is_late = {
                let mut recording = lock(&recording);
                let attempt = &mut recording.attempts[index];
                attempt.responded_ms = Some(now());
                attempt.status = Some(response.status().as_u16());
                attempt.response = Some(text(&body));
                is_update && take(&mut recording.late)
            };
            *response.body_mut() = SdkBody::from(body);
            if is_late {
                // The SDK drops this future when its time limit for the attempt is over.
                tokio::time::sleep(ATTEMPT_TIMEOUT * 2).await;
            }
            lock(&recording).attempts[index].received_ms = Some(now());
            Ok(response)
        })
    }
}

/// One request to the API and everything that followed from it.
#[derive(Clone, Serialize)]
pub struct Exchange {
    /// What the list of the last requests shows.
    #[serde(flatten)]
    pub summary: Value,
    #[serde(flatten)]
    pub details: Value,
    #[serde(flatten)]
    pub recording: Recording,
}

/// The last [`MAX_EXCHANGES`] requests by their numbers.
#[derive(Default)]
pub struct History(Mutex<BTreeMap<u64, Exchange>>);

impl History {
    pub fn add(&self, number: u64, exchange: Exchange) {
        let mut exchanges = lock(&self.0);
        exchanges.insert(number, exchange);
        if exchanges.len() > MAX_EXCHANGES {
            exchanges.pop_first();
        }
    }

    pub fn get(&self, number: u64) -> Option<Exchange> {
        lock(&self.0).get(&number).cloned()
    }

    /// The newest first.
    pub fn summaries(&self) -> Vec<Value> {
        let exchanges = lock(&self.0);
        let newest = exchanges.values().rev();
        newest.map(|exchange| exchange.summary.clone()).collect()
    }
}
