//! Whether a write may be stored although the SDK got no response to it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use aws_sdk_dynamodb::config::interceptors::FinalizerInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;

/// Watches each attempt of a request's writes. The SDK returns only the result of the last one.
#[derive(Debug, Clone, Default)]
pub struct LostResponses(Arc<AtomicBool>);

impl LostResponses {
    /// Whether an attempt failed without a rejection by DynamoDB, so that it may be stored.
    pub fn occurred(&self) -> bool {
        self.0.load(Relaxed)
    }
}

#[aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint]
impl Intercept for LostResponses {
    fn name(&self) -> &'static str {
        "LostResponses"
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let is_success = matches!(context.output_or_error(), Some(Ok(_)));
        let response = context.response();
        let is_rejected = response.is_some_and(|response| response.status().is_client_error());
        if !is_success && !is_rejected {
            self.0.store(true, Relaxed);
        }
        Ok(())
    }
}
