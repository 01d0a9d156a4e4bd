//! The SDK's client for DynamoDB.

use std::time::Duration;

use aws_config::{SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_sdk_dynamodb::config::retry::{RetryPartition, TokenBucket};
use aws_sdk_dynamodb::config::{Builder, StalledStreamProtectionConfig};
use aws_smithy_http_client::HttpClientError;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use super::checksum::ResponseChecksum;

/// The time limit of one attempt. A connection that died while Lambda had frozen the environment is
/// replaced after it. The SDK itself sets no limit.
pub const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(1);

/// The time limit of all attempts of one call together.
pub const OPERATION_TIMEOUT: Duration = Duration::from_secs(4);

const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
const MAX_ATTEMPTS: u32 = 3;

/// The SDK's default is up to a second, which a caller would notice.
const INITIAL_BACKOFF: Duration = Duration::from_millis(50);

/// The HTTP client below the SDK: HTTPS through `rustls` with `ring` to servers that `roots` vouch
/// for, and plain HTTP for a local endpoint.
///
/// # Errors
///
/// The SDK reserves some; a [`TrustStore`] causes none today.
pub fn http_client(roots: TrustStore) -> Result<SharedHttpClient, HttpClientError> {
    let tls = TlsContext::builder().with_trust_store(roots).build()?;
    Ok(aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .tls_context(tls)
        .build_https())
}

/// DynamoDB's client configuration: `shared` with this function's time limits and retries, and with
/// a check of each response's checksum.
pub fn config(shared: &SdkConfig) -> Builder {
    Builder::from(shared)
        .interceptor(ResponseChecksum)
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(CONNECT_TIMEOUT)
                .operation_attempt_timeout(ATTEMPT_TIMEOUT)
                .operation_timeout(OPERATION_TIMEOUT)
                .build(),
        )
        // It watches bodies that stream for minutes. Here the attempt's time limit is enough.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .retry_config(
            RetryConfig::standard()
                .with_max_attempts(MAX_ATTEMPTS)
                .with_initial_backoff(INITIAL_BACKOFF),
        )
        // The SDK's quota is empty after 25 failed requests, and single faults then fail requests until
        // successes refill it. It protects servers from busy clients; an environment has one request at a time.
        .retry_partition(
            RetryPartition::custom("update-customer")
                .token_bucket(TokenBucket::unlimited())
                .build(),
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_config::BehaviorVersion;

    #[test]
    fn calls_have_time_limits_and_retries() {
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
