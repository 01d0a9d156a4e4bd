//! Which of DynamoDB's responses can be trusted, and which writes they leave uncertain.
//!
//! A damaged body can still be valid JSON, and would be shown as the stored customer or used as a token's
//! grant. The SDK for Rust does not verify `x-amz-crc32`, the checksum that DynamoDB sends with each response.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::config::interceptors::{
    AfterDeserializationInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::{BoxError, SdkError};
use serde::de::IgnoredAny;

/// Rejects a success that DynamoDB did not send, or that was damaged on the way.
#[derive(Debug)]
pub(super) struct VerifySuccess;

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
        // Add no error to a failure: the SDK would log the replaced error with the whole item.
        if context.output_or_error().is_err() {
            return Ok(());
        }
        let response = context.response();
        let is_empty = response.body().bytes().is_none_or(<[u8]>::is_empty);
        if response.status().as_u16() != 200 || is_empty {
            return Err("the response is not a 200 with a body".into());
        }
        match is_intact(response) {
            true => Ok(()),
            false => Err("the response's body does not match its x-amz-crc32 checksum".into()),
        }
    }
}

/// Watches each attempt of a request's writes, because the SDK returns only the result of the last one.
#[derive(Debug, Clone, Default)]
pub(super) struct UncertainWrite(Arc<AtomicBool>);

impl UncertainWrite {
    /// True if some attempt failed without an answer that rules out a stored write.
    pub(super) fn occurred(&self) -> bool {
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

/// The error with which DynamoDB itself rejected the request, so that it stored nothing.
pub(super) fn rejection<E>(error: &SdkError<E, HttpResponse>) -> Option<&E> {
    let response = error.raw_response()?;
    error.as_service_error().filter(|_| is_rejection(response))
}

/// The 4xx of a proxy lacks `__type`, and may follow a stored write.
fn is_rejection(response: &HttpResponse) -> bool {
    let body = response.body().bytes().unwrap_or_default();
    response.status().is_client_error()
        && is_intact(response)
        && serde_json::from_slice::<HashMap<String, IgnoredAny>>(body)
            .is_ok_and(|members| members.contains_key("__type"))
}

/// Whether the body matches its checksum. Emulators send none.
fn is_intact(response: &HttpResponse) -> bool {
    let checksum = response.headers().get("x-amz-crc32");
    let body = response.body().bytes().unwrap_or_default();
    checksum.is_none_or(|checksum| checksum.parse() == Ok(crc32fast::hash(body)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_undamaged_4xx_with_a_type_is_a_rejection() {
        let body = r#"{"__type":"com.amazonaws.dynamodb.v20120810#ValidationException"}"#;
        let checksum = crc32fast::hash(body.as_bytes());
        for (status, checksum, body, expected) in [
            (400_u16, None, body, true),
            (400, Some(checksum), body, true),
            (400, Some(checksum + 1), body, false),
            (500, None, body, false),
            (200, None, body, false),
            (403, None, "<html>Forbidden</html>", false),
            (403, None, r#"["Forbidden"]"#, false),
            (403, None, r#"{"code":"Blocked"}"#, false),
            (403, None, r#""__type""#, false),
            (403, None, "", false),
        ] {
            let mut response = HttpResponse::new(status.try_into().unwrap(), body.into());
            if let Some(checksum) = checksum {
                let headers = response.headers_mut();
                headers.insert("x-amz-crc32", checksum.to_string());
            }
            assert_eq!(is_rejection(&response), expected, "{status} {body}");
        }
    }
}
