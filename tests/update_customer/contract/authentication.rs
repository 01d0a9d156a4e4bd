//! Authentication by access token: which tokens are accepted, and what a rejected caller learns.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_dynamodb::types::AttributeValue;
use pretty_assertions::assert_eq;
use serde_json::json;
use testkit::response::shortened;
use testkit::{canned_dynamodb, tables};

use crate::dynamodb::errors::{assert_error, assert_internal_error};
use crate::support::{READ_TOKEN, Response, TestApp, WRITE_TOKEN, invoke_checked, put};

/// The response is a 401 with this code.
#[track_caller]
fn assert_rejected(case: &str, response: &Response, code: &str) {
    let message = match code {
        "token_missing" => "The accessToken header is missing",
        "token_invalid" => "The access token is invalid or expired",
        "insufficient_permission" => "The access token lacks the scope customers:write",
        _ => panic!("no 401 has the code {code}"),
    };
    assert_error(case, response, 401, code, message);
}

/// A Unix time in seconds.
fn seconds_from_now(seconds: i64) -> u64 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs();
    now.checked_add_signed(seconds).unwrap()
}

#[tokio::test]
async fn accepts_bare_tokens_and_bearer_in_any_case() {
    let app = TestApp::new().await;
    for value in [
        WRITE_TOKEN.to_owned(),
        format!("Bearer {WRITE_TOKEN}"),
        format!("bEaReR {WRITE_TOKEN}"),
    ] {
        assert_eq!(app.send(put().token(&value)).await.status, 200, "{value}");
    }
}

#[tokio::test]
async fn header_name_is_case_insensitive() {
    let app = TestApp::new().await;
    for name in ["accessToken", "ACCESSTOKEN", "accesstoken", "AccessToken"] {
        let mut event = put().http_api_event();
        event["headers"] = json!({name: WRITE_TOKEN, "Content-Type": "application/json"});
        assert_eq!(app.send_event(&event).await.status, 200, "{name}");
    }
}

#[tokio::test]
async fn anything_but_one_token_gets_401() {
    let app = TestApp::new().await;
    for (request, code) in [
        (put().without_header("accessToken"), "token_missing"),
        (put().token(""), "token_missing"),
        (put().token("Bearer "), "token_missing"),
        (
            put()
                .without_header("accessToken")
                .header("Authorization", &format!("Bearer {WRITE_TOKEN}")),
            "token_missing",
        ),
        (
            put().token(&format!("Basic {WRITE_TOKEN}")),
            "token_invalid",
        ),
        (
            put().and_header("accessToken", WRITE_TOKEN),
            "token_invalid",
        ),
        (put().and_header("accessToken", "other"), "token_invalid"),
        (put().token(&WRITE_TOKEN.to_uppercase()), "token_invalid"),
        (put().token("unknown"), "token_invalid"),
    ] {
        for event in [request.http_api_event(), request.rest_api_event()] {
            let response = app.send_event(&event).await;
            assert_rejected(&shortened(&event), &response, code);
        }
    }
    assert!(
        app.recorded_requests()
            .iter()
            .all(|sent| sent.operation == "GetItem"),
        "no call to the customers table"
    );
}

#[tokio::test]
async fn rest_event_with_two_tokens_gets_401() {
    let app = TestApp::new().await;
    for values in [[WRITE_TOKEN, "other"], ["other", WRITE_TOKEN]] {
        let request = put().token(values[0]).and_header("accessToken", values[1]);
        let response = app.send_event(&request.rest_api_event()).await;
        assert_rejected(&format!("{values:?}"), &response, "token_invalid");
    }
}

#[tokio::test]
async fn token_without_the_scope_gets_401() {
    let app = TestApp::new().await;
    app.issue_token("no-scope", &[], None).await;
    app.issue_token(
        "near-scope",
        &["customers:write:all", "customers", "CUSTOMERS:WRITE"],
        None,
    )
    .await;
    for token in [READ_TOKEN, "no-scope", "near-scope"] {
        let response = app.send(put().token(token)).await;
        assert_rejected(token, &response, "insufficient_permission");
    }
    app.issue_token("both", &["customers:read", "customers:write"], None)
        .await;
    assert_eq!(app.send(put().token("both")).await.status, 200);
}

#[tokio::test]
async fn expired_and_unknown_tokens_get_the_same_response() {
    let app = TestApp::new().await;
    app.issue_token("expired", &["customers:write"], Some(seconds_from_now(-1)))
        .await;
    app.issue_token("expired-long-ago", &["customers:write"], Some(0))
        .await;
    let unknown = app.send(put().token("unknown")).await;
    assert_rejected("unknown", &unknown, "token_invalid");
    assert_eq!(app.send(put().token("expired")).await, unknown);
    assert_eq!(app.send(put().token("expired-long-ago")).await, unknown);
}

#[tokio::test]
async fn token_is_valid_until_it_expires() {
    let app = TestApp::new().await;
    app.issue_token(
        "current",
        &["customers:write"],
        Some(seconds_from_now(3_600)),
    )
    .await;
    assert_eq!(app.send(put().token("current")).await.status, 200);
}

#[tokio::test]
async fn revoked_token_is_rejected() {
    let app = TestApp::new().await;
    assert_eq!(app.send(put()).await.status, 200);
    app.revoke_token(WRITE_TOKEN).await;
    assert_rejected("revoked", &app.send(put()).await, "token_invalid");
}

#[tokio::test]
async fn cached_token_is_not_looked_up_again() {
    let app = TestApp::with_token_cache(Duration::from_secs(3_600)).await;
    let operations = || {
        app.recorded_requests()
            .into_iter()
            .map(|sent| sent.operation)
            .collect::<Vec<_>>()
    };
    app.send(put()).await;
    assert_eq!(operations(), ["GetItem", "UpdateItem"]);
    app.revoke_token(WRITE_TOKEN).await;
    assert_eq!(app.send(put()).await.status, 200);
    assert_eq!(
        operations(),
        ["UpdateItem"],
        "a cached token needs no lookup"
    );
}

#[tokio::test]
async fn token_without_the_scope_is_not_cached() {
    let app = TestApp::with_token_cache(Duration::from_secs(3_600)).await;
    let response = app.send(put().token(READ_TOKEN)).await;
    assert_rejected("before", &response, "insufficient_permission");
    app.issue_token(READ_TOKEN, &["customers:write"], None)
        .await;
    assert_eq!(app.send(put().token(READ_TOKEN)).await.status, 200);
}

#[tokio::test]
async fn token_that_expires_during_the_lookup_is_rejected() {
    let expires_at = seconds_from_now(1);
    let app = canned_dynamodb::app(move |operation, _| {
        assert_eq!(operation, "GetItem", "the token is rejected");
        while seconds_from_now(0) < expires_at {
            std::hint::spin_loop();
        }
        let record = json!({
            "subject": {"S": "erp"}, "scopes": {"SS": ["customers:write"]},
            "expiresAt": {"N": expires_at.to_string()}
        });
        (200, json!({ "Item": record }).to_string())
    });
    let response = invoke_checked(&app, &put().http_api_event()).await;
    assert_rejected("expired", &response, "token_invalid");
}

#[tokio::test]
async fn without_a_cache_every_request_looks_up_the_token() {
    let app = TestApp::new().await;
    for _ in 0..2 {
        app.send(put().token(READ_TOKEN)).await;
    }
    assert_eq!(app.recorded_requests().len(), 2, "one lookup a request");
}

#[tokio::test]
async fn only_the_token_hash_is_sent_to_dynamodb() {
    let app = TestApp::new().await;
    app.issue_token("abc", &["customers:write"], None).await;
    app.send(put().token("abc")).await;
    let sent = app.recorded_requests();
    // The SHA-256 of "abc" is a test vector of FIPS 180-2.
    let hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let expected = json!({
        "TableName": app.tokens, "Key": {"tokenHash": {"S": hash}}, "ConsistentRead": true
    });
    assert_eq!(sent[0].body, expected);
}

#[tokio::test]
async fn invalid_token_hides_all_later_errors() {
    let app = TestApp::new().await;
    let rejected = app.send(put().token("unknown")).await;
    assert_rejected("no other error", &rejected, "token_invalid");
    for request in [
        put().id("nobody"),
        put().id(""),
        put().body("no json"),
        put().without_header("content-type"),
        put().if_match("unreadable"),
    ] {
        assert_eq!(app.send(request.token("unknown")).await, rejected);
    }
}

#[tokio::test]
async fn updated_by_is_the_token_subject() {
    let app = TestApp::new().await;
    app.send(put()).await;
    assert_eq!(app.stored().await["updatedBy"], "demo-erp");
}

#[tokio::test]
async fn malformed_token_record_gets_500() {
    let app = TestApp::new().await;
    for (case, expires_at) in [
        ("a text", AttributeValue::S("tomorrow".to_owned())),
        // The beginning of 2100.
        (
            "milliseconds",
            AttributeValue::N("4102444800000".to_owned()),
        ),
    ] {
        let mut record = tables::token_record("malformed", "x", &["customers:write"], None);
        record.insert("expiresAt".to_owned(), expires_at);
        app.store_token_record(record).await;
        let response = app.send(put().token("malformed")).await;
        assert_internal_error(&format!("expiresAt is {case}"), &response, None);
    }
}
