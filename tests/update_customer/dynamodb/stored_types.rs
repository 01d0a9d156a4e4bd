//! What another system stored with another type than documented: it is shown in the documented type and
//! never blocks an update (`docs/API.md#data`).

use aws_sdk_dynamodb::types::AttributeValue;
use pretty_assertions::assert_eq;
use proptest::prelude::*;
use serde_json::{Value, json};
use testkit::tables;

use crate::support::assertions::assert_version;
use crate::support::property::{check, every_type, number, stored_attributes, stored_items};
use crate::support::{
    CUSTOMER_ID, Item, SAMPLE_REQUEST, TestApp, new_email, new_notes, put, sample_customer,
};

/// The version after the last update that is possible.
const HIGHEST: &str = "\"18446744073709551615\"";

/// The sample customer with this attribute.
fn item_with(name: &str, value: &AttributeValue) -> Item {
    let mut item = tables::item(&sample_customer());
    item.insert(name.to_owned(), value.clone());
    item
}

#[tokio::test]
async fn attribute_of_any_type_is_shown_in_the_documented_type_and_kept() {
    let app = TestApp::new().await;
    let mut differences = Vec::new();
    for name in stored_attributes() {
        let shown_as = match name.as_str() {
            "firstName" | "lastName" | "email" | "notes" | "updatedAt" | "updatedBy"
            | "version" => continue,
            "verifiedEmail" | "newsletter" | "isB2B" => 1,
            "metaFields" | "address" => 2,
            "createdBy" => 3,
            _ => 0,
        };
        for (value, shown) in every_type() {
            let mut customer = item_with(&name, &value);
            customer.insert("loyaltyTier".to_owned(), value.clone());
            app.store_item(customer).await;
            let response = app.send(new_notes()).await;
            let (found, shown) = (&response.body["data"][&name], &shown[shown_as]);
            if found != shown {
                differences.push(format!("{name} {value:?}: {found} instead of {shown}"));
            }
            let stored = app.stored_item(CUSTOMER_ID).await.unwrap();
            assert_eq!(stored[&name], value, "{name} is kept");
            assert_eq!(stored["loyaltyTier"], value, "an unknown attribute is kept");
        }
    }
    assert!(differences.is_empty(), "\n{}", differences.join("\n"));
}

#[tokio::test]
async fn attribute_of_any_type_is_overwritten_by_an_update_that_sets_it() {
    let app = TestApp::new().await;
    for (value, _) in every_type() {
        let mut customer = tables::item(&sample_customer());
        let names = stored_attributes().into_iter();
        let names = names.filter(|name| name != "version");
        customer.extend(names.map(|name| (name, value.clone())));
        app.store_item(customer).await;
        let response = app.send(put().sample()).await;
        assert_eq!(response.data()["firstName"], "John", "{value:?}");
        let stored = app.stored().await;
        let sample: Value = serde_json::from_str(SAMPLE_REQUEST).unwrap();
        for (name, sent) in sample.as_object().unwrap() {
            assert_eq!(stored[name], *sent, "{value:?}");
        }
    }
}

#[tokio::test]
async fn verified_email_of_any_other_type_is_reset_when_the_email_changes() {
    let app = TestApp::new().await;
    for (value, _) in every_type() {
        app.store_item(item_with("verifiedEmail", &value)).await;
        let response = app.send(new_email()).await;
        assert_eq!(response.data()["verifiedEmail"], false, "{value:?}");
        let stored = app.stored_item(CUSTOMER_ID).await.unwrap();
        let stored = &stored["verifiedEmail"];
        let is_false = matches!(
            stored,
            AttributeValue::Bool(false) | AttributeValue::Null(true)
        );
        assert!(is_false, "{value:?} became {stored:?}");
    }
}

#[tokio::test]
async fn version_that_cannot_be_incremented_gets_500_and_nothing_is_written() {
    let app = TestApp::new().await;
    let numbers = "-1 -0.5 18446744073709551615 18446744073709551616 1e30";
    let numbers = numbers.split(' ').map(number);
    let others = every_type().into_iter().map(|(value, _)| value);
    for version in numbers.chain(others.filter(|value| !value.is_n())) {
        app.store_item(item_with("version", &version)).await;
        let before = app.stored_item(CUSTOMER_ID).await;
        for request in [put(), put().if_match("\"6\""), put().if_match("\"0\"")] {
            let (response, log) = app.send_and_log(request).await;
            let found = (response.status, response.header("retry-after"));
            assert_eq!(found, (500, None), "{version:?}");
            let cause = log.line()["cause"].to_string();
            assert!(cause.contains("version"), "{version:?}: {cause}");
            assert_eq!(app.stored_item(CUSTOMER_ID).await, before, "{version:?}");
        }
    }
    app.store_sample(|customer| customer["version"] = json!(u64::MAX - 1))
        .await;
    let last = app.send(put()).await;
    assert_eq!(last.header("x-customer-version"), Some(HIGHEST));
}

#[tokio::test]
async fn fraction_of_a_version_is_kept_shown_cut_off_and_matches_nothing() {
    let app = TestApp::new().await;
    app.store_item(item_with("version", &number("6.5"))).await;
    let stale = app.send(put().if_match("\"6\"")).await;
    assert_version("stale", &stale, 412, 6);
    assert_version("updated", &app.send(put()).await, 200, 7);
    let stored = app.stored_item(CUSTOMER_ID).await.unwrap();
    assert_eq!(stored["version"], number("7.5"));
}

/// What is shown of a customer, sent back, changes no value or gets a 400 that points at the entry.
#[test]
fn any_stored_item_is_shown_so_that_sending_it_back_changes_nothing() {
    check(150, stored_items(), |app, item| async move {
        app.store_item(item).await;
        let first = app.send(put()).await;
        if first.status == 500 {
            return Ok(());
        }
        let second = app.send(put().json(first.data())).await;
        match second.status {
            400 => prop_assert!(!second.validation_errors().is_empty()),
            // The version is the highest one.
            500 => prop_assert_eq!(first.header("x-customer-version"), Some(HIGHEST)),
            _ => {}
        }
        if second.status != 200 {
            return Ok(());
        }
        let (mut first, mut second) = (first.data().clone(), second.data().clone());
        for data in [&mut first, &mut second] {
            data["updatedAt"] = Value::Null;
        }
        prop_assert_eq!(second, first);
        Ok(())
    });
}
