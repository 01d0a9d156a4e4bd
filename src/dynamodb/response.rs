//! Which of DynamoDB's responses can be trusted, and which writes they leave uncertain.
//!
//! A damaged body can still be valid JSON, and would be shown as the stored customer or used as a token's
//! grant. The SDK for Rust does not verify `x-amz-crc32`, the checksum that DynamoDB sends with each response.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::config::interceptors::{
    AfterDeserializationInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// Rejects a success that DynamoDB did not send, or that was damaged on the way.
#[derive(Debug)]
pub struct VerifySuccess;

#[aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint]
impl Intercept for VerifySuccess {
    fn name(&self) -> &'static str {
        "VerifySuccess"
    }

    /// The first hook at which the SDK has read the whole body.
    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // The SDK logs an error that another one replaces, with the whole item in it. So this hook adds none
        // to a failure, which `is_rejection` judges.
        if context.output_or_error().is_err() {
            return Ok(());
        }
        let response = context.response();
        let is_empty = response.body().bytes().is_none_or(<[u8]>::is_empty);
        if response.status().as_u16() != 200 || is_empty {
            return Err("the response is not a 200 with a body".into());
        }
        if !is_intact(response) {
            return Err("the response's body does not match its x-amz-crc32 checksum".into());
        }
        Ok(())
    }
}

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

/// Whether DynamoDB itself rejected the request, so that it stored nothing. The 4xx of a proxy lacks
/// `__type`, and may follow a stored write.
pub fn is_rejection(response: &HttpResponse) -> bool {
    #[derive(Deserialize)]
    struct Rejection {
        #[serde(rename = "__type")]
        _type: IgnoredAny,
    }
    let body = response.body().bytes().unwrap_or_default();
    response.status().is_client_error()
        && is_intact(response)
        && serde_json::from_slice::<Rejection>(body).is_ok()
}

/// Whether the body matches its checksum. Emulators send none.
fn is_intact(response: &HttpResponse) -> bool {
    let checksum = response.headers().get("x-amz-crc32");
    let body = response.body().bytes();
    checksum.is_none_or(|checksum| {
        body.is_some_and(|body| checksum.parse() == Ok(crc32fast::hash(body)))
    })
}
