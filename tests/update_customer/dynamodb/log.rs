//! What of DynamoDB's requests and responses reaches the log: the cause of a failure, and no value.

use std::time::Duration;

use pretty_assertions::assert_eq;

use crate::support::assertions::assert_logged_internal_error;
use crate::support::{Calls, Fault, TestApp, capture, new_email, new_notes};

/// A damaged response to a failed condition, which the first write of a new email is. The SDK then logs
/// the whole stored item at ERROR.
#[tokio::test]
async fn corrupted_failed_condition_logs_no_stored_value() {
    let (app, proxy) = TestApp::behind_faults().await;
    app.store_sample(|customer| customer["loyaltyTier"] = "gold-tier-4711".into())
        .await;
    let corrupt = |body: &mut Vec<u8>| body.push(b' ');
    proxy.inject("UpdateItem", Calls::Always, Fault::Corrupted(corrupt));
    // Every log is searched for the sample's values; the unknown attribute is none of them.
    let response = app.send_and_log(new_email()).await;
    assert_logged_internal_error("a wrong x-amz-crc32", &response, Some("1"));
    let (_, log) = response;
    for log in [log.text(), &log.line().to_string()] {
        assert!(!log.contains("gold-tier-4711"), "{log}");
    }
}

#[tokio::test]
async fn lines_of_dependencies_are_not_logged() {
    let ((), log) = capture(async {
        macro_rules! log_as {
            ($($target:literal)*) => {
                $(tracing::error!(target: $target, "the request and all in it");)*
            };
        }
        log_as!("aws_smithy_runtime::client::orchestrator" "aws_smithy_runtime_api" "aws_smithy_http_client");
        log_as!("aws_sdk_dynamodb" "aws_runtime" "aws_config" "hyper" "hyper_util" "rustls" "h2" "other");
    })
    .await;
    assert_eq!((log.text(), log.lines().len()), ("", 0));
}

#[tokio::test]
async fn request_is_not_logged_when_the_sdk_quotes_it() {
    let app = TestApp::new().await;
    let app = app.another(Duration::ZERO, |config| config.endpoint_url("not a url"));
    // This searches the log for the token's hash as well.
    let (response, log) = app.send_and_log(new_notes()).await;
    assert_eq!(response.status, 500);
    let cause = log.line()["cause"].as_str().unwrap().to_owned();
    let start = "GetItem on the access tokens table: dispatch failure";
    assert!(
        cause.starts_with(start) && !cause.contains("TableName"),
        "{cause}"
    );
    assert!(cause.contains("endpoint is not a valid URI"), "{cause}");
}
