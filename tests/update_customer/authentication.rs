//! Authentication by access token: which tokens are accepted, and what a rejected caller learns.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::json;

use crate::support::{READ_TOKEN, TestApp, WRITE_TOKEN, put};

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
            assert_eq!(
                (response.status, &response.body["code"]),
                (401, &json!(code)),
                "{event}"
            );
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
        assert_eq!(response.body["code"], "token_invalid", "{values:?}");
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
        assert_eq!(
            (response.status, &response.body["code"]),
            (401, &json!("insufficient_permission")),
            "{token}"
        );
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
    assert_eq!(unknown.status, 401);
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
    assert_eq!(app.send(put()).await.body["code"], "token_invalid");
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
        "a warm update costs one DynamoDB call"
    );
}

#[tokio::test]
async fn cached_token_without_the_scope_is_rejected() {
    let app = TestApp::with_token_cache(Duration::from_secs(3_600)).await;
    for _ in 0..2 {
        assert_eq!(
            app.send(put().token(READ_TOKEN)).await.body["code"],
            "insufficient_permission"
        );
    }
    assert_eq!(app.recorded_requests().len(), 1);
}

#[tokio::test]
async fn without_a_cache_every_request_looks_up_the_token() {
    let app = TestApp::new().await;
    for _ in 0..2 {
        app.send(put().token(READ_TOKEN)).await;
    }
    assert_eq!(app.recorded_requests().len(), 2);
}

#[tokio::test]
async fn only_the_token_hash_is_sent_to_dynamodb() {
    let app = TestApp::new().await;
    app.issue_token("abc", &["customers:write"], None).await;
    app.send(put().token("abc")).await;
    let sent = app.recorded_requests();
    // The test vector "abc" of FIPS 180-2.
    let hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let expected = json!({
        "TableName": app.tokens, "Key": {"tokenHash": {"S": hash}}, "ConsistentRead": true
    });
    assert_eq!(sent[0].body, expected);
}

#[tokio::test]
async fn unauthenticated_caller_learns_nothing() {
    let app = TestApp::new().await;
    let rejected = app.send(put().token("unknown")).await;
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
    use aws_sdk_dynamodb::types::AttributeValue;
    let app = TestApp::new().await;
    let mut record = testkit::tables::token_record("malformed", "x", &["customers:write"], None);
    record.insert(
        "expiresAt".to_owned(),
        AttributeValue::S("tomorrow".to_owned()),
    );
    app.client
        .put_item()
        .table_name(&app.tokens)
        .set_item(Some(record))
        .send()
        .await
        .unwrap();
    let response = app.send(put().token("malformed")).await;
    assert_eq!(
        (response.status, &response.body["code"]),
        (500, &json!("internal_error"))
    );
}
