//! Time limits: an attempt, an operation, the function and the API, each within the next.

use std::time::Duration;

use serde_json::json;

use crate::support::assertions::assert_logged_internal_error;
use crate::support::documents::template;
use crate::support::{Calls, Engine, Fault, MAX_WRITES, TestApp, limits, new_email};

fn lambda_timeout() -> Duration {
    let timeout = template("/Globals/Function/Timeout");
    Duration::from_secs(timeout.as_u64().unwrap())
}

#[test]
fn time_limits_nest() {
    let limits = limits();
    assert!(limits.attempt * limits.attempts + limits.backoff < limits.operation);
    let calls = 1 + MAX_WRITES as u32;
    let slowest = limits.operation * calls + Duration::from_secs(2);
    // Otherwise Lambda stops the function before it responds.
    assert!(slowest <= lambda_timeout());
    let api = template("/Resources/UpdateCustomerIntegration/Properties/TimeoutInMillis");
    let api = Duration::from_millis(api.as_u64().unwrap());
    assert!(lambda_timeout() < api && api <= Duration::from_secs(30));
}

#[tokio::test]
async fn slowest_request_responds_before_the_lambda_timeout() {
    let (app, proxy) = TestApp::behind_faults().await;
    let silent = || Fault::Silent(Engine::Untouched);
    for nth in 1..=2 {
        proxy.inject("GetItem", Calls::Nth(nth), silent());
    }
    for nth in 1..=9 {
        let email = json!(format!("other-{nth}@x.example"));
        let other = app.other_writer(move |customer| customer["email"] = email.clone());
        let fault = if nth % 3 == 0 { other } else { silent() };
        proxy.inject("UpdateItem", Calls::Nth(nth), fault);
    }
    let response = app.send_and_log(new_email()).await;
    assert_logged_internal_error("slowest request", &response, Some("1"));
    assert_eq!((proxy.calls("GetItem"), proxy.calls("UpdateItem")), (3, 9));
    let waited = proxy.clock.now();
    let expected = limits().attempt * 8..lambda_timeout();
    assert!(expected.contains(&waited), "{waited:?}");
}
