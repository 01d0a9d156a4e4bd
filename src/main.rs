//! Cold start: logging, configuration, DynamoDB client, and then events until Lambda stops the
//! environment.

use std::io;
use std::process::ExitCode;

use tokio::runtime::Builder;
use tracing_subscriber::prelude::*;
use update_customer::dynamodb::client;
use update_customer::{App, Config, LogConfig};
use update_customer::{lambda, logging};

fn main() -> ExitCode {
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
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), lambda_runtime::Error> {
    let config = Config::from_env(variable)?;
    if !config.is_in_lambda {
        return Err(
            "This program runs in AWS Lambda; to try it locally, use `cargo run --example local`"
                .into(),
        );
    }
    // More threads pay only for several requests at once; starting them takes time.
    let mut runtime = match config.max_concurrency {
        1 => Builder::new_current_thread(),
        _ => Builder::new_multi_thread(),
    };
    runtime.enable_all().build()?.block_on(async {
        let app = App::new(client::new(&config)?, config.app);
        lambda::run(app, config.max_concurrency).await
    })
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
