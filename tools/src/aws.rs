//! The connection to AWS, the stack's outputs, and AWS's errors as one sentence.

use std::env;
use std::error::Error;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail, ensure};
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_cloudformation::types::Stack;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::ProvideCredentials;
use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use update_customer::CaBundle;
use update_customer::dynamodb::{client, tls};

/// For a person's network; the function's own limits are much lower.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(20);
const OPERATION_TIMEOUT: Duration = Duration::from_secs(60);

pub struct Aws {
    shared: SdkConfig,
    stack: String,
}

impl Aws {
    /// Finds region and credentials in the environment, profiles and SSO.
    pub async fn connect(stack: String) -> Result<Self> {
        let bundle = ["AWS_CA_BUNDLE", "SSL_CERT_FILE"].into_iter();
        let mut bundle = bundle.filter_map(|variable| {
            let path = env::var(variable).ok().filter(|path| !path.is_empty())?;
            Some(CaBundle { variable, path })
        });
        let roots = tls::trust_store(bundle.next())?;
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .operation_attempt_timeout(ATTEMPT_TIMEOUT)
            .operation_timeout(OPERATION_TIMEOUT)
            .build();
        let shared = aws_config::defaults(BehaviorVersion::latest())
            .http_client(client::http_client(roots)?)
            .timeout_config(timeouts)
            .load()
            .await;
        let region = shared.region().map_or("", |region| region.as_ref());
        ensure!(
            !region.is_empty(),
            "no AWS region: set AWS_REGION or AWS_PROFILE"
        );
        let provider = shared.credentials_provider();
        let provider = provider.context("no AWS credentials: set AWS_PROFILE")?;
        if let Err(error) = provider.provide_credentials().await {
            let cause = innermost(&error);
            bail!("no AWS credentials: set AWS_PROFILE, or sign in with `aws sso login` ({cause})");
        }
        Ok(Self { shared, stack })
    }

    pub fn dynamodb(&self) -> Client {
        Client::new(&self.shared)
    }

    /// The value of one of the stack's outputs.
    pub async fn output(&self, key: &str) -> Result<String> {
        let value = self.value(key).await?;
        value.with_context(|| format!("stack {} has no output {key}", self.stack))
    }

    /// The value of one of the stack's outputs or parameters, which have different names.
    pub async fn value(&self, key: &str) -> Result<Option<String>> {
        let stack = &self.stack;
        let client = aws_sdk_cloudformation::Client::new(&self.shared);
        let described = client.describe_stacks().stack_name(stack).send().await;
        let error = described.as_ref().err();
        let error = error.and_then(SdkError::as_service_error);
        let message = error.and_then(ProvideErrorMetadata::message);
        if message.is_some_and(|message| message.contains("does not exist")) {
            let region = self.shared.region().map_or("", |region| region.as_ref());
            bail!("stack {stack} does not exist in {region}; give --stack");
        }
        let described = described.or_failed(|| format!("read the outputs of stack {stack}"))?;
        let mut stacks = described.stacks.unwrap_or_default();
        let stack = stacks.pop().unwrap_or_else(|| Stack::builder().build());
        let outputs = stack.outputs().iter();
        let outputs = outputs.map(|output| (output.output_key(), output.output_value()));
        let parameters = stack.parameters().iter();
        let parameters = parameters.map(|one| (one.parameter_key(), one.parameter_value()));
        let mut values = outputs.chain(parameters);
        let found = values.find(|(name, _)| *name == Some(key));
        Ok(found.and_then(|(_, value)| value.map(str::to_owned)))
    }
}

/// An error of AWS as one sentence.
pub trait OrFailed<T> {
    /// The sentence starts with `could not`, and `what` follows.
    fn or_failed(self, what: impl FnOnce() -> String) -> Result<T>;
}

impl<T, E> OrFailed<T> for Result<T, SdkError<E, HttpResponse>>
where
    E: Error + ProvideErrorMetadata + 'static,
{
    fn or_failed(self, what: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|error| {
            let cause = match &error {
                SdkError::ServiceError(error) => {
                    let code = error.err().code().unwrap_or("unknown error");
                    let message = error.err().message();
                    message.map_or(code.to_owned(), |message| format!("{code}: {message}"))
                }
                SdkError::TimeoutError(_) => "no response in time".to_owned(),
                _ => innermost(&error),
            };
            anyhow!("could not {}: {}", what(), cause.replace('\n', " "))
        })
    }
}

/// The first sentence of the innermost cause: the search for credentials lists every place it looked at.
fn innermost(error: &(dyn Error + 'static)) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    let text = innermost.to_string();
    let first = text.lines().next().unwrap_or_default();
    first.trim_end_matches(". Attempted:").to_owned()
}
