//! A failed call to DynamoDB, and what it means for the log and for a retry.

use std::error::Error as StdError;
use std::iter::successors;

use aws_runtime::retries::classifiers::{THROTTLING_ERRORS, TRANSIENT_ERRORS};
use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::RequestId;
use thiserror::Error;

use crate::customer::Customer;

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
pub(crate) struct CallError {
    operation: &'static str,
    cause: String,
    /// DynamoDB's id of the request, which AWS support asks for.
    pub(crate) request_id: Option<String>,
    /// Whether the same request may succeed after a second. True for every failure that may have stored the
    /// write: the resulting `Retry-After` is how the caller learns of it.
    pub(crate) is_transient: bool,
}

impl CallError {
    pub(super) fn new(
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

    /// Describes the SDK's error, of which `rejection` is DynamoDB's part (`super::response::rejection`).
    pub(super) fn from_sdk<E>(
        operation: &'static str,
        error: &SdkError<E, HttpResponse>,
        rejection: Option<&E>,
    ) -> Self
    where
        E: StdError + ProvideErrorMetadata + 'static,
        SdkError<E, HttpResponse>: RequestId,
    {
        let response = error.raw_response();
        let status = response.map_or(0, |response| response.status().as_u16());
        let code = rejection.and_then(E::code).unwrap_or("none");
        let cause = match (error, rejection.and_then(E::message)) {
            (_, Some(message)) => format!("status {status}, code {code}, message {message:?}"),
            // The body of another sender may repeat the request.
            (SdkError::ServiceError(_), None) => {
                format!("status {status}, no readable error of DynamoDB")
            }
            _ => error_chain(error),
        };
        let temporary = [THROTTLING_ERRORS, TRANSIENT_ERRORS, &CONFLICTS].concat();
        let is_transient = match rejection {
            Some(_) => matches!(status, 408 | 429) || temporary.contains(&code),
            // No response, one that the SDK cannot read, or one that is not a rejection.
            None => !matches!(error, SdkError::ConstructionFailure(_)),
        };
        Self::new(operation, cause, error.request_id(), is_transient)
    }

    /// A response without the requested item. The write may be stored.
    pub(super) fn unreadable(operation: &'static str, request_id: Option<&str>) -> Self {
        Self::new(operation, "the response has no such item", request_id, true)
    }
}

/// Why a customer was not updated. Nothing is stored, except possibly after a transient [`CallError`].
#[derive(Debug, Error)]
pub(crate) enum UpdateError {
    #[error("no customer has this id")]
    NotFound,
    /// The version is not an expected one. Holds the customer as stored.
    #[error("the customer has another version")]
    OtherVersion(Box<Customer>),
    /// The customer must not exist. Holds the customer as stored.
    #[error("the customer exists")]
    Exists(Box<Customer>),
    #[error("the customer would exceed DynamoDB's 400 KB")]
    TooLarge,
    #[error("the customer would exceed DynamoDB's 32 levels")]
    TooDeep,
    #[error(transparent)]
    Call(#[from] CallError),
}

impl UpdateError {
    /// The error when an attempt without an answer may have stored the update.
    pub(super) fn uncertain(self, operation: &'static str) -> Self {
        let mut error = match self {
            Self::Call(error) => error,
            error => CallError::new(operation, error.to_string(), None, true),
        };
        error.cause += " (an attempt without an answer may be stored)";
        error.is_transient = true;
        error.into()
    }
}

/// The error and its sources. Skips a source that prints the request or the response, in whose text
/// `SdkBody` occurs.
fn error_chain(error: &(dyn StdError + 'static)) -> String {
    let chain = successors(Some(error), |&error| error.source());
    let texts = chain.map(ToString::to_string);
    let texts = texts.filter(|text| !text.contains("SdkBody"));
    texts.collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_dynamodb::operation::update_item::UpdateItemError;

    #[test]
    fn request_id_is_kept_apart_from_the_cause() {
        let error = CallError::unreadable("GetItem", Some("id-1"));
        assert_eq!(error.request_id.as_deref(), Some("id-1"));
        let error = UpdateError::from(error).uncertain("UpdateItem");
        let text =
            "GetItem: the response has no such item (an attempt without an answer may be stored)";
        assert_eq!(error.to_string(), text);
    }

    #[test]
    fn request_that_was_never_sent_needs_no_retry() {
        type Failure = SdkError<UpdateItemError, HttpResponse>;
        for (error, is_transient) in [
            (Failure::construction_failure("no table name"), false),
            (Failure::timeout_error("late"), true),
        ] {
            let error = CallError::from_sdk("UpdateItem", &error, None);
            assert_eq!(error.is_transient, is_transient, "{error}");
        }
    }
}
