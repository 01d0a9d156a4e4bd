//! Other writers: between a request's writes, and many at once.

use std::sync::Arc;

use pretty_assertions::assert_eq;
use serde_json::json;
use tokio::task::JoinSet;

use crate::support::assertions::{
    assert_internal_error, assert_logged_internal_error, assert_not_found, assert_stored,
    assert_version,
};
use crate::support::{CUSTOMER_ID, Calls, Engine, Fault, TestApp, new_email, new_notes, put, text};

#[tokio::test]
async fn customer_deleted_between_writes_is_not_recreated() {
    let (app, proxy) = TestApp::behind_faults().await;
    let tables = Arc::clone(&app.tables);
    let other = Fault::other_writer(move || {
        let tables = Arc::clone(&tables);
        async move { tables.delete(CUSTOMER_ID).await }
    });
    proxy.inject("UpdateItem", Calls::Nth(2), other);
    assert_not_found("deleted", &app.send(new_email()).await);
    assert_eq!(proxy.calls("UpdateItem"), 2);
    assert_eq!(app.stored_with_id(CUSTOMER_ID).await, None);
}

#[tokio::test]
async fn email_changed_by_another_writer_is_observed_in_at_most_three_writes() {
    let own = json!({
        "email": "new@aximcommerce.com", "verifiedEmail": false, "notes": "set by this request"
    });
    let other = json!({"email": "other-3@aximcommerce.com"});
    for (other_writers, status, changes) in [(2..=2, 200, own), (1..=3, 500, other)] {
        let (app, proxy) = TestApp::behind_faults().await;
        for nth in other_writers {
            let email = json!(format!("other-{nth}@aximcommerce.com"));
            let other = app.other_writer(move |customer| customer["email"] = email.clone());
            proxy.inject("UpdateItem", Calls::Nth(nth), other);
        }
        let response = app.send_and_log(new_email()).await;
        match status {
            200 => assert_eq!(response.0.data()["verifiedEmail"], false),
            _ => _ = assert_logged_internal_error("three", &response, Some("1")),
        }
        assert_eq!(proxy.calls("UpdateItem"), 3);
        let writes = u64::from(status == 200);
        assert_stored("other writers", &app, &changes, writes).await;
    }
}

/// The first write gets no response, and another writer comes before the second one. 412 says that nothing
/// is stored, so the version must show it.
#[tokio::test]
async fn conflict_after_a_lost_response_gets_500_unless_nothing_is_stored() {
    for (engine, version, shown) in [
        (Engine::Untouched, 5.0, Some(5)),
        (Engine::Untouched, 6.5, Some(6)),
        (Engine::Untouched, 7.0, None),
        (Engine::Applied, 8.0, None),
    ] {
        let (app, proxy) = TestApp::behind_faults().await;
        proxy.inject("UpdateItem", Calls::Nth(1), Fault::Close(engine));
        let other = app.other_writer(move |customer| {
            customer["notes"] = json!("set by another writer");
            customer["version"] = json!(version);
            // Another request of the same caller.
            customer["updatedBy"] = json!("demo-erp");
        });
        proxy.inject("UpdateItem", Calls::Nth(2), other);
        let response = app.send_and_log(new_notes().if_match("\"6\"")).await;
        if let Some(version) = shown {
            assert_version("no later version", &response.0, 412, version);
        } else {
            let cause = assert_logged_internal_error("conflict", &response, Some("1"));
            assert!(cause.contains("may be stored"), "{cause}");
        }
        assert_eq!(proxy.calls("UpdateItem"), 2);
        assert_eq!(app.stored().await["notes"], "set by another writer");
    }
}

/// `updatedAt` and `updatedBy` tell that the update is stored, after another writer that leaves both and the
/// version alone.
#[tokio::test]
async fn own_write_is_recognised_after_another_writer_that_leaves_the_version_alone() {
    for (attribute, status) in [("loyaltyTier", 200), ("notes", 500)] {
        let (app, proxy) = TestApp::behind_faults().await;
        proxy.inject("UpdateItem", Calls::Nth(1), Fault::Close(Engine::Applied));
        let update = app.tables.client.update_item().key("id", text(CUSTOMER_ID));
        let update = update.table_name(&app.tables.customers);
        let update = update.update_expression(format!("SET {attribute} = :value"));
        let update = update.expression_attribute_values(":value", text("another writer"));
        let other = Fault::other_writer(move || {
            let update = update.clone();
            async { drop(update.send().await.unwrap()) }
        });
        proxy.inject("UpdateItem", Calls::Nth(2), other);
        let response = app.send(new_notes().if_match("\"6\"")).await;
        match status {
            200 => assert_version(attribute, &response, 200, 7),
            _ => assert_internal_error(attribute, &response, Some("1")),
        }
        let mut changes = json!({"notes": "set by this request"});
        changes[attribute] = json!("another writer");
        assert_stored(attribute, &app, &changes, 1).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_of_different_fields_all_succeed() {
    let app = Arc::new(TestApp::new().await);
    let fields = [
        ("phoneNumber", json!("65161899")),
        ("status", json!("blocked")),
        ("company", json!("another")),
        ("notes", json!("from the shop")),
        ("address", json!([{"city": "Newark"}])),
        ("metaFields", json!([{"code": "erp", "value": 1}])),
    ];
    let mut writers = JoinSet::new();
    for (name, value) in std::iter::repeat_n(fields.clone(), 5).flatten() {
        let app = Arc::clone(&app);
        writers.spawn(async move {
            app.send(put().with(json!({name: value}))).await.data();
        });
    }
    writers.join_all().await;
    let stored = app.stored().await;
    for (name, value) in fields {
        assert_eq!(stored[name], value, "{name}");
    }
    assert_eq!(stored["version"], 36, "each of 30 writes increments it");
}

#[tokio::test(flavor = "multi_thread")]
async fn same_if_match_has_exactly_one_winner() {
    let app = Arc::new(TestApp::new().await);
    let mut writers = JoinSet::new();
    for number in 0..30 {
        let app = Arc::clone(&app);
        writers.spawn(async move {
            let notes = format!("writer {number}");
            let request = put().with(json!({"notes": notes})).if_match("\"6\"");
            (app.send(request).await.status, notes)
        });
    }
    let mut outcomes = writers.join_all().await;
    outcomes.retain(|(status, _)| *status != 412);
    let stored = app.stored().await;
    let winner = stored["notes"].as_str().unwrap().to_owned();
    assert_eq!(outcomes, [(200, winner)]);
    assert_eq!(stored["version"], 7);
}
