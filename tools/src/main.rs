//! The operator's tool: `cargo run -p ops -- --help`.
//!
//! Credentials and region come from the default AWS chain (environment, profiles, SSO).
//! `AWS_ENDPOINT_URL_DYNAMODB` selects another endpoint, such as that of the local example.

mod aws;
mod customer;
mod smoke;
mod table_check;
mod terminal;
mod token;

use std::io::{self, ErrorKind};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use thiserror::Error;
use update_customer::auth::grant::WRITE_SCOPE;

use aws::{Aws, Table};

/// The stack's name in `samconfig.toml`.
const STACK: &str = "update-customer";

/// Operate PUT /customers/{customer_id}: tokens, customers, a check of a table, a smoke test
#[derive(Parser)]
struct Arguments {
    /// The CloudFormation stack whose outputs name the tables and the URL
    #[arg(long, global = true, default_value = STACK)]
    stack: String,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Issue, list and revoke access tokens
    Token {
        /// Name of the access tokens table, instead of the stack's
        #[arg(long, global = true)]
        table: Option<String>,
        #[command(subcommand)]
        command: TokenCommand,
    },
    /// Create and read a customer in the table
    Customer {
        /// Name of the customers table, instead of the stack's
        #[arg(long, global = true)]
        table: Option<String>,
        #[command(subcommand)]
        command: CustomerCommand,
    },
    /// Check a table before the function uses it
    Table {
        /// Name of the customers table, instead of the stack's
        #[arg(long, global = true)]
        table: Option<String>,
        #[command(subcommand)]
        command: TableCommand,
    },
    /// Check the responses of a running API; writes nothing unless --write is given
    Smoke(SmokeArguments),
}

#[derive(Subcommand)]
enum TokenCommand {
    /// Generate a token, print it once, and store its hash
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
    /// Print the hash, subject, expiry and scopes of each token
    List,
    /// Delete a token's record
    Revoke {
        /// The hash, as `list` prints it; without it, the token itself is read from ACCESS_TOKEN or standard input
        hash: Option<String>,
    },
}

#[derive(Subcommand)]
enum CustomerCommand {
    /// Print a customer's attributes as JSON
    Get { id: String },
    /// Create a customer from the JSON object on standard input; an existing one stays as it is
    Put { id: String },
}

#[derive(Subcommand)]
enum TableCommand {
    /// Read the whole customers table, and report attributes that the function cannot show or accept
    Check,
}

#[derive(Args)]
struct SmokeArguments {
    /// The API's URL [default: the stack's output Url]
    #[arg(long)]
    url: Option<String>,
    /// Name of the customers table, instead of the stack's
    #[arg(long)]
    table: Option<String>,
    /// The id of an existing customer, whose values are read from the table and sent back with a version that no
    /// customer has
    #[arg(long, required_unless_present = "write")]
    customer: Option<String>,
    /// Also check updates, of a customer that is created for it and deleted afterwards
    #[arg(long)]
    write: bool,
}

/// Why a command failed, as one sentence for the operator.
#[derive(Debug, Error)]
enum Failure {
    #[error("{0}")]
    Message(String),
    #[error("could not read or write: {0}")]
    Io(#[from] io::Error),
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Self::Message(message)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(code) => code,
        // The reader of the output has seen enough, such as `head`.
        Err(Failure::Io(error)) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    let aws = Aws::connect(arguments.stack).await?;
    match arguments.command {
        Command::Token { table, command } => {
            let has_stack = table.is_none();
            let table = aws.table(table, Table::AccessTokens).await?;
            let tokens = token::Tokens::new(aws.dynamodb(), table);
            match command {
                TokenCommand::Issue {
                    subject,
                    scope,
                    expires_in,
                } => tokens.issue(&subject, &scope, expires_in).await?,
                TokenCommand::List => tokens.list().await?,
                TokenCommand::Revoke { hash } => {
                    tokens.revoke(hash).await?;
                    let cached = match has_stack {
                        true => aws.parameter("AccessTokenCacheSeconds").await?,
                        false => None,
                    };
                    eprintln!("{}", token::revoked(cached.as_deref()));
                }
            }
        }
        Command::Customer { table, command } => {
            let table = aws.table(table, Table::Customers).await?;
            let customers = customer::Customers::new(aws.dynamodb(), table);
            match command {
                CustomerCommand::Get { id } => customers.print(&id).await?,
                CustomerCommand::Put { id } => customers.create(&id, io::stdin().lock()).await?,
            }
        }
        Command::Table {
            table,
            command: TableCommand::Check,
        } => {
            let table = aws.table(table, Table::Customers).await?;
            if table_check::run(&aws.dynamodb(), &table).await? > 0 {
                return Ok(ExitCode::FAILURE);
            }
        }
        Command::Smoke(arguments) => {
            let url = match arguments.url {
                Some(url) => url,
                None => aws.output("Url", "--url").await?,
            };
            let table = aws.table(arguments.table, Table::Customers).await?;
            let customers = customer::Customers::new(aws.dynamodb(), table);
            let token = terminal::read_token()?;
            let smoke = smoke::Smoke::new(&url, &token, customers);
            if !smoke.run(arguments.customer, arguments.write).await? {
                return Ok(ExitCode::FAILURE);
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
