//! What a failed call to DynamoDB means for the response and the log.

use std::error::Error as StdError;
use std::fmt::Write;

use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::RequestId;

use crate::error::{Cause, Error};

/// Error codes of a temporary overload: the same request may succeed after a second.
const THROTTLING_CODES: [&str; 6] = [
    "ProvisionedThroughputExceededException",
    "ReplicatedWriteConflictException",
    "RequestLimitExceeded",
    "ThrottlingException",
    "ThrottlingError",
    "TransactionConflictException",
];

/// Converts the error of a call whose request was correct: to [`Error::Unavailable`] when DynamoDB
/// was throttling or unreachable or its response was lost, and to [`Error::Internal`] otherwise. `operation` starts the cause
/// that is logged.
pub fn to_error<E>(operation: &str, error: &SdkError<E, HttpResponse>) -> Error
where
    E: StdError + ProvideErrorMetadata + 'static,
    SdkError<E, HttpResponse>: RequestId,
{
    let cause = Cause::new(format!("{operation}: {}", error_chain(error)));
    if is_transient(error) {
        Error::Unavailable(cause)
    } else {
        Error::Internal(cause)
    }
}

/// A failure after which a write may have been stored is always transient: only a `Retry-After` says so
/// to the caller.
fn is_transient<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    match error {
        SdkError::ConstructionFailure(_) => false,
        SdkError::ServiceError(service_error) => {
            let status = service_error.raw().status();
            let code = service_error.err().code();
            // A successful response is an error when the SDK cannot read it.
            status.is_success()
                || status.is_server_error()
                || code.is_some_and(|code| THROTTLING_CODES.contains(&code))
        }
        // No response, or one that the SDK cannot read.
        _ => true,
    }
}

/// The error and its sources. `DisplayErrorContext` must not be logged: it prints the raw response,
/// and with it the customer. Nor must a source that prints the request, which contains its body's type.
fn error_chain<E>(error: &SdkError<E, HttpResponse>) -> String
where
    E: StdError + ProvideErrorMetadata + 'static,
    SdkError<E, HttpResponse>: RequestId,
{
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
    if let SdkError::ServiceError(service_error) = error {
        let meta = service_error.err().meta();
        // Writing to a `String` cannot fail.
        let _ = write!(
            text,
            " (status {}, code {}, message {:?})",
            service_error.raw().status().as_u16(),
            meta.code().unwrap_or("none"),
            meta.message().unwrap_or("none"),
        );
    }
    if let Some(request_id) = error.request_id() {
        let _ = write!(text, " (DynamoDB request {request_id})");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_dynamodb::operation::update_item::UpdateItemError;

    #[test]
    fn request_that_was_never_sent_needs_no_retry() {
        type Failure = SdkError<UpdateItemError, HttpResponse>;
        let unsent = Failure::construction_failure("no table name");
        let error = to_error("UpdateItem", &unsent);
        assert!(matches!(error, Error::Internal(_)), "{error:?}");
        let error = to_error("UpdateItem", &Failure::timeout_error("late"));
        assert!(matches!(error, Error::Unavailable(_)), "{error:?}");
    }
}
