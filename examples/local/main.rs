//! The API for local development: `cargo run --example local`.
//!
//! Starts an embedded DynamoDB with the sample customer and two access tokens, and serves the API
//! over HTTP. Each request passes through the same code as in Lambda. A console in the browser shows
//! what each request does.

mod console;
mod dynamodb;
mod guard;

use std::error::Error;
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use clap::Parser;
use dynoxide::Database;
use testkit::tables::local_config;
use testkit::{CUSTOMER_ID, READ_TOKEN, SAMPLE_REQUEST, WRITE_TOKEN};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tracing_subscriber::prelude::*;
use update_customer::App;
use update_customer::dynamodb::client;
use update_customer::logging;
use update_customer::{Config, LogConfig};

use crate::console::{Console, recorder};
use crate::dynamodb::{ACCESS_TOKENS_TABLE, CUSTOMERS_TABLE, Tables};

const DYNAMODB_PORT: u16 = 8000;

/// Any region will do for an embedded DynamoDB.
const REGION: &str = "us-east-1";

/// How long Ctrl-C waits for requests that still run. A second Ctrl-C does not wait.
const STOP_LIMIT: Duration = Duration::from_secs(3);

/// Serve PUT /customers/{customer_id} for local development, with an embedded DynamoDB
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
    data: Option<String>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let log = LogConfig::from_env(|name| std::env::var(name).ok());
    tracing_subscriber::registry()
        .with(logging::layer(|| LogWriter, &log))
        .init();
    match serve(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Writes the log to standard output, and into the trace of the request that logs.
struct LogWriter;

impl Write for LogWriter {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        let written = io::stdout().write(text)?;
        recorder::logged(&text[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stdout().flush()
    }
}

async fn serve(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    let api = listen(arguments.port, "--port").await?;
    let dynamodb_listener = listen(arguments.dynamodb_port, "--dynamodb-port").await?;
    let api_url = format!("http://{}", api.local_addr()?);
    let endpoint = format!("http://{}", dynamodb_listener.local_addr()?);

    let database = match &arguments.data {
        Some(file) => {
            Database::new(file).map_err(|error| format!("cannot open {file}: {error}"))?
        }
        None => Database::memory()?,
    };
    let engine_listener = dynamodb::engine_listener().await?;
    let engine = engine_listener.local_addr()?.to_string();
    let shared = local_config(&format!("http://{engine}"));
    tokio::spawn(dynoxide::server::serve_on(engine_listener, database));

    let tables = Tables::new(Client::from_conf(client::builder(&shared).build()));
    tables.create().await?;
    let connection = shared.http_client().ok_or("the SDK has no HTTP client")?;
    let recorded = client::builder(&shared).http_client(recorder::http_client(connection));
    let config = Config::from_env(|name| match name {
        "CUSTOMERS_TABLE" => Some(CUSTOMERS_TABLE.to_owned()),
        "ACCESS_TOKENS_TABLE" => Some(ACCESS_TOKENS_TABLE.to_owned()),
        "AWS_REGION" => Some(REGION.to_owned()),
        other => std::env::var(other).ok(),
    })?;
    let app = App::new(Client::from_conf(recorded.build()), config.app);
    let dynamodb = axum::serve(dynamodb_listener, dynamodb::router(engine.parse()?));
    tokio::spawn(dynamodb.into_future());
    let (stop, stopped) = oneshot::channel::<()>();
    let api = axum::serve(api, console::router(Console::new(app, tables)));
    // An error means that the sender was dropped.
    let api = api.with_graceful_shutdown(async { stopped.await.unwrap_or_default() });
    let api = tokio::spawn(api.into_future());

    println!("{}", instructions(&api_url, &endpoint)?);
    interrupted().await?;
    println!("Stopping");
    drop(stop);
    tokio::select! {
        ended = api => Ok(ended??),
        // A client that has sent half a request may never send the rest.
        () = tokio::time::sleep(STOP_LIMIT) => Ok(()),
        again = interrupted() => Ok(again?),
    }
}

/// Listens on loopback only.
async fn listen(port: u16, option: &str) -> Result<TcpListener, String> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    TcpListener::bind(address).await.map_err(|error| {
        format!("cannot listen on {address}: {error}; choose another port with {option}")
    })
}

/// Waits for Ctrl-C or, on Unix, SIGTERM.
async fn interrupted() -> io::Result<()> {
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

/// The printed instructions. The title of a command starts with the status of its response.
fn instructions(api_url: &str, endpoint: &str) -> Result<String, Box<dyn Error>> {
    let sample: serde_json::Value = serde_json::from_str(SAMPLE_REQUEST)?;
    let sample = sample.to_string();
    let url = format!("{api_url}/customers/{CUSTOMER_ID}");
    let unknown_url = format!("{api_url}/customers/nobody");
    let invalid = r#"{"firstName": "John", "emial": "john@aximcommerce.com"}"#;
    let curl = |url: &str, token: &str, body: &str| {
        format!(
            "curl -i -X PUT '{url}' -H 'accessToken: {token}' -H 'Content-Type: application/json' -d '{body}'"
        )
    };
    let updated = curl(&url, WRITE_TOKEN, &sample);
    let rejected = curl(&url, WRITE_TOKEN, invalid);
    let read_only = curl(&url, READ_TOKEN, &sample);
    let unknown = curl(&unknown_url, WRITE_TOKEN, &sample);
    let other_endpoint = match endpoint.ends_with(&format!(":{DYNAMODB_PORT}")) {
        true => String::new(),
        false => format!(" --env-var AWS_ENDPOINT_URL_DYNAMODB={endpoint}"),
    };
    Ok(format!(
        "Serving PUT {api_url}/customers/{{customer_id}}. Press Ctrl-C to stop.
Console, which shows what each request does: {api_url}/
API reference, which can send requests: {api_url}/docs
Commands to run in another terminal:

# 200: the sample request
{updated}

# 400: two fields are missing, one is unknown
{rejected}

# 401: the token lacks the scope customers:write
{read_only}

# 404: the customer does not exist
{unknown}

# The stored customers, with the AWS CLI (endpoint {endpoint}, any credentials)
AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local aws dynamodb scan --region {REGION} \
--endpoint-url {endpoint} --table-name {CUSTOMERS_TABLE}

# The function in cargo-lambda on the same tables; the commands above also work with port 9001
cargo lambda watch -A 127.0.0.1 -P 9001 --env-file local.env{other_endpoint}
"
    ))
}
