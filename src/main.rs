//! Cold start: logging, configuration, DynamoDB client, and then events until Lambda stops the
//! environment.

use std::env;
use std::process::ExitCode;

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::SharedCredentialsProvider;
use aws_smithy_http_client::tls::TrustStore;
use lambda_runtime::service_fn;
use update_customer::config::{self, Config};
use update_customer::dynamodb::{client, tls};
use update_customer::handler::App;
use update_customer::{lambda, logging, panic};

// One thread: a Lambda environment handles one request at a time.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    logging::init();
    logging::started();
    panic::install_hook();
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), lambda_runtime::Error> {
    let config = Config::from_env(|name| env::var(name).ok())?;
    if env::var_os("AWS_LAMBDA_RUNTIME_API").is_none() {
        return Err(
            "This program runs in AWS Lambda; to try it locally, use `cargo run --example local`"
                .into(),
        );
    }
    let roots = tls::trust_store(|name| env::var(name).ok())?;
    let client = Client::from_conf(client::config(&sdk_config(roots)?).build());
    let app = App::new(client, config);
    app.warm_up().await;
    lambda_runtime::run(service_fn(|event| lambda::invoke(&app, event))).await
}

/// The SDK's configuration from Lambda's environment variables. `aws_config::load` would also look
/// for files and call other services; its clients would make the program a sixth larger.
fn sdk_config(roots: TrustStore) -> Result<SdkConfig, lambda_runtime::Error> {
    let variable = |name: &str| env::var(name).ok();
    let is_true =
        |name: &str| variable(name).is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(client::http_client(roots)?)
        .credentials_provider(SharedCredentialsProvider::new(
            EnvironmentVariableCredentialsProvider::new(),
        ))
        .region(Region::new(config::region(variable)?))
        .use_fips(is_true("AWS_USE_FIPS_ENDPOINT"))
        .use_dual_stack(is_true("AWS_USE_DUALSTACK_ENDPOINT"));
    config.set_endpoint_url(config::endpoint_url(variable)?);
    Ok(config.build())
}
