//! What a caller gets when DynamoDB or the code fails. HTTP is replayed, so that each failure is exact.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::get_item::GetItemError;
use aws_smithy_http_client::test_util::infallible_client_fn;
use lambda_http::http;
use serde_json::{Value, json};
use update_customer::dynamodb;
use update_customer::error::Error;

use crate::support::{Answer, REQUEST_ID, answer, function_on, patient, put, store};

/// The answer when DynamoDB answers a `GetItem` with the demo token's record, and an `UpdateItem`
/// with what `update` gives for the n-th of them.
async fn with_updates(update: impl Fn(usize) -> (u16, Value) + Send + Sync + 'static) -> Answer {
    let count = std::sync::atomic::AtomicUsize::new(0);
    with_dynamodb(move |operation| match operation {
        "GetItem" => (
            200,
            json!({"Item": {"subject": {"S": "erp"}, "scopes": {"SS": ["customers:write"]}}}),
        ),
        _ => update(count.fetch_add(1, std::sync::atomic::Ordering::Relaxed)),
    })
    .await
}

async fn with_dynamodb(reply: impl Fn(&str) -> (u16, Value) + Send + Sync + 'static) -> Answer {
    let http_client = infallible_client_fn(move |request: http::Request<_>| {
        let target = request.headers()["x-amz-target"].to_str().unwrap();
        let (status, body) = reply(target.rsplit('.').next().unwrap());
        http::Response::builder()
            .status(status)
            .header("content-type", "application/x-amz-json-1.0")
            .body(body.to_string())
            .unwrap()
    });
    let config = patient(dynamodb::config(&store::local_config("http://127.0.0.1:1")))
        .retry_config(RetryConfig::disabled())
        .http_client(http_client)
        .build();
    answer(
        &function_on(Client::from_conf(config)),
        &put().with(json!({})).http_api_event(),
    )
    .await
}

fn aws_error(code: &str) -> Value {
    json!({"__type": format!("com.amazonaws.dynamodb.v20120810#{code}"), "message": "secret text"})
}

#[track_caller]
fn assert_internal_error(answer: &Answer, retry_after: Option<&str>) {
    assert_eq!(answer.status, 500);
    assert_eq!(answer.header("retry-after"), retry_after);
    let expected = json!({
        "success": false, "message": "An internal error occurred", "code": "internal_error",
        "requestId": REQUEST_ID
    });
    assert_eq!(answer.body, expected);
}

#[tokio::test]
async fn a_busy_dynamodb_is_500_with_retry_after() {
    for (status, code) in [
        (400, "ProvisionedThroughputExceededException"),
        (400, "RequestLimitExceeded"),
        (400, "ThrottlingException"),
        (400, "TransactionConflictException"),
        (500, "InternalServerError"),
        (503, "ServiceUnavailable"),
    ] {
        let answer = with_updates(move |_| (status, aws_error(code))).await;
        assert_internal_error(&answer, Some("1"));
        let answer = with_dynamodb(move |_| (status, aws_error(code))).await;
        assert_internal_error(&answer, Some("1"));
    }
}

#[tokio::test]
async fn an_unreachable_dynamodb_is_500_with_retry_after() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let config = dynamodb::config(&store::local_config(&endpoint)).build();
    let answer = answer(
        &function_on(Client::from_conf(config)),
        &put().http_api_event(),
    )
    .await;
    assert_internal_error(&answer, Some("1"));
}

#[test]
fn a_dynamodb_that_does_not_answer_in_time_is_unavailable() {
    let late = SdkError::<GetItemError, _>::timeout_error("late");
    let Error::Unavailable(cause) = dynamodb::fault("GetItem", &late) else {
        panic!("not Unavailable")
    };
    assert_eq!(cause.as_str(), "GetItem: request has timed out: late");
}

#[tokio::test]
async fn any_other_fault_of_dynamodb_is_a_plain_500_that_tells_nothing() {
    for code in [
        "ResourceNotFoundException",
        "AccessDeniedException",
        "ValidationException",
        "NewException",
    ] {
        assert_internal_error(&with_updates(move |_| (400, aws_error(code))).await, None);
        assert_internal_error(&with_dynamodb(move |_| (400, aws_error(code))).await, None);
    }
    assert_internal_error(&with_updates(|_| (200, json!("garbage"))).await, None);
}

#[tokio::test]
async fn a_fault_while_looking_the_token_up_is_500_never_401() {
    let answer = with_dynamodb(|operation| {
        assert_eq!(operation, "GetItem");
        (400, aws_error("ResourceNotFoundException"))
    })
    .await;
    assert_internal_error(&answer, None);
}

#[tokio::test]
async fn a_panic_is_the_contracts_500() {
    assert_internal_error(&with_dynamodb(|_| panic!("on purpose")).await, None);
    assert_internal_error(&with_updates(|_| panic!("on purpose")).await, None);
}

fn condition_failed(email: &str) -> (u16, Value) {
    let mut refusal = aws_error("ConditionalCheckFailedException");
    refusal["Item"] =
        json!({"id": {"S": "c"}, "email": {"S": email}, "verifiedEmail": {"BOOL": true}});
    (400, refusal)
}

#[tokio::test]
async fn an_email_that_others_keep_changing_is_given_up_after_three_writes() {
    let writes = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let seen = writes.clone();
    let answer = with_updates(move |n| {
        seen.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        condition_failed(&format!("other-{n}@aximcommerce.com"))
    })
    .await;
    assert_internal_error(&answer, Some("1"));
    assert_eq!(writes.load(std::sync::atomic::Ordering::Relaxed), 3);
}

#[tokio::test]
async fn a_customer_deleted_between_two_writes_is_404() {
    let answer = with_updates(|n| match n {
        0 => condition_failed("other@aximcommerce.com"),
        _ => (400, aws_error("ConditionalCheckFailedException")),
    })
    .await;
    assert_eq!(
        (answer.status, &answer.body["code"]),
        (404, &json!("customer_not_found"))
    );
}
