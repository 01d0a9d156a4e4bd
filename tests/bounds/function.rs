//! One call of the function, without a network: an event's text in, the answer's text out.

#[path = "../../benches/support/attributes.rs"]
mod attributes;
#[path = "../../examples/local/store.rs"]
#[expect(dead_code, reason = "the configuration is used, the tables are not")]
mod store;

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_smithy_http_client::test_util::infallible_client_fn;
use lambda_http::http;
use lambda_runtime::{Context, LambdaEvent};
use serde_json::{Value, json};
use update_customer::environment::Environment;
use update_customer::handler::UpdateCustomer;
use update_customer::{dynamodb, event};

/// DynamoDB's answer to the update of a customer that has what this body says.
pub fn updated(body: &str) -> String {
    let mut customer: Value = serde_json::from_str(body).unwrap();
    customer["id"] = "c".into();
    json!({"Attributes": attributes::attributes(&customer)}).to_string()
}

/// The function on a DynamoDB that knows every token and answers every update like this.
pub fn function(updated: String) -> UpdateCustomer {
    let http_client = infallible_client_fn(move |request: http::Request<_>| {
        let target = request.headers()["x-amz-target"].to_str().unwrap();
        http::Response::new(match target.ends_with("GetItem") {
            true => {
                r#"{"Item":{"subject":{"S":"erp"},"scopes":{"SS":["customers:write"]}}}"#.to_owned()
            }
            false => updated.clone(),
        })
    });
    let shared = store::local_config("http://127.0.0.1:1");
    let client = Client::from_conf(dynamodb::config(&shared).http_client(http_client).build());
    let environment = Environment {
        customers_table: "customers".to_owned(),
        access_tokens_table: "tokens".to_owned(),
        access_token_cache: Duration::ZERO,
    };
    UpdateCustomer::new(client, environment)
}

/// An HTTP API's event, as text.
pub fn event(body: &str) -> String {
    let event = json!({
        "version": "2.0", "routeKey": "PUT /customers/{customer_id}", "rawPath": "/customers/c",
        "rawQueryString": "", "headers": {"accesstoken": "token", "content-type": "application/json"},
        "requestContext": {"http": {"method": "PUT", "path": "/customers/c"}},
        "pathParameters": {"customer_id": "c"}, "body": body, "isBase64Encoded": false
    });
    event.to_string()
}

/// The status of the answer.
pub fn call(function: &UpdateCustomer, event: &str) -> u64 {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let event = serde_json::from_str(event).unwrap();
    let Ok(answer) = runtime.block_on(event::invoke(
        function,
        LambdaEvent::new(event, Context::default()),
    ));
    let answer: Value = serde_json::from_str(&serde_json::to_string(&answer).unwrap()).unwrap();
    answer["statusCode"].as_u64().unwrap()
}
