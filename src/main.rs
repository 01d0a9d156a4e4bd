//! Cold start: logging, configuration, DynamoDB client, and then events until Lambda stops the
//! environment.

use std::io;
use std::process::ExitCode;

use lambda_runtime::service_fn;
use tracing_subscriber::prelude::*;
use update_customer::App;
use update_customer::dynamodb::client;
use update_customer::{Config, LogConfig};
use update_customer::{lambda, logging};

// One thread: a Lambda environment handles one request at a time.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let log = LogConfig::from_env(variable);
    tracing_subscriber::registry()
        .with(logging::layer(io::stdout, &log))
        .init();
    tracing::info!(
        commit = env!("UPDATE_CUSTOMER_COMMIT"),
        functionVersion = log.function_version,
        "program started"
    );
    logging::install_panic_hook();
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), lambda_runtime::Error> {
    let config = Config::from_env(variable)?;
    if !config.is_in_lambda {
        return Err(
            "This program runs in AWS Lambda; to try it locally, use `cargo run --example local`"
                .into(),
        );
    }
    let app = App::new(client::new(&config)?, config.app);
    app.warm_up().await;
    lambda_runtime::run(service_fn(|event| lambda::invoke(&app, event))).await
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
