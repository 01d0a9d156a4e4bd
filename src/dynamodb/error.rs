//! A failed call to DynamoDB, and what it means for the log and for a retry.

use std::error::Error as StdError;

use aws_runtime::retries::classifiers::{THROTTLING_ERRORS, TRANSIENT_ERRORS};
use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::RequestId;
use thiserror::Error;

use super::response::is_rejection;

/// Temporary failures that the SDK does not know: conflicts with a transaction or another region.
pub(super) const CONFLICTS: [&str; 2] = [
    "ReplicatedWriteConflictException",
    "TransactionConflictException",
];

/// A call whose request was correct, and which failed.
///
/// `Display` is for the log. It has no text of the request or the response, because both hold the customer;
/// so the SDK's error is not kept as a source.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{operation}: {cause}")]
pub struct CallError {
    operation: &'static str,
    cause: String,
    request_id: Option<String>,
    is_transient: bool,
}

impl CallError {
    /// Describes the SDK's error of `operation`.
    pub fn new<E>(operation: &'static str, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: StdError + ProvideErrorMetadata + 'static,
        SdkError<E, HttpResponse>: RequestId,
    {
        Self {
            operation,
            cause: match error {
                SdkError::ServiceError(error) => service_error(error.err(), error.raw()),
                error => error_chain(error),
            },
            request_id: error.request_id().map(str::to_owned),
            is_transient: is_transient(error),
        }
    }

    /// Describes another reason why `operation` failed.
    pub fn other(
        operation: &'static str,
        cause: impl Into<String>,
        request_id: Option<&str>,
        is_transient: bool,
    ) -> Self {
        Self {
            operation,
            cause: cause.into(),
            request_id: request_id.map(str::to_owned),
            is_transient,
        }
    }

    /// A response without the requested item. The write may be stored.
    pub fn unreadable(operation: &'static str, request_id: Option<&str>) -> Self {
        Self::other(operation, "the response has no such item", request_id, true)
    }

    /// The error when an attempt without an answer may have stored the update.
    pub fn uncertain(self) -> Self {
        Self {
            cause: format!(
                "{} (an attempt without an answer may be stored)",
                self.cause
            ),
            is_transient: true,
            ..self
        }
    }

    /// DynamoDB's id of the request, which AWS support asks for.
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// Whether the same request may succeed after a second. True for every failure that may have stored the
    /// write: the resulting `Retry-After` is how the caller learns of it.
    pub fn is_transient(&self) -> bool {
        self.is_transient
    }
}

fn is_transient<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    let service_error = match error {
        SdkError::ConstructionFailure(_) => return false,
        SdkError::ServiceError(service_error) if is_rejection(service_error.raw()) => service_error,
        // No response, one that the SDK cannot read, or one that is not a rejection.
        _ => return true,
    };
    let code = service_error.err().code().unwrap_or_default();
    let lists = [THROTTLING_ERRORS, TRANSIENT_ERRORS, &CONFLICTS];
    let status = service_error.raw().status().as_u16();
    matches!(status, 408 | 429) || lists.iter().any(|codes| codes.contains(&code))
}

/// Status and code, and DynamoDB's message. The body of another sender may repeat the request.
fn service_error(error: &impl ProvideErrorMetadata, response: &HttpResponse) -> String {
    let status = response.status().as_u16();
    let code = error.code().unwrap_or("none");
    match error.message().filter(|_| is_rejection(response)) {
        Some(message) => format!("status {status}, code {code}, message {message:?}"),
        None => format!("status {status}, no readable error of DynamoDB"),
    }
}

/// The error and its sources. Skips a source that prints the request or the response, in whose text
/// `SdkBody` occurs.
fn error_chain(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let source_text = error.to_string();
        if !source_text.contains("SdkBody") {
            text.push_str(": ");
            text.push_str(&source_text);
        }
        source = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_dynamodb::operation::update_item::UpdateItemError;

    #[test]
    fn request_id_is_kept_apart_from_the_cause() {
        for request_id in [Some("id-1"), None] {
            let error = CallError::unreadable("GetItem", request_id);
            assert_eq!(error.request_id(), request_id);
            let error = error.uncertain();
            assert_eq!(error.request_id(), request_id);
            assert_eq!(
                error.to_string(),
                "GetItem: the response has no such item (an attempt without an answer may be stored)"
            );
        }
    }

    #[test]
    fn request_that_was_never_sent_needs_no_retry() {
        type Failure = SdkError<UpdateItemError, HttpResponse>;
        let unsent = Failure::construction_failure("no table name");
        assert!(!CallError::new("UpdateItem", &unsent).is_transient());
        let timeout = Failure::timeout_error("late");
        assert!(CallError::new("UpdateItem", &timeout).is_transient());
    }
}
