//! Every reason why a request fails, and what its caller sees: one row each.

use lambda_http::http::StatusCode;
use lambda_http::http::header::{self, HeaderName};
use thiserror::Error as ThisError;

use crate::auth::AuthError;
use crate::customer::Customer;
use crate::customer::id::InvalidCustomerId;
use crate::dynamodb::{LookupError, UpdateError};
use crate::http::request::{RequestError, RouteError};
use crate::http::response::Failure;
use crate::logging::Cause;
use crate::validation::json::ParseError;
use crate::validation::{ValidationError, ValidationErrors};

/// Why a request did not get 200.
#[derive(Debug, ThisError)]
pub enum Error {
    #[error(transparent)]
    Route(#[from] RouteError),
    #[error(transparent)]
    Auth(#[from] AuthError),
    #[error(transparent)]
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

const MESSAGE_500: &str = "An internal error occurred";

impl Error {
    /// What the caller sees (`docs/API.md#error-codes`). Of a failure on the server's side that is nothing of
    /// the cause.
    pub fn failure(&self) -> Failure<'_> {
        let own = || self.to_string();
        let text = str::to_owned;
        match self {
            Self::Route(RouteError::NotFound) => row(StatusCode::NOT_FOUND, "not_found", own()),
            Self::Route(RouteError::MethodNotAllowed) => {
                row(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", own())
                    .header(header::ALLOW, "PUT")
            }
            Self::Auth(AuthError::Missing) => row(StatusCode::UNAUTHORIZED, "token_missing", own())
                .header(header::WWW_AUTHENTICATE, "Bearer"),
            Self::Auth(AuthError::Invalid) => row(StatusCode::UNAUTHORIZED, "token_invalid", own())
                .header(header::WWW_AUTHENTICATE, r#"Bearer error="invalid_token""#),
            Self::Auth(AuthError::MissingScope(_)) => {
                row(StatusCode::UNAUTHORIZED, "insufficient_permission", own()).header(
                    header::WWW_AUTHENTICATE,
                    r#"Bearer error="insufficient_scope""#,
                )
            }
            Self::Request(_) | Self::Parse(_) => {
                row(StatusCode::BAD_REQUEST, "invalid_request", own())
            }
            Self::Fields(errors) => {
                row(StatusCode::BAD_REQUEST, "invalid_request", own()).errors(errors.as_slice())
            }
            Self::Update(UpdateError::TooLarge) => {
                row(StatusCode::BAD_REQUEST, "invalid_request", text(TOO_LARGE))
            }
            Self::Update(UpdateError::TooDeep) => {
                row(StatusCode::BAD_REQUEST, "invalid_request", text(TOO_DEEP))
            }
            Self::Id(_) | Self::Update(UpdateError::NotFound) => row(
                StatusCode::NOT_FOUND,
                "customer_not_found",
                text("Customer not found"),
            ),
            Self::Update(UpdateError::OtherVersion(customer)) => row(
                StatusCode::PRECONDITION_FAILED,
                "version_conflict",
                text(OTHER_VERSION),
            )
            .customer(customer),
            Self::Update(UpdateError::Exists(customer)) => row(
                StatusCode::PRECONDITION_FAILED,
                "version_conflict",
                text(EXISTS),
            )
            .customer(customer),
            Self::Auth(AuthError::Lookup(_)) | Self::Update(_) | Self::Panic => {
                let row = row(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "internal_error",
                    text(MESSAGE_500),
                );
                match self.is_transient() {
                    true => row.header(header::RETRY_AFTER, "1"),
                    false => row,
                }
            }
        }
    }

    /// The cause to log, for a failure on the server's side.
    pub fn cause(&self) -> Option<Cause> {
        let dynamodb_request_id = match self {
            Self::Auth(AuthError::Lookup(LookupError::Call(error))) => error.request_id(),
            Self::Update(error) => error.request_id(),
            _ => None,
        };
        let is_internal = self.failure().status.is_server_error();
        is_internal.then(|| Cause {
            text: self.to_string(),
            dynamodb_request_id: dynamodb_request_id.map(str::to_owned),
        })
    }

    fn is_transient(&self) -> bool {
        match self {
            Self::Auth(AuthError::Lookup(LookupError::Call(error))) => error.is_transient(),
            Self::Update(error) => error.is_transient(),
            _ => false,
        }
    }
}

const TOO_LARGE: &str =
    "With this update the customer would exceed 400 KB; shorten notes, address or metaFields";
const TOO_DEEP: &str =
    "With this update the customer would be nested too deeply; flatten metaFields";
const OTHER_VERSION: &str = "If-Match does not match the customer's current version; data and X-Customer-Version are the current ones";
const EXISTS: &str = "The customer exists; remove If-None-Match to update it";

fn row<'a>(status: StatusCode, code: &'static str, message: String) -> Failure<'a> {
    Failure {
        status,
        code,
        message,
        header: None,
        errors: &[],
        customer: None,
    }
}

impl<'a> Failure<'a> {
    fn header(self, name: HeaderName, value: &'static str) -> Self {
        let header = Some((name, value));
        Self { header, ..self }
    }

    fn errors(self, errors: &'a [ValidationError]) -> Self {
        Self { errors, ..self }
    }

    fn customer(self, customer: &'a Customer) -> Self {
        let customer = Some(customer);
        Self { customer, ..self }
    }
}
