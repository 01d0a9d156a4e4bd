//! The time limits: attempts within calls within the function within the API.

use std::time::Duration;

use serde_json::json;
use update_customer::dynamodb::{self, ATTEMPT_TIMEOUT, OPERATION_TIMEOUT};
use update_customer::table::MAX_WRITES;

use crate::faulty::{ATTEMPTS, assert_internal_error, new_email, stand};
use crate::meanwhile::other_writer;
use crate::support::{Calls, Engine, Fault, store};

/// The number after `key` in the template.
fn in_template(key: &str) -> u64 {
    let template = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/template.yaml"));
    let mut lines = template
        .lines()
        .filter_map(|line| line.trim().strip_prefix(key)?.trim().parse().ok());
    let number = lines
        .next()
        .unwrap_or_else(|| panic!("no {key} in template.yaml"));
    assert_eq!(lines.next(), None, "{key} stands twice in template.yaml");
    number
}

#[test]
fn every_time_limit_fits_into_the_next() {
    let config = dynamodb::config(&store::local_config("http://127.0.0.1:1")).build();
    let retries = config.retry_config().unwrap();
    assert_eq!(retries.max_attempts() as usize, ATTEMPTS);
    // The pauses grow twofold from the first one.
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
async fn when_all_is_as_slow_as_it_can_be_the_function_answers_before_lambda_ends_it() {
    let (stand, faulty) = stand().await;
    for nth in [1, 2] {
        faulty.on("GetItem", Calls::Nth(nth), Fault::Silent(Engine::Untouched));
    }
    for nth in 1..=9 {
        let fault = match nth % 3 {
            0 => other_writer(&stand, move |customer| {
                customer["email"] = json!(format!("other-{nth}@x.example"))
            }),
            _ => Fault::Silent(Engine::Untouched),
        };
        faulty.on("UpdateItem", Calls::Nth(nth), fault);
    }
    assert_internal_error("slow", &stand.send_and_log(new_email()).await, Some("1"));
    assert_eq!(
        (faulty.calls("GetItem"), faulty.calls("UpdateItem")),
        (3, 9)
    );
    let waited = faulty.clock.now();
    assert!(waited >= ATTEMPT_TIMEOUT * 8, "{waited:?}");
    assert!(
        waited < Duration::from_secs(in_template("Timeout:")),
        "{waited:?}"
    );
}
