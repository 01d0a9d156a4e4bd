//! The steps of a request. Every outcome is a response.

mod error;

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::Client;
use futures_util::FutureExt;
use lambda_http::{Body, Request, RequestExt, Response};
use tokio::time::timeout;

use crate::auth::{AccessToken, AuthError, Authenticator};
use crate::config::AppConfig;
use crate::customer::{Customer, CustomerId, CustomerUpdate};
use crate::dynamodb::{AccessTokensTable, CustomersTable};
use crate::http::response::Outcome;
use crate::http::routes::Operation;
use crate::http::{preconditions, request};
use crate::logging::RequestLog;
use crate::validation::json;
use error::Error;

/// How long start-up waits for DynamoDB. A new connection's first request takes about 10 ms within a region.
const WARM_UP_TIMEOUT: Duration = Duration::from_millis(500);

/// The function with everything it needs, built once at start-up.
#[derive(Debug)]
pub struct App {
    authenticator: Authenticator,
    customers: CustomersTable,
}

impl App {
    pub fn new(client: Client, config: AppConfig) -> Self {
        let access_tokens = AccessTokensTable {
            client: client.clone(),
            name: config.access_tokens_table,
        };
        Self {
            authenticator: Authenticator::new(access_tokens, config.access_token_cache_ttl),
            customers: CustomersTable {
                client,
                name: config.customers_table,
            },
        }
    }

    /// Opens the connection to DynamoDB and initialises the SDK before the first request. During start-up
    /// Lambda grants a full vCPU; an invocation gets only its share.
    ///
    /// Writes nothing. If DynamoDB does not respond within 500 ms, logs a warning and
    /// continues; requests retry the connection.
    pub async fn warm_up(&self) {
        let cause = match timeout(WARM_UP_TIMEOUT, self.authenticator.probe()).await {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no response within {WARM_UP_TIMEOUT:?}"),
        };
        tracing::warn!(cause, "DynamoDB was not reached during start-up");
    }
}

/// Responds to one request and logs one line. A panic becomes a 500.
pub(crate) async fn handle(app: &App, request: Request) -> Response<Body> {
    let mut log = RequestLog::default();
    let steps = AssertUnwindSafe(run(app, &request, &mut log)).catch_unwind();
    let result = steps.await.unwrap_or(Err(Error::Panic));

    let context = request.lambda_context_ref();
    let request_id = context.map_or("", |context| &context.request_id);
    let (outcome, cause) = match &result {
        Ok(customer) => (Outcome::success(customer), None),
        Err(error) => error.outcome(request_id),
    };
    log.write(request_id, &outcome, cause);
    outcome.to_response()
}

/// The steps of every operation, in the documented order (`docs/API.md#order-of-checks`).
async fn run(app: &App, request: &Request, log: &mut RequestLog) -> Result<Customer, Error> {
    let (route, parameter) = request::route(request)?;

    let token = AccessToken::from_headers(request.headers())?;
    let authentication = app.authenticator.authenticate(&token, route.scope);
    let grant = timed(&mut log.dynamodb, authentication).await?;
    let subject = grant.subject();
    log.subject = Some(subject.to_owned());
    if !grant.has_scope(route.scope) {
        return Err(AuthError::MissingScope(route.scope).into());
    }

    match route.operation {
        Operation::UpdateCustomer => update_customer(app, request, parameter, subject, log).await,
    }
}

async fn update_customer(
    app: &App,
    request: &Request,
    id: &str,
    subject: &str,
    log: &mut RequestLog,
) -> Result<Customer, Error> {
    let id = CustomerId::try_from(id.to_owned())?;
    // Log the id only from here on: before authentication, the path is untrusted input.
    log.customer_id = Some(id.as_str().to_owned());

    let expected_version = preconditions::expected_version(request.headers())?;
    let (body, errors) = json::parse(request::body(request)?)?;
    let update = CustomerUpdate::parse(body, errors)?;
    log.fields = update.changes().iter().map(|(name, _)| *name).collect();

    let customers = &app.customers;
    let write = customers.update(&id, &update, &expected_version, subject);
    Ok(timed(&mut log.dynamodb, write).await?)
}

/// Adds the duration of `call` to `total`.
async fn timed<T>(total: &mut Duration, call: impl Future<Output = T>) -> T {
    let start = Instant::now();
    let output = call.await;
    *total += start.elapsed();
    output
}
