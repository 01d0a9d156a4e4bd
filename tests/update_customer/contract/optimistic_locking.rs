//! `X-Customer-Version`, `If-Match` and `If-None-Match`. `src/http/preconditions.rs` has the cases of the headers.

use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use crate::support::assertions::{
    assert_error, assert_headers, assert_invalid_request, assert_version,
};
use crate::support::{PutRequest, Response, TestApp, put};

const STALE: &str = "If-Match does not match the customer's current version; apply the change to data and \
                     send it with the version in X-Customer-Version";

/// The response is a 412 with this version, and with the customer as stored in the shape of a 200.
#[track_caller]
fn assert_conflict(case: &str, response: &Response, message: &str, version: &str, stored: &Value) {
    assert_error(case, response, 412, "version_conflict", message);
    assert_headers(response, &[("x-customer-version", version)]);
    let mut shown = stored.clone();
    for internal in ["version", "updatedBy"] {
        shown.as_object_mut().unwrap().remove(internal);
    }
    assert_eq!(response.body["data"], shown, "{case}");
}

#[tokio::test]
async fn each_write_increments_the_version_and_none_is_0() {
    let app = TestApp::new().await;
    for version in [7, 8, 9] {
        assert_version("a write", &app.send(put()).await, 200, version);
        assert_eq!(app.stored().await["version"], version);
    }
    // An absent version is 0.
    for (if_match, status, version) in [("\"0\"", 200, 1), ("\"1\"", 412, 0)] {
        app.store_sample(|customer| drop(customer.as_object_mut().unwrap().remove("version")))
            .await;
        let response = app.send(put().if_match(if_match)).await;
        assert_version(if_match, &response, status, version);
    }
}

#[tokio::test]
async fn current_version_lists_and_star_match() {
    let app = TestApp::new().await;
    for value in ["\"6\"", "\"1\", W/\"9\", \"6\"", "*", "\"0\",\"6\""] {
        app.store_sample(|_| ()).await;
        assert_eq!(app.send(put().if_match(value)).await.status, 200, "{value}");
    }
    let two_headers = put().if_match("\"1\"").and_header("If-Match", "\"6\"");
    for event in [two_headers.rest_api_event(), two_headers.http_api_event()] {
        app.store_sample(|_| ()).await;
        app.send_event(&event).await.data();
    }
}

#[tokio::test]
async fn stale_weak_and_foreign_tags_get_412_with_the_customer() {
    let app = TestApp::new().await;
    let before = app.stored().await;
    for value in ["\"5\"", "\"7\"", "\"1\",\"2\"", "W/\"6\"", "\"06\"", "\"\""] {
        // A change of the email must not reset `verifiedEmail` either.
        let request = put().with(json!({"email": "new@aximcommerce.com"}));
        let response = app.send(request.if_match(value)).await;
        assert_conflict(value, &response, STALE, "\"6\"", &before);
        assert_eq!(app.stored().await, before, "{value}");
    }
}

#[tokio::test]
async fn data_of_a_412_can_be_merged_and_sent_again() {
    let app = TestApp::new().await;
    let request = put().with(json!({"notes": "merged"}));
    let conflict = app.send(request.if_match("\"5\"")).await;
    let mut data = conflict.body["data"].clone();
    data["notes"] = json!("merged");
    let version = conflict.header("x-customer-version").unwrap();
    let response = app.send(put().json(&data).if_match(version)).await;
    assert_eq!(response.data()["notes"], "merged");
    assert_eq!(response.data()["firstName"], "Jon", "as stored");
}

#[tokio::test]
async fn retry_after_a_lost_response_gets_200() {
    let app = TestApp::new().await;
    let body = r#"{"firstName": "John", "lastName": "Doe", "email": "new@aximcommerce.com", "notes": "",
        "address": [], "metaFields": [{"code": "c", "value": [1e2, 1.50, {"a": null}, "x", true]}]}"#;
    let request = put().body(body).if_match("\"6\"");
    let first = app.send(request.clone()).await;
    assert_version("the first attempt", &first, 200, 7);
    let stored = app.stored().await;
    assert_eq!(app.send(request).await, first);
    assert_eq!(app.stored().await, stored);
}

#[tokio::test]
async fn stale_update_with_a_change_is_not_a_retry() {
    let app = TestApp::new().await;
    let applied = put().sample().if_match("\"6\"");
    assert_eq!(app.send(applied.clone()).await.status, 200);
    for change in [
        json!({"notes": "other"}),
        json!({"notes": ""}),
        json!({"metaFields": [{"code": "p21_contact_id", "value": 12549}]}),
        json!({"address": [{"city": "Elizabeth"}]}),
    ] {
        let response = app.send(put().with(change.clone()).if_match("\"6\"")).await;
        assert_eq!(response.status, 412, "{change}");
    }
    let other_writer = put().with(json!({"notes": "another writer"}));
    app.send(other_writer).await.data();
    assert_version("changed since", &app.send(applied).await, 412, 8);
}

#[tokio::test]
async fn cleared_field_is_held_by_an_absent_and_by_any_empty_attribute() {
    let app = TestApp::new().await;
    let names = ["phoneNumber", "company", "notes", "address", "metaFields"];
    let clear = json!({
        "firstName": "Jon", "phoneNumber": "", "company": "", "notes": "", "address": [], "metaFields": []
    });
    for empty in [None, Some(json!("")), Some(json!(null)), Some(json!([]))] {
        app.store_sample(|customer| {
            for name in names {
                customer.as_object_mut().unwrap().remove(name);
                if let Some(empty) = &empty {
                    customer[name] = empty.clone();
                }
            }
        })
        .await;
        let before = app.stored().await;
        let response = app.send(put().with(clear.clone()).if_match("\"5\"")).await;
        assert_eq!(response.data()["company"], "", "{empty:?}");
        assert_eq!(response.data()["address"], json!([]), "{empty:?}");
        assert_eq!(app.stored().await, before, "{empty:?}");
    }
}

#[tokio::test]
async fn if_none_match_star_never_updates() {
    let app = TestApp::new().await;
    let before = app.stored().await;
    let star = |request: PutRequest| request.header("If-None-Match", "*");
    for request in [
        put(),
        put().if_match("*"),
        put().if_match("\"6\""),
        // The customer already holds it.
        put().with(json!({"firstName": "Jon"})).if_match("\"5\""),
    ] {
        let response = app.send(star(request)).await;
        let message = "The customer exists; remove If-None-Match to update it";
        assert_conflict("If-None-Match: *", &response, message, "\"6\"", &before);
        assert_eq!(app.stored().await, before);
    }
    assert_eq!(app.send(star(put().id("nobody"))).await.status, 404);
    assert_eq!(app.stored_with_id("nobody").await, None);
    let response = app.send(put().header("If-None-Match", "\"6\"")).await;
    let message = "If-None-Match must be *; to update only a certain version, use If-Match";
    assert_invalid_request("a version", &response, message);
}
