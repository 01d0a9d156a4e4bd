//! The function on a DynamoDB whose responses a target chooses. Records the calls and reads them
//! strictly. One input always leads to the same response.

use std::cell::Cell;
use std::collections::HashMap;
use std::panic;
use std::sync::{Arc, Mutex, Once};

use serde::Deserialize;
use serde_json::value::RawValue;
use testkit::canned_dynamodb::{self, Reply};
use testkit::invoke::{REQUEST_ID, invoke_text};
use tokio::runtime::{Builder, Runtime};
use update_customer::handler::App;

use super::response::Response;

/// A call to DynamoDB. Another operation or an unknown member is a violation.
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

impl Call {
    fn read(operation: &str, body: &[u8]) -> Self {
        match operation {
            "GetItem" => Self::Get(serde_json::from_slice(body).expect("a GetItem request")),
            "UpdateItem" => {
                Self::Update(serde_json::from_slice(body).expect("an UpdateItem request"))
            }
            other => panic!("unexpected operation {other}"),
        }
    }
}

pub struct RecordingApp {
    app: App,
    runtime: Runtime,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl RecordingApp {
    /// `reply` is DynamoDB's response to a call.
    pub fn new(reply: impl Fn(&Call) -> Reply + Send + Sync + 'static) -> Self {
        silence_caught_panics();
        let calls = Arc::new(Mutex::new(Vec::new()));
        let record = Arc::clone(&calls);
        let app = canned_dynamodb::app(move |operation, body| {
            let call = Call::read(operation, body);
            let reply = reply(&call);
            record.lock().unwrap().push(call);
            reply
        });
        Self {
            app,
            runtime: Builder::new_current_thread().enable_time().build().unwrap(),
            calls,
        }
    }

    /// The function's response to an event and the calls that it made. `None` when the text is not
    /// an API Gateway event.
    pub fn invoke(&self, event: &str) -> Option<(Response, Vec<Call>)> {
        INVOKING.set(true);
        let response = self
            .runtime
            .block_on(invoke_text(&self.app, event, REQUEST_ID));
        INVOKING.set(false);
        let response = Response::read(&response.ok()?);
        Some((response, std::mem::take(&mut *self.calls.lock().unwrap())))
    }
}

thread_local! {
    static INVOKING: Cell<bool> = const { Cell::new(false) };
}

/// The function turns a panic into a 500 response, which the checks see. libFuzzer's panic hook
/// would end the process first.
fn silence_caught_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let hook = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !INVOKING.get() {
                hook(info);
            }
        }));
    });
}
