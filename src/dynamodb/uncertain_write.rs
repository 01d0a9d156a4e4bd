//! Whether a write may be stored although DynamoDB did not confirm it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use aws_sdk_dynamodb::config::interceptors::FinalizerInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;

use super::response::is_rejection;

/// Watches each attempt of a request's writes, because the SDK returns only the result of the last one.
#[derive(Debug, Clone, Default)]
pub struct UncertainWrite(Arc<AtomicBool>);

impl UncertainWrite {
    /// True if some attempt failed without an answer that rules out a stored write.
    pub fn occurred(&self) -> bool {
        self.0.load(Relaxed)
    }
}

#[aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint]
impl Intercept for UncertainWrite {
    fn name(&self) -> &'static str {
        "UncertainWrite"
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let is_success = matches!(context.output_or_error(), Some(Ok(_)));
        if !is_success && !context.response().is_some_and(is_rejection) {
            self.0.store(true, Relaxed);
        }
        Ok(())
    }
}
