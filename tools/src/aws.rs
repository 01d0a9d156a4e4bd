//! The connection to AWS, the stack's outputs, and AWS's errors as one sentence.

use std::env;
use std::error::Error;
use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_cloudformation::types::Stack;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::ProvideCredentials;
use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use update_customer::dynamodb::{client, tls};

use crate::Failure;

/// For a person's network; the function's own limits are much lower.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(20);
const OPERATION_TIMEOUT: Duration = Duration::from_secs(60);

pub struct Aws {
    shared: SdkConfig,
    stack: String,
}

/// A table of the stack, by the template's output with its name.
#[derive(Clone, Copy)]
pub enum Table {
    Customers,
    AccessTokens,
}

impl Aws {
    /// Finds region and credentials in the environment, profiles and SSO.
    pub async fn connect(stack: String) -> Result<Self, Failure> {
        let roots =
            tls::trust_store(|name| env::var(name).ok()).map_err(|error| error.to_string())?;
        let http_client = client::http_client(roots).map_err(|error| error.to_string())?;
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .operation_attempt_timeout(ATTEMPT_TIMEOUT)
            .operation_timeout(OPERATION_TIMEOUT)
            .build();
        let shared = aws_config::defaults(BehaviorVersion::latest())
            .http_client(http_client)
            .timeout_config(timeouts)
            .load()
            .await;
        if shared.region().is_none() {
            return Err("no AWS region: set AWS_REGION or AWS_PROFILE"
                .to_owned()
                .into());
        }
        let credentials = match shared.credentials_provider() {
            Some(provider) => provider.provide_credentials().await.map(drop),
            None => return Err("no AWS credentials: set AWS_PROFILE".to_owned().into()),
        };
        credentials.map_err(|error| {
            let cause = innermost(&error);
            format!(
                "no AWS credentials: set AWS_PROFILE, or sign in with `aws sso login` ({cause})"
            )
        })?;
        Ok(Self { shared, stack })
    }

    pub fn dynamodb(&self) -> Client {
        Client::new(&self.shared)
    }

    /// The name that was given, or the one in the stack's outputs.
    pub async fn table(&self, given: Option<String>, table: Table) -> Result<String, Failure> {
        let output = match table {
            Table::Customers => "CustomersTable",
            Table::AccessTokens => "AccessTokensTable",
        };
        match given {
            Some(name) => Ok(name),
            None => self.output(output, "--table").await,
        }
    }

    /// The value of one of the stack's outputs. `option` can be given instead.
    pub async fn output(&self, key: &str, option: &str) -> Result<String, Failure> {
        let stack = self.describe_stack(option).await?;
        let mut outputs = stack.outputs().iter();
        let output = outputs.find(|output| output.output_key() == Some(key));
        let value = output.and_then(|output| output.output_value());
        let missing = || format!("stack {} has no output {key}; give {option}", self.stack);
        Ok(value.ok_or_else(missing)?.to_owned())
    }

    /// The value of one of the stack's parameters.
    pub async fn parameter(&self, key: &str) -> Result<Option<String>, Failure> {
        let stack = self.describe_stack("--table").await?;
        let mut parameters = stack.parameters().iter();
        let parameter = parameters.find(|parameter| parameter.parameter_key() == Some(key));
        Ok(parameter.and_then(|parameter| parameter.parameter_value().map(str::to_owned)))
    }

    async fn describe_stack(&self, option: &str) -> Result<Stack, Failure> {
        let client = aws_sdk_cloudformation::Client::new(&self.shared);
        let described = client
            .describe_stacks()
            .stack_name(&self.stack)
            .send()
            .await;
        let described = described.map_err(|error| {
            let message = error
                .as_service_error()
                .and_then(ProvideErrorMetadata::message);
            let region = self.shared.region().map_or("", |region| region.as_ref());
            if message.is_some_and(|message| message.contains("does not exist")) {
                let stack = &self.stack;
                format!("stack {stack} does not exist in {region}; give --stack, or {option}")
            } else {
                let what = format!("could not read the outputs of stack {}", self.stack);
                sentence(&what, &error)
            }
        })?;
        let stack = described.stacks().first().cloned();
        let missing = || format!("stack {} does not exist; give {option}", self.stack);
        Ok(stack.ok_or_else(missing)?)
    }
}

/// An error of AWS as one sentence, which starts with what failed.
pub fn sentence<E>(what: &str, error: &SdkError<E, HttpResponse>) -> String
where
    E: Error + ProvideErrorMetadata + 'static,
{
    match error {
        SdkError::ServiceError(error) => {
            let error = error.err();
            let code = error.code().unwrap_or("unknown error");
            match error.message() {
                Some(message) => format!("{what}: {code}: {}", message.escape_debug()),
                None => format!("{what}: {code}"),
            }
        }
        SdkError::TimeoutError(_) => format!("{what}: no response in time"),
        _ => format!("{what}: {}", innermost(error)),
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
