//! Records each request to DynamoDB as the SDK sends it.

use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use serde_json::Value;

/// One request to DynamoDB.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedRequest {
    /// Such as `UpdateItem`.
    pub operation: String,
    /// The request's JSON text.
    pub text: String,
    /// The parsed text; null when `serde_json` cannot parse it.
    pub body: Value,
}

/// An interceptor that records each request.
#[derive(Debug, Clone, Default)]
pub struct RequestRecorder(Arc<Mutex<Vec<RecordedRequest>>>);

impl RequestRecorder {
    /// The requests since the last call, in order.
    pub fn take(&self) -> Vec<RecordedRequest> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

#[aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint]
impl Intercept for RequestRecorder {
    fn name(&self) -> &'static str {
        "RequestRecorder"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request();
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
        let text = String::from_utf8_lossy(request.body().bytes().unwrap_or_default()).into_owned();
        let body = serde_json::from_str(&text).unwrap_or_default();
        self.0.lock().unwrap().push(RecordedRequest {
            operation,
            text,
            body,
        });
        Ok(())
    }
}
