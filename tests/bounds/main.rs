//! What the worst bodies cost: memory in proportion to their size, and not much of it.
//!
//! A binary of its own, because its allocator counts. `cargo run --release --example worst-bodies` shows
//! the same bodies with their times.

mod shapes;
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

/// The largest body that is read.
const LARGEST: usize = 409_600;

/// Bytes held at one time, for each byte of the body.
const MOST_HELD: u64 = 200;

/// Bytes allocated one after the other, for each byte of the body.
const MOST_ALLOCATED: u64 = 200;

/// The function on a DynamoDB that knows every token and every customer.
fn function() -> UpdateCustomer {
    let http_client = infallible_client_fn(|request: http::Request<_>| {
        let target = request.headers()["x-amz-target"].to_str().unwrap();
        let answer = match target.ends_with("GetItem") {
            true => r#"{"Item":{"subject":{"S":"erp"},"scopes":{"SS":["customers:write"]}}}"#,
            false => r#"{"Attributes":{"id":{"S":"c"}}}"#,
        };
        http::Response::new(answer)
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
fn event(body: &str) -> String {
    let event = json!({
        "version": "2.0", "routeKey": "PUT /customers/{customer_id}", "rawPath": "/customers/c",
        "rawQueryString": "", "headers": {"accesstoken": "token", "content-type": "application/json"},
        "requestContext": {"http": {"method": "PUT", "path": "/customers/c"}},
        "pathParameters": {"customer_id": "c"}, "body": body, "isBase64Encoded": false
    });
    event.to_string()
}

/// The status of the answer, and bytes allocated and held meanwhile; from the event's text to the
/// answer's.
fn cost(function: &UpdateCustomer, event: &str) -> (u64, u64, u64) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut status = 0;
    let counted = allocation_counter::measure(|| {
        let event = serde_json::from_str(event).unwrap();
        let Ok(answer) =
            runtime.block_on(event::invoke(function, LambdaEvent::new(event, Context::default())));
        let answer: Value = serde_json::from_str(&serde_json::to_string(&answer).unwrap()).unwrap();
        status = answer["statusCode"].as_u64().unwrap();
    });
    (status, counted.bytes_total, counted.bytes_max)
}

#[test]
fn the_worst_bodies_cost_memory_in_proportion_to_their_size() {
    let function = function();
    // What is made once, such as the endpoint's rules, is no body's cost.
    cost(&function, &event("{}"));
    let (_, nothing, _) =
        cost(&function, &event(r#"{"firstName":"J","lastName":"D","email":"j@x.example"}"#));
    let mut beyond = Vec::new();
    for (name, body, expected) in shapes::SHAPES {
        let of = |size| {
            let body = body(size);
            assert!(body.len() <= size && body.len() > size - 300, "{name}: {} of {size}", body.len());
            cost(&function, &event(&body))
        };
        let (_, half, _) = of(LARGEST / 2);
        let (status, total, held) = of(LARGEST);
        let size = LARGEST as u64;
        assert_eq!(status, expected, "{name}");
        let growth = (total - nothing.min(total)) as f64 / (half - nothing.min(half)).max(1) as f64;
        if held > MOST_HELD * size || total > MOST_ALLOCATED * size {
            beyond.push(format!("{name}: {total} bytes allocated, {held} held"));
        }
        if growth > 2.2 && total > 4 * size {
            beyond.push(format!("{name}: {growth} times as much for twice the body"));
        }
    }
    assert!(beyond.is_empty(), "{beyond:#?}");
}
