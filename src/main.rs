//! Cold start: logging, environment, SDK client, and then events for as long as Lambda sends them.

use std::env;
use std::process::ExitCode;

use aws_config::environment::{
    EnvironmentVariableCredentialsProvider, EnvironmentVariableRegionProvider,
};
use aws_config::meta::region::ProvideRegion;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::SharedCredentialsProvider;
use aws_smithy_http_client::tls::TrustStore;
use lambda_runtime::service_fn;
use update_customer::environment::Environment;
use update_customer::handler::UpdateCustomer;
use update_customer::{dynamodb, event, log, panic, trust};

// One thread: a Lambda environment answers one request at a time.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    log::init();
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
    let environment = Environment::read(|name| env::var(name).ok())?;
    if env::var_os("AWS_LAMBDA_RUNTIME_API").is_none() {
        return Err(
            "This program runs in AWS Lambda; on a desk use `cargo run --example local`".into(),
        );
    }
    let roots = trust::from_environment(|name| env::var(name).ok())?;
    let client = Client::from_conf(dynamodb::config(&lambda_config(roots).await?).build());
    let function = UpdateCustomer::new(client, environment);
    function.warm_up().await;
    lambda_runtime::run(service_fn(|event| event::invoke(&function, event))).await
}

/// What Lambda's variables say. The SDK's own search would also look for files and for other
/// machines' services; with its clients of those, the program would be a sixth larger.
async fn lambda_config(roots: TrustStore) -> Result<SdkConfig, lambda_runtime::Error> {
    let set = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
    let on = |name: &str| set(name).is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(dynamodb::http_client(roots)?)
        .credentials_provider(SharedCredentialsProvider::new(
            EnvironmentVariableCredentialsProvider::new(),
        ))
        .region(EnvironmentVariableRegionProvider::new().region().await)
        .use_fips(on("AWS_USE_FIPS_ENDPOINT"))
        .use_dual_stack(on("AWS_USE_DUALSTACK_ENDPOINT"));
    config.set_endpoint_url(set("AWS_ENDPOINT_URL_DYNAMODB").or(set("AWS_ENDPOINT_URL")));
    Ok(config.build())
}
