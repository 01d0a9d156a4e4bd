//! The function on an embedded DynamoDB that is called without a network. Each response is compared with `openapi.yaml`.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use dynoxide::{Database, DynoxideError};
use jsonschema::Validator;
use serde_json::{Map, Value, json};
use testkit::canned_dynamodb::{self, Reply, attributes};
use testkit::invoke::{REQUEST_ID, invoke_text};
use testkit::{Response, sample_customer, tables};
use tokio::runtime::{Builder, Runtime};
use update_customer::App;

/// An item in DynamoDB's JSON format.
pub type Item = Map<String, Value>;

/// A customer that no seed updates.
const OTHER_CUSTOMER_ID: &str = "638df9e713920facde1a1cfb";

/// The function with its tables. Each thread has one, because it takes milliseconds to make.
pub struct World {
    app: App,
    database: Database,
    runtime: Runtime,
}

impl World {
    pub fn with(check: impl FnOnce(&Self)) {
        thread_local! {
            static WORLD: World = World::new();
        }
        WORLD.with(check);
    }

    fn new() -> Self {
        let database = Database::memory().expect("a database");
        let runtime = Builder::new_current_thread().enable_time().build();
        let runtime = runtime.expect("a runtime");
        let client = canned_dynamodb::client(on(database.clone()));
        let seeded = runtime.block_on(tables::seed(&client, "customers", "tokens"));
        seeded.expect("the tables");
        Self {
            app: canned_dynamodb::app(on(database.clone())),
            database,
            runtime,
        }
    }

    /// Replaces the customers by this one and another one. Returns false when DynamoDB does not take the item.
    pub fn store(&self, item: &Item) -> bool {
        let other = attributes(&json!({"id": OTHER_CUSTOMER_ID, "firstName": "Jane"}));
        let put = |item: &Value| {
            let (status, _) =
                self.call("PutItem", &json!({"TableName": "customers", "Item": item}));
            status == 200
        };
        put(&other) && put(&Value::Object(item.clone()))
    }

    /// All customers by their id.
    pub fn customers(&self) -> HashMap<String, Item> {
        let (_, found) = self.call("Scan", &json!({"TableName": "customers"}));
        let found: Value = serde_json::from_str(&found).expect("JSON");
        let items = found["Items"].as_array().expect("items").iter();
        let items = items.map(|item| item.as_object().expect("an item").clone());
        items
            .map(|item| (item["id"]["S"].as_str().expect("an id").to_owned(), item))
            .collect()
    }

    /// The function's response, which is a documented one. `None` when the event is not one of API Gateway.
    pub fn respond(&self, event: &str) -> Option<Response> {
        let response = invoke_text(&self.app, event, REQUEST_ID);
        let response = match self.runtime.block_on(response) {
            Ok(response) => Response::from_lambda(&response),
            Err(error) if error.is::<serde_json::Error>() => return None,
            Err(error) => panic!("no response: {error}"),
        };
        check_documented(&response);
        Some(response)
    }

    fn call(&self, operation: &str, request: &Value) -> Reply {
        on(self.database.clone())(operation, request.to_string().as_bytes())
    }
}

/// The sample customer.
pub fn sample() -> Item {
    let item = attributes(&sample_customer());
    item.as_object().expect("an item").clone()
}

/// Responds to DynamoDB's operations from a database.
fn on(database: Database) -> impl Fn(&str, &[u8]) -> Reply + Send + Sync + 'static {
    move |operation, request| {
        let reply = match operation {
            "CreateTable" => {
                read(request).and_then(|request| text(&database.create_table(request)?))
            }
            "DescribeTable" => {
                read(request).and_then(|request| text(&database.describe_table(request)?))
            }
            "GetItem" => read(request).and_then(|request| text(&database.get_item(request)?)),
            "PutItem" => read(request).and_then(|request| text(&database.put_item(request)?)),
            "Scan" => read(request).and_then(|request| text(&database.scan(request)?)),
            "UpdateItem" => read(request).and_then(|request| text(&database.update_item(request)?)),
            other => panic!("the function does not call {other}"),
        };
        match reply {
            Ok(text) => (200, text),
            Err(error) => (error.status_code(), error.to_json()),
        }
    }
}

fn read<T: serde::de::DeserializeOwned>(request: &[u8]) -> Result<T, DynoxideError> {
    let request = serde_json::from_slice(request);
    request.map_err(|error| DynoxideError::SerializationException(error.to_string()))
}

fn text(response: &impl serde::Serialize) -> Result<String, DynoxideError> {
    let text = serde_json::to_string(response);
    text.map_err(|error| DynoxideError::InternalServerError(error.to_string()))
}

static OPENAPI: LazyLock<Value> = LazyLock::new(|| {
    yaml_serde::from_str(include_str!("../../openapi.yaml")).expect("openapi.yaml is YAML")
});

/// Checks that `openapi.yaml` has a response's status, the required headers of that status, and its body.
fn check_documented(response: &Response) {
    static VALIDATORS: LazyLock<Mutex<HashMap<u64, Validator>>> = LazyLock::new(Mutex::default);
    let documented = resolve(
        &OPENAPI["paths"]["/customers/{customer_id}"]["put"]["responses"]
            [response.status.to_string()],
    );
    assert!(documented.is_object(), "undocumented: {response:?}");
    for (name, header) in documented["headers"].as_object().into_iter().flatten() {
        let is_missing = response.header(&name.to_ascii_lowercase()).is_none();
        let is_required = resolve(header)["required"] == true;
        assert!(
            !(is_required && is_missing),
            "no header {name}: {response:?}"
        );
    }
    let mut body = response.body.clone();
    for list in ["/data/address", "/data/metaFields"] {
        // An entry that another system stored is shown as stored, of whatever type.
        if let Some(Value::Array(entries)) = body.pointer_mut(list) {
            entries.clear();
        }
    }
    let mut validators = VALIDATORS.lock().unwrap_or_else(PoisonError::into_inner);
    let validator = validators.entry(response.status).or_insert_with(|| {
        let schema = &documented["content"]["application/json"]["schema"];
        let schema = json!({"allOf": [schema], "components": OPENAPI["components"]});
        jsonschema::draft202012::new(&schema).expect("a schema")
    });
    let errors = validator.iter_errors(&body);
    let errors = errors.map(|error| format!("{}: {}", error.instance_path(), error.masked()));
    let errors: Vec<_> = errors.collect();
    assert!(errors.is_empty(), "{}: {errors:#?}", response.status);
}

/// Follows `$ref`, if `value` is one.
fn resolve(value: &'static Value) -> &'static Value {
    let target = value["$ref"]
        .as_str()
        .and_then(|target| target.strip_prefix('#'));
    match target {
        Some(target) => resolve(OPENAPI.pointer(target).expect("a target")),
        None => value,
    }
}
