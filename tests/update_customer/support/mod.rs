//! `TestApp`: the function on tables of its own, with methods for what a test does to it.
//!
//! Only this folder names parts of the `update_customer` crate. The tests of `architecture` and those that
//! compare the code with `openapi.yaml` are the exceptions.

pub mod assertions;
mod clock;
pub mod documents;
pub mod fault_proxy;
mod logs;
pub mod network;
pub mod program;
pub mod property;
mod request_recorder;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::Builder;
use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};
use testkit::invoke::{config, invoke};
use testkit::tables;
use update_customer::App;
use update_customer::dynamodb::attribute::into_json;
use update_customer::dynamodb::{TokenHash, client};

pub use clock::limits;
pub use fault_proxy::{Calls, Engine, Fault, FaultProxy};
pub use logs::{Log, capture};
pub use request_recorder::{RecordedRequest, RequestRecorder};
pub use testkit::invoke::REQUEST_ID;
pub use testkit::{
    CUSTOMER_ID, PutRequest, READ_TOKEN, Response, SAMPLE_REQUEST, WRITE_TOKEN, put,
    sample_customer, shortened,
};

/// The variable that names the endpoint of another DynamoDB than the embedded one.
const EXTERNAL_DYNAMODB: &str = "DYNAMODB_ENDPOINT";

/// A stored item: attributes by name.
pub type Item = HashMap<String, AttributeValue>;

/// An update takes one write; a second one when a verified email changes; a third one when another writer
/// changes that email in between.
pub const MAX_WRITES: usize = 3;

/// The function on tables of its own.
pub struct TestApp {
    app: App,
    pub tables: Arc<Tables>,
}

/// The tables of one test, and a record of the function's requests to them.
pub struct Tables {
    pub endpoint: String,
    pub customers: String,
    pub tokens: String,
    /// A client for the test's own access to the tables. It is not recorded.
    pub client: Client,
    shared: SdkConfig,
    recorder: RequestRecorder,
}

impl Tables {
    /// Creates tables with the sample customer and the two tokens.
    async fn create() -> Self {
        let endpoint = match std::env::var(EXTERNAL_DYNAMODB) {
            Ok(external) => external,
            Err(_) => tables::start_embedded_dynamodb().await,
        };
        let shared = tables::local_config(&endpoint);
        let client = Client::from_conf(clock::patient(client::builder(&shared)).build());
        // No other test, run or machine uses these names at the same time.
        let prefix = format!("update-customer-test-{:x}", fastrand::u64(..));
        let (customers, tokens) = (format!("{prefix}-customers"), format!("{prefix}-tokens"));
        tables::seed(&client, &customers, &tokens).await.unwrap();
        Self {
            endpoint,
            customers,
            tokens,
            client,
            shared,
            recorder: RequestRecorder::default(),
        }
    }

    /// Deletes a customer as another writer would.
    pub async fn delete(&self, id: &str) {
        let delete = self.client.delete_item().table_name(&self.customers);
        delete.key("id", text(id)).send().await.unwrap();
    }

    async fn put(&self, table: &str, item: Item) {
        let put = self.client.put_item().table_name(table);
        put.set_item(Some(item)).send().await.unwrap();
    }
}

impl TestApp {
    /// Without a token cache, and with time limits that a busy machine does not reach.
    pub async fn new() -> Self {
        Self::with_token_cache(Duration::ZERO).await
    }

    pub async fn with_token_cache(ttl: Duration) -> Self {
        Self::on(Arc::new(Tables::create().await), ttl, clock::patient)
    }

    fn on(tables: Arc<Tables>, ttl: Duration, configure: impl FnOnce(Builder) -> Builder) -> Self {
        let sdk_config = client::builder(&tables.shared).interceptor(tables.recorder.clone());
        let client = Client::from_conf(configure(sdk_config).build());
        let app = App::new(client, config(&tables.customers, &tables.tokens, ttl));
        Self { app, tables }
    }

    /// The function again, on the same tables, with production's time limits, its own client for DynamoDB
    /// and this token cache.
    pub fn another(&self, ttl: Duration, configure: impl FnOnce(Builder) -> Builder) -> Self {
        Self::on(Arc::clone(&self.tables), ttl, configure)
    }

    /// A function without a token cache behind a proxy that injects faults. Its time limits are
    /// production's, on the proxy's clock.
    pub async fn behind_faults() -> (Self, FaultProxy) {
        let app = Self::new().await;
        let proxy = FaultProxy::start(&app.tables.endpoint).await;
        let app = app.another(Duration::ZERO, |config| proxy.configure(config));
        (app, proxy)
    }

    /// Sends a request as an HTTP API event.
    pub async fn send(&self, request: PutRequest) -> Response {
        self.send_and_log(request).await.0
    }

    /// Sends a request as the event of each kind.
    pub async fn send_as_every_event(&self, request: &PutRequest) -> Vec<Response> {
        let mut responses = Vec::new();
        for event in request.every_event() {
            responses.push(self.send_event(&event).await);
        }
        responses
    }

    /// Sends an event unchanged.
    pub async fn send_event(&self, event: &Value) -> Response {
        self.send_event_and_log(event).await.0
    }

    /// Sends a request as an HTTP API event, and returns what was logged as well.
    pub async fn send_and_log(&self, request: PutRequest) -> (Response, Log) {
        self.send_event_and_log(&request.http_api_event()).await
    }

    /// Checks the response against `openapi.yaml`, and the log for secrets.
    async fn send_event_and_log(&self, event: &Value) -> (Response, Log) {
        let (response, log) = capture(invoke(&self.app, event)).await;
        if response.status == 500 {
            // A test that fails shows what it printed.
            println!("500, logged as {}", shortened(&log.text()));
        }
        documents::assert_documented(&response);
        logs::assert_no_secret(event, &response, &log);
        (response, log)
    }

    /// What the function does during start-up, before the first event.
    pub async fn warm_up(&self) {
        self.app.warm_up().await;
    }

    /// The requests that the function has sent to DynamoDB since the last call, in order.
    pub fn recorded_requests(&self) -> Vec<RecordedRequest> {
        self.tables.recorder.take()
    }

    /// The operations of these requests. Empties the record as well.
    pub fn operations(&self) -> Vec<String> {
        let requests = self.recorded_requests().into_iter();
        requests.map(|request| request.operation).collect()
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
        let item = self.stored_item(CUSTOMER_ID).await.unwrap();
        testkit::json::read(json_text(item).as_bytes()).expect("JSON")
    }

    pub async fn stored_item(&self, id: &str) -> Option<Item> {
        let get = self.tables.client.get_item().consistent_read(true);
        let get = get.table_name(&self.tables.customers).key("id", text(id));
        get.send().await.unwrap().item
    }

    /// Stores a customer as another writer would.
    pub async fn store(&self, customer: &Value) {
        self.store_item(tables::item(customer)).await;
    }

    pub async fn store_item(&self, item: Item) {
        self.tables.put(&self.tables.customers, item).await;
    }

    /// Stores the sample customer after `change`.
    pub async fn store_sample(&self, change: impl FnOnce(&mut Value)) {
        let mut customer = sample_customer();
        change(&mut customer);
        self.store(&customer).await;
    }

    /// Another writer that replaces the stored customer with the sample after `change`, between two calls.
    pub fn other_writer(&self, change: impl Fn(&mut Value) + Send + Sync + 'static) -> Fault {
        let tables = Arc::clone(&self.tables);
        Fault::other_writer(move || {
            let tables = Arc::clone(&tables);
            let mut customer = sample_customer();
            change(&mut customer);
            let item = tables::item(&customer);
            async move { tables.put(&tables.customers, item).await }
        })
    }

    pub async fn issue_token(&self, token: &str, scopes: &[&str], expires_at: Option<u64>) {
        let record = tables::token_record(token, "issued", scopes, expires_at);
        self.store_token_record(record).await;
    }

    pub async fn issue_token_to(&self, subject: &str, token: &str) {
        let record = tables::token_record(token, subject, &["customers:write"], None);
        self.store_token_record(record).await;
    }

    /// Stores a token's record as another program would.
    pub async fn store_token_record(&self, record: Item) {
        self.tables.put(&self.tables.tokens, record).await;
    }

    pub async fn revoke_token(&self, token: &str) {
        let key = text(&TokenHash::of(token).to_hex());
        let delete = self.tables.client.delete_item().key("tokenHash", key);
        let delete = delete.table_name(&self.tables.tokens);
        delete.send().await.unwrap();
    }
}

impl Drop for Tables {
    /// Deletes the tables from a DynamoDB that outlives the test.
    fn drop(&mut self) {
        if std::env::var_os(EXTERNAL_DYNAMODB).is_none() {
            return;
        }
        let tables = [self.customers.clone(), self.tokens.clone()];
        let sdk_config = client::builder(&self.shared).build();
        let deletion = std::thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            let client = Client::from_conf(sdk_config);
            for table in tables {
                let deletion = client.delete_table().table_name(&table).send();
                if runtime.block_on(deletion).is_err() {
                    eprintln!("could not delete the table {table}");
                }
            }
        });
        let _ = deletion.join();
    }
}

/// A request that changes the notes, and the first name as every request does.
pub fn new_notes() -> PutRequest {
    put().with(json!({"notes": "set by this request"}))
}

/// A request that also changes the sample's verified email.
pub fn new_email() -> PutRequest {
    put().with(json!({"email": "new@aximcommerce.com", "notes": "set by this request"}))
}

pub fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn json_text(item: Item) -> String {
    serde_json::to_string(&into_json(AttributeValue::M(item))).unwrap()
}
