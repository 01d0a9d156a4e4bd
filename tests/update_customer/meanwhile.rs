//! What other writers did before, or do between the writes of one request.

use std::sync::Arc;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};

use crate::faulty::{assert_internal_error, assert_stored, new_email, new_notes, stand};
use crate::support::{CUSTOMER_ID, Calls, Fault, Stand, store};

/// Another writer that puts the sample with this change.
pub fn other_writer(stand: &Stand, change: impl Fn(&mut Value) + Send + Sync + 'static) -> Fault {
    let (client, table) = (stand.client.clone(), stand.customers.clone());
    Fault::Meanwhile(Arc::new(move || {
        let mut customer = store::sample_customer();
        change(&mut customer);
        let put = client.put_item().table_name(&table).set_item(Some(store::item(&customer)));
        Box::pin(async { drop(put.send().await.unwrap()) })
    }))
}

#[tokio::test]
async fn a_customer_deleted_between_the_writes_is_404_and_not_made_again() {
    let (stand, faulty) = stand().await;
    let (client, table) = (stand.client.clone(), stand.customers.clone());
    let delete = move || -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>> {
        let delete = client.delete_item().table_name(&table).key("id", AttributeValue::S(CUSTOMER_ID.into()));
        Box::pin(async { drop(delete.send().await.unwrap()) })
    };
    faulty.on("UpdateItem", Calls::Nth(2), Fault::Meanwhile(Arc::new(delete)));
    let answer = stand.send(new_email()).await;
    assert_eq!((answer.status, &answer.body["code"]), (404, &json!("customer_not_found")));
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
    assert_stored("email", &stand, json!({"email": "other-3@aximcommerce.com"}), 0).await;
}

#[tokio::test]
async fn an_email_that_another_changes_once_is_200_and_not_verified() {
    let (stand, faulty) = stand().await;
    let other = other_writer(&stand, |customer| customer["email"] = json!("other@aximcommerce.com"));
    faulty.on("UpdateItem", Calls::Nth(2), other);
    let answer = stand.send(new_email()).await;
    assert_eq!(answer.data()["verifiedEmail"], false);
    assert_eq!(faulty.calls("UpdateItem"), 3);
    let changes = json!({
        "email": "new@aximcommerce.com", "verifiedEmail": false, "notes": "set by this request"
    });
    assert_stored("email", &stand, changes, 1).await;
}

#[tokio::test]
async fn every_wrongly_typed_attribute_is_a_logged_500_or_the_contracts_200() {
    let wrong = json!({"a": [1]});
    for name in store::sample_customer().as_object().unwrap().keys().filter(|name| *name != "id") {
        let (stand, _) = stand().await;
        stand.store_sample(|customer| customer[name] = wrong.clone()).await;
        let (answer, log) = stand.send_and_log(new_notes()).await;
        match name.as_str() {
            // What the request sets, and what an answer does not show.
            "firstName" | "lastName" | "notes" | "updatedAt" | "updatedBy" => {
                assert_eq!(answer.status, 200, "{name}")
            }
            // A map is right here.
            "createdBy" => assert_eq!(answer.data()["createdBy"], wrong),
            "email" => assert_eq!(answer.data()["email"], "john.doe@aximcommerce.com"),
            _ => drop(assert_internal_error(name, &(answer, log), None)),
        }
    }
}

#[tokio::test]
async fn missing_attributes_are_empty_and_unknown_ones_stay() {
    let (stand, _) = stand().await;
    for name in store::sample_customer().as_object().unwrap().keys().filter(|name| *name != "id") {
        stand
            .store_sample(|customer| {
                customer.as_object_mut().unwrap().remove(name);
                customer["loyaltyTier"] = json!({"level": [3, null, "x"]});
            })
            .await;
        stand.send(new_notes()).await.data();
        assert_eq!(stand.stored().await["loyaltyTier"], json!({"level": [3, null, "x"]}), "{name}");
    }
}
