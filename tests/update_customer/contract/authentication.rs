//! Authentication by access token: which tokens are accepted, and what a rejected caller learns.
//! `src/auth/token.rs` has the header's cases, `src/auth/cache.rs` those of the cache.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use pretty_assertions::assert_eq;
use serde_json::json;
use testkit::tables;

use crate::support::assertions::{assert_error, assert_headers, assert_internal_error};
use crate::support::{Calls, Fault, READ_TOKEN, Response, TestApp, WRITE_TOKEN, put, text};

const WRITE: &[&str] = &["customers:write"];

/// The response is a 401 with this code, and has the headers and the message that belong to it.
#[track_caller]
fn assert_rejected(case: &str, response: &Response, code: &str) {
    let message = match code {
        "token_missing" => "The accessToken header is missing or has no token",
        "token_invalid" => "The access token is invalid or expired",
        _ => "The access token lacks the scope customers:write",
    };
    let challenge = match code {
        "token_missing" => "Bearer",
        "token_invalid" => "Bearer error=\"invalid_token\"",
        _ => "Bearer error=\"insufficient_scope\"",
    };
    assert_error(case, response, 401, code, message);
    assert_headers(response, &[("www-authenticate", challenge)]);
}

/// A Unix time in seconds.
fn seconds_from_now(seconds: i64) -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    now.as_secs().checked_add_signed(seconds).unwrap()
}

#[tokio::test]
async fn accepts_bare_tokens_and_bearer_in_any_case() {
    let app = TestApp::new().await;
    for (name, value) in [
        ("accessToken", WRITE_TOKEN.to_owned()),
        ("ACCESSTOKEN", format!("bEaReR {WRITE_TOKEN}")),
    ] {
        let mut event = put().http_api_event();
        event["headers"] = json!({name: value, "Content-Type": "application/json"});
        assert_eq!(app.send_event(&event).await.status, 200, "{name}: {value}");
    }
}

#[tokio::test]
async fn anything_but_one_token_gets_401() {
    let app = TestApp::new().await;
    let without = || put().without_header("accessToken");
    let bearer = format!("Bearer {WRITE_TOKEN}");
    let two = |first, second| put().token(first).and_header("accessToken", second);
    for (request, code) in [
        (without(), "token_missing"),
        (put().token(""), "token_missing"),
        (without().header("Authorization", &bearer), "token_missing"),
        (
            put().token(&bearer.replace("Bearer", "Basic")),
            "token_invalid",
        ),
        (two(WRITE_TOKEN, WRITE_TOKEN), "token_invalid"),
        (two(WRITE_TOKEN, "other"), "token_invalid"),
        (put().token(&WRITE_TOKEN.to_uppercase()), "token_invalid"),
    ] {
        for response in app.send_as_every_event(&request).await {
            assert_rejected(&format!("{request:?}"), &response, code);
        }
    }
    assert!(!app.operations().contains(&"UpdateItem".to_owned()));
}

#[tokio::test]
async fn token_without_the_scope_gets_401() {
    let app = TestApp::new().await;
    for (scopes, is_allowed) in [
        (&[][..], false),
        (
            &["customers:write:all", "customers", "CUSTOMERS:WRITE"],
            false,
        ),
        (&["customers:read", "customers:write"], true),
    ] {
        app.issue_token("token", scopes, None).await;
        let response = app.send(put().token("token")).await;
        match is_allowed {
            true => _ = response.data(),
            false => assert_rejected("scopes", &response, "insufficient_permission"),
        }
    }
}

#[tokio::test]
async fn expired_revoked_and_unknown_tokens_get_the_same_response() {
    let app = TestApp::new().await;
    for (token, seconds) in [("expired", -1), ("current", 3_600)] {
        app.issue_token(token, WRITE, Some(seconds_from_now(seconds)))
            .await;
    }
    app.send(put().token("current")).await.data();
    app.revoke_token("current").await;
    for token in ["expired", "current", "unknown"] {
        assert_rejected(token, &app.send(put().token(token)).await, "token_invalid");
    }
}

#[tokio::test]
async fn only_a_token_with_the_scope_is_cached() {
    let app = TestApp::with_token_cache(Duration::from_secs(3_600)).await;
    app.send(put()).await.data();
    assert_eq!(app.operations(), ["GetItem", "UpdateItem"]);
    app.revoke_token(WRITE_TOKEN).await;
    app.send(put()).await.data();
    assert_eq!(app.operations(), ["UpdateItem"], "the token is cached");

    let response = app.send(put().token(READ_TOKEN)).await;
    assert_rejected("before", &response, "insufficient_permission");
    app.issue_token(READ_TOKEN, WRITE, None).await;
    app.send(put().token(READ_TOKEN)).await.data();
}

#[tokio::test]
async fn token_that_expires_during_the_lookup_is_rejected() {
    let (app, proxy) = TestApp::behind_faults().await;
    let expires_at = seconds_from_now(1);
    app.issue_token("expiring", WRITE, Some(expires_at)).await;
    let wait = Fault::other_writer(move || async move {
        while seconds_from_now(0) < expires_at {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    proxy.inject("GetItem", Calls::Always, wait);
    let response = app.send(put().token("expiring")).await;
    assert_rejected("expired", &response, "token_invalid");
}

#[tokio::test]
async fn malformed_token_record_gets_500() {
    let app = TestApp::new().await;
    let mut record = tables::token_record("malformed", "x", WRITE, None);
    record.insert("expiresAt".to_owned(), text("tomorrow"));
    app.store_token_record(record).await;
    let response = app.send(put().token("malformed")).await;
    assert_internal_error("malformed", &response, None);
}
