//! Failures of DynamoDB and the network: the response, the time it takes, what is stored, and what is logged.
//!
//! Time is measured on the SDK's clock, which only the proxy advances. A busy machine does not matter.

use std::time::Duration;

use aws_smithy_runtime_api::client::http::http_client_fn;
use pretty_assertions::assert_eq;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::assertions::{assert_logged_internal_error, assert_stored, assert_version};
use crate::support::documents::template;
use crate::support::property::{check, stored_items};
use crate::support::{
    CUSTOMER_ID, Calls, Engine, Fault, FaultProxy, Item, MAX_WRITES, PutRequest, TestApp, capture,
    limits, new_email, new_notes, put, shortened,
};

type Faults = Vec<(&'static str, Fault)>;

/// What the SDK calls transient, before DynamoDB has received the request.
fn transient() -> Faults {
    let mut faults: Faults = vec![
        ("closed", Fault::Close(Engine::Untouched)),
        ("reset", Fault::Reset(Engine::Untouched)),
        ("silent", Fault::Silent(Engine::Untouched)),
    ];
    for (status, code) in [
        (400, "ThrottlingException"),
        (400, "ProvisionedThroughputExceededException"),
        (400, "RequestLimitExceeded"),
        (400, "TransactionInProgressException"),
        (500, "InternalServerError"),
        (503, "ServiceUnavailable"),
    ] {
        faults.push((code, Fault::Error(status, code)));
    }
    faults
}

/// The operations, each with its table and its transient failures.
fn operations() -> [(&'static str, &'static str, Faults); 2] {
    let codes = [
        "TransactionConflictException",
        "ReplicatedWriteConflictException",
    ];
    let conflicts = codes.map(|code| (code, Fault::Error(400, code)));
    let update = transient().into_iter().chain(conflicts).collect();
    [
        ("GetItem", "access tokens", transient()),
        ("UpdateItem", "customers", update),
    ]
}

/// Ways to lose a response after DynamoDB has applied the request.
fn lost() -> Faults {
    vec![
        ("closed", Fault::Close(Engine::Applied)),
        ("reset", Fault::Reset(Engine::Applied)),
        ("silent", Fault::Silent(Engine::Applied)),
        ("truncated", Fault::Truncated),
    ]
}

/// Responses that the SDK cannot read.
fn unreadable() -> Faults {
    let five_megabytes = "{\"a\":".repeat(1_048_576);
    let garbage = b"\x01\x02garbage\r\n\r\n".to_vec();
    let half = |body: &mut Vec<u8>| body.truncate(body.len() / 2);
    vec![
        ("a byte at a time", Fault::Trickle),
        ("garbage", Fault::Raw(Engine::Untouched, garbage.into())),
        ("truncated JSON", Fault::Corrupted(half)),
        ("a truncated response", Fault::Truncated),
        ("a wrong checksum", Fault::Corrupted(change_a_letter)),
        ("5 MB", Fault::response("200 OK", &five_megabytes)),
        ("502", Fault::response("502 Bad Gateway", "<html>")),
        ("a page", Fault::response("200 OK", "<html>")),
    ]
}

/// Responses to a write that are not DynamoDB's, although the SDK can read them.
fn not_from_dynamodb() -> Faults {
    let other_id = r#"{"Attributes": {"id": {"S": "other"}, "email": {"S": "j@x.example"}}}"#;
    let this_id = r#"{"Attributes": {"id": {"S": "638df9e713920facde1a1cfa"}}}"#;
    let responses = [
        ("200 OK", "{}"),
        ("200 OK", r#"{"Attributes": {}}"#),
        ("200 OK", other_id),
        ("202 Accepted", this_id),
        ("204 No Content", ""),
        ("403 Forbidden", "<html>a proxy's page"),
        ("403 Forbidden", r#"{"message": "without __type"}"#),
        ("407 Proxy Authentication Required", "<html>"),
        ("408 Request Timeout", ""),
        ("429 Too Many Requests", ""),
    ];
    responses
        .map(|(status, body)| (status, Fault::response(status, body)))
        .into()
}

/// A response to a lookup with the record of a token that was not asked for.
fn another_record() -> Fault {
    let record = json!({
        "tokenHash": {"S": "0".repeat(64)}, "subject": {"S": "another"}, "scopes": {"SS": ["customers:write"]}
    });
    Fault::response("200 OK", &json!({"Item": record}).to_string())
}

/// A change that leaves valid JSON, so that only the checksum in `x-amz-crc32` detects it.
fn change_a_letter(body: &mut Vec<u8>) {
    let text = String::from_utf8(std::mem::take(body)).unwrap();
    *body = text.replace("demo-erp", "demo-erq").into_bytes();
}

/// The changes of the sample customer after this many writes of [`new_notes`].
fn notes_after(writes: usize) -> Value {
    match writes {
        0 => json!({}),
        _ => json!({"notes": "set by this request"}),
    }
}

fn attempts() -> usize {
    limits().attempts as usize
}

/// DynamoDB got this many calls of an operation, and applied this many updates, within the time that an operation
/// may take.
#[track_caller]
fn assert_calls(case: &str, proxy: &FaultProxy, operation: &str, calls: usize, updates: usize) {
    let found = (proxy.calls(operation), proxy.applied_updates());
    assert_eq!(found, (calls, updates), "{operation}, updates: {case}");
    let waited = proxy.clock.now();
    assert!(waited <= limits().operation, "{case}: {waited:?}");
}

#[tokio::test]
async fn transient_failure_is_retried_once() {
    for (operation, _, faults) in operations() {
        for (case, fault) in faults {
            let (app, proxy) = TestApp::behind_faults().await;
            proxy.inject(operation, Calls::Nth(1), fault);
            let response = app.send(new_notes()).await;
            let case = format!("{operation} {case}: {}", shortened(&response.body));
            assert_eq!(response.status, 200, "{case}");
            assert_calls(&case, &proxy, operation, 2, 1);
            let waited = proxy.clock.now();
            assert!(waited < limits().attempt * 2, "{case}: {waited:?}");
            assert_stored(&case, &app, &notes_after(1), 1).await;
        }
    }
}

#[tokio::test]
async fn lasting_failure_gets_500_and_only_a_transient_one_retries_and_retry_after() {
    for (operation, table, transient) in operations() {
        let transient = transient.into_iter();
        let transient = transient.map(|(case, fault)| (case, fault, attempts(), Some("1")));
        let permanent = [
            "ValidationException",
            "ResourceNotFoundException",
            "AccessDeniedException",
            "ExpiredTokenException",
            "UnrecognizedClientException",
            "NewException",
        ];
        let permanent = permanent.map(|code| (code, Fault::Error(400, code), 1, None));
        for (case, fault, calls, retry_after) in transient.chain(permanent) {
            let (app, proxy) = TestApp::behind_faults().await;
            proxy.inject(operation, Calls::Always, fault.clone());
            let response = app.send_and_log(new_notes()).await;
            let cause = assert_logged_internal_error(case, &response, retry_after);
            let start = format!("{operation} on the {table} table: ");
            assert!(cause.starts_with(&start), "{cause}");
            if let Fault::Error(400, code) = fault {
                // The log has DynamoDB's message, because it names the missing permission and the resource.
                let message = format!("secret text of {code}");
                assert!(cause.contains(code) && cause.contains(&message), "{cause}");
            }
            assert_calls(case, &proxy, operation, calls, 0);
            assert_stored(case, &app, &json!({}), 0).await;
        }
    }
}

#[tokio::test]
async fn lost_response_is_retried_and_gets_200() {
    let notes = notes_after(1);
    let mut email = notes.clone();
    email["email"] = json!("new@aximcommerce.com");
    email["verifiedEmail"] = json!(false);
    for (request, lost_calls, changes, writes) in [
        // DynamoDB cannot distinguish the retry from an equal request: both increment the version.
        (new_notes(), 1..=1, &notes, 2),
        // The retry finds the request's own write. Its response is lost too.
        (new_notes().if_match("\"6\""), 1..=2, &notes, 1),
        // The first write observes the verified email, the second one changes it, the third one finds that.
        (new_email(), 2..=2, &email, 1),
        (new_email().if_match("\"6\""), 2..=2, &email, 1),
    ] {
        for (case, fault) in lost() {
            let (app, proxy) = TestApp::behind_faults().await;
            for nth in lost_calls.clone() {
                proxy.inject("UpdateItem", Calls::Nth(nth), fault.clone());
            }
            let response = app.send(request.clone()).await;
            let case = format!("{case} {request:?}");
            assert_version(&case, &response, 200, 6 + writes);
            for (name, value) in changes.as_object().unwrap() {
                assert_eq!(response.data()[name], *value, "{case}");
            }
            let calls = lost_calls.end() + 1;
            assert_calls(&case, &proxy, "UpdateItem", calls, calls);
            assert_stored(&case, &app, changes, writes).await;
        }
    }
}

#[tokio::test]
async fn rejection_after_a_lost_response_gets_retry_after() {
    for (case, fault) in lost() {
        let (app, proxy) = TestApp::behind_faults().await;
        proxy.inject("UpdateItem", Calls::Nth(1), fault);
        let rejection = Fault::Error(400, "AccessDeniedException");
        proxy.inject("UpdateItem", Calls::Nth(2), rejection);
        let response = app.send_and_log(new_notes()).await;
        let cause = assert_logged_internal_error(case, &response, Some("1"));
        let rejection = "status 400, code AccessDeniedException, message ";
        assert!(cause.contains(rejection), "{cause}");
        assert_eq!(proxy.calls("UpdateItem"), 2, "{case}");
        assert_stored(case, &app, &notes_after(1), 1).await;
    }
}

#[tokio::test]
async fn rejection_that_writes_nothing_is_the_same_after_a_lost_request() {
    for (status, request) in [
        (404, new_notes().id("nobody")),
        (412, new_notes().header("If-None-Match", "*")),
        (412, new_notes().if_match("\"7\"")),
    ] {
        let (app, proxy) = TestApp::behind_faults().await;
        proxy.inject("UpdateItem", Calls::Nth(1), Fault::Close(Engine::Untouched));
        assert_eq!(app.send(request).await.status, status);
        assert_eq!(proxy.calls("UpdateItem"), 2);
        assert_stored("nothing", &app, &json!({}), 0).await;
    }
}

#[tokio::test]
async fn silent_reused_connection_costs_one_attempt() {
    let (app, proxy) = TestApp::behind_faults().await;
    assert_eq!(app.send(new_notes()).await.status, 200);
    let before = (proxy.connections(), proxy.clock.now());
    assert_eq!(before, (1, Duration::ZERO));
    // Lambda may freeze the environment here, and the connection breaks meanwhile.
    let silent = Fault::Silent(Engine::Untouched);
    proxy.inject("GetItem", Calls::Nth(2), silent);
    assert_eq!(app.send(new_notes()).await.status, 200);
    assert_eq!((proxy.connections(), proxy.calls("GetItem")), (2, 3));
    let waited = proxy.clock.now() - limits().attempt;
    assert!(waited < Duration::from_millis(100), "{waited:?}");
    assert_stored("both requests", &app, &notes_after(1), 2).await;
}

#[tokio::test]
async fn unreadable_response_gets_500_with_retry_after_in_time() {
    for (operation, faults) in [
        ("GetItem", unreadable()),
        ("UpdateItem", unreadable()),
        ("GetItem", vec![("200 OK", another_record())]),
        ("UpdateItem", not_from_dynamodb()),
    ] {
        for (case, fault) in faults {
            let (app, proxy) = TestApp::behind_faults().await;
            proxy.inject(operation, Calls::Always, fault);
            let response = app.send_and_log(new_notes()).await;
            let case = format!("{operation} {case}");
            assert_logged_internal_error(&case, &response, Some("1"));
            // The write is stored completely if DynamoDB received it, and not at all otherwise.
            let (calls, writes) = (proxy.calls(operation), proxy.applied_updates());
            assert!(calls <= attempts(), "{case}");
            assert_calls(&case, &proxy, operation, calls, writes);
            assert_stored(&case, &app, &notes_after(writes), writes as u64).await;
        }
    }
}

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

#[tokio::test]
async fn without_the_tokens_table_only_cached_tokens_work() {
    // Transient failures get Retry-After.
    for (fault, retry_after) in [
        (Fault::Error(400, "ResourceNotFoundException"), None),
        (Fault::Silent(Engine::Untouched), Some("1")),
    ] {
        for (seconds, status, writes) in [(600, 200, 2), (0, 500, 1)] {
            let ttl = Duration::from_secs(seconds);
            let (app, proxy) = TestApp::behind_faults().await;
            let app = app.another(ttl, |config| proxy.configure(config));
            assert_eq!(app.send(new_notes()).await.status, 200);
            proxy.inject("GetItem", Calls::Always, fault.clone());
            let response = app.send(new_notes()).await;
            assert_eq!(response.status, status, "cached for {ttl:?}");
            let unknown = app.send_and_log(new_notes().token("never-issued")).await;
            assert_logged_internal_error("unknown token", &unknown, retry_after);
            assert_stored("cached token", &app, &notes_after(1), writes).await;
        }
    }
}

/// The SDK has a quota of 500 for retries by default, and each takes 5.
#[tokio::test]
async fn single_failure_after_an_outage_is_retried() {
    let (app, proxy) = TestApp::behind_faults().await;
    let failed_calls = 60 * attempts();
    for nth in 1..=failed_calls + 1 {
        let fault = Fault::Error(500, "InternalServerError");
        proxy.inject("UpdateItem", Calls::Nth(nth), fault);
    }
    for _ in 0..60 {
        assert_eq!(app.send(new_notes()).await.status, 500);
    }
    assert_eq!(proxy.calls("UpdateItem"), failed_calls);
    assert_eq!(app.send(new_notes()).await.status, 200);
}

#[tokio::test]
async fn panic_gets_the_documented_500() {
    let app = TestApp::new().await;
    let panics = http_client_fn(|_, _| panic!("on purpose"));
    let app = app.another(Duration::ZERO, |config| config.http_client(panics));
    let response = app.send_and_log(put()).await;
    let cause = assert_logged_internal_error("panic", &response, None);
    assert_eq!(cause, "panic");
}

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
    let response = app.send_and_log(new_notes()).await;
    let cause = assert_logged_internal_error("not a URL", &response, Some("1"));
    let start = "GetItem on the access tokens table: dispatch failure";
    assert!(cause.starts_with(start), "{cause}");
    assert!(cause.contains("endpoint is not a valid URI"), "{cause}");
    assert!(!cause.contains("TableName"), "{cause}");
}

/// The faults of this module by index.
fn faults() -> Vec<Fault> {
    let permanent = ["ValidationException", "AccessDeniedException"];
    let permanent = permanent.map(|code| (code, Fault::Error(400, code)));
    let faults = [
        lost(),
        permanent.into(),
        transient(),
        unreadable(),
        not_from_dynamodb(),
    ];
    let faults = faults.into_iter().flatten();
    faults.map(|(_, fault)| fault).collect()
}

/// A stored item, a request and, for each call of `UpdateItem`, the index of the fault that is injected.
fn cases() -> impl Strategy<Value = (Item, PutRequest, Vec<Option<usize>>)> {
    let fields = prop::sample::select(vec![
        json!({}),
        json!({"email": "new@aximcommerce.com"}),
        json!({"notes": "", "company": "", "phoneNumber": ""}),
        json!({"address": [], "metaFields": [{"code": "c", "value": 1}], "status": "active"}),
        json!({"email": "JOHN.doe@aximcommerce.com", "notes": "n"}),
        json!({"email": "no address"}),
    ]);
    let precondition = prop::sample::select(vec![
        None,
        Some(("If-Match", "*")),
        Some(("If-Match", "\"6\"")),
        Some(("If-Match", "\"5\"")),
        Some(("If-Match", "\"x\"")),
        Some(("If-None-Match", "*")),
    ]);
    let request = (fields, precondition).prop_map(|(fields, precondition)| match precondition {
        Some((name, value)) => put().with(fields).header(name, value),
        None => put().with(fields),
    });
    let any = prop::option::weighted(0.2, 0..faults().len());
    let any = prop::collection::vec(any, 4);
    let (lost, permanent) = (lost().len(), 2);
    let rejected_retry = (0..lost, lost..lost + permanent);
    let rejected_retry = rejected_retry.prop_map(|(lost, retry)| vec![Some(lost), Some(retry)]);
    (
        stored_items(),
        request,
        prop_oneof![3 => any, 1 => rejected_retry],
    )
}

/// That a 200 shows documented types is checked for every response of every test.
#[test]
fn any_stored_item_request_and_fault_get_200_or_change_nothing_or_get_retry_after() {
    check(150, cases(), |_, (stored, request, indices)| async move {
        let (app, proxy) = TestApp::behind_faults().await;
        app.store_item(stored).await;
        let before = app.stored_item(CUSTOMER_ID).await;
        for (nth, index) in indices.into_iter().enumerate() {
            if let Some(index) = index {
                let fault = faults().swap_remove(index);
                proxy.inject("UpdateItem", Calls::Nth(nth + 1), fault);
            }
        }
        let response = app.send(request).await;
        if response.status != 200 && response.header("retry-after").is_none() {
            let stored = app.stored_item(CUSTOMER_ID).await;
            prop_assert_eq!(stored, before, "{}", shortened(&response.body));
        }
        Ok(())
    });
}
