//! Every reason why a request fails, and what its caller sees: one row each.

use lambda_http::http::StatusCode;
use lambda_http::http::header::{ALLOW, HeaderName, RETRY_AFTER, WWW_AUTHENTICATE};
use thiserror::Error as ThisError;

use crate::auth::AuthError;
use crate::customer::id::InvalidCustomerId;
use crate::dynamodb::{CallError, LookupError, UpdateError};
use crate::http::request::{RequestError, RouteError};
use crate::http::response::Failure;
use crate::logging::Cause;
use crate::validation::ValidationErrors;
use crate::validation::json::ParseError;

/// Why a request did not get 200. `Display` is the message for the caller, or the cause of a 500.
#[derive(Debug, ThisError)]
pub enum Error {
    #[error(transparent)]
    Route(#[from] RouteError),
    #[error(transparent)]
    Auth(#[from] AuthError),
    #[error("Customer not found")]
    Id(#[from] InvalidCustomerId),
    #[error(transparent)]
    Request(#[from] RequestError),
    #[error(transparent)]
    Parse(#[from] ParseError),
    #[error(transparent)]
    Fields(#[from] ValidationErrors),
    #[error(transparent)]
    Update(#[from] UpdateError),
    /// A step panicked. The log has the place in a line before.
    #[error("panic")]
    Panic,
}

const TOO_LARGE: &str =
    "With this update the customer would exceed 400 KB; shorten notes, address or metaFields";
const TOO_DEEP: &str =
    "With this update the customer would be nested too deeply; flatten metaFields";
const OTHER_VERSION: &str = "If-Match does not match the customer's current version; apply the change to \
                             data and send it with X-Customer-Version";
const EXISTS: &str = "The customer exists; remove If-None-Match to update it";
const INTERNAL: &str = "An internal error occurred";

impl Error {
    /// What the caller sees (`docs/API.md#error-codes`), and the cause to log if it must not see that.
    pub fn failure(&self) -> (Failure<'_>, Option<Cause>) {
        use StatusCode as Status;
        use UpdateError::{Exists, NotFound, OtherVersion, TooDeep, TooLarge};
        type Header = Option<(HeaderName, &'static str)>;
        let call = match self {
            Self::Auth(AuthError::Lookup(LookupError::Call(error))) => Some(error),
            Self::Update(UpdateError::Call(error)) => Some(error),
            _ => None,
        };
        let challenge = |value| Some((WWW_AUTHENTICATE, value));
        let (status, code, header, message): (Status, _, Header, _) = match self {
            Self::Route(RouteError::NotFound) => (Status::NOT_FOUND, "not_found", None, None),
            Self::Route(RouteError::MethodNotAllowed) => {
                let allow = Some((ALLOW, "PUT"));
                (
                    Status::METHOD_NOT_ALLOWED,
                    "method_not_allowed",
                    allow,
                    None,
                )
            }
            Self::Auth(AuthError::Missing) => (
                Status::UNAUTHORIZED,
                "token_missing",
                challenge("Bearer"),
                None,
            ),
            Self::Auth(AuthError::Invalid) => {
                let header = challenge(r#"Bearer error="invalid_token""#);
                (Status::UNAUTHORIZED, "token_invalid", header, None)
            }
            Self::Auth(AuthError::MissingScope(_)) => {
                let header = challenge(r#"Bearer error="insufficient_scope""#);
                (
                    Status::UNAUTHORIZED,
                    "insufficient_permission",
                    header,
                    None,
                )
            }
            Self::Request(_) | Self::Parse(_) | Self::Fields(_) => {
                (Status::BAD_REQUEST, "invalid_request", None, None)
            }
            Self::Update(TooLarge) => (
                Status::BAD_REQUEST,
                "invalid_request",
                None,
                Some(TOO_LARGE),
            ),
            Self::Update(TooDeep) => (Status::BAD_REQUEST, "invalid_request", None, Some(TOO_DEEP)),
            Self::Id(_) => (Status::NOT_FOUND, "customer_not_found", None, None),
            Self::Update(NotFound) => (Status::NOT_FOUND, "customer_not_found", None, None),
            Self::Update(OtherVersion(_)) => (
                Status::PRECONDITION_FAILED,
                "version_conflict",
                None,
                Some(OTHER_VERSION),
            ),
            Self::Update(Exists(_)) => (
                Status::PRECONDITION_FAILED,
                "version_conflict",
                None,
                Some(EXISTS),
            ),
            Self::Auth(AuthError::Lookup(_)) | Self::Update(_) | Self::Panic => {
                let is_transient = call.is_some_and(CallError::is_transient);
                let retry_after = is_transient.then_some((RETRY_AFTER, "1"));
                (
                    Status::INTERNAL_SERVER_ERROR,
                    "internal_error",
                    retry_after,
                    Some(INTERNAL),
                )
            }
        };
        let failure = Failure {
            status,
            code,
            message: message.map_or_else(|| self.to_string(), str::to_owned),
            header,
            errors: match self {
                Self::Fields(errors) => errors.as_slice(),
                _ => &[],
            },
            customer: match self {
                Self::Update(OtherVersion(customer) | Exists(customer)) => Some(customer),
                _ => None,
            },
        };
        let dynamodb_request_id = call.and_then(CallError::request_id).map(str::to_owned);
        let cause = Cause(self.to_string(), dynamodb_request_id);
        (failure, status.is_server_error().then_some(cause))
    }
}
