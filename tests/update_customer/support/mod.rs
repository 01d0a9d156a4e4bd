//! `TestApp`: the function on tables of its own, with methods for what a test does to it.

pub mod clock;
pub mod fault_proxy;
mod logs;
pub mod network;
pub mod openapi;
pub mod program;
mod request_recorder;

use std::time::Duration;

use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::Builder;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_types::timeout::TimeoutConfig;
use serde_json::Value;
use testkit::invoke::{config, invoke};
use testkit::tables;
use update_customer::auth::TokenHash;
use update_customer::dynamodb::attribute::{Item, Json};
use update_customer::dynamodb::{client, tls};
use update_customer::handler::App;

pub use fault_proxy::{Calls, Engine, FaultProxy, InjectedFault};
pub use logs::Log;
pub use request_recorder::{RecordedRequest, RequestRecorder};
pub use testkit::invoke::REQUEST_ID;
pub use testkit::{
    CUSTOMER_ID, PutRequest, READ_TOKEN, Response, SAMPLE_REQUEST, WRITE_TOKEN, put,
    sample_customer,
};

/// The function with tables of its own and a record of the requests it sends to DynamoDB.
pub struct TestApp {
    app: App,
    /// A client for the test's own access to the tables. It is not recorded.
    pub client: Client,
    pub endpoint: String,
    pub customers: String,
    pub tokens: String,
    recorder: RequestRecorder,
    external: Option<SdkConfig>,
}

impl TestApp {
    /// With the sample customer and the two tokens, and without a token cache.
    pub async fn new() -> Self {
        Self::with_token_cache(Duration::ZERO).await
    }

    pub async fn with_token_cache(ttl: Duration) -> Self {
        let (endpoint, external) = match std::env::var("DYNAMODB_ENDPOINT") {
            Ok(endpoint) => {
                let shared = external_config(&endpoint).await;
                (endpoint, Some(shared))
            }
            Err(_) => (tables::start_embedded_dynamodb().await, None),
        };
        let shared = external
            .clone()
            .unwrap_or_else(|| tables::local_config(&endpoint));
        let client = Client::from_conf(patient(client::config(&shared)).build());
        let unique = unique_name();
        let (customers, tokens) = (format!("{unique}-customers"), format!("{unique}-tokens"));
        tables::seed(&client, &customers, &tokens).await.unwrap();

        let recorder = RequestRecorder::default();
        let recorded = patient(client::config(&shared))
            .interceptor(recorder.clone())
            .build();
        let app = App::new(
            Client::from_conf(recorded),
            config(&customers, &tokens, ttl),
        );
        Self {
            app,
            client,
            endpoint,
            customers,
            tokens,
            recorder,
            external,
        }
    }

    /// Another instance of the function on the same tables, with its own client for DynamoDB.
    pub fn app_with(&self, configure: impl FnOnce(Builder) -> Builder) -> App {
        let shared = self
            .external
            .clone()
            .unwrap_or_else(|| tables::local_config(&self.endpoint));
        let sdk_config = configure(client::config(&shared)).build();
        let one_day = Duration::from_secs(86_400);
        let config = config(&self.customers, &self.tokens, one_day);
        App::new(Client::from_conf(sdk_config), config)
    }

    /// Puts a proxy that injects faults in front of the tables. The function has production's time
    /// limits on the proxy's clock.
    pub async fn behind_faults(mut self, ttl: Duration) -> (Self, FaultProxy) {
        let proxy = FaultProxy::start(&self.endpoint).await;
        let sdk_config = client::config(&tables::local_config(&proxy.endpoint))
            .sleep_impl(proxy.clock.clone())
            .interceptor(self.recorder.clone())
            .build();
        let config = config(&self.customers, &self.tokens, ttl);
        self.app = App::new(Client::from_conf(sdk_config), config);
        (self, proxy)
    }

    /// Sends a request as an HTTP API event.
    pub async fn send(&self, request: PutRequest) -> Response {
        self.send_event(&request.http_api_event()).await
    }

    /// Sends an event unchanged.
    pub async fn send_event(&self, event: &Value) -> Response {
        invoke_checked(&self.app, event).await
    }

    /// Sends a request as an HTTP API event, and returns what was logged as well.
    pub async fn send_and_log(&self, request: PutRequest) -> (Response, Log) {
        invoke_and_log(&self.app, &request.http_api_event()).await
    }

    /// What the function does during start-up, before the first event.
    pub async fn warm_up(&self) {
        self.app.warm_up().await;
    }

    /// The requests that the function has sent to DynamoDB since the last call, in order.
    pub fn recorded_requests(&self) -> Vec<RecordedRequest> {
        self.recorder.take()
    }

    /// The sample customer as stored.
    pub async fn stored(&self) -> Value {
        let stored = self.stored_with_id(CUSTOMER_ID).await;
        stored.expect("the customer is stored")
    }

    pub async fn stored_with_id(&self, id: &str) -> Option<Value> {
        let item = self.stored_item(id).await;
        item.map(|item| serde_json::from_str(&json_text(item)).unwrap())
    }

    /// The sample customer as stored, with all digits of its numbers.
    pub async fn stored_digits(&self) -> testkit::json::Json {
        let item = self
            .stored_item(CUSTOMER_ID)
            .await
            .expect("the customer is stored");
        testkit::json::read(json_text(item).as_bytes()).expect("JSON")
    }

    pub async fn stored_item(&self, id: &str) -> Option<Item> {
        self.client
            .get_item()
            .table_name(&self.customers)
            .consistent_read(true)
            .key("id", AttributeValue::S(id.to_owned()))
            .send()
            .await
            .unwrap()
            .item
    }

    /// Stores a customer as another writer would.
    pub async fn store(&self, customer: &Value) {
        self.store_item(tables::item(customer)).await;
    }

    pub async fn store_item(&self, item: Item) {
        self.put_item(&self.customers, item).await;
    }

    /// Stores a token's record as another program would.
    pub async fn store_token_record(&self, record: Item) {
        self.put_item(&self.tokens, record).await;
    }

    async fn put_item(&self, table: &str, item: Item) {
        let put = self.client.put_item().table_name(table);
        put.set_item(Some(item)).send().await.unwrap();
    }

    /// Stores the sample customer after `change`.
    pub async fn store_sample(&self, change: impl FnOnce(&mut Value)) {
        let mut customer = sample_customer();
        change(&mut customer);
        self.store(&customer).await;
    }

    /// Deletes a customer as another writer would.
    pub async fn delete(&self, id: &str) {
        self.client
            .delete_item()
            .table_name(&self.customers)
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
        let record = tables::token_record(token, subject, scopes, expires_at);
        self.store_token_record(record).await;
    }

    pub async fn revoke_token(&self, token: &str) {
        let hash = AttributeValue::S(TokenHash::of(token).to_hex());
        self.client
            .delete_item()
            .table_name(&self.tokens)
            .key("tokenHash", hash)
            .send()
            .await
            .unwrap();
    }
}

impl Drop for TestApp {
    /// An embedded engine ends with the test. Tables of another one must be deleted.
    fn drop(&mut self) {
        let Some(shared) = self.external.take() else {
            return;
        };
        let tables = [self.customers.clone(), self.tokens.clone()];
        let deletion = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            runtime.block_on(async {
                let client = Client::from_conf(client::config(&shared).build());
                for table in tables {
                    let deleted = client.delete_table().table_name(table).send().await;
                    deleted.map_err(std::io::Error::other)?;
                }
                Ok::<_, std::io::Error>(())
            })
        });
        if let Ok(Err(error)) = deletion.join() {
            eprintln!("could not delete a table: {error}");
        }
    }
}

fn json_text(item: Item) -> String {
    serde_json::to_string(&Json(&AttributeValue::M(item))).unwrap()
}

/// Invokes the function. Checks the response against `openapi.yaml`, and the log for secrets.
pub async fn invoke_checked(app: &App, event: &Value) -> Response {
    invoke_and_log(app, event).await.0
}

/// Like [`invoke_checked`], and returns what was logged as well.
pub async fn invoke_and_log(app: &App, event: &Value) -> (Response, Log) {
    let (response, log) = logs::capture(invoke(app, event)).await;
    openapi::assert_documented(&response);
    logs::assert_no_secret(event, &response, &log);
    (response, log)
}

/// Time limits that a busy machine does not reach. Other tests cover production's limits.
pub fn patient(config: Builder) -> Builder {
    let limit = Duration::from_secs(180);
    // All of them: a limit that is not set here stays as it is.
    config.timeout_config(
        TimeoutConfig::builder()
            .connect_timeout(limit)
            .operation_attempt_timeout(limit)
            .operation_timeout(limit)
            .build(),
    )
}

/// The environment's credentials and region, or any when there are none: an emulator accepts all.
async fn external_config(endpoint: &str) -> SdkConfig {
    if std::env::var_os("AWS_ACCESS_KEY_ID").is_none() {
        return tables::local_config(endpoint);
    }
    let roots = tls::trust_store(|name| std::env::var(name).ok()).unwrap();
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(client::http_client(roots).unwrap())
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
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.unwrap_or_default().as_micros();
    format!("update-customer-test-{now}-{}-{number}", std::process::id())
}
