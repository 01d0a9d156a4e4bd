//! The function on a DynamoDB of a few lines, which records what it is asked and answers as a target
//! decides. No network, no clock, no retries: one input gives one answer.

use std::cell::Cell;
use std::collections::HashMap;
use std::panic;
use std::sync::{Arc, Mutex, Once};
use std::time::Duration;

use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{
    BehaviorVersion, Credentials, Region, StalledStreamProtectionConfig,
};
use aws_sdk_dynamodb::{Client, Config};
use aws_smithy_http_client::test_util::infallible_client_fn;
use lambda_http::http;
use lambda_runtime::{Context, LambdaEvent};
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::runtime::Runtime;
use update_customer::environment::Environment;
use update_customer::event::{self, Event};
use update_customer::handler::UpdateCustomer;

use super::answer::{Answer, REQUEST_ID};

/// What the function asked DynamoDB. A member that is not here makes it unreadable.
#[derive(Debug)]
pub enum Call {
    Get(GetItem),
    Update(UpdateItem),
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct GetItem {
    pub table_name: String,
    pub key: HashMap<String, HashMap<String, String>>,
    pub consistent_read: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct UpdateItem {
    pub table_name: String,
    pub key: HashMap<String, HashMap<String, String>>,
    pub update_expression: String,
    pub condition_expression: String,
    pub expression_attribute_names: HashMap<String, String>,
    pub expression_attribute_values: HashMap<String, Box<RawValue>>,
    pub return_values: String,
    pub return_values_on_condition_check_failure: String,
}

/// DynamoDB's answer: a status and a JSON text.
pub type Reply = (u16, String);

/// The reply when a condition failed; `item` is the member with the item, or nothing.
pub fn condition_failed(item: &str) -> Reply {
    let code = "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException";
    (
        400,
        format!(r#"{{"__type":"{code}","message":"The conditional request failed"{item}}}"#),
    )
}

pub struct Stand {
    function: UpdateCustomer,
    runtime: Runtime,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl Stand {
    /// `reply` answers for DynamoDB.
    pub fn new(reply: impl Fn(&Call) -> Reply + Send + Sync + 'static) -> Self {
        quiet_while_answering();
        let calls = Arc::new(Mutex::new(Vec::new()));
        let record = Arc::clone(&calls);
        let http_client = infallible_client_fn(move |request: http::Request<_>| {
            let call = read(&request);
            let (status, body) = reply(&call);
            record.lock().unwrap().push(call);
            http::Response::builder().status(status).body(body).unwrap()
        });
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .credentials_provider(Credentials::new("fuzz", "fuzz", None, None, "fuzz"))
            .endpoint_url("http://127.0.0.1:1")
            .http_client(http_client)
            .region(Region::new("us-east-1"))
            .retry_config(RetryConfig::disabled())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .timeout_config(TimeoutConfig::disabled())
            .build();
        let environment = Environment {
            customers_table: "customers".to_owned(),
            access_tokens_table: "tokens".to_owned(),
            // What was remembered from another input would change the answer to this one.
            access_token_cache: Duration::ZERO,
        };
        Self {
            function: UpdateCustomer::new(Client::from_conf(config), environment),
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .build()
                .unwrap(),
            calls,
        }
    }

    /// The function's answer to `event`, of the contract's shape, and what it asked DynamoDB meanwhile.
    pub fn answer(&self, event: Event) -> (Answer, Vec<Call>) {
        let mut context = Context::default();
        context.request_id = REQUEST_ID.to_owned();
        ANSWERING.set(true);
        let answer = self.runtime.block_on(event::invoke(
            &self.function,
            LambdaEvent::new(event, context),
        ));
        ANSWERING.set(false);
        let Ok(answer) = answer;
        let answer = Answer::read(&serde_json::to_value(answer).expect("an answer is JSON"));
        (answer, std::mem::take(&mut *self.calls.lock().unwrap()))
    }
}

fn read(request: &http::Request<aws_smithy_types::body::SdkBody>) -> Call {
    let body = request.body().bytes().expect("a body in memory");
    match request.headers()["x-amz-target"].to_str().unwrap() {
        "DynamoDB_20120810.GetItem" => Call::Get(serde_json::from_slice(body).expect("GetItem")),
        "DynamoDB_20120810.UpdateItem" => {
            Call::Update(serde_json::from_slice(body).expect("UpdateItem"))
        }
        other => panic!("{other} is never needed"),
    }
}

thread_local! {
    static ANSWERING: Cell<bool> = const { Cell::new(false) };
}

/// A panic that becomes an answer is judged by the answer; libFuzzer's hook would end the process.
fn quiet_while_answering() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let otherwise = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !ANSWERING.get() {
                otherwise(info);
            }
        }));
    });
}
