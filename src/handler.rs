//! The steps of a request. Every outcome is a response.

use std::time::{Duration, Instant};

use aws_sdk_dynamodb::Client;
use lambda_http::{Body, Request, RequestExt, Response};
use tokio::time::timeout;

use crate::auth::{AccessToken, Authenticator};
use crate::config::Config;
use crate::customer::CustomerUpdate;
use crate::dynamodb::Customer;
use crate::dynamodb::customers_table::CustomersTable;
use crate::error::Error;
use crate::http::{preconditions, request, response};
use crate::logging::{self, RequestLog};
use crate::panic;
use crate::validation::json;

/// How long start-up waits for DynamoDB. A new connection's first request takes about 10 ms within
/// a region.
pub const WARM_UP_TIMEOUT: Duration = Duration::from_millis(500);

/// The function with everything it needs, built once at start-up.
#[derive(Debug)]
pub struct App {
    authenticator: Authenticator,
    customers: CustomersTable,
}

impl App {
    pub fn new(client: Client, config: Config) -> Self {
        let Config {
            customers_table,
            access_tokens_table,
            access_token_cache_ttl,
        } = config;
        Self {
            authenticator: Authenticator::new(
                client.clone(),
                access_tokens_table,
                access_token_cache_ttl,
            ),
            customers: CustomersTable::new(client, customers_table),
        }
    }

    /// Opens the connection to DynamoDB and initialises the SDK before the first request. Lambda
    /// gives start-up a whole processor, and a call only the function's share of one.
    ///
    /// Writes nothing. If DynamoDB does not respond within [`WARM_UP_TIMEOUT`], logs a warning and
    /// continues; requests retry the connection.
    pub async fn warm_up(&self) {
        let probe = timeout(WARM_UP_TIMEOUT, self.authenticator.probe()).await;
        let cause = match probe {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.cause().unwrap_or_default().to_owned(),
            Err(_) => format!("no response within {} ms", WARM_UP_TIMEOUT.as_millis()),
        };
        logging::warm_up_failed(&cause);
    }
}

/// Responds to one request and logs one line. A panic becomes a 500.
pub async fn handle(app: &App, request: Request) -> Response<Body> {
    let mut log = RequestLog::default();
    // Boxed, because every layer around would move the SDK's large future.
    let result = panic::catch(Box::pin(update(app, &request, &mut log))).await;
    let result = result.unwrap_or_else(|cause| Err(Error::Internal(cause)));

    let context = request.lambda_context_ref();
    let request_id = context.map_or("", |context| &context.request_id);
    match result {
        Ok(customer) => {
            let response = response::success(&customer);
            log.success(request_id, customer.version());
            response
        }
        Err(error) => {
            let response = response::error(&error, request_id);
            log.failure(request_id, &error);
            response
        }
    }
}

/// The steps in the documented order (`docs/API.md#order-of-checks`).
async fn update(app: &App, request: &Request, log: &mut RequestLog) -> Result<Customer, Error> {
    request::check_route(request)?;
    // An invalid id is a 404, which only an authenticated caller with a valid body may see. So its
    // error waits until then.
    let id = request::customer_id(request);

    let token = AccessToken::from_headers(request.headers())?;
    let authentication = Box::pin(app.authenticator.authenticate(&token));
    let grant = timed(&mut log.dynamodb, authentication).await?;
    // Before, the path is a stranger's text.
    log.customer_id = id.as_ref().ok().map(|id| id.as_str().to_owned());
    log.subject = Some(grant.subject().to_owned());
    if !grant.has_write_scope() {
        return Err(Error::InsufficientScope);
    }

    let expected_version = preconditions::expected_version(request.headers())?;
    let (body, errors) = json::parse(request::json_body(request)?)?;
    let update = CustomerUpdate::parse(body, errors)?;
    log.fields = update.changes().iter().map(|(name, _)| *name).collect();

    let id = id?;
    let customers = &app.customers;
    let write = customers.update(&id, &update, &expected_version, grant.subject());
    timed(&mut log.dynamodb, Box::pin(write)).await
}

/// Adds the duration of `call` to `total`.
async fn timed<T>(total: &mut Duration, call: impl Future<Output = T>) -> T {
    let start = Instant::now();
    let output = call.await;
    *total += start.elapsed();
    output
}
