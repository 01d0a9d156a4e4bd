//! What other writers did before, or do between the writes of one request.

use std::sync::Arc;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};
use update_customer::attribute::Item;

use crate::faulty::{assert_internal_error, assert_stored, new_email, new_notes, stand};
use crate::support::{CUSTOMER_ID, Calls, Fault, Stand, store};

/// Another writer that puts the sample with this change.
pub fn other_writer(stand: &Stand, change: impl Fn(&mut Value) + Send + Sync + 'static) -> Fault {
    let (client, table) = (stand.client.clone(), stand.customers.clone());
    Fault::Meanwhile(Arc::new(move || {
        let mut customer = store::sample_customer();
        change(&mut customer);
        let put = client
            .put_item()
            .table_name(&table)
            .set_item(Some(store::item(&customer)));
        Box::pin(async { drop(put.send().await.unwrap()) })
    }))
}

#[tokio::test]
async fn a_customer_deleted_between_the_writes_is_404_and_not_made_again() {
    let (stand, faulty) = stand().await;
    let (client, table) = (stand.client.clone(), stand.customers.clone());
    let delete = move || -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>> {
        let delete = client
            .delete_item()
            .table_name(&table)
            .key("id", AttributeValue::S(CUSTOMER_ID.into()));
        Box::pin(async { drop(delete.send().await.unwrap()) })
    };
    faulty.on(
        "UpdateItem",
        Calls::Nth(2),
        Fault::Meanwhile(Arc::new(delete)),
    );
    let answer = stand.send(new_email()).await;
    assert_eq!(
        (answer.status, &answer.body["code"]),
        (404, &json!("customer_not_found"))
    );
    assert_eq!(faulty.calls("UpdateItem"), 2);
    assert_eq!(stand.stored_with_id(CUSTOMER_ID).await, None);
}

#[tokio::test]
async fn an_email_that_others_keep_changing_is_500_after_three_writes_and_stays_theirs() {
    let (stand, faulty) = stand().await;
    for nth in 1..=3 {
        let other = other_writer(&stand, move |customer| {
            customer["email"] = json!(format!("other-{nth}@aximcommerce.com"));
        });
        faulty.on("UpdateItem", Calls::Nth(nth), other);
    }
    assert_internal_error("email", &stand.send_and_log(new_email()).await, Some("1"));
    assert_eq!(faulty.calls("UpdateItem"), 3);
    assert_stored(
        "email",
        &stand,
        json!({"email": "other-3@aximcommerce.com"}),
        0,
    )
    .await;
}

#[tokio::test]
async fn an_email_that_another_changes_once_is_200_and_not_verified() {
    let (stand, faulty) = stand().await;
    let other = other_writer(&stand, |customer| {
        customer["email"] = json!("other@aximcommerce.com")
    });
    faulty.on("UpdateItem", Calls::Nth(2), other);
    let answer = stand.send(new_email()).await;
    assert_eq!(answer.data()["verifiedEmail"], false);
    assert_eq!(faulty.calls("UpdateItem"), 3);
    let changes = json!({
        "email": "new@aximcommerce.com", "verifiedEmail": false, "notes": "set by this request"
    });
    assert_stored("email", &stand, changes, 1).await;
}

/// The names of what the sample customer has stored beside its key.
fn stored_attributes() -> Vec<String> {
    let sample = store::sample_customer();
    sample
        .as_object()
        .unwrap()
        .keys()
        .filter(|name| *name != "id")
        .cloned()
        .collect()
}

/// A value of each of DynamoDB's types.
fn every_type() -> [(&'static str, AttributeValue); 10] {
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
async fn an_attribute_of_any_type_is_the_contracts_200_or_a_logged_500_and_stays() {
    let stand = Stand::new().await;
    for name in stored_attributes() {
        // The types that have an answer. Bytes are text in base64.
        let (set_by_the_request, right): (bool, &[&str]) = match name.as_str() {
            "firstName" | "lastName" | "email" | "notes" | "updatedAt" | "updatedBy" => (true, &[]),
            "verifiedEmail" | "newsletter" | "isB2B" => (false, &["BOOL", "NULL"]),
            "metaFields" | "address" => (false, &["L", "NULL"]),
            "createdBy" => (false, &["M", "NULL"]),
            "version" => (false, &["N"]),
            _ => (false, &["S", "B", "NULL"]),
        };
        for (kind, value) in every_type() {
            let mut customer = store::item(&store::sample_customer());
            customer.insert(name.clone(), value.clone());
            customer.insert("loyaltyTier".to_owned(), value.clone());
            stand.store_item(customer.clone()).await;
            let (answer, log) = stand.send_and_log(new_notes()).await;
            if set_by_the_request || right.contains(&kind) {
                assert_eq!(answer.status, 200, "{name} {kind}: {}", log.text());
            } else {
                assert_internal_error(&name, &(answer, log), None);
            }

            let stored = stand.stored_item(CUSTOMER_ID).await.unwrap();
            assert_eq!(stored["loyaltyTier"], value, "{name} {kind}");
            match name.as_str() {
                "version" if kind == "N" => {
                    assert_eq!(stored[&name], AttributeValue::N("8".into()))
                }
                "version" => assert_eq!(stored, customer, "nothing can be added to {kind}"),
                _ if set_by_the_request => {
                    assert!(matches!(stored[&name], AttributeValue::S(_)), "{name}")
                }
                _ => assert_eq!(stored[&name], value, "{name} {kind}"),
            }
        }
    }
}

#[tokio::test]
async fn missing_attributes_are_empty_and_unknown_ones_stay() {
    let stand = Stand::new().await;
    for name in stored_attributes() {
        stand
            .store_sample(|customer| {
                customer.as_object_mut().unwrap().remove(&name);
                customer["loyaltyTier"] = json!({"level": [3, null, "x"]});
            })
            .await;
        stand.send(new_notes()).await.data();
        assert_eq!(
            stand.stored().await["loyaltyTier"],
            json!({"level": [3, null, "x"]}),
            "{name}"
        );
    }
}
