//! Invokes the function inside the process and reads its response.

use std::collections::BTreeMap;
use std::time::Duration;

use lambda_runtime::{Context, LambdaEvent};
use serde_json::Value;
use update_customer::{App, AppConfig, lambda};

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

/// A response as the caller sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Response {
    pub status: u64,
    /// By lower-case name.
    pub headers: BTreeMap<String, String>,
    pub body: Value,
    /// The body as it was sent: `body` rounds long numbers.
    pub text: String,
}

impl Response {
    pub fn from_lambda(response: &Value) -> Self {
        let members = |name: &str| response[name].as_object().into_iter().flatten();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let single = members("headers").map(|(name, value)| (name.clone(), text(value)));
        let lists = members("multiValueHeaders").map(|(name, values)| {
            let values: Vec<_> = values.as_array().unwrap().iter().map(text).collect();
            (name.clone(), values.join(","))
        });
        let headers = single.chain(lists).collect();
        assert_eq!(response["isBase64Encoded"], false);
        let text = response["body"].as_str().expect("a text body").to_owned();
        let body = serde_json::from_str(&text).expect("a JSON body");
        Self {
            status: response["statusCode"].as_u64().unwrap(),
            headers,
            body,
            text,
        }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// The response's `data`. Panics when the status is not 200.
    #[track_caller]
    pub fn data(&self) -> &Value {
        assert_eq!(self.status, 200, "{}", shortened(&self.body));
        &self.body["data"]
    }

    /// Each field error as `pointer code`. Panics when the response is not a 400 `invalid_request`.
    #[track_caller]
    pub fn validation_errors(&self) -> Vec<String> {
        let code = self.body["code"].as_str();
        assert_eq!(
            (self.status, code),
            (400, Some("invalid_request")),
            "{}",
            shortened(&self.body)
        );
        let errors = self.body["errors"].as_array().into_iter().flatten();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        errors
            .map(|error| text(&error["pointer"]) + " " + &text(&error["code"]))
            .collect()
    }
}

/// The start of a value's text, for a failing test's message.
pub fn shortened(value: &impl ToString) -> String {
    const MAX_CHARS: usize = 300;
    let text = value.to_string();
    match text.char_indices().nth(MAX_CHARS) {
        Some((end, _)) => format!("{} … ({} bytes)", &text[..end], text.len()),
        None => text,
    }
}
