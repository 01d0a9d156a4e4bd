//! The SDK's client for DynamoDB, and what its faults mean for an answer.

use std::error::Error as StdError;
use std::fmt::Write;
use std::time::Duration;

use aws_config::{SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_sdk_dynamodb::config::{Builder, StalledStreamProtectionConfig, http::HttpResponse};
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::RequestId;
use aws_smithy_http_client::HttpClientError;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::retry::ErrorKind;

use crate::checksum::AnswerChecksum;
use crate::error::{Cause, Error};

/// One try is given up after this time, so that a connection that died while Lambda had frozen the
/// environment is replaced at once. The SDK itself would wait for ever.
pub const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(1);

/// All tries of one call together.
pub const OPERATION_TIMEOUT: Duration = Duration::from_secs(4);

const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
const MAX_ATTEMPTS: u32 = 3;

/// The SDK's own first pause is up to a second, as long as a caller waits for everything.
const FIRST_BACKOFF: Duration = Duration::from_millis(50);

/// Codes that say "not now": the same request may work in a second.
const BUSY: [&str; 6] = [
    "ProvisionedThroughputExceededException",
    "ReplicatedWriteConflictException",
    "RequestLimitExceeded",
    "ThrottlingException",
    "ThrottlingError",
    "TransactionConflictException",
];

/// The HTTP client below the SDK: HTTPS through `rustls` with `ring`, where servers are trusted that
/// `roots` vouch for, and plain HTTP for a local endpoint.
///
/// # Errors
///
/// None that a [`TrustStore`] can cause today; the SDK leaves itself room for some.
pub fn http_client(roots: TrustStore) -> Result<SharedHttpClient, HttpClientError> {
    let tls = TlsContext::builder().with_trust_store(roots).build()?;
    Ok(aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .tls_context(tls)
        .build_https())
}

/// DynamoDB's part of the configuration: `shared` with this function's time limits and retries, and the
/// check of each answer's sum.
pub fn config(shared: &SdkConfig) -> Builder {
    Builder::from(shared)
        .interceptor(AnswerChecksum)
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(CONNECT_TIMEOUT)
                .operation_attempt_timeout(ATTEMPT_TIMEOUT)
                .operation_timeout(OPERATION_TIMEOUT)
                .build(),
        )
        // It watches bodies that stream for minutes; here an attempt ends with its time limit.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .retry_config(
            RetryConfig::standard()
                .with_max_attempts(MAX_ATTEMPTS)
                .with_initial_backoff(FIRST_BACKOFF),
        )
}

/// The answer to a call that failed for no reason of the caller's: [`Error::Unavailable`] when
/// DynamoDB was busy or out of reach, [`Error::Internal`] otherwise.
pub fn fault<E>(operation: &str, error: &SdkError<E, HttpResponse>) -> Error
where
    E: StdError + ProvideErrorMetadata + 'static,
    SdkError<E, HttpResponse>: RequestId,
{
    let cause = Cause::new(format!("{operation}: {}", chain(error)));
    let not_now = match error {
        SdkError::TimeoutError(_) => true,
        // A connection that closes before the answer is neither of the first two, but worth a repetition.
        SdkError::DispatchFailure(failure) => {
            failure.is_io()
                || failure.is_timeout()
                || failure.as_other() == Some(ErrorKind::TransientError)
        }
        SdkError::ServiceError(refusal) => {
            let code = refusal.err().code();
            refusal.raw().status().is_server_error()
                || code.is_some_and(|code| BUSY.contains(&code))
        }
        _ => false,
    };
    if not_now {
        Error::Unavailable(cause)
    } else {
        Error::Internal(cause)
    }
}

/// The error and its sources. `DisplayErrorContext` tells more than a log may hold: it prints the
/// raw answer, and with it the customer.
fn chain<E>(error: &SdkError<E, HttpResponse>) -> String
where
    E: StdError + ProvideErrorMetadata + 'static,
    SdkError<E, HttpResponse>: RequestId,
{
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        // Writing to a `String` cannot fail.
        let _ = write!(text, ": {error}");
        source = error.source();
    }
    if let SdkError::ServiceError(refusal) = error {
        let meta = refusal.err().meta();
        let _ = write!(
            text,
            " (status {}, code {}, message {:?})",
            refusal.raw().status().as_u16(),
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
    use aws_config::BehaviorVersion;

    #[test]
    fn every_call_is_bounded_and_retried_soon() {
        let shared = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .build();
        let config = config(&shared).build();
        let timeouts = config.timeout_config().expect("time limits");
        assert_eq!(timeouts.connect_timeout(), Some(Duration::from_secs(1)));
        assert_eq!(
            timeouts.operation_attempt_timeout(),
            Some(Duration::from_secs(1))
        );
        assert_eq!(timeouts.operation_timeout(), Some(Duration::from_secs(4)));
        let retries = config.retry_config().expect("retries");
        assert_eq!(retries.max_attempts(), 3);
        assert_eq!(retries.initial_backoff(), Duration::from_millis(50));
    }
}
