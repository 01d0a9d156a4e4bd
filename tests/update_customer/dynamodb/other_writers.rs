//! Other writers: before a request, between its writes, and many at once.

use std::sync::Arc;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use pretty_assertions::assert_eq;
use serde_json::{Value, json};
use testkit::response::shortened;
use testkit::tables;
use tokio::task::JoinSet;
use update_customer::dynamodb::attribute::Item;

use crate::dynamodb::errors::assert_error;
use crate::dynamodb::failures::{
    app, assert_logged_internal_error, assert_stored, new_email, new_notes, request_line,
};
use crate::support::{CUSTOMER_ID, Calls, Engine, InjectedFault, TestApp, put, sample_customer};

/// Another writer that replaces the stored customer with the sample after `change`.
pub fn other_writer(
    app: &TestApp,
    change: impl Fn(&mut Value) + Send + Sync + 'static,
) -> InjectedFault {
    let (client, table) = (app.client.clone(), app.customers.clone());
    InjectedFault::OtherWriter(Arc::new(move || {
        let mut customer = sample_customer();
        change(&mut customer);
        let put = client
            .put_item()
            .table_name(&table)
            .set_item(Some(tables::item(&customer)));
        Box::pin(async { drop(put.send().await.unwrap()) })
    }))
}

#[tokio::test]
async fn customer_deleted_between_writes_is_not_recreated() {
    let (app, proxy) = app().await;
    let (client, table) = (app.client.clone(), app.customers.clone());
    let delete = move || -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>> {
        let delete = client
            .delete_item()
            .table_name(&table)
            .key("id", AttributeValue::S(CUSTOMER_ID.into()));
        Box::pin(async { drop(delete.send().await.unwrap()) })
    };
    proxy.inject(
        "UpdateItem",
        Calls::Nth(2),
        InjectedFault::OtherWriter(Arc::new(delete)),
    );
    let response = app.send(new_email()).await;
    let message = "Customer not found";
    assert_error("deleted", &response, 404, "customer_not_found", message);
    assert_eq!(proxy.calls("UpdateItem"), 2);
    assert_eq!(app.stored_with_id(CUSTOMER_ID).await, None);
}

#[tokio::test]
async fn contended_email_change_returns_500_after_three_writes() {
    let (app, proxy) = app().await;
    for nth in 1..=3 {
        let other = other_writer(&app, move |customer| {
            customer["email"] = json!(format!("other-{nth}@aximcommerce.com"));
        });
        proxy.inject("UpdateItem", Calls::Nth(nth), other);
    }
    let response = app.send_and_log(new_email()).await;
    assert_logged_internal_error("three other writers", &response, Some("1"));
    assert_eq!(proxy.calls("UpdateItem"), 3);
    assert_stored(
        "three other writers",
        &app,
        json!({"email": "other-3@aximcommerce.com"}),
        0,
    )
    .await;
}

#[tokio::test]
async fn email_changed_once_by_another_writer_gets_200() {
    let (app, proxy) = app().await;
    let other = other_writer(&app, |customer| {
        customer["email"] = json!("other@aximcommerce.com")
    });
    proxy.inject("UpdateItem", Calls::Nth(2), other);
    let response = app.send(new_email()).await;
    assert_eq!(response.data()["verifiedEmail"], false);
    assert_eq!(proxy.calls("UpdateItem"), 3);
    let changes = json!({
        "email": "new@aximcommerce.com", "verifiedEmail": false, "notes": "set by this request"
    });
    assert_stored("one other writer", &app, changes, 1).await;
}

/// The first write gets no response, and another writer comes before the second one.
#[tokio::test]
async fn conflict_after_a_lost_response_gets_412_only_if_the_update_is_not_stored() {
    for (engine, version) in [(Engine::Untouched, 7), (Engine::Applied, 8)] {
        let (app, proxy) = app().await;
        proxy.inject("UpdateItem", Calls::Nth(1), InjectedFault::Close(engine));
        let other = other_writer(&app, move |customer| {
            customer["notes"] = json!("set by another writer");
            customer["version"] = json!(version);
        });
        proxy.inject("UpdateItem", Calls::Nth(2), other);
        let response = app.send_and_log(new_notes().if_match("\"6\"")).await;
        if version == 7 {
            assert_eq!(response.0.status, 412);
            assert_eq!(response.0.header("x-customer-version"), Some("\"7\""));
        } else {
            let cause = assert_logged_internal_error("stored", &response, Some("1"));
            assert!(cause.contains("may be stored"), "{cause}");
        }
        assert_eq!(proxy.calls("UpdateItem"), 2);
        assert_eq!(app.stored().await["notes"], "set by another writer");
    }
}

/// The names of the sample customer's attributes without its key.
pub fn stored_attributes() -> Vec<String> {
    let sample = sample_customer();
    sample
        .as_object()
        .unwrap()
        .keys()
        .filter(|name| *name != "id")
        .cloned()
        .collect()
}

/// A value of each DynamoDB type.
pub fn every_type() -> [(&'static str, AttributeValue); 10] {
    let entry = [
        ("code", AttributeValue::S("c".into())),
        ("value", AttributeValue::N("1".into())),
    ];
    let entry: Item = entry.map(|(name, value)| (name.to_owned(), value)).into();
    [
        ("S", AttributeValue::S("text".into())),
        ("N", AttributeValue::N("7".into())),
        ("BOOL", AttributeValue::Bool(true)),
        ("NULL", AttributeValue::Null(true)),
        (
            "L",
            AttributeValue::L(vec![AttributeValue::M(entry.clone())]),
        ),
        ("M", AttributeValue::M(entry)),
        ("B", AttributeValue::B(Blob::new("bytes"))),
        ("SS", AttributeValue::Ss(vec!["one".into(), "two".into()])),
        ("NS", AttributeValue::Ns(vec!["1".into(), "2".into()])),
        (
            "BS",
            AttributeValue::Bs(vec![Blob::new("one"), Blob::new("two")]),
        ),
    ]
}

#[tokio::test]
async fn attribute_of_an_unexpected_type_gets_a_logged_500_and_nothing_is_written() {
    let app = TestApp::new().await;
    for name in stored_attributes() {
        // The types that a response can show.
        let (overwritten, valid_types): (bool, &[&str]) = match name.as_str() {
            "firstName" | "lastName" | "email" | "notes" | "updatedAt" | "updatedBy" => (true, &[]),
            "verifiedEmail" | "newsletter" | "isB2B" => (false, &["BOOL", "NULL"]),
            "metaFields" | "address" => (false, &["L", "NULL"]),
            "createdBy" => (false, &["M", "NULL"]),
            "version" => (false, &["N"]),
            _ => (false, &["S", "NULL"]),
        };
        for (kind, value) in every_type() {
            let mut customer = tables::item(&sample_customer());
            customer.insert(name.clone(), value.clone());
            customer.insert("loyaltyTier".to_owned(), value.clone());
            app.store_item(customer.clone()).await;
            let (response, log) = app.send_and_log(new_notes()).await;
            if overwritten || valid_types.contains(&kind) {
                let logged = shortened(&request_line(&log));
                assert_eq!(response.status, 200, "{name} {kind}: {logged}");
            } else {
                let case = format!("{name} {kind}");
                let cause = assert_logged_internal_error(&case, &(response, log), None);
                let expected = format!("the stored customer's attribute {name} is not a");
                assert!(cause.starts_with(&expected), "{case}: {cause}");
                let stored = app.stored_item(CUSTOMER_ID).await.unwrap();
                assert_eq!(stored, customer, "{case}");
                continue;
            }

            let stored = app.stored_item(CUSTOMER_ID).await.unwrap();
            assert_eq!(stored["loyaltyTier"], value, "{name} {kind}");
            match name.as_str() {
                "version" => assert_eq!(stored[&name], AttributeValue::N("8".into())),
                _ if overwritten => {
                    assert!(matches!(stored[&name], AttributeValue::S(_)), "{name}")
                }
                _ => assert_eq!(stored[&name], value, "{name} {kind}"),
            }
        }
    }
}

#[tokio::test]
async fn unknown_attributes_are_kept() {
    let app = TestApp::new().await;
    for name in stored_attributes() {
        app.store_sample(|customer| {
            customer.as_object_mut().unwrap().remove(&name);
            customer["loyaltyTier"] = json!({"level": [3, null, "x"]});
        })
        .await;
        app.send(new_notes()).await.data();
        assert_eq!(
            app.stored().await["loyaltyTier"],
            json!({"level": [3, null, "x"]}),
            "{name}"
        );
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
    for round in 0..5 {
        for (name, value) in fields.clone() {
            let app = Arc::clone(&app);
            writers.spawn(async move {
                let response = app.send(put().with(json!({name: value}))).await;
                assert_eq!(
                    response.status,
                    200,
                    "{round} {name}: {}",
                    shortened(&response.body)
                );
            });
        }
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
            let response = app
                .send(put().with(json!({"notes": notes})).if_match("\"6\""))
                .await;
            (response.status, notes)
        });
    }
    let outcomes = writers.join_all().await;
    let winners: Vec<_> = outcomes
        .iter()
        .filter(|(status, _)| *status == 200)
        .collect();
    assert_eq!(winners.len(), 1, "{winners:?}");
    assert!(
        outcomes
            .iter()
            .all(|(status, _)| matches!(status, 200 | 412))
    );
    let stored = app.stored().await;
    assert_eq!(
        (&stored["notes"], &stored["version"]),
        (&json!(winners[0].1), &json!(7))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn changed_email_is_never_left_verified() {
    let app = Arc::new(TestApp::new().await);
    let mut writers = JoinSet::new();
    for number in 0..10 {
        let app = Arc::clone(&app);
        writers.spawn(async move {
            let email = format!("writer-{number}@aximcommerce.com");
            let response = app.send(put().with(json!({"email": email}))).await;
            // All but the first writer find an email that is no longer verified.
            assert_eq!(
                (response.status, &response.body["data"]["verifiedEmail"]),
                (200, &json!(false))
            );
        });
    }
    writers.join_all().await;
    assert_eq!(app.stored().await["verifiedEmail"], false);
}
