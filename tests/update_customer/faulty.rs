//! What a caller gets from a faulty DynamoDB, how soon, and what is stored after.
//!
//! Time is the SDK's, on a clock that only the faulty server moves: an answer is inside the budget when
//! that clock says so, however busy the machine is.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use update_customer::dynamodb::{ATTEMPT_TIMEOUT, OPERATION_TIMEOUT};

use crate::support::{Answer, Calls, Engine, Fault, Faulty, Log, PutRequest, Stand, put, store};

pub const ATTEMPTS: usize = 3;

pub async fn stand() -> (Stand, Faulty) {
    Stand::new().await.behind_faults(Duration::ZERO).await
}

/// Sets the sample's notes and changes nothing else.
pub fn new_notes() -> PutRequest {
    put().with(json!({"notes": "set by this request"}))
}

pub fn new_email() -> PutRequest {
    put().with(json!({"email": "new@aximcommerce.com", "notes": "set by this request"}))
}

/// Faults that pass: the connection, the network, a busy DynamoDB. The engine has not seen the request.
fn passing() -> Vec<(&'static str, Fault)> {
    vec![
        ("throttled", Fault::Error(400, "ThrottlingException")),
        (
            "out of capacity",
            Fault::Error(400, "ProvisionedThroughputExceededException"),
        ),
        ("internal error", Fault::Error(500, "InternalServerError")),
        ("unavailable", Fault::Error(503, "ServiceUnavailable")),
        ("closed", Fault::Close(Engine::Untouched)),
        ("reset", Fault::Reset(Engine::Untouched)),
        ("silent", Fault::Silent(Engine::Untouched)),
    ]
}

/// The ways to lose an answer after the engine has applied the request.
fn lost() -> Vec<(&'static str, Fault)> {
    vec![
        ("closed", Fault::Close(Engine::Applied)),
        ("reset", Fault::Reset(Engine::Applied)),
        ("silent", Fault::Silent(Engine::Applied)),
        ("half", Fault::Half),
    ]
}

/// Answers that are none.
fn unreadable() -> Vec<(&'static str, Fault)> {
    let raw = |text: &str| Fault::Raw(Arc::new(text.as_bytes().to_vec()));
    let five_megabytes = "HTTP/1.1 200 OK\r\ncontent-length: 5242880\r\n\r\n".to_owned()
        + &"{\"a\":".repeat(1_048_576);
    vec![
        ("a byte at a time", Fault::Trickle),
        ("garbage", raw("\u{1}\u{2}garbage\r\n\r\n")),
        (
            "half a JSON",
            Fault::Altered(|body| body.truncate(body.len() / 2)),
        ),
        ("half an answer", Fault::Half),
        ("a wrong CRC", Fault::Altered(another_letter)),
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

/// Damage that leaves valid JSON: what the sum in `x-amz-crc32` is for.
fn another_letter(body: &mut Vec<u8>) {
    let text = String::from_utf8(std::mem::take(body)).unwrap();
    *body = text.replace("demo-erp", "demo-erq").into_bytes();
}

#[track_caller]
pub fn assert_internal_error(
    what: &str,
    (answer, log): &(Answer, Log),
    retry_after: Option<&str>,
) -> String {
    assert_eq!(
        (answer.status, &answer.body["message"]),
        (500, &json!("An internal error occurred")),
        "{what}"
    );
    assert_eq!(
        answer.header("retry-after"),
        retry_after,
        "{what}: {}",
        log.text()
    );
    assert!(!answer.body.to_string().contains("secret"), "{what}");
    // Before it the SDK may have warned.
    let line = log.lines().pop().unwrap();
    assert_eq!(
        (&line["level"], &line["status"]),
        (&json!("ERROR"), &json!(500))
    );
    line["cause"].as_str().unwrap().to_owned()
}

/// The stored customer is the sample with these values, after so many writes.
pub async fn assert_stored(what: &str, stand: &Stand, changes: Value, writes: u64) {
    let mut expected = store::sample_customer();
    let stored = stand.stored().await;
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
async fn a_fault_that_passes_costs_a_repetition_and_has_one_effect() {
    for operation in ["GetItem", "UpdateItem"] {
        for (what, fault) in passing() {
            let (stand, faulty) = stand().await;
            faulty.on(operation, Calls::Nth(1), fault);
            let answer = stand.send(new_notes()).await;
            assert_eq!(answer.status, 200, "{operation} {what}: {}", answer.body);
            assert_eq!(
                (faulty.calls(operation), faulty.applied()),
                (2, 1),
                "{operation} {what}"
            );
            assert!(
                faulty.clock.now() < ATTEMPT_TIMEOUT + Duration::from_secs(1),
                "{operation} {what}"
            );
            assert_stored(what, &stand, json!({"notes": "set by this request"}), 1).await;
        }
    }
}

#[tokio::test]
async fn a_fault_that_stays_is_500_with_retry_after_inside_the_budget_and_nothing_is_stored() {
    for operation in ["GetItem", "UpdateItem"] {
        for (what, fault) in passing() {
            let (stand, faulty) = stand().await;
            faulty.on(operation, Calls::Always, fault);
            let cause =
                assert_internal_error(what, &stand.send_and_log(new_notes()).await, Some("1"));
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
                (faulty.calls(operation), faulty.applied()),
                (ATTEMPTS, 0),
                "{operation} {what}"
            );
            assert!(
                faulty.clock.now() <= OPERATION_TIMEOUT,
                "{operation} {what}: {:?}",
                faulty.clock.now()
            );
            assert_stored(what, &stand, json!({}), 0).await;
        }
    }
}

#[tokio::test]
async fn an_answer_lost_after_the_write_is_200_with_the_callers_values() {
    for (what, fault) in lost() {
        let (stand, faulty) = stand().await;
        faulty.on("UpdateItem", Calls::Nth(1), fault);
        let answer = stand.send(new_notes()).await;
        assert_eq!(answer.data()["notes"], "set by this request", "{what}");
        // Nothing tells the repetition from another caller's same request: both raise the version.
        assert_eq!(
            (faulty.calls("UpdateItem"), faulty.applied()),
            (2, 2),
            "{what}"
        );
        assert_stored(what, &stand, json!({"notes": "set by this request"}), 2).await;
    }
}

#[tokio::test]
async fn an_answer_lost_after_a_write_with_if_match_is_200_and_one_effect() {
    for (what, fault) in lost() {
        let (stand, faulty) = stand().await;
        // The answer to the repetition, which meets the caller's own write, is lost as well.
        for nth in 1..=2 {
            faulty.on("UpdateItem", Calls::Nth(nth), fault.clone());
        }
        let answer = stand.send(new_notes().if_match("\"6\"")).await;
        assert_eq!(answer.data()["notes"], "set by this request", "{what}");
        assert_eq!(answer.header("x-customer-version"), Some("\"7\""), "{what}");
        assert_eq!(faulty.calls("UpdateItem"), 3, "{what}");
        assert_stored(what, &stand, json!({"notes": "set by this request"}), 1).await;
    }
}

#[tokio::test]
async fn an_answer_lost_after_the_email_changed_is_200_and_the_email_is_not_verified() {
    for if_match in [None, Some("\"6\"")] {
        for (what, fault) in lost() {
            // The first write meets the verified address, the second one changes it.
            let (stand, faulty) = stand().await;
            faulty.on("UpdateItem", Calls::Nth(2), fault);
            let request = if_match.map_or(new_email(), |version| new_email().if_match(version));
            let answer = stand.send(request).await;
            assert_eq!(answer.data()["verifiedEmail"], false, "{what}");
            assert_eq!(answer.data()["email"], "new@aximcommerce.com", "{what}");
            let changes = json!({
                "email": "new@aximcommerce.com", "verifiedEmail": false, "notes": "set by this request"
            });
            let writes = if if_match.is_some() { 1 } else { 2 };
            assert_stored(what, &stand, changes, writes).await;
        }
    }
}

#[tokio::test]
async fn a_reused_connection_that_is_silent_costs_one_attempt_and_a_new_connection() {
    let (stand, faulty) = stand().await;
    assert_eq!(stand.send(new_notes()).await.status, 200);
    assert_eq!(
        (faulty.connections(), faulty.clock.now()),
        (1, Duration::ZERO)
    );
    // The environment freezes here, and its connection dies.
    faulty.on(
        "GetItem",
        Calls::OnAReusedConnection,
        Fault::Silent(Engine::Untouched),
    );
    assert_eq!(stand.send(new_notes()).await.status, 200);
    assert_eq!((faulty.connections(), faulty.calls("GetItem")), (2, 3));
    assert!(faulty.clock.now() >= ATTEMPT_TIMEOUT);
    assert!(
        faulty.clock.now() < ATTEMPT_TIMEOUT + Duration::from_millis(100),
        "{:?}",
        faulty.clock.now()
    );
    assert_stored(
        "both requests",
        &stand,
        json!({"notes": "set by this request"}),
        2,
    )
    .await;
}

#[tokio::test]
async fn an_unreadable_answer_is_500_inside_the_budget() {
    for operation in ["GetItem", "UpdateItem"] {
        for (what, fault) in unreadable() {
            let (stand, faulty) = stand().await;
            faulty.on(operation, Calls::Always, fault);
            let answer = stand.send_and_log(new_notes()).await;
            assert_eq!(
                answer.0.status, 500,
                "{operation} {what}: {}",
                answer.0.body
            );
            let retry_after = answer.0.header("retry-after").map(str::to_owned);
            assert_internal_error(what, &answer, retry_after.as_deref());
            assert!(faulty.calls(operation) <= ATTEMPTS, "{operation} {what}");
            assert!(
                faulty.clock.now() <= OPERATION_TIMEOUT,
                "{operation} {what}: {:?}",
                faulty.clock.now()
            );
            // All of the write or nothing of it, as far as the engine got to see it.
            let changes = if faulty.applied() > 0 {
                json!({"notes": "set by this request"})
            } else {
                json!({})
            };
            assert_stored(what, &stand, changes, faulty.applied() as u64).await;
        }
    }
}

#[tokio::test]
async fn what_dynamodb_refuses_is_500_and_the_log_says_what_and_where() {
    for (operation, table) in [("GetItem", "access tokens"), ("UpdateItem", "customers")] {
        for (status, code) in [
            (400, "ValidationException"),
            (400, "ResourceNotFoundException"),
            (400, "AccessDeniedException"),
            (400, "ExpiredTokenException"),
            (400, "UnrecognizedClientException"),
            (400, "InvalidSignatureException"),
        ] {
            let (stand, faulty) = stand().await;
            faulty.on(operation, Calls::Always, Fault::Error(status, code));
            let cause = assert_internal_error(code, &stand.send_and_log(new_notes()).await, None);
            assert!(
                cause.starts_with(&format!("{operation} on the {table} table: ")),
                "{cause}"
            );
            // DynamoDB's own text names the permission and the resource.
            assert!(
                cause.contains(code) && cause.contains(&format!("secret text of {code}")),
                "{cause}"
            );
            assert_eq!(faulty.applied(), 0);
            assert_stored(code, &stand, json!({}), 0).await;
        }
    }
}

#[tokio::test]
async fn without_the_tokens_table_only_a_remembered_token_works_and_only_for_its_time() {
    // Each fault of the table, and whether it is one that passes.
    for (fault, retry_after) in [
        (Fault::Error(400, "ResourceNotFoundException"), None),
        (Fault::Error(500, "InternalServerError"), Some("1")),
        (Fault::Silent(Engine::Untouched), Some("1")),
    ] {
        for (remember_for, expected) in [
            (Duration::from_secs(600), 200),
            (Duration::from_nanos(1), 500),
        ] {
            let (stand, faulty) = Stand::new().await.behind_faults(remember_for).await;
            assert_eq!(stand.send(new_notes()).await.status, 200);
            faulty.on("GetItem", Calls::Always, fault.clone());
            assert_eq!(
                stand.send(new_notes()).await.status,
                expected,
                "remembered for {remember_for:?}"
            );
            let unknown = stand
                .send_and_log(new_notes().token("never-issued-token"))
                .await;
            assert_internal_error("an unknown token", &unknown, retry_after);
            let writes = if expected == 200 { 2 } else { 1 };
            assert_stored(
                "tokens",
                &stand,
                json!({"notes": "set by this request"}),
                writes,
            )
            .await;
        }
    }
}
