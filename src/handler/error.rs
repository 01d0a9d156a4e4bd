//! Every reason why a request fails, and what its caller sees: one row each.

use lambda_http::http::StatusCode;
use lambda_http::http::header::{ALLOW, RETRY_AFTER, WWW_AUTHENTICATE};
use thiserror::Error as ThisError;

use crate::auth::AuthError;
use crate::customer::id::InvalidCustomerId;
use crate::dynamodb::UpdateError;
use crate::http::request::RequestError;
use crate::http::response::Outcome;
use crate::logging::Cause;
use crate::validation::ValidationErrors;
use crate::validation::json::ParseError;

/// Why a request did not get 200. `Display` is the message for the caller, or the cause of a 500.
#[derive(Debug, ThisError)]
#[error(transparent)]
pub(super) enum Error {
    Request(#[from] RequestError),
    Auth(#[from] AuthError),
    Id(#[from] InvalidCustomerId),
    Parse(#[from] ParseError),
    Fields(#[from] ValidationErrors),
    Update(#[from] UpdateError),
    /// A step panicked. The log has the place in a line before.
    #[error("panic")]
    Panic,
}

/// Maps each error to status, code, header and message; `None` means the error's own text.
macro_rules! rows {
    ($error:expr; $($pattern:pat => $status:ident $code:literal, $header:expr, $message:expr;)*) => {
        match $error { $($pattern => (StatusCode::$status, $code, $header, $message),)* }
    };
}

impl Error {
    /// What the caller sees (`docs/API.md#error-codes`), and the cause to log if it must not see that.
    pub(super) fn outcome<'a>(&'a self, request_id: &'a str) -> (Outcome<'a>, Option<Cause>) {
        use AuthError::{Invalid, Lookup, Missing, MissingScope};
        use RequestError::{MethodNotAllowed, NoRoute};
        use UpdateError::{Call, Exists, NotFound, OtherVersion, TooDeep, TooLarge};
        let call = match self {
            Self::Auth(Lookup(error)) | Self::Update(Call(error)) => Some(error),
            _ => None,
        };
        let challenge = |value: &'static str| Some((WWW_AUTHENTICATE, value));
        let is_transient = call.is_some_and(|error| error.is_transient);
        let retry_after = is_transient.then_some((RETRY_AFTER, "1"));
        let (status, code, header, message) = rows! { self;
            Self::Request(NoRoute) => NOT_FOUND "not_found", None, None;
            Self::Request(MethodNotAllowed) =>
                METHOD_NOT_ALLOWED "method_not_allowed", Some((ALLOW, "PUT")), None;
            Self::Auth(Missing) => UNAUTHORIZED "token_missing", challenge("Bearer"), None;
            Self::Auth(Invalid) =>
                UNAUTHORIZED "token_invalid", challenge(r#"Bearer error="invalid_token""#), None;
            Self::Auth(MissingScope(_)) => UNAUTHORIZED "insufficient_permission",
                challenge(r#"Bearer error="insufficient_scope""#), None;
            Self::Request(_) | Self::Parse(_) | Self::Fields(_) =>
                BAD_REQUEST "invalid_request", None, None;
            Self::Update(TooLarge) => BAD_REQUEST "invalid_request", None,
                Some("With this update the customer would exceed 400 KB; shorten notes, address or metaFields");
            Self::Update(TooDeep) => BAD_REQUEST "invalid_request", None,
                Some("With this update the customer would be nested too deeply; flatten metaFields");
            Self::Id(_) | Self::Update(NotFound) =>
                NOT_FOUND "customer_not_found", None, Some("Customer not found");
            Self::Update(OtherVersion(_)) => PRECONDITION_FAILED "version_conflict", None,
                Some("If-Match does not match the customer's current version; apply the change to data and \
                      send it with the version in X-Customer-Version");
            Self::Update(Exists(_)) => PRECONDITION_FAILED "version_conflict", None,
                Some("The customer exists; remove If-None-Match to update it");
            Self::Auth(Lookup(_)) | Self::Update(Call(_)) | Self::Panic =>
                INTERNAL_SERVER_ERROR "internal_error", retry_after, Some("An internal error occurred");
        };
        let mut outcome = Outcome {
            status,
            header,
            message: message.map_or_else(|| self.to_string().into(), Into::into),
            code: Some(code),
            request_id: Some(request_id),
            ..Outcome::default()
        };
        match self {
            Self::Fields(errors) => outcome.errors = errors.as_slice(),
            Self::Update(OtherVersion(customer) | Exists(customer)) => {
                outcome.data = Some(customer)
            }
            _ => {}
        }
        let cause = || Cause {
            text: self.to_string(),
            dynamodb_request_id: call.and_then(|error| error.request_id.clone()),
        };
        (outcome, status.is_server_error().then(cause))
    }
}
