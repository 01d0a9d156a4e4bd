//! A stand: the function on tables of its own, and what a test says to it.

#[path = "../../../examples/local/store.rs"]
pub mod store;

mod clock;
pub mod description;
mod faulty;
mod logged;
pub mod lossy;
pub mod program;
mod request;
mod wire;

use std::time::Duration;

use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{Builder, retry::RetryPartition};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_types::timeout::TimeoutConfig;
use lambda_runtime::{Context, LambdaEvent};
use serde_json::Value;
use tokio::net::TcpListener;
use update_customer::attribute::{self, Item};
use update_customer::environment::Environment;
use update_customer::handler::UpdateCustomer;
use update_customer::{auth, dynamodb, event, trust};

pub use faulty::{Calls, Engine, Fault, Faulty};
pub use logged::Log;
pub use request::{Answer, PutRequest, put};
pub use store::{CUSTOMER_ID, READ_TOKEN, WRITE_TOKEN};
pub use wire::{Sent, Wire};

/// The request id that every answer of a test carries.
pub const REQUEST_ID: &str = "test-request-id";

/// The function with tables of its own and a record of what it sends to DynamoDB.
pub struct Stand {
    function: UpdateCustomer,
    /// A client for the test's own looks at the tables; it is not recorded.
    pub client: Client,
    pub endpoint: String,
    pub customers: String,
    pub tokens: String,
    wire: Wire,
    external: Option<SdkConfig>,
}

impl Stand {
    /// With the sample customer, the demo tokens, and no token remembered.
    pub async fn new() -> Self {
        Self::remembering_tokens_for(Duration::ZERO).await
    }

    pub async fn remembering_tokens_for(access_token_cache: Duration) -> Self {
        let (endpoint, external) = match std::env::var("DYNAMODB_ENDPOINT") {
            Ok(endpoint) => {
                let shared = external_config(&endpoint).await;
                (endpoint, Some(shared))
            }
            Err(_) => (embedded_engine().await, None),
        };
        let shared = external
            .clone()
            .unwrap_or_else(|| store::local_config(&endpoint));
        let client = Client::from_conf(patient(dynamodb::config(&shared)).build());
        let unique = unique_name();
        let (customers, tokens) = (format!("{unique}-customers"), format!("{unique}-tokens"));
        store::fill(&client, &customers, &tokens).await.unwrap();

        let wire = Wire::default();
        let recorded = patient(dynamodb::config(&shared))
            .interceptor(wire.clone())
            .build();
        let environment = environment(&customers, &tokens, access_token_cache);
        let function = UpdateCustomer::new(Client::from_conf(recorded), environment);
        Self {
            function,
            client,
            endpoint,
            customers,
            tokens,
            wire,
            external,
        }
    }

    /// The function once more, on the same tables, with its own client for DynamoDB.
    pub fn function_with(&self, configure: impl FnOnce(Builder) -> Builder) -> UpdateCustomer {
        let shared = self
            .external
            .clone()
            .unwrap_or_else(|| store::local_config(&self.endpoint));
        let config = configure(dynamodb::config(&shared)).build();
        let environment = environment(&self.customers, &self.tokens, Duration::from_secs(86_400));
        UpdateCustomer::new(Client::from_conf(config), environment)
    }

    /// Sends a request as an HTTP API event.
    pub async fn send(&self, request: PutRequest) -> Answer {
        self.send_event(&request.http_api_event()).await
    }

    /// Sends an event as it is.
    pub async fn send_event(&self, event: &Value) -> Answer {
        answer(&self.function, event).await
    }

    /// This stand's tables behind a server that misbehaves on command. The function has production's time
    /// limits, on the server's clock, and repetitions of its own to spend.
    pub async fn behind_faults(mut self, access_token_cache: Duration) -> (Self, Faulty) {
        let faulty = Faulty::start(&self.endpoint).await;
        let config = dynamodb::config(&store::local_config(&faulty.endpoint))
            .retry_partition(RetryPartition::new(faulty.endpoint.clone()))
            .sleep_impl(faulty.clock.clone())
            .interceptor(self.wire.clone())
            .build();
        let environment = environment(&self.customers, &self.tokens, access_token_cache);
        self.function = UpdateCustomer::new(Client::from_conf(config), environment);
        (self, faulty)
    }

    /// Sends a request as an HTTP API event, and gives what was logged as well.
    pub async fn send_and_log(&self, request: PutRequest) -> (Answer, Log) {
        answer_and_log(&self.function, &request.http_api_event()).await
    }

    /// What the function does during start, before the first event.
    pub async fn warm_up(&self) {
        self.function.warm_up().await;
    }

    /// What the function sent to DynamoDB since the last look, in order.
    pub fn sent(&self) -> Vec<Sent> {
        self.wire.take()
    }

    /// The sample customer as stored.
    pub async fn stored(&self) -> Value {
        self.stored_with_id(CUSTOMER_ID)
            .await
            .expect("the customer is stored")
    }

    pub async fn stored_with_id(&self, id: &str) -> Option<Value> {
        self.stored_item(id)
            .await
            .map(|item| attribute::to_json(AttributeValue::M(item)))
    }

    pub async fn stored_item(&self, id: &str) -> Option<Item> {
        let get = self
            .client
            .get_item()
            .table_name(&self.customers)
            .consistent_read(true);
        get.key("id", AttributeValue::S(id.to_owned()))
            .send()
            .await
            .unwrap()
            .item
    }

    /// Stores a customer as another writer would.
    pub async fn store(&self, customer: &Value) {
        self.store_item(store::item(customer)).await;
    }

    pub async fn store_item(&self, item: Item) {
        self.client
            .put_item()
            .table_name(&self.customers)
            .set_item(Some(item))
            .send()
            .await
            .unwrap();
    }

    /// Stores the sample customer with `change` made to it.
    pub async fn store_sample(&self, change: impl FnOnce(&mut Value)) {
        let mut customer = store::sample_customer();
        change(&mut customer);
        self.store(&customer).await;
    }

    /// Deletes a customer as another writer would.
    pub async fn delete(&self, id: &str) {
        let delete = self.client.delete_item().table_name(&self.customers);
        delete
            .key("id", AttributeValue::S(id.to_owned()))
            .send()
            .await
            .unwrap();
    }

    pub async fn issue_token(&self, token: &str, scopes: &[&str], expires_at: Option<u64>) {
        self.issue_token_to("issued", token, scopes, expires_at)
            .await;
    }

    pub async fn issue_token_to(
        &self,
        subject: &str,
        token: &str,
        scopes: &[&str],
        expires_at: Option<u64>,
    ) {
        let record = store::token_record(token, subject, scopes, expires_at);
        self.client
            .put_item()
            .table_name(&self.tokens)
            .set_item(Some(record))
            .send()
            .await
            .unwrap();
    }

    /// The key of a token's record.
    pub fn token_hash(&self, token: &str) -> String {
        auth::record_key(token)
    }

    pub async fn revoke_token(&self, token: &str) {
        let hash = AttributeValue::S(self.token_hash(token));
        self.client
            .delete_item()
            .table_name(&self.tokens)
            .key("tokenHash", hash)
            .send()
            .await
            .unwrap();
    }
}

impl Drop for Stand {
    /// An embedded engine goes with the test; tables elsewhere have to be deleted.
    fn drop(&mut self) {
        let Some(shared) = self.external.take() else {
            return;
        };
        let tables = [self.customers.clone(), self.tokens.clone()];
        let deleted = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            runtime.block_on(async {
                let client = Client::from_conf(dynamodb::config(&shared).build());
                for table in tables {
                    client
                        .delete_table()
                        .table_name(table)
                        .send()
                        .await
                        .map_err(std::io::Error::other)?;
                }
                Ok::<_, std::io::Error>(())
            })
        });
        if let Ok(Err(error)) = deleted.join() {
            eprintln!("a table was left behind: {error}");
        }
    }
}

/// A function whose DynamoDB is `client`.
pub fn function_on(client: Client) -> UpdateCustomer {
    UpdateCustomer::new(client, environment("customers", "tokens", Duration::ZERO))
}

fn environment(customers: &str, tokens: &str, access_token_cache: Duration) -> Environment {
    Environment {
        customers_table: customers.to_owned(),
        access_tokens_table: tokens.to_owned(),
        access_token_cache,
    }
}

/// The function's answer to an event, through `lambda_http`'s adapter.
pub async fn answer(function: &UpdateCustomer, event: &Value) -> Answer {
    answer_and_log(function, event).await.0
}

/// The same with what was logged meanwhile. Every answer is held to `openapi.yaml`, and every log to
/// the rule that it tells no secret.
pub async fn answer_and_log(function: &UpdateCustomer, event: &Value) -> (Answer, Log) {
    let lambda_event =
        serde_json::from_str(&event.to_string()).expect("an event that lambda_http knows");
    let mut context = Context::default();
    context.request_id = REQUEST_ID.to_owned();
    let invocation = event::invoke(function, LambdaEvent::new(lambda_event, context));
    let (Ok(answer), log) = logged::logged(invocation).await;
    let answer = serde_json::to_value(answer).unwrap();
    // A gateway looks for the headers of its own kind of answer alone.
    let headers = if event["rawPath"].is_string() {
        "headers"
    } else {
        "multiValueHeaders"
    };
    assert!(
        answer[headers]
            .as_object()
            .is_some_and(|headers| !headers.is_empty()),
        "{answer}"
    );
    let answer = Answer::from_lambda(&answer);
    description::assert_described(&answer);
    logged::assert_no_secret(event, &answer, &log);
    (answer, log)
}

/// The time limits are tested elsewhere; a busy machine must not fail these tests.
pub fn patient(config: Builder) -> Builder {
    let limit = Duration::from_secs(60);
    config.timeout_config(
        TimeoutConfig::builder()
            .connect_timeout(limit)
            .operation_attempt_timeout(limit)
            .build(),
    )
}

/// Starts an engine in memory on this test's runtime and gives its address.
async fn embedded_engine() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(dynoxide::server::serve_on(
        listener,
        dynoxide::Database::memory().unwrap(),
    ));
    endpoint
}

/// Credentials and region as usual; where there are none, any will do for an emulator.
async fn external_config(endpoint: &str) -> SdkConfig {
    if std::env::var_os("AWS_ACCESS_KEY_ID").is_none() {
        return store::local_config(endpoint);
    }
    let roots = trust::from_environment(|name| std::env::var(name).ok()).unwrap();
    let http_client = dynamodb::http_client(roots).unwrap();
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(http_client)
        .endpoint_url(endpoint)
        .load()
        .await
}

/// A prefix for table names that no other test, run or machine uses at the same time.
fn unique_name() -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::{SystemTime, UNIX_EPOCH};
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_micros();
    format!("update-customer-test-{now}-{}-{number}", std::process::id())
}
