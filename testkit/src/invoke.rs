//! Invokes the function inside the process.

use std::time::Duration;

use lambda_runtime::{Context, LambdaEvent};
use serde_json::Value;
use update_customer::App;
use update_customer::AppConfig;
use update_customer::lambda;

use crate::Response;

/// The request id of every in-process invocation.
pub const REQUEST_ID: &str = "test-request-id";

/// Sends an event through `lambda_http`'s adapter and returns the text that the function returns to Lambda.
///
/// # Errors
///
/// The text is not an API Gateway event, so that the handler is not called.
pub async fn respond(
    app: &App,
    event: &str,
    request_id: &str,
) -> Result<String, lambda_runtime::Error> {
    let event = serde_json::from_str(event)?;
    let mut context = Context::default();
    context.request_id = request_id.to_owned();
    let response = lambda::invoke(app, LambdaEvent::new(event, context)).await?;
    Ok(serde_json::to_string(&response)?)
}

/// Like [`respond`], and reads the text.
pub async fn invoke_text(
    app: &App,
    event: &str,
    request_id: &str,
) -> Result<Value, lambda_runtime::Error> {
    let response = respond(app, event, request_id).await?;
    Ok(serde_json::from_str(&response)?)
}

/// Sends an event and reads the response. Panics when the event is not one of API Gateway.
pub async fn invoke(app: &App, event: &Value) -> Response {
    let response = invoke_text(app, &event.to_string(), REQUEST_ID).await;
    let response = response.expect("an API Gateway event");
    // A gateway reads only the headers of its own format.
    let headers = match event["rawPath"].is_string() {
        true => "headers",
        false => "multiValueHeaders",
    };
    let headers = response[headers].as_object();
    assert!(
        headers.is_some_and(|headers| !headers.is_empty()),
        "{response}"
    );
    Response::from_lambda(&response)
}

/// A configuration with these tables.
pub fn config(customers: &str, tokens: &str, access_token_cache_ttl: Duration) -> AppConfig {
    AppConfig {
        customers_table: customers.to_owned(),
        access_tokens_table: tokens.to_owned(),
        access_token_cache_ttl,
    }
}
