//! Time limits: an attempt, an operation, the function and the API, each within the next.

use std::time::Duration;

use serde_json::json;
use testkit::tables;
use update_customer::dynamodb::client::{self, ATTEMPT_TIMEOUT, OPERATION_TIMEOUT};
use update_customer::dynamodb::customers_table::MAX_WRITES;

use crate::concurrent_writers::other_writer;
use crate::dynamodb_failures::{ATTEMPTS, app, assert_internal_error, new_email};
use crate::support::{Calls, Engine, InjectedFault};

/// The number after `key` in template.yaml.
fn in_template(key: &str) -> u64 {
    let template = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/template.yaml"));
    let mut lines = template
        .lines()
        .filter_map(|line| line.trim().strip_prefix(key)?.trim().parse().ok());
    let number = lines
        .next()
        .unwrap_or_else(|| panic!("template.yaml has no {key}"));
    assert_eq!(lines.next(), None, "template.yaml has {key} twice");
    number
}

#[test]
fn time_limits_nest() {
    let config = client::config(&tables::local_config("http://127.0.0.1:1")).build();
    let retries = config.retry_config().unwrap();
    assert_eq!(retries.max_attempts() as usize, ATTEMPTS);
    // The backoff doubles with each retry.
    let pauses: Duration = (0..retries.max_attempts() - 1)
        .map(|nth| retries.initial_backoff() * 2_u32.pow(nth))
        .sum();
    assert!(ATTEMPT_TIMEOUT * retries.max_attempts() + pauses < OPERATION_TIMEOUT);
    let calls = 1 + MAX_WRITES as u32;
    let function = Duration::from_secs(in_template("Timeout:"));
    let api = Duration::from_millis(in_template("TimeoutInMillis:"));
    assert!(
        OPERATION_TIMEOUT * calls + Duration::from_secs(2) <= function,
        "the function gives up first"
    );
    assert!(function < api && api <= Duration::from_secs(30));
}

#[tokio::test]
async fn slowest_request_responds_before_the_lambda_timeout() {
    let (app, proxy) = app().await;
    for nth in [1, 2] {
        proxy.on(
            "GetItem",
            Calls::Nth(nth),
            InjectedFault::Silent(Engine::Untouched),
        );
    }
    for nth in 1..=9 {
        let fault = match nth % 3 {
            0 => other_writer(&app, move |customer| {
                customer["email"] = json!(format!("other-{nth}@x.example"))
            }),
            _ => InjectedFault::Silent(Engine::Untouched),
        };
        proxy.on("UpdateItem", Calls::Nth(nth), fault);
    }
    assert_internal_error("slow", &app.send_and_log(new_email()).await, Some("1"));
    assert_eq!((proxy.calls("GetItem"), proxy.calls("UpdateItem")), (3, 9));
    let waited = proxy.clock.now();
    assert!(waited >= ATTEMPT_TIMEOUT * 8, "{waited:?}");
    assert!(
        waited < Duration::from_secs(in_template("Timeout:")),
        "{waited:?}"
    );
}
