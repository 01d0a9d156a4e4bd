//! The response to each error of DynamoDB and to a panic. DynamoDB's responses are canned.
//!
//! Other modules use the assertions of this one.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::get_item::GetItemError;
use pretty_assertions::assert_eq;
use serde_json::{Value, json};
use testkit::invoke::config;
use testkit::response::shortened;
use testkit::{canned_dynamodb, tables};
use update_customer::dynamodb::client;
use update_customer::dynamodb::error::to_error;
use update_customer::error::Error;
use update_customer::handler::App;

use crate::support::{REQUEST_ID, Response, invoke_checked, put};

/// The response when DynamoDB returns the token's record, and `update(n)` for the n-th `UpdateItem`,
/// counted from 0.
async fn with_updates(update: impl Fn(usize) -> (u16, Value) + Send + Sync + 'static) -> Response {
    let count = AtomicUsize::new(0);
    with_dynamodb(move |operation| match operation {
        "GetItem" => (
            200,
            json!({"Item": {"subject": {"S": "erp"}, "scopes": {"SS": ["customers:write"]}}}),
        ),
        _ => update(count.fetch_add(1, Ordering::Relaxed)),
    })
    .await
}

/// The response when DynamoDB returns `reply(operation)`.
async fn with_dynamodb(reply: impl Fn(&str) -> (u16, Value) + Send + Sync + 'static) -> Response {
    let app = canned_dynamodb::app(move |operation, _| {
        let (status, body) = reply(operation);
        (status, body.to_string())
    });
    invoke_checked(&app, &put().with(json!({})).http_api_event()).await
}

fn aws_error(code: &str) -> Value {
    json!({"__type": format!("com.amazonaws.dynamodb.v20120810#{code}"), "message": "secret text"})
}

/// The response has this status, and a body with this code, this message and no field errors.
#[track_caller]
pub fn assert_error(case: &str, response: &Response, status: u64, code: &str, message: &str) {
    assert_eq!(
        response.status,
        status,
        "{case}: {}",
        shortened(&response.body)
    );
    let expected =
        json!({"success": false, "message": message, "code": code, "requestId": REQUEST_ID});
    assert_eq!(response.body, expected, "{case}");
}

#[track_caller]
pub fn assert_internal_error(case: &str, response: &Response, retry_after: Option<&str>) {
    let message = "An internal error occurred";
    assert_error(case, response, 500, "internal_error", message);
    assert_eq!(response.header("retry-after"), retry_after, "{case}");
}

#[tokio::test]
async fn throttling_gets_500_with_retry_after() {
    for (status, code) in [
        (400, "ProvisionedThroughputExceededException"),
        (400, "RequestLimitExceeded"),
        (400, "ThrottlingException"),
        (400, "TransactionConflictException"),
        (500, "InternalServerError"),
        (503, "ServiceUnavailable"),
    ] {
        let response = with_updates(move |_| (status, aws_error(code))).await;
        assert_internal_error(&format!("UpdateItem: {code}"), &response, Some("1"));
        let response = with_dynamodb(move |_| (status, aws_error(code))).await;
        assert_internal_error(&format!("GetItem: {code}"), &response, Some("1"));
    }
}

#[tokio::test]
async fn unreachable_dynamodb_gets_500_with_retry_after() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let sdk_config = client::config(&tables::local_config(&endpoint)).build();
    let app = App::new(
        Client::from_conf(sdk_config),
        config("c", "t", Duration::ZERO),
    );
    let response = invoke_checked(&app, &put().http_api_event()).await;
    assert_internal_error("connection refused", &response, Some("1"));
}

#[test]
fn timeout_is_a_transient_error() {
    let timeout = SdkError::<GetItemError, _>::timeout_error("no response in 1 s");
    let Error::Unavailable(cause) = to_error("GetItem", &timeout) else {
        panic!("a timeout is not Error::Unavailable")
    };
    assert_eq!(
        cause.as_str(),
        "GetItem: request has timed out: no response in 1 s"
    );
}

#[tokio::test]
async fn other_dynamodb_errors_get_500_without_details() {
    for code in [
        "ResourceNotFoundException",
        "AccessDeniedException",
        "ValidationException",
        "NewException",
    ] {
        let response = with_updates(move |_| (400, aws_error(code))).await;
        assert_internal_error(&format!("UpdateItem: {code}"), &response, None);
        let response = with_dynamodb(move |_| (400, aws_error(code))).await;
        assert_internal_error(&format!("GetItem: {code}"), &response, None);
    }
}

#[tokio::test]
async fn unreadable_response_gets_500_with_retry_after() {
    let response = with_updates(|_| (200, json!("garbage"))).await;
    assert_internal_error("garbage", &response, Some("1"));
}

#[tokio::test]
async fn failed_token_lookup_gets_500_never_401() {
    let response = with_dynamodb(|operation| {
        assert_eq!(operation, "GetItem");
        (400, aws_error("ResourceNotFoundException"))
    })
    .await;
    assert_internal_error("token lookup", &response, None);
}

#[tokio::test]
async fn panic_gets_the_documented_500() {
    let response = with_dynamodb(|_| panic!("on purpose")).await;
    assert_internal_error("GetItem", &response, None);
    let response = with_updates(|_| panic!("on purpose")).await;
    assert_internal_error("UpdateItem", &response, None);
}
