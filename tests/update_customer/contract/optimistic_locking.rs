//! `X-Customer-Version` and `If-Match`.

use pretty_assertions::assert_eq;
use serde_json::json;

use crate::dynamodb::errors::assert_error;
use crate::support::{TestApp, put};

#[tokio::test]
async fn each_write_increments_the_version() {
    let app = TestApp::new().await;
    for version in ["\"7\"", "\"8\"", "\"9\""] {
        assert_eq!(
            app.send(put()).await.header("x-customer-version"),
            Some(version)
        );
    }
    assert_eq!(app.stored().await["version"], 9);
}

#[tokio::test]
async fn absent_version_means_0() {
    let app = TestApp::new().await;
    let unversioned =
        || app.store_sample(|customer| _ = customer.as_object_mut().unwrap().remove("version"));
    unversioned().await;
    assert_eq!(
        app.send(put().if_match("\"0\""))
            .await
            .header("x-customer-version"),
        Some("\"1\"")
    );
    unversioned().await;
    let stale = app.send(put().if_match("\"1\"")).await;
    assert_eq!(
        (stale.status, stale.header("x-customer-version")),
        (412, Some("\"0\""))
    );
    app.store_sample(|customer| customer["version"] = json!(0))
        .await;
    assert_eq!(app.send(put().if_match("\"0\"")).await.status, 200);
}

#[tokio::test]
async fn current_version_lists_and_star_match() {
    let app = TestApp::new().await;
    for value in [
        "\"6\"",
        "\"1\", \"6\"",
        "W/\"9\", \"6\"",
        "*",
        "\"0\",\"6\"",
    ] {
        app.store_sample(|_| ()).await;
        assert_eq!(app.send(put().if_match(value)).await.status, 200, "{value}");
    }
}

#[tokio::test]
async fn stale_weak_and_foreign_tags_get_412() {
    let app = TestApp::new().await;
    let before = app.stored().await;
    for value in [
        "\"5\"",
        "\"7\"",
        "\"0\"",
        "\"1\",\"2\"",
        "W/\"6\"",
        "\"06\"",
        "\"six\"",
        "\"é\"",
        "\"\"",
    ] {
        let response = app.send(put().if_match(value)).await;
        assert_eq!(
            (response.status, &response.body["code"]),
            (412, &json!("version_conflict")),
            "{value}"
        );
        assert_eq!(
            response.header("x-customer-version"),
            Some("\"6\""),
            "{value}"
        );
        assert_eq!(app.stored().await, before, "{value}");
    }
}

#[tokio::test]
async fn malformed_if_match_gets_400() {
    let app = TestApp::new().await;
    for value in ["6", "\"6", "", "*, \"6\"", "\"6\" \"7\""] {
        let response = app.send(put().if_match(value)).await;
        assert_eq!(
            (response.status, &response.body["code"]),
            (400, &json!("invalid_request")),
            "{value}"
        );
        assert_eq!(
            response.body["message"],
            "If-Match must be * or a list of versions in double quotes, such as \"7\"; \
             X-Customer-Version has the current one"
        );
    }
}

#[tokio::test]
async fn several_if_match_headers_are_one_list() {
    let app = TestApp::new().await;
    let request = put().if_match("\"1\"").and_header("If-Match", "\"6\"");
    assert_eq!(app.send_event(&request.rest_api_event()).await.status, 200);
    let request = put().if_match("\"1\"").and_header("If-Match", "\"7\"");
    assert_eq!(app.send(request).await.status, 200);
}

#[tokio::test]
async fn retry_after_a_lost_response_gets_200() {
    let app = TestApp::new().await;
    let request = put().if_match("\"6\"");
    let first = app.send(request.clone()).await;
    assert_eq!(first.header("x-customer-version"), Some("\"7\""));
    let stored = app.stored().await;
    assert_eq!(app.send(request).await, first);
    assert_eq!(app.stored().await, stored);
}

#[tokio::test]
async fn retry_is_recognised_for_set_and_cleared_fields() {
    let app = TestApp::new().await;
    let body = r#"{"firstName": "John", "lastName": "Doe", "email": "new@aximcommerce.com", "notes": null,
        "company": "", "address": [], "metaFields": [{"code": "c", "value": [1e2, 1.50, {"a": null}, "x", true]}]}"#;
    let request = put().body(body).if_match("\"6\"");
    let first = app.send(request.clone()).await;
    assert_eq!(
        (first.status, first.header("x-customer-version")),
        (200, Some("\"7\""))
    );
    assert_eq!(app.send(request).await, first);
}

#[tokio::test]
async fn stale_update_with_a_change_is_not_a_retry() {
    let app = TestApp::new().await;
    let applied = put().sample().if_match("\"6\"");
    assert_eq!(app.send(applied.clone()).await.status, 200);
    for change in [
        json!({"notes": "other"}),
        json!({"notes": null}),
        json!({"metaFields": [{"code": "p21_contact_id", "value": 12549}]}),
        json!({"address": [{"city": "Elizabeth"}]}),
    ] {
        let response = app.send(put().with(change.clone()).if_match("\"6\"")).await;
        assert_eq!(response.status, 412, "{change}");
    }
    app.send(put().with(json!({"notes": "another writer"})))
        .await
        .data();
    assert_eq!(
        app.send(applied).await.status,
        412,
        "another writer changed the customer in between"
    );
}

#[tokio::test]
async fn if_match_also_holds_for_an_email_change() {
    let app = TestApp::new().await;
    let changed = put().with(json!({"email": "new@aximcommerce.com"}));
    assert_eq!(
        app.send(changed.clone().if_match("\"5\"")).await.status,
        412
    );
    assert_eq!(app.stored().await["verifiedEmail"], true);
    let response = app.send(changed.if_match("\"6\"")).await;
    assert_eq!(
        (
            response.header("x-customer-version"),
            &response.data()["verifiedEmail"]
        ),
        (Some("\"7\""), &json!(false))
    );
}

#[tokio::test]
async fn without_if_match_the_last_writer_wins_per_field() {
    let app = TestApp::new().await;
    app.send(put().with(json!({"company": "first", "notes": "first"})))
        .await
        .data();
    app.send(put().with(json!({"notes": "second"})))
        .await
        .data();
    let stored = app.stored().await;
    assert_eq!(
        (&stored["company"], &stored["notes"]),
        (&json!("first"), &json!("second"))
    );
}

#[tokio::test]
async fn if_none_match_star_never_updates() {
    let app = TestApp::new().await;
    let before = app.stored().await;
    let applied = before["firstName"].as_str().unwrap();
    for request in [
        put(),
        put().if_match("*"),
        put().if_match("\"6\""),
        // The customer already holds it.
        put().with(json!({"firstName": applied})).if_match("\"5\""),
    ] {
        let response = app.send(request.header("If-None-Match", "*")).await;
        assert_error(
            "If-None-Match: *",
            &response,
            412,
            "version_conflict",
            "The customer exists; remove If-None-Match to update it",
        );
        assert_eq!(response.header("x-customer-version"), Some("\"6\""));
        assert_eq!(app.stored().await, before);
    }
    let missing = put().id("nobody").header("If-None-Match", "*");
    assert_eq!(app.send(missing).await.status, 404);
    assert_eq!(app.stored_with_id("nobody").await, None);
}

#[tokio::test]
async fn other_if_none_match_gets_400() {
    let app = TestApp::new().await;
    for value in ["\"6\"", "", "W/\"6\"", "*, *"] {
        let response = app.send(put().header("If-None-Match", value)).await;
        assert_error(
            value,
            &response,
            400,
            "invalid_request",
            "If-None-Match must be *; to update only a certain version, use If-Match",
        );
    }
}

#[tokio::test]
async fn tag_that_is_no_version_never_updates() {
    let app = TestApp::new().await;
    for version in [json!(6), json!(-1), json!(null), json!("abc"), json!(0)] {
        for value in ["\"abc\"", "W/\"6\"", "\"-1\"", "\"18446744073709551615\""] {
            app.store_sample(|customer| customer["version"] = version.clone())
                .await;
            let before = app.stored().await;
            let status = app.send(put().if_match(value)).await.status;
            assert!(matches!(status, 412 | 500), "{version} {value}: {status}");
            assert_eq!(app.stored().await, before, "{version} {value}");
        }
    }
}

#[tokio::test]
async fn cleared_field_is_held_by_an_absent_and_by_any_empty_attribute() {
    let app = TestApp::new().await;
    let clear = json!({
        "firstName": "Jon", "phoneNumber": null, "company": "", "notes": null, "address": [], "metaFields": null
    });
    for empty in [None, Some(json!("")), Some(json!(null)), Some(json!([]))] {
        app.store_sample(|customer| {
            for name in ["phoneNumber", "company", "notes", "address", "metaFields"] {
                match &empty {
                    Some(empty) => customer[name] = empty.clone(),
                    None => _ = customer.as_object_mut().unwrap().remove(name),
                }
            }
        })
        .await;
        let before = app.stored().await;
        let response = app.send(put().with(clear.clone()).if_match("\"5\"")).await;
        assert_eq!(response.data()["company"], "", "{empty:?}");
        assert_eq!(response.data()["address"], json!([]), "{empty:?}");
        assert_eq!(response.header("x-customer-version"), Some("\"6\""));
        assert_eq!(app.stored().await, before, "{empty:?}");
    }
}
