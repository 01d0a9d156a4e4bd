//! The endpoint on a desk: `cargo run --example local`.
//!
//! Starts a DynamoDB inside this process, fills it with the published sample customer and two demo
//! tokens, and serves the API over HTTP. Each request takes the way that it takes in Lambda.

mod gateway;
mod store;

use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;

use aws_sdk_dynamodb::Client;
use clap::Parser;
use dynoxide::Database;
use tokio::net::TcpListener;
use tokio::sync::watch;
use update_customer::environment::Environment;
use update_customer::handler::UpdateCustomer;
use update_customer::{dynamodb, log};

const CUSTOMERS_TABLE: &str = "customers";
const ACCESS_TOKENS_TABLE: &str = "access-tokens";
const DYNAMODB_PORT: u16 = 8000;

/// Serve PUT /customers/{customer_id} on this machine, on an embedded DynamoDB.
#[derive(Parser)]
struct Arguments {
    /// The port of the API on 127.0.0.1
    #[arg(long, default_value_t = 9000)]
    port: u16,
    /// The port of the embedded DynamoDB on 127.0.0.1
    #[arg(long, default_value_t = DYNAMODB_PORT)]
    dynamodb_port: u16,
    /// Keep the tables in this file instead of in memory
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    log::init();
    match serve(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    let api = listen(arguments.port, "--port").await?;
    let dynamodb_listener = listen(arguments.dynamodb_port, "--dynamodb-port").await?;
    let api_url = format!("http://{}", api.local_addr()?);
    let endpoint = format!("http://{}", dynamodb_listener.local_addr()?);

    let database = match &arguments.data {
        Some(file) => {
            let path = file.to_str().ok_or("--data must be a path in UTF-8")?;
            Database::new(path).map_err(|error| format!("cannot open {path}: {error}"))?
        }
        None => Database::memory().map_err(|error| format!("cannot make a database: {error}"))?,
    };
    let (stop, stopped) = watch::channel(());
    let until_stopped = |mut stopped: watch::Receiver<()>| async move {
        // An error means that the sender is gone, which is a stop as well.
        let _ = stopped.changed().await;
    };
    let engine = tokio::spawn(dynoxide::server::serve_with_shutdown(
        dynamodb_listener,
        database,
        until_stopped(stopped.clone()),
    ));

    let client = Client::from_conf(dynamodb::config(&store::local_config(&endpoint)).build());
    store::fill(&client, CUSTOMERS_TABLE, ACCESS_TOKENS_TABLE).await?;
    let environment = Environment::read(|name| match name {
        "CUSTOMERS_TABLE" => Some(CUSTOMERS_TABLE.to_owned()),
        "ACCESS_TOKENS_TABLE" => Some(ACCESS_TOKENS_TABLE.to_owned()),
        other => std::env::var(other).ok(),
    })?;
    let router = gateway::router(UpdateCustomer::new(client, environment));
    let server = axum::serve(api, router).with_graceful_shutdown(until_stopped(stopped));
    let server = tokio::spawn(server.into_future());

    println!("{}", welcome(&api_url, &endpoint)?);
    interrupted().await?;
    println!("Stopping");
    stop.send(())?;
    server.await??;
    engine.await??;
    Ok(())
}

/// Listens on loopback only.
async fn listen(port: u16, option: &str) -> Result<TcpListener, String> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    TcpListener::bind(address).await.map_err(|error| {
        format!("cannot listen on {address}: {error}; choose another port with {option}")
    })
}

/// Waits for Ctrl-C or, where there is one, a request to terminate.
async fn interrupted() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            outcome = tokio::signal::ctrl_c() => outcome,
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}

/// What to paste next. A title starts with the status that the line below it gets.
fn welcome(api_url: &str, endpoint: &str) -> Result<String, Box<dyn Error>> {
    let sample: serde_json::Value = serde_json::from_str(store::SAMPLE_REQUEST)?;
    let url = format!("{api_url}/customers/{}", store::CUSTOMER_ID);
    let curl = |url: &str, token: &str, body: &str| {
        format!(
            "curl -i -X PUT '{url}' -H 'accessToken: {token}' -H 'Content-Type: application/json' -d '{body}'"
        )
    };
    let updated = curl(&url, store::WRITE_TOKEN, &sample.to_string());
    let invalid = curl(
        &url,
        store::WRITE_TOKEN,
        r#"{"firstName": "John", "emial": "john@aximcommerce.com"}"#,
    );
    let forbidden = curl(&url, store::READ_TOKEN, &sample.to_string());
    let unknown = curl(
        &format!("{api_url}/customers/nobody"),
        store::WRITE_TOKEN,
        &sample.to_string(),
    );
    let watch = match endpoint.ends_with(&format!(":{DYNAMODB_PORT}")) {
        true => String::new(),
        false => format!(" --env-var AWS_ENDPOINT_URL_DYNAMODB={endpoint}"),
    };
    Ok(format!(
        "PUT {api_url}/customers/{{customer_id}} is served. Stop it with Ctrl-C.
Its reference, with a form to send requests: {api_url}/
In another terminal:

# 200: the published sample
{updated}

# 400: a field is missing and another misspelt
{invalid}

# 401: the token may only read
{forbidden}

# 404: no customer has this id
{unknown}

# What is stored, with the AWS CLI or any table viewer (endpoint {endpoint}, any credentials)
AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local aws dynamodb scan --region us-east-1 --endpoint-url {endpoint} --table-name {CUSTOMERS_TABLE}

# The function under cargo lambda on the same tables; the lines above then work with port 9001 too
cargo lambda watch -A 127.0.0.1 -P 9001 --env-file local.env{watch}
"
    ))
}
