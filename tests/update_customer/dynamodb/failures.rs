//! Failures of DynamoDB and the network: the response, the time it takes, and what is stored.
//!
//! Time is measured on the SDK's clock, which only the proxy advances. A busy machine does not matter.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use pretty_assertions::assert_eq;
use proptest::prelude::*;
use serde_json::{Value, json};
use testkit::response::shortened;
use testkit::tables;
use update_customer::dynamodb::attribute::Item;
use update_customer::dynamodb::client::{ATTEMPT_TIMEOUT, OPERATION_TIMEOUT};

use crate::contract::properties::check;
use crate::dynamodb::errors::assert_internal_error;
use crate::dynamodb::other_writers::{every_type, stored_attributes};
use crate::support::{
    CUSTOMER_ID, Calls, Engine, FaultProxy, InjectedFault, Log, PutRequest, Response, TestApp,
    invoke_and_log, put, sample_customer,
};

/// The attempts of the SDK for each operation, the first one included.
pub const ATTEMPTS: usize = 3;

/// The function behind a proxy, without a token cache.
pub async fn app() -> (TestApp, FaultProxy) {
    TestApp::new().await.behind_faults(Duration::ZERO).await
}

/// A request that changes the notes and the first name, which every request sends.
pub fn new_notes() -> PutRequest {
    put().with(json!({"notes": "set by this request"}))
}

/// A request that also changes the sample's verified email.
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
        ("truncated", InjectedFault::Truncated),
    ]
}

/// Responses that the SDK cannot read.
fn unreadable() -> Vec<(&'static str, InjectedFault)> {
    let raw = |text: &str| InjectedFault::Raw(Arc::new(text.as_bytes().to_vec()));
    let five_megabytes = "HTTP/1.1 200 OK\r\ncontent-length: 5242880\r\n\r\n".to_owned()
        + &"{\"a\":".repeat(1_048_576);
    vec![
        ("a byte at a time", InjectedFault::Trickle),
        ("garbage", raw("\u{1}\u{2}garbage\r\n\r\n")),
        (
            "truncated JSON",
            InjectedFault::Corrupted(|body| body.truncate(body.len() / 2)),
        ),
        ("a truncated response", InjectedFault::Truncated),
        ("a wrong CRC", InjectedFault::Corrupted(change_a_letter)),
        ("5 MB", raw(&five_megabytes)),
        (
            "an HTML page with status 502",
            raw(
                "HTTP/1.1 502 Bad Gateway\r\ncontent-type: text/html\r\ncontent-length: 13\r\n\r\n<html></html>",
            ),
        ),
        (
            "an HTML page with status 200",
            raw(
                "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 13\r\n\r\n<html></html>",
            ),
        ),
    ]
}

/// A change that leaves valid JSON, so that only the checksum in `x-amz-crc32` detects it.
fn change_a_letter(body: &mut Vec<u8>) {
    let text = String::from_utf8(std::mem::take(body)).unwrap();
    *body = text.replace("demo-erp", "demo-erq").into_bytes();
}

/// The line of the request itself, which is the last one. The SDK may log warnings before it.
#[track_caller]
pub fn request_line(log: &Log) -> Value {
    log.lines().pop().expect("a line for the request")
}

/// The response is an internal error and is logged as one. Returns the logged cause.
#[track_caller]
pub fn assert_logged_internal_error(
    case: &str,
    (response, log): &(Response, Log),
    retry_after: Option<&str>,
) -> String {
    let line = request_line(log);
    let case = format!("{case}: {}", shortened(&line));
    assert_internal_error(&case, response, retry_after);
    assert_eq!(
        (&line["level"], &line["status"]),
        (&json!("ERROR"), &json!(500)),
        "{case}"
    );
    line["cause"].as_str().expect("a logged cause").to_owned()
}

/// The stored customer is the sample with these changes after this number of writes.
pub async fn assert_stored(case: &str, app: &TestApp, changes: Value, writes: u64) {
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
    assert_eq!(stored, expected, "{case}");
}

#[tokio::test]
async fn transient_failure_is_retried_once() {
    for operation in ["GetItem", "UpdateItem"] {
        for (case, fault) in transient() {
            let (app, proxy) = app().await;
            proxy.inject(operation, Calls::Nth(1), fault);
            let response = app.send(new_notes()).await;
            assert_eq!(
                response.status,
                200,
                "{operation} {case}: {}",
                shortened(&response.body)
            );
            assert_eq!(
                (proxy.calls(operation), proxy.applied_updates()),
                (2, 1),
                "{operation} {case}"
            );
            assert!(
                proxy.clock.now() < ATTEMPT_TIMEOUT + Duration::from_secs(1),
                "{operation} {case}"
            );
            assert_stored(case, &app, json!({"notes": "set by this request"}), 1).await;
        }
    }
}

#[tokio::test]
async fn permanent_failure_gets_500_within_the_time_limit() {
    for (operation, table) in [("GetItem", "access tokens"), ("UpdateItem", "customers")] {
        for (case, fault) in transient() {
            let (app, proxy) = app().await;
            proxy.inject(operation, Calls::Always, fault);
            let response = app.send_and_log(new_notes()).await;
            let cause = assert_logged_internal_error(case, &response, Some("1"));
            assert!(
                cause.starts_with(&format!("{operation} on the {table} table: ")),
                "{cause}"
            );
            assert_eq!(
                (proxy.calls(operation), proxy.applied_updates()),
                (ATTEMPTS, 0),
                "{operation} {case}"
            );
            assert!(
                proxy.clock.now() <= OPERATION_TIMEOUT,
                "{operation} {case}: {:?}",
                proxy.clock.now()
            );
            assert_stored(case, &app, json!({}), 0).await;
        }
    }
}

#[tokio::test]
async fn lost_response_is_retried_and_gets_200() {
    for (case, fault) in lost() {
        let (app, proxy) = app().await;
        proxy.inject("UpdateItem", Calls::Nth(1), fault);
        let response = app.send(new_notes()).await;
        assert_eq!(response.data()["notes"], "set by this request", "{case}");
        // DynamoDB cannot distinguish the retry from an equal request: both increment the version.
        assert_eq!(
            (proxy.calls("UpdateItem"), proxy.applied_updates()),
            (2, 2),
            "{case}"
        );
        assert_stored(case, &app, json!({"notes": "set by this request"}), 2).await;
    }
}

#[tokio::test]
async fn lost_response_with_if_match_has_one_effect() {
    for (case, fault) in lost() {
        let (app, proxy) = app().await;
        // The response to the retry, which finds the caller's own write, is lost too.
        for nth in 1..=2 {
            proxy.inject("UpdateItem", Calls::Nth(nth), fault.clone());
        }
        let response = app.send(new_notes().if_match("\"6\"")).await;
        assert_eq!(response.data()["notes"], "set by this request", "{case}");
        assert_eq!(
            response.header("x-customer-version"),
            Some("\"7\""),
            "{case}"
        );
        assert_eq!(proxy.calls("UpdateItem"), 3, "{case}");
        assert_stored(case, &app, json!({"notes": "set by this request"}), 1).await;
    }
}

#[tokio::test]
async fn lost_response_of_an_email_change_leaves_it_unverified() {
    for if_match in [None, Some("\"6\"")] {
        for (case, fault) in lost() {
            // The first write observes the verified email, the second one changes it.
            let (app, proxy) = app().await;
            proxy.inject("UpdateItem", Calls::Nth(2), fault);
            let request = if_match.map_or(new_email(), |version| new_email().if_match(version));
            let response = app.send(request).await;
            assert_eq!(response.data()["verifiedEmail"], false, "{case}");
            assert_eq!(response.data()["email"], "new@aximcommerce.com", "{case}");
            let changes = json!({
                "email": "new@aximcommerce.com", "verifiedEmail": false, "notes": "set by this request"
            });
            let writes = if if_match.is_some() { 1 } else { 2 };
            assert_stored(case, &app, changes, writes).await;
        }
    }
}

#[tokio::test]
async fn rejection_after_a_lost_response_gets_retry_after() {
    for (case, fault) in lost() {
        let (app, proxy) = app().await;
        proxy.inject("UpdateItem", Calls::Nth(1), fault);
        let rejection = InjectedFault::Error(400, "AccessDeniedException");
        proxy.inject("UpdateItem", Calls::Nth(2), rejection);
        let response = app.send_and_log(new_notes()).await;
        let cause = assert_logged_internal_error(case, &response, Some("1"));
        assert!(cause.contains("AccessDeniedException"), "{cause}");
        assert!(cause.contains("may be stored"), "{cause}");
        assert_eq!(proxy.calls("UpdateItem"), 2, "{case}");
        assert_stored(case, &app, json!({"notes": "set by this request"}), 1).await;
    }
}

#[tokio::test]
async fn rejection_that_writes_nothing_is_the_same_after_a_lost_request() {
    for (status, code, request) in [
        (404, "customer_not_found", new_notes().id("nobody")),
        (
            412,
            "version_conflict",
            new_notes().header("If-None-Match", "*"),
        ),
        (412, "version_conflict", new_notes().if_match("\"5\"")),
    ] {
        let (app, proxy) = app().await;
        let lost = InjectedFault::Close(Engine::Untouched);
        proxy.inject("UpdateItem", Calls::Nth(1), lost);
        let response = app.send(request).await;
        assert_eq!(
            (response.status, &response.body["code"]),
            (status, &json!(code))
        );
        assert_eq!(proxy.calls("UpdateItem"), 2);
        assert_stored(code, &app, json!({}), 0).await;
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
    // Lambda may freeze the environment here, and the connection breaks meanwhile.
    proxy.inject(
        "GetItem",
        Calls::OnReusedConnection,
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
        for (case, fault) in unreadable() {
            let (app, proxy) = app().await;
            proxy.inject(operation, Calls::Always, fault);
            let response = app.send_and_log(new_notes()).await;
            // The write may have been stored.
            let name = format!("{operation} {case}");
            assert_logged_internal_error(&name, &response, Some("1"));
            assert!(proxy.calls(operation) <= ATTEMPTS, "{operation} {case}");
            assert!(
                proxy.clock.now() <= OPERATION_TIMEOUT,
                "{operation} {case}: {:?}",
                proxy.clock.now()
            );
            // The write is stored completely if DynamoDB received it, and not at all otherwise.
            let changes = if proxy.applied_updates() > 0 {
                json!({"notes": "set by this request"})
            } else {
                json!({})
            };
            assert_stored(case, &app, changes, proxy.applied_updates() as u64).await;
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
            proxy.inject(operation, Calls::Always, InjectedFault::Error(status, code));
            let response = app.send_and_log(new_notes()).await;
            let cause = assert_logged_internal_error(code, &response, None);
            assert!(
                cause.starts_with(&format!("{operation} on the {table} table: ")),
                "{cause}"
            );
            // The log has DynamoDB's message, because it names the missing permission and the resource.
            assert!(
                cause.contains(code) && cause.contains(&format!("secret text of {code}")),
                "{cause}"
            );
            assert_eq!(proxy.applied_updates(), 0, "{operation} {code}");
            assert_stored(code, &app, json!({}), 0).await;
        }
    }
}

#[tokio::test]
async fn without_the_tokens_table_only_cached_tokens_work() {
    // Transient failures get Retry-After.
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
            proxy.inject("GetItem", Calls::Always, fault.clone());
            assert_eq!(
                app.send(new_notes()).await.status,
                expected,
                "cached for {ttl:?}"
            );
            let unknown = app
                .send_and_log(new_notes().token("never-issued-token"))
                .await;
            assert_logged_internal_error("unknown token", &unknown, retry_after);
            let writes = if expected == 200 { 2 } else { 1 };
            assert_stored(
                "cached token",
                &app,
                json!({"notes": "set by this request"}),
                writes,
            )
            .await;
        }
    }
}

/// The SDK has a quota of 500 for retries by default, and each takes 5.
#[tokio::test]
async fn single_failure_after_an_outage_is_retried() {
    let (app, proxy) = app().await;
    proxy.inject(
        "UpdateItem",
        Calls::Always,
        InjectedFault::Error(500, "InternalServerError"),
    );
    for _ in 0..60 {
        assert_eq!(app.send(new_notes()).await.status, 500);
    }
    assert_eq!(proxy.calls("UpdateItem"), 60 * ATTEMPTS);
    proxy.stop_injecting();
    proxy.inject(
        "UpdateItem",
        Calls::Nth(60 * ATTEMPTS + 1),
        InjectedFault::Error(500, "InternalServerError"),
    );
    assert_eq!(app.send(new_notes()).await.status, 200);
}

#[tokio::test]
async fn request_is_not_logged_when_the_sdk_quotes_it() {
    let app = TestApp::new().await;
    let function = app.app_with(|config| config.endpoint_url("not a url"));
    // This searches the log for the token's hash as well.
    let (response, log) = invoke_and_log(&function, &new_notes().http_api_event()).await;
    assert_eq!(response.status, 500);
    let cause = log.line()["cause"].as_str().unwrap().to_owned();
    assert!(
        cause.starts_with("GetItem on the access tokens table: dispatch failure"),
        "{cause}"
    );
    assert!(!cause.contains("TableName"), "{cause}");
    assert!(cause.contains("endpoint is not a valid URI"), "{cause}");
}

const PERMANENT: [&str; 2] = ["ValidationException", "AccessDeniedException"];

/// Every fault of this module, and errors that are permanent.
fn faults() -> Vec<InjectedFault> {
    let faults = transient().into_iter().chain(lost()).chain(unreadable());
    let mut faults: Vec<_> = faults.map(|(_, fault)| fault).collect();
    for code in PERMANENT {
        faults.push(InjectedFault::Error(400, code));
    }
    faults
}

#[derive(Debug, Clone)]
struct Case {
    stored: Item,
    fields: Value,
    if_match: Option<&'static str>,
    if_none_match: bool,
    /// For each call of `UpdateItem`, the index of the fault that is injected.
    faults: Vec<Option<usize>>,
}

fn cases() -> impl Strategy<Value = Case> {
    let fields = prop::sample::select(vec![
        json!({}),
        json!({"email": "new@aximcommerce.com"}),
        json!({"notes": null, "company": "", "phoneNumber": null}),
        json!({"address": [], "metaFields": [{"code": "c", "value": 1}], "status": "active"}),
        json!({"email": "JOHN.doe@aximcommerce.com", "notes": "n"}),
        json!({"email": "no address"}),
    ]);
    let if_match = ["*", "\"6\"", "\"5\"", "\"x\""].to_vec();
    let if_match = prop::option::of(prop::sample::select(if_match));
    let fault = prop::option::weighted(0.2, 0..faults().len());
    let any = prop::collection::vec(fault, 4);
    let lost = transient().len()..transient().len() + lost().len();
    let permanent = faults().len() - PERMANENT.len()..faults().len();
    let rejected_retry = (lost, permanent);
    let rejected_retry =
        rejected_retry.prop_map(|(lost, permanent)| vec![Some(lost), Some(permanent)]);
    let faults = prop_oneof![3 => any, 1 => rejected_retry];
    let parts = (
        stored_items(),
        fields,
        if_match,
        prop::bool::weighted(0.1),
        faults,
    );
    parts.prop_map(|(stored, fields, if_match, if_none_match, faults)| Case {
        stored,
        fields,
        if_match,
        if_none_match,
        faults,
    })
}

/// The sample customer with attributes of any type.
fn stored_items() -> impl Strategy<Value = Item> {
    let version = prop::sample::select(vec![
        "0",
        "6",
        "6.5",
        "-1",
        "18446744073709551614",
        "18446744073709551615",
        "1e30",
    ]);
    let version =
        version.prop_map(|text| ("version".to_owned(), AttributeValue::N(text.to_owned())));
    let attribute = (
        prop::sample::select(stored_attributes()),
        prop::sample::select(every_type().to_vec()),
    );
    let attribute = attribute.prop_map(|(name, (_, value))| (name, value));
    let changes = prop::collection::vec(prop_oneof![1 => version, 6 => attribute], 0..4);
    changes.prop_map(|changes| {
        let mut item = tables::item(&sample_customer());
        item.extend(changes);
        item
    })
}

#[test]
fn failed_request_without_retry_after_leaves_the_item_unchanged() {
    check(150, cases(), |_, case| async move {
        let (app, proxy) = app().await;
        app.store_item(case.stored).await;
        let before = app.stored_item(CUSTOMER_ID).await;
        for (nth, fault) in case.faults.into_iter().enumerate() {
            if let Some(index) = fault {
                let fault = faults().swap_remove(index);
                proxy.inject("UpdateItem", Calls::Nth(nth + 1), fault);
            }
        }
        let mut request = put().with(case.fields);
        if let Some(if_match) = case.if_match {
            request = request.if_match(if_match);
        }
        if case.if_none_match {
            request = request.header("If-None-Match", "*");
        }
        let response = app.send(request).await;
        if response.status != 200 && response.header("retry-after").is_none() {
            let stored = app.stored_item(CUSTOMER_ID).await;
            prop_assert_eq!(stored, before, "{}", shortened(&response.body));
        }
        Ok(())
    });
}
