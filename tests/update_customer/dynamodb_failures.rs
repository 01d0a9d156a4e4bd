//! Failures of DynamoDB and the network: the response, the time it takes, and what is stored.
//!
//! Time is measured on the SDK's clock, which only the proxy advances. A busy machine does not matter.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use update_customer::dynamodb::client::{ATTEMPT_TIMEOUT, OPERATION_TIMEOUT};

use crate::support::{
    Calls, Engine, FaultProxy, InjectedFault, Log, PutRequest, Response, TestApp, put,
    sample_customer,
};

pub const ATTEMPTS: usize = 3;

pub async fn app() -> (TestApp, FaultProxy) {
    TestApp::new().await.behind_faults(Duration::ZERO).await
}

/// Changes only the sample's notes.
pub fn new_notes() -> PutRequest {
    put().with(json!({"notes": "set by this request"}))
}

pub fn new_email() -> PutRequest {
    put().with(json!({"email": "new@aximcommerce.com", "notes": "set by this request"}))
}

/// Transient failures before DynamoDB has received the request.
fn transient() -> Vec<(&'static str, InjectedFault)> {
    vec![
        (
            "throttled",
            InjectedFault::Error(400, "ThrottlingException"),
        ),
        (
            "out of capacity",
            InjectedFault::Error(400, "ProvisionedThroughputExceededException"),
        ),
        (
            "internal error",
            InjectedFault::Error(500, "InternalServerError"),
        ),
        (
            "unavailable",
            InjectedFault::Error(503, "ServiceUnavailable"),
        ),
        ("closed", InjectedFault::Close(Engine::Untouched)),
        ("reset", InjectedFault::Reset(Engine::Untouched)),
        ("silent", InjectedFault::Silent(Engine::Untouched)),
    ]
}

/// Ways to lose a response after DynamoDB has applied the request.
fn lost() -> Vec<(&'static str, InjectedFault)> {
    vec![
        ("closed", InjectedFault::Close(Engine::Applied)),
        ("reset", InjectedFault::Reset(Engine::Applied)),
        ("silent", InjectedFault::Silent(Engine::Applied)),
        ("half", InjectedFault::Half),
    ]
}

/// Unreadable responses.
fn unreadable() -> Vec<(&'static str, InjectedFault)> {
    let raw = |text: &str| InjectedFault::Raw(Arc::new(text.as_bytes().to_vec()));
    let five_megabytes = "HTTP/1.1 200 OK\r\ncontent-length: 5242880\r\n\r\n".to_owned()
        + &"{\"a\":".repeat(1_048_576);
    vec![
        ("a byte at a time", InjectedFault::Trickle),
        ("garbage", raw("\u{1}\u{2}garbage\r\n\r\n")),
        (
            "half a JSON",
            InjectedFault::Altered(|body| body.truncate(body.len() / 2)),
        ),
        ("half of a response", InjectedFault::Half),
        ("a wrong CRC", InjectedFault::Altered(another_letter)),
        ("5 MB", raw(&five_megabytes)),
        (
            "an HTML page",
            raw(
                "HTTP/1.1 502 Bad Gateway\r\ncontent-type: text/html\r\ncontent-length: 13\r\n\r\n<html></html>",
            ),
        ),
        (
            "an HTML page that says 200",
            raw(
                "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 13\r\n\r\n<html></html>",
            ),
        ),
    ]
}

/// Damage that leaves valid JSON and that only the checksum in `x-amz-crc32` detects.
fn another_letter(body: &mut Vec<u8>) {
    let text = String::from_utf8(std::mem::take(body)).unwrap();
    *body = text.replace("demo-erp", "demo-erq").into_bytes();
}

#[track_caller]
pub fn assert_internal_error(
    what: &str,
    (response, log): &(Response, Log),
    retry_after: Option<&str>,
) -> String {
    assert_eq!(
        (response.status, &response.body["message"]),
        (500, &json!("An internal error occurred")),
        "{what}"
    );
    assert_eq!(
        response.header("retry-after"),
        retry_after,
        "{what}: {}",
        log.text()
    );
    assert!(!response.body.to_string().contains("secret"), "{what}");
    // The SDK may have logged warnings before.
    let line = log.lines().pop().unwrap();
    assert_eq!(
        (&line["level"], &line["status"]),
        (&json!("ERROR"), &json!(500))
    );
    line["cause"].as_str().unwrap().to_owned()
}

/// The stored customer is the sample with these values, after this number of writes.
pub async fn assert_stored(what: &str, app: &TestApp, changes: Value, writes: u64) {
    let mut expected = sample_customer();
    let stored = app.stored().await;
    for (name, value) in changes.as_object().unwrap() {
        expected[name] = value.clone();
    }
    expected["version"] = json!(6 + writes);
    if writes > 0 {
        for (name, value) in [
            ("firstName", "John"),
            ("lastName", "Doe"),
            ("updatedBy", "demo-erp"),
        ] {
            expected[name] = json!(value);
        }
        expected["updatedAt"] = stored["updatedAt"].clone();
    }
    assert_eq!(stored, expected, "{what}");
}

#[tokio::test]
async fn transient_failure_is_retried_once() {
    for operation in ["GetItem", "UpdateItem"] {
        for (what, fault) in transient() {
            let (app, proxy) = app().await;
            proxy.on(operation, Calls::Nth(1), fault);
            let response = app.send(new_notes()).await;
            assert_eq!(
                response.status, 200,
                "{operation} {what}: {}",
                response.body
            );
            assert_eq!(
                (proxy.calls(operation), proxy.applied()),
                (2, 1),
                "{operation} {what}"
            );
            assert!(
                proxy.clock.now() < ATTEMPT_TIMEOUT + Duration::from_secs(1),
                "{operation} {what}"
            );
            assert_stored(what, &app, json!({"notes": "set by this request"}), 1).await;
        }
    }
}

#[tokio::test]
async fn permanent_failure_gets_500_within_the_time_limit() {
    for operation in ["GetItem", "UpdateItem"] {
        for (what, fault) in transient() {
            let (app, proxy) = app().await;
            proxy.on(operation, Calls::Always, fault);
            let cause =
                assert_internal_error(what, &app.send_and_log(new_notes()).await, Some("1"));
            let table = if operation == "GetItem" {
                "access tokens"
            } else {
                "customers"
            };
            assert!(
                cause.starts_with(&format!("{operation} on the {table} table: ")),
                "{cause}"
            );
            assert_eq!(
                (proxy.calls(operation), proxy.applied()),
                (ATTEMPTS, 0),
                "{operation} {what}"
            );
            assert!(
                proxy.clock.now() <= OPERATION_TIMEOUT,
                "{operation} {what}: {:?}",
                proxy.clock.now()
            );
            assert_stored(what, &app, json!({}), 0).await;
        }
    }
}

#[tokio::test]
async fn lost_response_is_retried_and_gets_200() {
    for (what, fault) in lost() {
        let (app, proxy) = app().await;
        proxy.on("UpdateItem", Calls::Nth(1), fault);
        let response = app.send(new_notes()).await;
        assert_eq!(response.data()["notes"], "set by this request", "{what}");
        // DynamoDB cannot distinguish the retry from an equal request: both increment the version.
        assert_eq!(
            (proxy.calls("UpdateItem"), proxy.applied()),
            (2, 2),
            "{what}"
        );
        assert_stored(what, &app, json!({"notes": "set by this request"}), 2).await;
    }
}

#[tokio::test]
async fn lost_response_with_if_match_has_one_effect() {
    for (what, fault) in lost() {
        let (app, proxy) = app().await;
        // The response to the retry, which finds the caller's own write, is lost too.
        for nth in 1..=2 {
            proxy.on("UpdateItem", Calls::Nth(nth), fault.clone());
        }
        let response = app.send(new_notes().if_match("\"6\"")).await;
        assert_eq!(response.data()["notes"], "set by this request", "{what}");
        assert_eq!(
            response.header("x-customer-version"),
            Some("\"7\""),
            "{what}"
        );
        assert_eq!(proxy.calls("UpdateItem"), 3, "{what}");
        assert_stored(what, &app, json!({"notes": "set by this request"}), 1).await;
    }
}

#[tokio::test]
async fn lost_response_of_an_email_change_leaves_it_unverified() {
    for if_match in [None, Some("\"6\"")] {
        for (what, fault) in lost() {
            // The first write observes the verified email, the second one changes it.
            let (app, proxy) = app().await;
            proxy.on("UpdateItem", Calls::Nth(2), fault);
            let request = if_match.map_or(new_email(), |version| new_email().if_match(version));
            let response = app.send(request).await;
            assert_eq!(response.data()["verifiedEmail"], false, "{what}");
            assert_eq!(response.data()["email"], "new@aximcommerce.com", "{what}");
            let changes = json!({
                "email": "new@aximcommerce.com", "verifiedEmail": false, "notes": "set by this request"
            });
            let writes = if if_match.is_some() { 1 } else { 2 };
            assert_stored(what, &app, changes, writes).await;
        }
    }
}

#[tokio::test]
async fn silent_reused_connection_costs_one_attempt() {
    let (app, proxy) = app().await;
    assert_eq!(app.send(new_notes()).await.status, 200);
    assert_eq!(
        (proxy.connections(), proxy.clock.now()),
        (1, Duration::ZERO)
    );
    // Lambda freezes the environment here, and its connection dies.
    proxy.on(
        "GetItem",
        Calls::OnAReusedConnection,
        InjectedFault::Silent(Engine::Untouched),
    );
    assert_eq!(app.send(new_notes()).await.status, 200);
    assert_eq!((proxy.connections(), proxy.calls("GetItem")), (2, 3));
    assert!(proxy.clock.now() >= ATTEMPT_TIMEOUT);
    assert!(
        proxy.clock.now() < ATTEMPT_TIMEOUT + Duration::from_millis(100),
        "{:?}",
        proxy.clock.now()
    );
    assert_stored(
        "both requests",
        &app,
        json!({"notes": "set by this request"}),
        2,
    )
    .await;
}

#[tokio::test]
async fn unreadable_response_gets_500_within_the_time_limit() {
    for operation in ["GetItem", "UpdateItem"] {
        for (what, fault) in unreadable() {
            let (app, proxy) = app().await;
            proxy.on(operation, Calls::Always, fault);
            let response = app.send_and_log(new_notes()).await;
            assert_eq!(
                response.0.status, 500,
                "{operation} {what}: {}",
                response.0.body
            );
            let retry_after = response.0.header("retry-after").map(str::to_owned);
            assert_internal_error(what, &response, retry_after.as_deref());
            assert!(proxy.calls(operation) <= ATTEMPTS, "{operation} {what}");
            assert!(
                proxy.clock.now() <= OPERATION_TIMEOUT,
                "{operation} {what}: {:?}",
                proxy.clock.now()
            );
            // The write is stored completely if DynamoDB received it, and not at all otherwise.
            let changes = if proxy.applied() > 0 {
                json!({"notes": "set by this request"})
            } else {
                json!({})
            };
            assert_stored(what, &app, changes, proxy.applied() as u64).await;
        }
    }
}

#[tokio::test]
async fn permanent_dynamodb_error_is_logged_with_its_cause() {
    for (operation, table) in [("GetItem", "access tokens"), ("UpdateItem", "customers")] {
        for (status, code) in [
            (400, "ValidationException"),
            (400, "ResourceNotFoundException"),
            (400, "AccessDeniedException"),
            (400, "ExpiredTokenException"),
            (400, "UnrecognizedClientException"),
            (400, "InvalidSignatureException"),
        ] {
            let (app, proxy) = app().await;
            proxy.on(operation, Calls::Always, InjectedFault::Error(status, code));
            let cause = assert_internal_error(code, &app.send_and_log(new_notes()).await, None);
            assert!(
                cause.starts_with(&format!("{operation} on the {table} table: ")),
                "{cause}"
            );
            // DynamoDB's message names the permission and the resource.
            assert!(
                cause.contains(code) && cause.contains(&format!("secret text of {code}")),
                "{cause}"
            );
            assert_eq!(proxy.applied(), 0);
            assert_stored(code, &app, json!({}), 0).await;
        }
    }
}

#[tokio::test]
async fn without_the_tokens_table_only_cached_tokens_work() {
    // Each failure of the table, and whether it is transient.
    for (fault, retry_after) in [
        (InjectedFault::Error(400, "ResourceNotFoundException"), None),
        (InjectedFault::Error(500, "InternalServerError"), Some("1")),
        (InjectedFault::Silent(Engine::Untouched), Some("1")),
    ] {
        for (ttl, expected) in [
            (Duration::from_secs(600), 200),
            (Duration::from_nanos(1), 500),
        ] {
            let (app, proxy) = TestApp::new().await.behind_faults(ttl).await;
            assert_eq!(app.send(new_notes()).await.status, 200);
            proxy.on("GetItem", Calls::Always, fault.clone());
            assert_eq!(
                app.send(new_notes()).await.status,
                expected,
                "cached for {ttl:?}"
            );
            let unknown = app
                .send_and_log(new_notes().token("never-issued-token"))
                .await;
            assert_internal_error("an unknown token", &unknown, retry_after);
            let writes = if expected == 200 { 2 } else { 1 };
            assert_stored(
                "tokens",
                &app,
                json!({"notes": "set by this request"}),
                writes,
            )
            .await;
        }
    }
}
