//! Every reason why a request fails, with its status, code and public message.

use lambda_http::http::StatusCode;
use thiserror::Error as ThisError;

use crate::customer::id::InvalidCustomerId;
use crate::validation::json::ParseError;
use crate::validation::{ValidationError, ValidationErrors};

/// Why a request did not get 200. `Display` is the message for the caller
/// (`docs/API.md#error-codes`).
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
pub enum Error {
    /// The path is not `/customers/{customer_id}`.
    #[error("Not found; use PUT /customers/{{customer_id}}")]
    NotFound,
    /// The path is right, the method is not `PUT`.
    #[error("Only PUT is allowed")]
    MethodNotAllowed,
    /// The `accessToken` header is absent or empty.
    #[error("The accessToken header is missing")]
    TokenMissing,
    /// The header does not hold one token, or the token has no valid record.
    #[error("The access token is invalid or expired")]
    TokenInvalid,
    /// The token is valid but lacks the scope `customers:write`.
    #[error("The access token lacks the scope customers:write")]
    InsufficientScope,
    /// A header, the body's size or the body's syntax is wrong. The text says what to change.
    #[error("{0}")]
    InvalidRequest(String),
    /// Fields of the body break rules.
    #[error(transparent)]
    InvalidBody(ValidationErrors),
    /// No customer has this id.
    #[error("Customer not found")]
    CustomerNotFound,
    /// `If-Match` does not name the customer's version, which is `current`.
    #[error("If-Match does not match the customer's current version; see X-Customer-Version")]
    VersionConflict { current: u64 },
    /// `If-None-Match: *` asks for no update of an existing customer, whose version is `current`.
    #[error("The customer exists; remove If-None-Match to update it")]
    CustomerExists { current: u64 },
    /// DynamoDB was throttling or unreachable: the same request may succeed after a second.
    #[error("An internal error occurred")]
    Unavailable(Cause),
    /// Any other failure on the server's side.
    #[error("An internal error occurred")]
    Internal(Cause),
}

/// What happened on the server's side. It is logged and never sent to the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause(String);

impl Cause {
    /// `text` must contain no token and no personal data.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Error {
    /// The status of the response.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NotFound | Self::CustomerNotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::TokenMissing | Self::TokenInvalid | Self::InsufficientScope => {
                StatusCode::UNAUTHORIZED
            }
            Self::InvalidRequest(_) | Self::InvalidBody(_) => StatusCode::BAD_REQUEST,
            Self::VersionConflict { .. } | Self::CustomerExists { .. } => {
                StatusCode::PRECONDITION_FAILED
            }
            Self::Unavailable(_) | Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The stable `code` of the response.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::TokenMissing => "token_missing",
            Self::TokenInvalid => "token_invalid",
            Self::InsufficientScope => "insufficient_permission",
            Self::InvalidRequest(_) | Self::InvalidBody(_) => "invalid_request",
            Self::CustomerNotFound => "customer_not_found",
            Self::VersionConflict { .. } | Self::CustomerExists { .. } => "version_conflict",
            Self::Unavailable(_) | Self::Internal(_) => "internal_error",
        }
    }

    /// The field errors to list; empty unless fields of the body break rules.
    pub fn validation_errors(&self) -> &[ValidationError] {
        match self {
            Self::InvalidBody(errors) => errors.as_slice(),
            _ => &[],
        }
    }

    /// The cause to log, for a failure on the server's side.
    pub fn cause(&self) -> Option<&str> {
        match self {
            Self::Unavailable(cause) | Self::Internal(cause) => Some(cause.as_str()),
            _ => None,
        }
    }
}

impl From<ParseError> for Error {
    fn from(error: ParseError) -> Self {
        Self::InvalidRequest(error.to_string())
    }
}

impl From<ValidationErrors> for Error {
    fn from(errors: ValidationErrors) -> Self {
        Self::InvalidBody(errors)
    }
}

impl From<InvalidCustomerId> for Error {
    fn from(_: InvalidCustomerId) -> Self {
        Self::CustomerNotFound
    }
}
