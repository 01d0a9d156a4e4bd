//! Records what the SDK sends to DynamoDB while a request is handled. It is below the SDK, so that it
//! sees each attempt, also those of the SDK's own retries.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::config::SharedHttpClient;
use aws_sdk_dynamodb::config::http::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use serde::Serialize;
use update_customer::dynamodb::client::ATTEMPT_TIMEOUT;

tokio::task_local! {
    /// The trace of the request that the current task handles.
    static CURRENT: Arc<Trace>;
}

/// What happens while one request is handled.
pub struct Trace {
    /// The start of all times.
    epoch: Instant,
    attempts: Mutex<Vec<Attempt>>,
    log: Mutex<String>,
    /// Whether the next response to an `UpdateItem` is to be late.
    late: AtomicBool,
}

/// One HTTP request to DynamoDB. Times are milliseconds since the example's start.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
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

impl Trace {
    /// A trace whose times count from `epoch`. With `late`, the first response to an `UpdateItem` is
    /// held back until the SDK has stopped waiting for it.
    pub fn new(epoch: Instant, late: bool) -> Arc<Self> {
        Arc::new(Self {
            epoch,
            attempts: Mutex::default(),
            log: Mutex::default(),
            late: AtomicBool::new(late),
        })
    }

    /// Runs `request` and records into this trace what it sends and logs.
    pub async fn record<T>(self: &Arc<Self>, request: impl Future<Output = T>) -> T {
        CURRENT.scope(Arc::clone(self), request).await
    }

    pub fn attempts(&self) -> Vec<Attempt> {
        lock(&self.attempts).clone()
    }

    pub fn log(&self) -> String {
        lock(&self.log).clone()
    }

    fn now(&self) -> f64 {
        milliseconds(self.epoch.elapsed())
    }

    fn sent(&self, operation: &str, request: &[u8]) -> usize {
        let mut attempts = lock(&self.attempts);
        attempts.push(Attempt {
            operation: operation.to_owned(),
            request: String::from_utf8_lossy(request).into_owned(),
            sent_ms: self.now(),
            responded_ms: None,
            received_ms: None,
            status: None,
            response: None,
        });
        attempts.len() - 1
    }

    fn change(&self, index: usize, change: impl FnOnce(&mut Attempt, f64)) {
        let now = self.now();
        if let Some(attempt) = lock(&self.attempts).get_mut(index) {
            change(attempt, now);
        }
    }
}

/// Adds logged text to the trace of the request that logs it.
pub fn logged(text: &[u8]) {
    // The program's own lines, such as those at its start, belong to no request.
    let _ = CURRENT.try_with(|trace| {
        *lock(&trace.log) += &String::from_utf8_lossy(text);
    });
}

/// A duration in milliseconds, with three decimals.
pub fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1_000_000.0).round() / 1_000.0
}

/// An `inner` client that records each attempt.
pub fn http_client(inner: SharedHttpClient) -> SharedHttpClient {
    http_client_fn(move |settings, components| {
        SharedHttpConnector::new(Recorder {
            inner: inner.http_connector(settings, components),
        })
    })
}

struct Recorder {
    inner: SharedHttpConnector,
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recorder")
    }
}

impl HttpConnector for Recorder {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let Ok(trace) = CURRENT.try_with(Arc::clone) else {
            return self.inner.call(request);
        };
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
        let index = trace.sent(&operation, request.body().bytes().unwrap_or_default());
        let response = self.inner.call(request);
        HttpConnectorFuture::new(async move {
            let response = in_memory(response.await?, |status, body| {
                trace.change(index, |attempt, now| {
                    attempt.responded_ms = Some(now);
                    attempt.status = Some(status);
                    attempt.response = Some(String::from_utf8_lossy(body).into_owned());
                });
            });
            let response = response.await?;
            if operation == "UpdateItem" && trace.late.swap(false, Ordering::Relaxed) {
                // The SDK drops this future when its time limit for the attempt is over.
                tokio::time::sleep(ATTEMPT_TIMEOUT * 2).await;
            }
            trace.change(index, |attempt, now| attempt.received_ms = Some(now));
            Ok(response)
        })
    }
}

/// Reads the whole body, passes status and body to `see`, and returns an equal response.
async fn in_memory(
    mut response: HttpResponse,
    see: impl FnOnce(u16, &[u8]),
) -> Result<HttpResponse, ConnectorError> {
    let body = ByteStream::new(response.take_body()).collect().await;
    let body = body.map_err(|error| ConnectorError::io(error.into()))?;
    let body = body.into_bytes();
    see(response.status().as_u16(), &body);
    *response.body_mut() = SdkBody::from(body);
    Ok(response)
}

/// A poisoned lock only means that another request panicked; what it recorded is still whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
