//! The way of a request, step by step, and its answer whatever happens.

use std::time::{Duration, Instant};

use aws_sdk_dynamodb::Client;
use lambda_http::{Body, Request, RequestExt, Response};
use tokio::time::timeout;

use crate::auth::{AccessToken, AccessTokens};
use crate::customer::Customer;
use crate::environment::Environment;
use crate::error::Error;
use crate::if_match::IfMatch;
use crate::request::CustomerId;
use crate::table::CustomersTable;
use crate::update::CustomerUpdate;
use crate::{json, log, panic, request, response};

/// A DynamoDB nearby answers a new connection's first request in some ten milliseconds.
pub const WARM_UP_TIMEOUT: Duration = Duration::from_millis(500);

/// The function with all it needs, made once at start.
#[derive(Debug)]
pub struct UpdateCustomer {
    tokens: AccessTokens,
    customers: CustomersTable,
}

impl UpdateCustomer {
    pub fn new(client: Client, environment: Environment) -> Self {
        let Environment {
            customers_table,
            access_tokens_table,
            access_token_cache,
        } = environment;
        Self {
            tokens: AccessTokens::new(client.clone(), access_tokens_table, access_token_cache),
            customers: CustomersTable::new(client, customers_table),
        }
    }

    /// Makes ready what the first request would else wait for: the connection to DynamoDB, and what
    /// the SDK works out once. Lambda gives a start a whole processor, and a call its share of one.
    ///
    /// Writes nothing. A DynamoDB that does not answer delays the start by [`WARM_UP_TIMEOUT`] at most
    /// and is told to the operator; requests then find out for themselves.
    pub async fn warm_up(&self) {
        let reached = timeout(WARM_UP_TIMEOUT, self.tokens.look_up_nothing()).await;
        let cause = match reached {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.cause().unwrap_or_default().to_owned(),
            Err(_) => format!("no answer within {} ms", WARM_UP_TIMEOUT.as_millis()),
        };
        log::not_warm(&cause);
    }
}

/// Answers a request. Every outcome is a response of the contract's shape, a panic included; each is
/// logged in one line.
pub async fn handle(function: &UpdateCustomer, request: Request) -> Response<Body> {
    let mut entry = log::Entry::default();
    // Boxed, or every layer around would move the SDK's large future along.
    let outcome = panic::catch(Box::pin(update(function, &request, &mut entry))).await;
    let outcome = outcome.unwrap_or_else(|cause| Err(Error::Internal(cause)));

    let request_id = request
        .lambda_context_ref()
        .map_or("", |context| &context.request_id);
    match outcome {
        Ok(customer) => {
            let response = response::updated(&customer);
            entry.updated(request_id, customer.version());
            response
        }
        Err(error) => {
            let response = response::refused(&error, request_id);
            entry.refused(request_id, &error);
            response
        }
    }
}

/// The steps, in the order that the contract gives the checks.
async fn update(
    function: &UpdateCustomer,
    request: &Request,
    entry: &mut log::Entry,
) -> Result<Customer, Error> {
    request::route(request)?;
    let id = CustomerId::from_request(request);
    entry.customer_id = id.as_ref().ok().map(|id| id.as_str().to_owned());

    let token = AccessToken::from_headers(request.headers())?;
    let grant = timed(
        &mut entry.dynamodb,
        Box::pin(function.tokens.authenticate(&token)),
    )
    .await?;
    entry.subject = Some(grant.subject().to_owned());
    grant.require_write_scope()?;

    let if_match = IfMatch::from_headers(request.headers())?;
    let (body, faults) = json::parse(request::json_body(request)?)?;
    let update = CustomerUpdate::parse(body, faults).map_err(Error::InvalidBody)?;
    entry.fields = update.changes().iter().map(|(name, _)| *name).collect();

    let id = id?;
    let written = function
        .customers
        .update(&id, &update, &if_match, grant.subject());
    timed(&mut entry.dynamodb, Box::pin(written)).await
}

/// Adds the time that `call` takes to `total`.
async fn timed<T>(total: &mut Duration, call: impl Future<Output = T>) -> T {
    let asked = Instant::now();
    let outcome = call.await;
    *total += asked.elapsed();
    outcome
}
