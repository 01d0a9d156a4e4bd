//! Every reason to refuse a request, its status, its code, and the sentence the caller reads.

use std::borrow::Cow;

use lambda_http::http::StatusCode;

use crate::fault::{Fault, Faults};

/// Why a request was not answered with 200 (contract, part 2, "Answer").
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// The path is not `/customers/{customer_id}`.
    NotFound,
    /// The path is right and the method is not `PUT`.
    MethodNotAllowed,
    /// No token came in the `accessToken` header.
    TokenMissing,
    /// What came is no token, or no record of it is valid.
    TokenInvalid,
    /// The token is valid and lacks the scope `customers:write`.
    InsufficientScope,
    /// A header, the body's syntax or its size is wrong; the sentence says what to change.
    InvalidRequest(String),
    /// Fields of the body break rules.
    InvalidBody(Faults),
    /// No customer has this id.
    CustomerNotFound,
    /// `If-Match` names no version that the customer has now.
    VersionConflict { current: u64 },
    /// DynamoDB was only busy or unreachable: the same request may work in a second.
    Unavailable(Cause),
    /// Any other fault on the server's side.
    Internal(Cause),
}

/// What happened on the server's side, for the log alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause(String);

impl Cause {
    /// `text` must hold no token and no personal data.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Error {
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NotFound | Self::CustomerNotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::TokenMissing | Self::TokenInvalid | Self::InsufficientScope => {
                StatusCode::UNAUTHORIZED
            }
            Self::InvalidRequest(_) | Self::InvalidBody(_) => StatusCode::BAD_REQUEST,
            Self::VersionConflict { .. } => StatusCode::PRECONDITION_FAILED,
            Self::Unavailable(_) | Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The stable word for the reason.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::TokenMissing => "token_missing",
            Self::TokenInvalid => "token_invalid",
            Self::InsufficientScope => "insufficient_permission",
            Self::InvalidRequest(_) | Self::InvalidBody(_) => "invalid_request",
            Self::CustomerNotFound => "customer_not_found",
            Self::VersionConflict { .. } => "version_conflict",
            Self::Unavailable(_) | Self::Internal(_) => "internal_error",
        }
    }

    /// The sentence for the caller; it never tells a server fault's cause.
    pub fn message(&self) -> Cow<'_, str> {
        Cow::Borrowed(match self {
            Self::NotFound => "There is nothing at this path; call PUT /customers/{customer_id}",
            Self::MethodNotAllowed => "This path takes PUT only",
            Self::TokenMissing => "Send an access token in the accessToken header",
            Self::TokenInvalid => {
                "The access token is not valid; send a current one in the accessToken header"
            }
            Self::InsufficientScope => "The access token lacks the scope customers:write",
            Self::InvalidRequest(sentence) => sentence,
            Self::InvalidBody(faults) => return Cow::Owned(faults.summary()),
            Self::CustomerNotFound => "No customer has this id",
            Self::VersionConflict { .. } => {
                "The customer has changed since the version in If-Match; \
                 look at X-Customer-Version, merge and try again"
            }
            Self::Unavailable(_) | Self::Internal(_) => "An internal error occurred",
        })
    }

    /// The faults to list; empty unless fields of the body broke rules.
    pub fn faults(&self) -> &[Fault] {
        match self {
            Self::InvalidBody(faults) => faults.listed(),
            _ => &[],
        }
    }

    /// What the log tells about a fault on the server's side.
    pub fn cause(&self) -> Option<&str> {
        match self {
            Self::Unavailable(cause) | Self::Internal(cause) => Some(cause.as_str()),
            _ => None,
        }
    }
}
