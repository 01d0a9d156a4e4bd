//! Issues, lists and revokes access tokens: `cargo run --example access-token -- --help`.
//!
//! Credentials and region come from the ordinary AWS chain (environment, profiles, SSO); with
//! `AWS_ENDPOINT_URL_DYNAMODB` set, the table is at another endpoint, such as the local example's.

mod tokens;

use std::env;
use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::DisplayErrorContext;
use clap::{Parser, Subcommand};
use tokens::NewToken;
use update_customer::auth::{self, WRITE_SCOPE};
use update_customer::{dynamodb, trust};

/// The name that `samconfig.toml` gives the stack.
const STACK: &str = "update-customer";

/// The template's output that names the table.
const OUTPUT: &str = "AccessTokensTable";

/// Issue, list and revoke access tokens of PUT /customers/{customer_id}.
#[derive(Parser)]
struct Arguments {
    /// Name of the access tokens table
    #[arg(long, global = true)]
    table: Option<String>,
    /// Name of the CloudFormation stack whose outputs name the table, unless --table is given
    #[arg(long, global = true, default_value = STACK)]
    stack: String,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a token, store its hash, and show the token once
    Issue {
        /// Who gets it, such as `erp`; stored as `updatedBy` with each update
        #[arg(long)]
        subject: String,
        /// What it allows; may be given several times
        #[arg(long, default_value = WRITE_SCOPE)]
        scope: Vec<String>,
        /// How long it lives, such as `90d` or `12h`; for ever unless given
        #[arg(long, value_parser = humantime::parse_duration)]
        expires_in: Option<Duration>,
    },
    /// Show all tokens: the start of the hash, subject, expiry, scopes
    List,
    /// Delete a token's record; functions that remember the token forget it within a minute
    Revoke {
        /// The start of the hash, as `list` shows it
        #[arg(required_unless_present = "token")]
        hash: Option<String>,
        /// The token itself, such as one that leaked
        #[arg(long, conflicts_with = "hash")]
        token: Option<String>,
    },
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    let roots = trust::from_environment(|name| env::var(name).ok())?;
    let http_client = dynamodb::http_client(roots)?;
    let shared = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http_client)
        .load()
        .await;
    let client = Client::from_conf(dynamodb::config(&shared).build());
    let table = match arguments.table {
        Some(table) => table,
        None => table_of_stack(&shared, &arguments.stack).await?,
    };
    match arguments.command {
        Command::Issue {
            subject,
            scope,
            expires_in,
        } => {
            let token = NewToken::generate()?;
            let record =
                tokens::issue(&client, &table, &token, &subject, &scope, expires_in).await?;
            eprintln!("{record}\nThis is the token. It is shown this once and stored nowhere:");
            println!("{}", token.reveal());
        }
        Command::List => {
            for record in tokens::list(&client, &table).await? {
                println!("{record}");
            }
        }
        Command::Revoke { hash, token } => {
            let hash = token
                .as_deref()
                .map(auth::record_key)
                .or(hash)
                .unwrap_or_default();
            let record = tokens::revoke(&client, &table, &hash).await?;
            eprintln!("Revoked. Functions that remember the token forget it within a minute.");
            println!("{record}");
        }
    }
    Ok(())
}

async fn table_of_stack(shared: &SdkConfig, stack: &str) -> Result<String, String> {
    let described = aws_sdk_cloudformation::Client::new(shared)
        .describe_stacks()
        .stack_name(stack)
        .send()
        .await;
    let described = described.map_err(|error| {
        format!(
            "could not read the outputs of stack {stack}; give --table or --stack: {}",
            DisplayErrorContext(error)
        )
    })?;
    let outputs = described.stacks().iter().flat_map(|stack| stack.outputs());
    let mut tables = outputs
        .filter(|output| output.output_key() == Some(OUTPUT))
        .filter_map(|output| output.output_value());
    let table = tables
        .next()
        .ok_or_else(|| format!("stack {stack} has no output {OUTPUT}; give --table"))?;
    Ok(table.to_owned())
}
