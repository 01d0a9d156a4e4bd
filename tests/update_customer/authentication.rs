//! Who is let in, who is not, and what each of them learns.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::json;

use crate::support::{READ_TOKEN, Stand, WRITE_TOKEN, put};

fn seconds_from_now(seconds: i64) -> u64 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs();
    now.checked_add_signed(seconds).unwrap()
}

#[tokio::test]
async fn a_token_comes_bare_or_as_bearer_in_any_case() {
    let stand = Stand::new().await;
    for value in [
        WRITE_TOKEN.to_owned(),
        format!("Bearer {WRITE_TOKEN}"),
        format!("bEaReR {WRITE_TOKEN}"),
    ] {
        assert_eq!(stand.send(put().token(&value)).await.status, 200, "{value}");
    }
}

#[tokio::test]
async fn the_header_name_may_have_any_case() {
    let stand = Stand::new().await;
    for name in ["accessToken", "ACCESSTOKEN", "accesstoken", "AccessToken"] {
        let mut event = put().http_api_event();
        event["headers"] = json!({name: WRITE_TOKEN, "Content-Type": "application/json"});
        assert_eq!(stand.send_event(&event).await.status, 200, "{name}");
    }
}

#[tokio::test]
async fn what_is_not_one_token_is_401() {
    let stand = Stand::new().await;
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
            let answer = stand.send_event(&event).await;
            assert_eq!(
                (answer.status, &answer.body["code"]),
                (401, &json!(code)),
                "{event}"
            );
        }
    }
    assert!(
        stand.sent().iter().all(|sent| sent.operation == "GetItem"),
        "no call to the customers table"
    );
}

#[tokio::test]
async fn a_second_token_is_seen_in_either_order_in_a_rest_event() {
    let stand = Stand::new().await;
    for values in [[WRITE_TOKEN, "other"], ["other", WRITE_TOKEN]] {
        let request = put().token(values[0]).and_header("accessToken", values[1]);
        let answer = stand.send_event(&request.rest_api_event()).await;
        assert_eq!(answer.body["code"], "token_invalid", "{values:?}");
    }
}

#[tokio::test]
async fn a_valid_token_without_the_scope_is_401() {
    let stand = Stand::new().await;
    stand.issue_token("no-scope", &[], None).await;
    stand
        .issue_token(
            "near-scope",
            &["customers:write:all", "customers", "CUSTOMERS:WRITE"],
            None,
        )
        .await;
    for token in [READ_TOKEN, "no-scope", "near-scope"] {
        let answer = stand.send(put().token(token)).await;
        assert_eq!(
            (answer.status, &answer.body["code"]),
            (401, &json!("insufficient_permission")),
            "{token}"
        );
    }
    stand
        .issue_token("both", &["customers:read", "customers:write"], None)
        .await;
    assert_eq!(stand.send(put().token("both")).await.status, 200);
}

#[tokio::test]
async fn expired_token_reads_like_an_unknown_one() {
    let stand = Stand::new().await;
    stand
        .issue_token("expired", &["customers:write"], Some(seconds_from_now(-1)))
        .await;
    stand
        .issue_token("expired-long-ago", &["customers:write"], Some(0))
        .await;
    let unknown = stand.send(put().token("unknown")).await;
    assert_eq!(unknown.status, 401);
    assert_eq!(stand.send(put().token("expired")).await, unknown);
    assert_eq!(stand.send(put().token("expired-long-ago")).await, unknown);
}

#[tokio::test]
async fn a_token_works_until_it_expires() {
    let stand = Stand::new().await;
    stand
        .issue_token(
            "current",
            &["customers:write"],
            Some(seconds_from_now(3_600)),
        )
        .await;
    assert_eq!(stand.send(put().token("current")).await.status, 200);
}

#[tokio::test]
async fn a_revoked_token_is_refused() {
    let stand = Stand::new().await;
    assert_eq!(stand.send(put()).await.status, 200);
    stand.revoke_token(WRITE_TOKEN).await;
    assert_eq!(stand.send(put()).await.body["code"], "token_invalid");
}

#[tokio::test]
async fn a_remembered_token_costs_no_second_look() {
    let stand = Stand::remembering_tokens_for(Duration::from_secs(3_600)).await;
    let operations = || {
        stand
            .sent()
            .into_iter()
            .map(|sent| sent.operation)
            .collect::<Vec<_>>()
    };
    stand.send(put()).await;
    assert_eq!(operations(), ["GetItem", "UpdateItem", "UpdateItem"]);
    stand.revoke_token(WRITE_TOKEN).await;
    assert_eq!(stand.send(put()).await.status, 200);
    assert_eq!(
        operations(),
        ["UpdateItem"],
        "a warm update costs one DynamoDB call"
    );
}

#[tokio::test]
async fn a_remembered_token_without_the_scope_stays_without_it() {
    let stand = Stand::remembering_tokens_for(Duration::from_secs(3_600)).await;
    for _ in 0..2 {
        assert_eq!(
            stand.send(put().token(READ_TOKEN)).await.body["code"],
            "insufficient_permission"
        );
    }
    assert_eq!(stand.sent().len(), 1);
}

#[tokio::test]
async fn with_remembering_off_every_request_looks() {
    let stand = Stand::new().await;
    for _ in 0..2 {
        stand.send(put().token(READ_TOKEN)).await;
    }
    assert_eq!(stand.sent().len(), 2);
}

#[tokio::test]
async fn only_the_hash_of_a_token_leaves() {
    let stand = Stand::new().await;
    stand.issue_token("abc", &["customers:write"], None).await;
    stand.send(put().token("abc")).await;
    let sent = stand.sent();
    // The test vector "abc" of FIPS 180-2.
    let hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let expected = json!({
        "TableName": stand.tokens, "Key": {"tokenHash": {"S": hash}}, "ConsistentRead": true
    });
    assert_eq!(sent[0].body, expected);
}

#[tokio::test]
async fn an_unauthenticated_caller_learns_nothing_of_the_body_or_the_customer() {
    let stand = Stand::new().await;
    let refused = stand.send(put().token("unknown")).await;
    for request in [
        put().id("nobody"),
        put().id(""),
        put().body("no json"),
        put().without_header("content-type"),
        put().if_match("unreadable"),
    ] {
        assert_eq!(stand.send(request.token("unknown")).await, refused);
    }
}

#[tokio::test]
async fn the_stored_subject_is_the_tokens() {
    let stand = Stand::new().await;
    stand.send(put()).await;
    assert_eq!(stand.stored().await["updatedBy"], "demo-erp");
}

#[tokio::test]
async fn a_malformed_token_record_is_500_and_lets_nobody_in() {
    use aws_sdk_dynamodb::types::AttributeValue;
    let stand = Stand::new().await;
    let mut record =
        crate::support::store::token_record("malformed", "x", &["customers:write"], None);
    record.insert(
        "expiresAt".to_owned(),
        AttributeValue::S("tomorrow".to_owned()),
    );
    stand
        .client
        .put_item()
        .table_name(&stand.tokens)
        .set_item(Some(record))
        .send()
        .await
        .unwrap();
    let answer = stand.send(put().token("malformed")).await;
    assert_eq!(
        (answer.status, &answer.body["code"]),
        (500, &json!("internal_error"))
    );
}
