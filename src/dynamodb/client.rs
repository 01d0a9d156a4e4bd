//! The SDK's client for DynamoDB.

use std::time::Duration;

use aws_config::ecs::EcsCredentialsProvider;
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_runtime::retries::classifiers::AwsErrorCodeClassifier;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::SharedCredentialsProvider;
use aws_sdk_dynamodb::config::retry::{RetryPartition, TokenBucket};
use aws_sdk_dynamodb::config::{Builder, StalledStreamProtectionConfig};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_http_client::HttpClientError;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use super::error::CONFLICTS;
use super::response::VerifySuccess;
use super::tls::trust_store;
use crate::config::Config;

/// The time limit of one attempt. After a freeze, a dead connection costs one such timeout, then the SDK
/// reconnects. The SDK itself sets no limit.
pub const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(1);

/// The time limit of all attempts of one call together.
pub const OPERATION_TIMEOUT: Duration = Duration::from_secs(4);

const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
const MAX_ATTEMPTS: u32 = 3;

/// The SDK's default is up to a second, which a caller would notice.
const INITIAL_BACKOFF: Duration = Duration::from_millis(50);

/// The client for Lambda's environment.
///
/// `aws_config::load` would also look for files and call other services; its clients would make the program a
/// sixth larger.
pub fn new(config: &Config) -> Result<Client, BoxError> {
    let http_client = http_client(trust_store(config.ca_bundle.clone())?)?;
    let mut shared = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(credentials(config, &http_client))
        .http_client(http_client)
        .region(Region::new(config.region.clone()))
        .use_fips(config.use_fips)
        .use_dual_stack(config.use_dual_stack);
    shared.set_endpoint_url(config.endpoint_url.clone());
    let mut builder = builder(&shared.build());
    if config.max_concurrency > 1 {
        // With the SDK's quota: after fifty retries, one for every ten successes.
        builder.set_retry_partition(Some(RetryPartition::new("update-customer")));
    }
    Ok(Client::from_conf(builder.build()))
}

/// Lambda passes credentials in variables that last as long as the environment. Where it is restored from a snapshot or
/// runs for days, it passes a server instead, and the SDK asks it again before the credentials expire.
fn credentials(config: &Config, http_client: &SharedHttpClient) -> SharedCredentialsProvider {
    if !config.has_credentials_server {
        return SharedCredentialsProvider::new(EnvironmentVariableCredentialsProvider::new());
    }
    let provider_config = ProviderConfig::empty()
        .with_http_client(http_client.clone())
        .with_sleep_impl(TokioSleep::new());
    let server = EcsCredentialsProvider::builder().configure(&provider_config);
    SharedCredentialsProvider::new(server.build())
}

/// The HTTP client below the SDK: HTTPS through `rustls` with `ring` to servers that `roots` vouch
/// for, and plain HTTP for a local endpoint.
pub fn http_client(roots: TrustStore) -> Result<SharedHttpClient, HttpClientError> {
    let tls = TlsContext::builder().with_trust_store(roots).build()?;
    Ok(aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .tls_context(tls)
        .build_https())
}

/// DynamoDB's client configuration: `shared` with this function's time limits and retries, and with
/// a check of each response.
pub fn builder(shared: &SdkConfig) -> Builder {
    Builder::from(shared)
        .interceptor(VerifySuccess)
        .retry_classifier(
            AwsErrorCodeClassifier::<UpdateItemError>::builder()
                .transient_errors(&CONFLICTS[..])
                .build(),
        )
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
        // After 25 failures the SDK stops retrying. Lift that quota: one request at a time cannot overload DynamoDB.
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
        let config = builder(&shared).build();
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
