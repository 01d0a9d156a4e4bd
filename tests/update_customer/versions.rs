//! `X-Customer-Version` and `If-Match`.

use serde_json::json;

use crate::support::{Stand, put};

#[tokio::test]
async fn each_write_raises_the_version_by_one() {
    let stand = Stand::new().await;
    for version in ["\"7\"", "\"8\"", "\"9\""] {
        assert_eq!(
            stand.send(put()).await.header("x-customer-version"),
            Some(version)
        );
    }
    assert_eq!(stand.stored().await["version"], 9);
}

#[tokio::test]
async fn an_absent_version_means_0() {
    let stand = Stand::new().await;
    let unversioned = || {
        stand.store_sample(|customer| _ = customer.as_object_mut().unwrap().shift_remove("version"))
    };
    unversioned().await;
    assert_eq!(
        stand
            .send(put().if_match("\"0\""))
            .await
            .header("x-customer-version"),
        Some("\"1\"")
    );
    unversioned().await;
    let stale = stand.send(put().if_match("\"1\"")).await;
    assert_eq!(
        (stale.status, stale.header("x-customer-version")),
        (412, Some("\"0\""))
    );
    stand
        .store_sample(|customer| customer["version"] = json!(0))
        .await;
    assert_eq!(stand.send(put().if_match("\"0\"")).await.status, 200);
}

#[tokio::test]
async fn the_current_version_a_list_with_it_and_a_star_match() {
    let stand = Stand::new().await;
    for value in [
        "\"6\"",
        "\"1\", \"6\"",
        "W/\"9\", \"6\"",
        "*",
        "\"0\",\"6\"",
    ] {
        stand.store_sample(|_| ()).await;
        assert_eq!(
            stand.send(put().if_match(value)).await.status,
            200,
            "{value}"
        );
    }
}

#[tokio::test]
async fn stale_weak_and_foreign_tags_are_412_and_nothing_is_stored() {
    let stand = Stand::new().await;
    let before = stand.stored().await;
    for value in [
        "\"5\"",
        "\"7\"",
        "\"0\"",
        "\"1\",\"2\"",
        "W/\"6\"",
        "\"06\"",
        "\"six\"",
        "\"\"",
    ] {
        let answer = stand.send(put().if_match(value)).await;
        assert_eq!(
            (answer.status, &answer.body["code"]),
            (412, &json!("version_conflict")),
            "{value}"
        );
        assert_eq!(answer.header("x-customer-version"), Some("\"6\""));
        assert_eq!(stand.stored().await, before);
    }
}

#[tokio::test]
async fn an_if_match_that_cannot_be_read_is_400() {
    let stand = Stand::new().await;
    for value in ["6", "\"6", "", "*, \"6\"", "\"6\" \"7\""] {
        let answer = stand.send(put().if_match(value)).await;
        assert_eq!(
            (answer.status, &answer.body["code"]),
            (400, &json!("invalid_request")),
            "{value}"
        );
        assert_eq!(
            answer.body["message"],
            "If-Match must be * or a list of quoted versions, such as \"7\", as X-Customer-Version gives them"
        );
    }
}

#[tokio::test]
async fn several_if_match_headers_are_one_list() {
    let stand = Stand::new().await;
    let request = put().if_match("\"1\"").and_header("If-Match", "\"6\"");
    assert_eq!(
        stand.send_event(&request.rest_api_event()).await.status,
        200
    );
    let request = put().if_match("\"1\"").and_header("If-Match", "\"7\"");
    assert_eq!(stand.send(request).await.status, 200);
}

#[tokio::test]
async fn a_retry_after_a_lost_answer_gets_200_and_changes_nothing() {
    let stand = Stand::new().await;
    let request = put().if_match("\"6\"");
    let first = stand.send(request.clone()).await;
    assert_eq!(first.header("x-customer-version"), Some("\"7\""));
    let stored = stand.stored().await;
    assert_eq!(stand.send(request).await, first);
    assert_eq!(stand.stored().await, stored);
}

#[tokio::test]
async fn a_retry_is_recognised_whatever_it_set_or_cleared() {
    let stand = Stand::new().await;
    let body = r#"{"firstName": "John", "lastName": "Doe", "email": "new@aximcommerce.com", "notes": null,
        "company": "", "address": [], "metaFields": [{"code": "c", "value": [1e2, 1.50, {"a": null}, "x", true]}]}"#;
    let request = put().body(body).if_match("\"6\"");
    let first = stand.send(request.clone()).await;
    assert_eq!(
        (first.status, first.header("x-customer-version")),
        (200, Some("\"7\""))
    );
    assert_eq!(stand.send(request).await, first);
}

#[tokio::test]
async fn a_stale_update_that_would_change_anything_is_no_retry() {
    let stand = Stand::new().await;
    let applied = put().if_match("\"6\"");
    assert_eq!(stand.send(applied.clone()).await.status, 200);
    for change in [
        json!({"notes": "other"}),
        json!({"notes": null}),
        json!({"metaFields": [{"code": "p21_contact_id", "value": 12549}]}),
        json!({"address": [{"city": "Elizabeth"}]}),
    ] {
        let answer = stand
            .send(put().with(change.clone()).if_match("\"6\""))
            .await;
        assert_eq!(answer.status, 412, "{change}");
    }
    stand
        .send(put().with(json!({"notes": "another writer"})))
        .await
        .data();
    assert_eq!(
        stand.send(applied).await.status,
        412,
        "somebody wrote in between"
    );
}

#[tokio::test]
async fn if_match_holds_when_the_email_changes_too() {
    let stand = Stand::new().await;
    let changed = put().with(json!({"email": "new@aximcommerce.com"}));
    assert_eq!(
        stand.send(changed.clone().if_match("\"5\"")).await.status,
        412
    );
    assert_eq!(stand.stored().await["verifiedEmail"], true);
    let answer = stand.send(changed.if_match("\"6\"")).await;
    assert_eq!(
        (
            answer.header("x-customer-version"),
            &answer.data()["verifiedEmail"]
        ),
        (Some("\"7\""), &json!(false))
    );
}

#[tokio::test]
async fn without_if_match_the_last_writer_wins_field_by_field() {
    let stand = Stand::new().await;
    stand
        .send(put().with(json!({"company": "first", "notes": "first"})))
        .await
        .data();
    stand
        .send(put().with(json!({"notes": "second"})))
        .await
        .data();
    let stored = stand.stored().await;
    assert_eq!(
        (&stored["company"], &stored["notes"]),
        (&json!("first"), &json!("second"))
    );
}
