//! The stored customer after a request.

use aws_sdk_dynamodb::types::AttributeValue;
use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use crate::support::{CUSTOMER_ID, SAMPLE_REQUEST, TestApp, put, sample_customer, text};

#[tokio::test]
async fn fields_are_stored_as_sent_and_others_are_kept() {
    let app = TestApp::new().await;
    let unknown = json!({"level": [3, null, "x"]});
    app.store_sample(|customer| customer["loyaltyTier"] = unknown.clone())
        .await;
    let response = app.send(put().sample()).await;
    let mut expected = sample_customer();
    let sent: Value = serde_json::from_str(SAMPLE_REQUEST).unwrap();
    for (name, value) in sent.as_object().unwrap() {
        expected[name] = value.clone();
    }
    expected["loyaltyTier"] = unknown;
    expected["version"] = json!(7);
    expected["updatedBy"] = json!("demo-erp");
    expected["verifiedEmail"] = json!(false);
    expected["updatedAt"] = response.data()["updatedAt"].clone();
    assert_eq!(app.stored().await, expected);
}

#[tokio::test]
async fn values_have_native_dynamodb_types() {
    let app = TestApp::new().await;
    let value = json!({"s": "x", "n": 12.25, "b": true, "z": null, "l": [1], "m": {}});
    let fields = json!({
        "address": [{"isDefaultAddress": true}], "metaFields": [{"code": "c", "value": value}]
    });
    app.send(put().with(fields)).await.data();
    let item = app.stored_item(CUSTOMER_ID).await.unwrap();
    let entry = |list: &str| item[list].as_l().unwrap()[0].as_m().unwrap();
    let is_default = &entry("address")["isDefaultAddress"];
    assert_eq!(*is_default, AttributeValue::Bool(true));
    let number = |text: &str| AttributeValue::N(text.to_owned());
    let expected = [
        ("s", text("x")),
        ("n", number("12.25")),
        ("b", AttributeValue::Bool(true)),
        ("z", AttributeValue::Null(true)),
        ("l", AttributeValue::L(vec![number("1")])),
        ("m", AttributeValue::M([].into())),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value));
    let expected = AttributeValue::M(expected.into());
    assert_eq!(entry("metaFields")["value"], expected);
    assert_eq!(item["version"], number("7"));
}

#[tokio::test]
async fn missing_customer_gets_404_and_is_not_created() {
    let app = TestApp::new().await;
    for if_match in ["*", "\"0\"", "\"7\"", "W/\"7\""] {
        let request = put().id("nobody");
        for request in [request.clone(), request.if_match(if_match)] {
            let response = app.send(request).await;
            let found = (response.status, response.header("x-customer-version"));
            assert_eq!(found, (404, None), "{if_match}");
            assert_eq!(app.stored_with_id("nobody").await, None);
        }
    }
}

#[tokio::test]
async fn omitted_fields_are_kept_and_empty_values_clear_fields() {
    let app = TestApp::new().await;
    let before = app.stored().await;
    for (name, empty) in [
        ("phoneNumber", json!("")),
        ("status", json!("")),
        ("company", json!("")),
        ("notes", json!("")),
        ("address", json!([])),
        ("metaFields", json!([])),
    ] {
        app.store_sample(|_| ()).await;
        let response = app.send(put()).await;
        assert_eq!(response.data()[name], before[name], "{name} is omitted");
        assert_eq!(app.stored().await[name], before[name], "{name} is omitted");
        let response = app.send(put().with(json!({name: empty}))).await;
        assert_eq!(response.data()[name], empty, "{name} is cleared");
        assert_eq!(app.stored().await.get(name), None, "{name} is cleared");
    }
}

#[tokio::test]
async fn lists_replace_stored_lists_as_they_are_sent() {
    let app = TestApp::new().await;
    let empty = json!({
        "firstName": "", "lastName": "", "phoneNumber": "", "address1": "", "address2": "", "city": "",
        "state": "", "country": "", "zipcode": ""
    });
    let sent =
        json!([{"city": "B", "state": null, "isDefaultAddress": null}, {"city": "A"}, empty]);
    // Null leaves a member of an address out, and no address becomes the default.
    let address = json!([{"city": "B"}, {"city": "A"}, empty]);
    let meta_fields = json!([{"code": "z", "value": null}, {"code": "a", "value": 2}]);
    let fields = json!({"address": sent, "metaFields": meta_fields});
    let response = app.send(put().with(fields)).await;
    let stored = app.stored().await;
    for customer in [response.data(), &stored] {
        assert_eq!(customer["address"], address);
        assert_eq!(customer["metaFields"], meta_fields);
    }
}

#[tokio::test]
async fn text_keeps_every_character() {
    let app = TestApp::new().await;
    let text = " e\u{301} é 😀 \u{200b}\u{200f} <b>&amp;</b> '\"\\ ";
    let fields = json!({"company": text, "lastName": text});
    let response = app.send(put().with(fields)).await;
    let stored = app.stored().await;
    for customer in [response.data(), &stored] {
        assert_eq!(customer["company"], text);
        assert_eq!(customer["lastName"], text);
    }
}

#[tokio::test]
async fn email_change_by_more_than_letter_case_resets_the_flag_in_one_write() {
    let app = TestApp::new().await;
    for (email, flag, expected) in [
        ("new@aximcommerce.com", Some(true), json!(false)),
        ("John.DOE@AximCommerce.com", Some(true), json!(true)),
        ("john.doe@aximcommerce.com", Some(true), json!(true)),
        ("john.doe@aximcommerce.com", Some(false), json!(false)),
        ("new@aximcommerce.com", None, Value::Null),
    ] {
        app.store_sample(|customer| {
            customer.as_object_mut().unwrap().remove("verifiedEmail");
            if let Some(flag) = flag {
                customer["verifiedEmail"] = json!(flag);
            }
        })
        .await;
        let response = app.send(put().with(json!({"email": email}))).await;
        let shown = &response.data()["verifiedEmail"];
        assert_eq!(*shown, expected == true, "{email} {flag:?}");
        let stored = app.stored().await;
        assert_eq!(stored["email"], email);
        assert_eq!(stored["version"], 7, "one write");
        let stored = stored.get("verifiedEmail").unwrap_or(&Value::Null);
        assert_eq!(*stored, expected, "{email} {flag:?}");
    }
    app.store_sample_without("email").await;
    let first = app.send(put()).await;
    assert_eq!(first.data()["verifiedEmail"], false, "the first email");
}

#[tokio::test]
async fn list_entries_are_shown_as_stored() {
    let app = TestApp::new().await;
    let entries = json!([{"code": 1, "value": "x", "other": []}, "text", 7, null, [1], {}]);
    app.store_sample(|customer| {
        customer["address"] = entries.clone();
        customer["metaFields"] = entries.clone();
    })
    .await;
    let response = app.send(put()).await;
    assert_eq!(response.data()["address"], entries);
    assert_eq!(response.data()["metaFields"], entries);
    let again = app.send(put().json(response.data())).await;
    let errors = again.validation_errors();
    for entry in ["/address/0", "/address/1", "/metaFields/0/code"] {
        let is_listed = errors.iter().any(|error| error.starts_with(entry));
        assert!(is_listed, "{entry}: {errors:#?}");
    }
}

#[tokio::test]
async fn number_longer_than_64_characters_is_shown_with_an_exponent() {
    let app = TestApp::new().await;
    let sent = "[1e63, 1e64, -1e62, -1e63, 1e125, 1e-63, 12e-64, 12345e60]";
    let body = SAMPLE_REQUEST.replace("12548", sent);
    let response = app.send(put().body(body)).await;
    let zeros = |count: usize| "0".repeat(count);
    let (positive, negative) = (zeros(63), zeros(62));
    let shown = format!("[1{positive},1e64,-1{negative},-1e63,1e125,1e-63,1.2e-63,1.2345e64]");
    assert!(response.text.contains(&shown), "{}", response.text);
}
