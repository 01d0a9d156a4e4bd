//! What another system stored with another type than documented: it is shown in the documented type and
//! never blocks an update (`docs/API.md#data`).

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use pretty_assertions::assert_eq;
use proptest::prelude::*;
use serde_json::{Value, json};
use testkit::tables;

use crate::support::{
    CUSTOMER_ID, Item, TestApp, new_email, new_notes, put, sample_customer, text,
};

/// The version after the last update that is possible.
const HIGHEST: &str = "\"18446744073709551615\"";

/// The names of the sample customer's attributes without its key.
fn stored_attributes() -> Vec<String> {
    let sample = sample_customer();
    let names = sample.as_object().unwrap().keys();
    names.filter(|name| *name != "id").cloned().collect()
}

fn number(text: &str) -> AttributeValue {
    AttributeValue::N(text.to_owned())
}

/// Values of each DynamoDB type, each as a string, a boolean, a list and an object show it.
fn every_type() -> Vec<(AttributeValue, Vec<Value>)> {
    let entry = [("code", text("c")), ("value", number("1"))];
    let entry: Item = entry.map(|(name, value)| (name.to_owned(), value)).into();
    let object = AttributeValue::M(entry);
    let texts = vec!["one".to_owned(), "two".to_owned()];
    let numbers = vec!["1".to_owned(), "2".to_owned()];
    let blob = Blob::new("one");
    let values = [
        (text("text"), r#"["text", false, ["text"], {}]"#),
        (text("TRUE"), r#"["TRUE", true, ["TRUE"], {}]"#),
        (number("7"), r#"["7", true, [7], {}]"#),
        (number("0"), r#"["0", false, [0], {}]"#),
        (AttributeValue::Bool(true), r#"["true", true, [true], {}]"#),
        (AttributeValue::Null(true), r#"["", false, [], {}]"#),
        (
            AttributeValue::L(vec![number("1")]),
            r#"["[1]", false, [1], {}]"#,
        ),
        (
            object,
            r#"["{\"code\":\"c\",\"value\":1}", false, [{"code": "c", "value": 1}], {"code": "c", "value": 1}]"#,
        ),
        (
            AttributeValue::B(blob.clone()),
            r#"["b25l", false, ["b25l"], {}]"#,
        ),
        (
            AttributeValue::Bs(vec![blob]),
            r#"["[\"b25l\"]", false, ["b25l"], {}]"#,
        ),
        (
            AttributeValue::Ss(texts),
            r#"["[\"one\",\"two\"]", false, ["one", "two"], {}]"#,
        ),
        (
            AttributeValue::Ns(numbers),
            r#"["[1,2]", false, [1, 2], {}]"#,
        ),
    ];
    values
        .map(|(value, shown)| (value, serde_json::from_str(shown).unwrap()))
        .into()
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
            let mut customer = tables::item(&sample_customer());
            customer.insert(name.clone(), value.clone());
            customer.insert("loyaltyTier".to_owned(), value.clone());
            app.store_item(customer.clone()).await;
            let response = app.send(new_notes()).await;
            let found = &response.body["data"][&name];
            if (response.status, found) != (200, &shown[shown_as]) {
                let (status, shown) = (response.status, &shown[shown_as]);
                differences.push(format!(
                    "{name} {value:?}: {status} {found} instead of {shown}"
                ));
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
        let names = stored_attributes()
            .into_iter()
            .filter(|name| name != "version");
        customer.extend(names.map(|name| (name, value.clone())));
        app.store_item(customer).await;
        let response = app.send(put().sample()).await;
        assert_eq!(response.data()["firstName"], "John", "{value:?}");
        let stored = app.stored().await;
        let sample: Value = serde_json::from_str(testkit::SAMPLE_REQUEST).unwrap();
        for (name, sent) in sample.as_object().unwrap() {
            assert_eq!(stored[name], *sent, "{value:?}");
        }
    }
}

#[tokio::test]
async fn verified_email_of_any_other_type_is_reset_when_the_email_changes() {
    let app = TestApp::new().await;
    for (value, _) in every_type() {
        let mut customer = tables::item(&sample_customer());
        customer.insert("verifiedEmail".to_owned(), value.clone());
        app.store_item(customer).await;
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
    let numbers = [
        "-1",
        "-0.5",
        "18446744073709551615",
        "18446744073709551616",
        "1e30",
    ];
    let mut versions: Vec<_> = numbers.map(number).into();
    let others = every_type().into_iter().map(|(value, _)| value);
    versions.extend(others.filter(|value| !value.is_n()));
    for version in versions {
        let mut item = tables::item(&sample_customer());
        item.insert("version".to_owned(), version.clone());
        app.store_item(item).await;
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
    let mut item = tables::item(&sample_customer());
    item.insert("version".to_owned(), number("6.5"));
    app.store_item(item).await;
    let stale = app.send(put().if_match("\"6\"")).await;
    assert_eq!(
        (stale.status, stale.header("x-customer-version")),
        (412, Some("\"6\""))
    );
    assert_eq!(
        app.send(put()).await.header("x-customer-version"),
        Some("\"7\"")
    );
    assert_eq!(
        app.stored_item(CUSTOMER_ID).await.unwrap()["version"],
        number("7.5")
    );
}

/// The sample customer with attributes of any type.
pub fn stored_items() -> impl Strategy<Value = Item> {
    let versions = [
        "0",
        "6",
        "6.5",
        "-1",
        "18446744073709551614",
        "18446744073709551615",
        "1e30",
    ];
    let version = prop::sample::select(versions.to_vec());
    let version = version.prop_map(|text| ("version".to_owned(), number(text)));
    let names = prop::sample::select(stored_attributes());
    let attribute = (names, prop::sample::select(every_type()));
    let attribute = attribute.prop_map(|(name, (value, _))| (name, value));
    let removed = prop::collection::vec(prop::sample::select(stored_attributes()), 0..3);
    let changes = prop::collection::vec(prop_oneof![1 => version, 6 => attribute], 0..4);
    (changes, removed).prop_map(|(changes, removed)| {
        let mut item = tables::item(&sample_customer());
        item.retain(|name, _| !removed.contains(name));
        item.extend(changes);
        item
    })
}

/// What is shown of a customer, sent back, changes no value or gets a 400 that points at the entry.
#[test]
fn any_stored_item_is_shown_so_that_sending_it_back_changes_nothing() {
    crate::support::property::check(150, stored_items(), |app, item| async move {
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
