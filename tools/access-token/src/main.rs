//! Issues, lists and revokes access tokens: `cargo run -p access-token -- --help`.
//!
//! Credentials and region come from the default AWS chain (environment, profiles, SSO).
//! `AWS_ENDPOINT_URL_DYNAMODB` selects another endpoint, such as that of the local example.

use std::env;
use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use access_token::NewToken;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::DisplayErrorContext;
use clap::{Parser, Subcommand};
use update_customer::auth::TokenHash;
use update_customer::auth::grant::WRITE_SCOPE;
use update_customer::dynamodb::{client, tls};

/// The stack's name in `samconfig.toml`.
const STACK: &str = "update-customer";

/// The template's output with the table's name.
const OUTPUT: &str = "AccessTokensTable";

/// Issue, list and revoke access tokens for PUT /customers/{customer_id}
#[derive(Parser)]
struct Arguments {
    /// Name of the access tokens table
    #[arg(long, global = true)]
    table: Option<String>,
    /// Name of the CloudFormation stack whose outputs have the table's name; not used with --table
    #[arg(long, global = true, default_value = STACK)]
    stack: String,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Generate a token, store its hash, and print the token once
    Issue {
        /// Who uses the token, such as `erp`; stored as `updatedBy` with each update
        #[arg(long)]
        subject: String,
        /// What the token permits; can be given several times
        #[arg(long, default_value = WRITE_SCOPE)]
        scope: Vec<String>,
        /// How long the token is valid, such as `90d` or `12h`; it does not expire unless given
        #[arg(long, value_parser = humantime::parse_duration)]
        expires_in: Option<Duration>,
    },
    /// Print the start of each token's hash, and its subject, expiry and scopes
    List,
    /// Delete a token's record; the function may cache the token for up to a minute by default
    Revoke {
        /// The start of the hash, as `list` prints it
        #[arg(required_unless_present = "token")]
        hash: Option<String>,
        /// The token itself, instead of the hash
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
    let roots = tls::trust_store(|name| env::var(name).ok())?;
    let http_client = client::http_client(roots)?;
    let shared = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http_client)
        .load()
        .await;
    let client = Client::from_conf(client::config(&shared).build());
    let table = match arguments.table {
        Some(table) => table,
        None => table_from_stack(&shared, &arguments.stack).await?,
    };
    match arguments.command {
        Command::Issue {
            subject,
            scope,
            expires_in,
        } => {
            let token = NewToken::generate()?;
            let record =
                access_token::issue(&client, &table, &token, &subject, &scope, expires_in).await?;
            eprintln!("{record}\nThe token, which is printed only once and is not stored:");
            println!("{}", token.reveal());
        }
        Command::List => {
            for record in access_token::list(&client, &table).await? {
                println!("{record}");
            }
        }
        Command::Revoke { hash, token } => {
            let hash = token
                .map(|token| TokenHash::of(&token).to_hex())
                .or(hash)
                .unwrap_or_default();
            let record = access_token::revoke(&client, &table, &hash).await?;
            eprintln!("Revoked. The function may cache the token for up to a minute by default.");
            println!("{record}");
        }
    }
    Ok(())
}

async fn table_from_stack(shared: &SdkConfig, stack: &str) -> Result<String, String> {
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
