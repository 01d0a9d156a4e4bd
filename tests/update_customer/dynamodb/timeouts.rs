//! Time limits: an attempt, an operation, the function and the API, each within the next.

use std::time::Duration;

use serde_json::json;
use testkit::tables;
use update_customer::dynamodb::client::{self, ATTEMPT_TIMEOUT, OPERATION_TIMEOUT};
use update_customer::dynamodb::customers_table::MAX_WRITES;

use crate::dynamodb::failures::{ATTEMPTS, app, assert_logged_internal_error, new_email};
use crate::dynamodb::other_writers::other_writer;
use crate::process::template::at;
use crate::support::{Calls, Engine, InjectedFault};

/// A number among a resource's properties in `template.yaml`.
fn in_template(resource: &str, property: &str) -> u64 {
    let number = at(&["Resources", resource, "Properties", property]).as_u64();
    number.unwrap_or_else(|| panic!("{resource}.{property} in template.yaml is not a number"))
}

fn lambda_timeout() -> Duration {
    Duration::from_secs(in_template("UpdateCustomerFunction", "Timeout"))
}

#[test]
fn time_limits_nest() {
    let config = client::config(&tables::local_config("http://127.0.0.1:1")).build();
    let retries = config.retry_config().unwrap();
    assert_eq!(retries.max_attempts() as usize, ATTEMPTS);
    // The backoff doubles with each retry.
    let backoff: Duration = (0..retries.max_attempts() - 1)
        .map(|nth| retries.initial_backoff() * 2_u32.pow(nth))
        .sum();
    assert!(ATTEMPT_TIMEOUT * retries.max_attempts() + backoff < OPERATION_TIMEOUT);
    let calls = 1 + MAX_WRITES as u32;
    assert!(
        OPERATION_TIMEOUT * calls + Duration::from_secs(2) <= lambda_timeout(),
        "Lambda stops the function before it responds"
    );
    let api_timeout = in_template("UpdateCustomerIntegration", "TimeoutInMillis");
    let api_timeout = Duration::from_millis(api_timeout);
    assert!(lambda_timeout() < api_timeout && api_timeout <= Duration::from_secs(30));
}

#[tokio::test]
async fn slowest_request_responds_before_the_lambda_timeout() {
    let (app, proxy) = app().await;
    for nth in [1, 2] {
        proxy.inject(
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
        proxy.inject("UpdateItem", Calls::Nth(nth), fault);
    }
    let response = app.send_and_log(new_email()).await;
    assert_logged_internal_error("slowest request", &response, Some("1"));
    assert_eq!((proxy.calls("GetItem"), proxy.calls("UpdateItem")), (3, 9));
    let waited = proxy.clock.now();
    assert!(waited >= ATTEMPT_TIMEOUT * 8, "{waited:?}");
    assert!(waited < lambda_timeout(), "{waited:?}");
}
