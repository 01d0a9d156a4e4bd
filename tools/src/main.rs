//! The operator's tool: `cargo run -p ops -- --help`.
//!
//! Credentials and region come from the default AWS chain (environment, profiles, SSO).
//! `AWS_ENDPOINT_URL_DYNAMODB` selects another endpoint, such as that of the local example.

mod aws;
mod customer;
mod smoke;
mod terminal;
mod token;

use std::io::{self, ErrorKind};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::{Args, Parser, Subcommand};

use aws::Aws;
use customer::Customers;
use token::Tokens;

/// The stack's name in `samconfig.toml`.
const STACK: &str = "update-customer";

/// The scope that the API requires.
const SCOPE: &str = "customers:write";

/// The exit code of a program that ends because nobody reads its output, as a shell reports it.
const BROKEN_PIPE: u8 = 141;

/// Operate PUT /customers/{customer_id}: tokens, customers, a check of a table, a smoke test
#[derive(Parser)]
struct Arguments {
    /// The CloudFormation stack whose outputs name the tables and the URL
    #[arg(long, global = true, default_value = STACK)]
    stack: String,
    /// Name of the table, instead of the stack's: the access tokens table for `token`, otherwise the customers table
    #[arg(long, global = true)]
    table: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Issue, list and revoke access tokens
    #[command(subcommand)]
    Token(TokenCommand),
    /// Create and read a customer in the table
    #[command(subcommand)]
    Customer(CustomerCommand),
    /// Check a table before the function uses it
    #[command(subcommand)]
    Table(TableCommand),
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
        #[arg(long, default_value = SCOPE)]
        scope: Vec<String>,
        /// How long the token is valid, such as `90d` or `12h`; it does not expire unless given
        #[arg(long, value_parser = humantime::parse_duration)]
        expires_in: Option<Duration>,
    },
    /// Print the hash, subject, issue, expiry and scopes of each token
    List,
    /// Delete a token's record
    Revoke {
        /// The hash, as `list` prints it; without it, the token itself is read from the terminal or standard input
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
    /// Read the whole customers table, and report the customers that break a rule of the API
    Check {
        /// List every customer of a finding instead of three
        #[arg(long)]
        all: bool,
    },
}

#[derive(Args)]
struct SmokeArguments {
    /// The API's URL [default: the stack's output Url]
    #[arg(long)]
    url: Option<String>,
    /// The id of an existing customer, whose values are read from the table and sent back with a version that no
    /// customer has
    #[arg(long, required_unless_present = "write")]
    customer: Option<String>,
    /// Also check updates, of a customer that is created for it and deleted afterwards
    #[arg(long)]
    write: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        // The message quotes the arguments.
        Err(error) if error.use_stderr() => {
            eprint!("{}", terminal::visible(&error.render().to_string()));
            return ExitCode::from(2);
        }
        Err(help) => help.exit(),
    };
    match run(arguments).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) if is_broken_pipe(&error) => ExitCode::from(BROKEN_PIPE),
        Err(error) => {
            eprintln!("error: {}", terminal::visible(&format!("{error:#}")));
            ExitCode::FAILURE
        }
    }
}

/// Whether nobody reads the output any more, such as `head`.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let error = error.downcast_ref::<io::Error>();
    error.is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}

/// Returns whether all checks passed, if the command makes any.
async fn run(arguments: Arguments) -> Result<bool> {
    let (stack, table, command) = (arguments.stack, arguments.table, arguments.command);
    let has_stack = table.is_none();
    let aws = Aws::connect(stack).await?;
    let output = match command {
        Command::Token(_) => "AccessTokensTable",
        _ => "CustomersTable",
    };
    let table = match table {
        Some(table) => table,
        None => aws.output(output).await.context("give --table")?,
    };
    let tokens = Tokens::new(aws.dynamodb(), table.clone());
    let customers = Customers::new(aws.dynamodb(), table);
    match command {
        Command::Token(TokenCommand::Issue {
            subject,
            scope,
            expires_in,
        }) => tokens.issue(&subject, &scope, expires_in).await?,
        Command::Token(TokenCommand::List) => tokens.list().await?,
        Command::Token(TokenCommand::Revoke { hash }) => {
            let record = tokens.revoke(hash).await?;
            // The token is revoked whatever fails now.
            let cached = match has_stack {
                true => aws.value("AccessTokenCacheSeconds").await.ok().flatten(),
                false => None,
            };
            let _ = terminal::print(&record);
            eprintln!("{}", token::revoked(cached.as_deref()));
        }
        Command::Customer(CustomerCommand::Get { id }) => customers.print(&id).await?,
        Command::Customer(CustomerCommand::Put { id }) => {
            customers.create(&id, io::stdin().lock()).await?;
        }
        Command::Table(TableCommand::Check { all }) => return customers.check(all).await,
        Command::Smoke(arguments) => {
            let url = match arguments.url {
                Some(url) => url,
                None => aws.output("Url").await.context("give --url")?,
            };
            let api = smoke::Api::new(&url, || terminal::read_token(Some("ACCESS_TOKEN")))?;
            return smoke::run(api, &customers, arguments.customer, arguments.write).await;
        }
    }
    Ok(true)
}
