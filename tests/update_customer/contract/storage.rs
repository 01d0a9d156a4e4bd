//! The stored customer after a request.

use aws_sdk_dynamodb::types::AttributeValue;
use pretty_assertions::assert_eq;
use serde_json::{Value, json};
use testkit::invoke::invoke_text;
use testkit::json;
use testkit::response::shortened;
use testkit::tables;

use crate::support::{CUSTOMER_ID, SAMPLE_REQUEST, TestApp, patient, put, sample_customer};

#[tokio::test]
async fn fields_are_stored_as_sent_and_others_are_kept() {
    let app = TestApp::new().await;
    app.store_sample(|customer| customer["loyaltyTier"] = json!({"level": 3}))
        .await;
    let response = app.send(put().sample()).await;
    let mut expected = sample_customer();
    let sent: Value = serde_json::from_str(SAMPLE_REQUEST).unwrap();
    for (name, value) in sent.as_object().unwrap() {
        expected[name] = value.clone();
    }
    expected["loyaltyTier"] = json!({"level": 3});
    expected["version"] = json!(7);
    expected["updatedBy"] = json!("demo-erp");
    expected["verifiedEmail"] = json!(false);
    expected["updatedAt"] = response.data()["updatedAt"].clone();
    assert_eq!(app.stored().await, expected);
}

#[tokio::test]
async fn values_have_native_dynamodb_types() {
    let app = TestApp::new().await;
    let value = r#"{"s": "x", "n": 12.25, "b": true, "z": null, "l": [1], "m": {}}"#;
    let body = format!(
        r#"{{"firstName": "John", "lastName": "Doe", "email": "john@aximcommerce.com",
            "address": [{{"isDefaultAddress": true}}], "metaFields": [{{"code": "c", "value": {value}}}]}}"#
    );
    assert_eq!(app.send(put().body(body)).await.status, 200);
    let item = app.stored_item(CUSTOMER_ID).await.unwrap();
    let address = item["address"].as_l().unwrap()[0].as_m().unwrap();
    assert_eq!(address["isDefaultAddress"], AttributeValue::Bool(true));
    let value = item["metaFields"].as_l().unwrap()[0].as_m().unwrap()["value"]
        .as_m()
        .unwrap();
    assert_eq!(value["s"], AttributeValue::S("x".into()));
    assert_eq!(value["n"], AttributeValue::N("12.25".into()));
    assert_eq!(value["b"], AttributeValue::Bool(true));
    assert_eq!(value["z"], AttributeValue::Null(true));
    assert_eq!(
        value["l"],
        AttributeValue::L(vec![AttributeValue::N("1".into())])
    );
    assert_eq!(value["m"], AttributeValue::M(Default::default()));
    assert_eq!(item["version"], AttributeValue::N("7".into()));
}

#[tokio::test]
async fn missing_customer_gets_404_and_is_not_created() {
    let app = TestApp::new().await;
    for if_match in [
        None,
        Some("*"),
        Some("\"0\""),
        Some("\"7\""),
        Some("W/\"7\""),
    ] {
        let request = put().id("nobody");
        let request = match if_match {
            Some(value) => request.if_match(value),
            None => request,
        };
        let response = app.send(request).await;
        assert_eq!(
            (response.status, &response.body["code"]),
            (404, &json!("customer_not_found"))
        );
        assert_eq!(response.header("x-customer-version"), None);
        assert_eq!(app.stored_with_id("nobody").await, None);
    }
}

#[tokio::test]
async fn omitted_fields_are_kept() {
    let app = TestApp::new().await;
    let before = app.stored().await;
    let response = app.send(put().with(json!({}))).await;
    let after = app.stored().await;
    for name in [
        "phoneNumber",
        "status",
        "company",
        "notes",
        "address",
        "metaFields",
    ] {
        assert_eq!(after[name], before[name], "{name}");
        assert_eq!(response.data()[name], before[name], "{name}");
    }
}

#[tokio::test]
async fn null_and_empty_values_clear_fields() {
    let app = TestApp::new().await;
    let texts = ["phoneNumber", "status", "company", "notes"];
    let lists = ["address", "metaFields"];
    let cases = texts
        .iter()
        .flat_map(|name| [(name, json!(null)), (name, json!(""))]);
    let cases = cases.chain(
        lists
            .iter()
            .flat_map(|name| [(name, json!(null)), (name, json!([]))]),
    );
    for (name, value) in cases {
        app.store_sample(|_| ()).await;
        let response = app.send(put().with(json!({*name: value}))).await;
        let shown = if texts.contains(name) {
            json!("")
        } else {
            json!([])
        };
        assert_eq!(response.data()[*name], shown, "{name}: {value}");
        assert_eq!(app.stored().await.get(name), None, "{name}: {value}");
    }
}

#[tokio::test]
async fn address_drops_null_and_stores_empty_strings() {
    let app = TestApp::new().await;
    let address = json!([{
        "firstName": "", "lastName": "", "phoneNumber": "", "address1": "", "address2": "", "city": "",
        "state": "", "country": "", "zipcode": ""
    }]);
    app.send(put().with(json!({"address": address})))
        .await
        .data();
    assert_eq!(app.stored().await["address"], address);
    app.send(put().with(json!({"address": [{"city": "A", "state": null}]})))
        .await
        .data();
    assert_eq!(app.stored().await["address"], json!([{"city": "A"}]));
}

#[tokio::test]
async fn metafield_null_is_stored() {
    let app = TestApp::new().await;
    let meta_fields = json!([{"code": "c", "value": null}]);
    let response = app
        .send(put().with(json!({"metaFields": meta_fields})))
        .await;
    assert_eq!(response.data()["metaFields"], meta_fields);
    assert_eq!(app.stored().await["metaFields"], meta_fields);
}

#[tokio::test]
async fn lists_replace_stored_lists_in_the_order_sent() {
    let app = TestApp::new().await;
    let address = json!([{"city": "B"}, {"city": "A", "isDefaultAddress": true}, {"city": "B"}]);
    let meta_fields = json!([{"code": "z", "value": 1}, {"code": "a", "value": 2}]);
    let response = app
        .send(put().with(json!({"address": address, "metaFields": meta_fields})))
        .await;
    assert_eq!(response.data()["address"], address);
    assert_eq!(response.data()["metaFields"], meta_fields);
    assert_eq!(app.stored().await["address"], address);
    assert_eq!(app.stored().await["metaFields"], meta_fields);
}

#[tokio::test]
async fn function_never_makes_an_address_the_default() {
    let app = TestApp::new().await;
    let response = app
        .send(put().with(json!({"address": [{"city": "A"}]})))
        .await;
    assert_eq!(response.data()["address"], json!([{"city": "A"}]));
}

#[tokio::test]
async fn text_keeps_every_character() {
    let app = TestApp::new().await;
    let text = " e\u{301} é 😀 \u{200b}\u{200f} <b>&amp;</b> '\"\\ ";
    let response = app
        .send(put().with(json!({"company": text, "lastName": text})))
        .await;
    assert_eq!(response.data()["company"], text);
    assert_eq!(app.stored().await["company"], text);
    assert_eq!(app.stored().await["lastName"], text);
}

#[tokio::test]
async fn changed_email_is_no_longer_verified() {
    let app = TestApp::new().await;
    let response = app
        .send(put().with(json!({"email": "new@aximcommerce.com"})))
        .await;
    assert_eq!(response.data()["verifiedEmail"], false);
    let stored = app.stored().await;
    assert_eq!(
        (&stored["verifiedEmail"], &stored["email"]),
        (&json!(false), &json!("new@aximcommerce.com"))
    );
    assert_eq!(stored["version"], 7, "one write");
}

#[tokio::test]
async fn letter_case_change_keeps_an_email_verified() {
    let app = TestApp::new().await;
    let response = app
        .send(put().with(json!({"email": "John.DOE@AximCommerce.com"})))
        .await;
    assert_eq!(response.data()["verifiedEmail"], true);
    let stored = app.stored().await;
    assert_eq!(
        (&stored["verifiedEmail"], &stored["email"]),
        (&json!(true), &json!("John.DOE@AximCommerce.com"))
    );
    assert_eq!(stored["version"], 7, "one write");
}

#[tokio::test]
async fn unchanged_email_keeps_its_flag() {
    let app = TestApp::new().await;
    assert_eq!(
        app.send(put().with(json!({}))).await.data()["verifiedEmail"],
        true
    );
    app.store_sample(|customer| customer["verifiedEmail"] = json!(false))
        .await;
    assert_eq!(
        app.send(put().with(json!({}))).await.data()["verifiedEmail"],
        false
    );
}

#[tokio::test]
async fn flag_without_email_does_not_verify_the_first_one() {
    let app = TestApp::new().await;
    app.store_sample(|customer| _ = customer.as_object_mut().unwrap().remove("email"))
        .await;
    assert_eq!(
        app.send(put().with(json!({}))).await.data()["verifiedEmail"],
        false
    );
}

#[tokio::test]
async fn absent_flag_is_not_stored_by_an_email_change() {
    let app = TestApp::new().await;
    app.store_sample(|customer| _ = customer.as_object_mut().unwrap().remove("verifiedEmail"))
        .await;
    let response = app
        .send(put().with(json!({"email": "new@aximcommerce.com"})))
        .await;
    assert_eq!(response.data()["verifiedEmail"], false);
}

#[tokio::test]
async fn update_repairs_an_attribute_of_another_type() {
    let app = TestApp::new().await;
    for (stored, fields) in [
        (
            json!({"company": 1, "address": {}}),
            json!({"company": "c", "address": [{"city": "A"}]}),
        ),
        (
            json!({"phoneNumber": [], "notes": true}),
            json!({"phoneNumber": null, "notes": ""}),
        ),
    ] {
        app.store_sample(|customer| {
            for (name, value) in stored.as_object().unwrap() {
                customer[name] = value.clone();
            }
        })
        .await;
        assert_eq!(app.send(put().with(json!({}))).await.status, 500);
        app.send(put().with(fields)).await.data();
        app.send(put().with(json!({}))).await.data();
    }
}

#[tokio::test]
async fn version_that_cannot_be_incremented_gets_500_and_nothing_is_written() {
    let app = TestApp::new().await;
    for version in [
        "-1",
        "-0.5",
        "18446744073709551615",
        "18446744073709551616",
        "1e30",
    ] {
        let mut item = tables::item(&sample_customer());
        item.insert("version".to_owned(), AttributeValue::N(version.to_owned()));
        app.store_item(item).await;
        let before = app.stored_item(CUSTOMER_ID).await;
        for request in [
            put(),
            put().if_match(&format!("\"{version}\"")),
            put().if_match("\"6\""),
        ] {
            let (response, log) = app.send_and_log(request).await;
            assert_eq!(
                (response.status, response.header("retry-after")),
                (500, None),
                "{version}"
            );
            assert_eq!(
                log.line()["cause"],
                "the stored customer's attribute version is not a whole number from 0 to 2^64 - 2"
            );
            assert_eq!(app.stored_item(CUSTOMER_ID).await, before, "{version}");
        }
    }
    app.store_sample(|customer| customer["version"] = json!(u64::MAX - 1))
        .await;
    let response = app.send(put()).await;
    assert_eq!(
        response.header("x-customer-version"),
        Some("\"18446744073709551615\"")
    );
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
}

#[tokio::test]
async fn number_longer_than_64_characters_is_shown_with_an_exponent() {
    let app = TestApp::new().await;
    let value = r#"[1e63, 1e64, -1e62, -1e63, 1e125, 1e-63, 12e-64, 12345e60]"#;
    let body = format!(
        r#"{{"firstName": "John", "lastName": "Doe", "email": "john@aximcommerce.com",
            "metaFields": [{{"code": "c", "value": {value}}}]}}"#
    );
    let response = app.send(put().body(body)).await;
    let shown = json::read(response.text.as_bytes()).expect("JSON");
    let shown = shown.at("/data/metaFields/0/value")[0].to_string();
    let zeros = |count: usize| "0".repeat(count);
    let expected = format!(
        "[1{},1e64,-1{},-1e63,1e125,1e-63,1.2e-63,1.2345e64]",
        zeros(63),
        zeros(62)
    );
    assert_eq!(shown, expected);
}

/// Lambda's limit for a response.
const MAX_RESPONSE_BYTES: usize = 6 * 1_024 * 1_024;

/// The longest responses in proportion to the request: a number that DynamoDB returns in 64 digits, a
/// control character that is escaped twice, and a quotation mark.
#[tokio::test]
async fn largest_responses_fit_lambda() {
    const MAX_BODY_BYTES: usize = 409_600;
    let app = TestApp::new().await;
    let function = app.app_with(patient);
    for (open, part, close) in [
        ("[", "1e63,", "1]"),
        ("\"", "\\u0001", "\""),
        ("\"", "\\\"", "\""),
    ] {
        let head = r#"{"firstName": "J", "lastName": "D", "email": "j@x.example", "metaFields": [{"code": "c", "value": "#;
        let tail = format!("{close}}}]}}");
        let count = (MAX_BODY_BYTES - head.len() - open.len() - tail.len()) / part.len();
        let body = format!("{head}{open}{}{tail}", part.repeat(count));
        let event = put().body(body).http_api_event().to_string();
        let response = invoke_text(&function, &event, "").await.unwrap();
        assert_eq!(response["statusCode"], 200, "{part}");
        let length = response.to_string().len();
        assert!(length > MAX_BODY_BYTES, "{part}: {length} bytes");
        assert!(length <= MAX_RESPONSE_BYTES, "{part}: {length} bytes");
    }
}

#[tokio::test]
async fn value_that_no_item_can_hold_gets_400() {
    let app = TestApp::new().await;
    let before = app.stored().await;
    let list = |element: &str, count: usize| format!("[{}]", vec![element; count].join(","));
    for (value, message) in [
        (list("[]", 103_000), "exceed 400 KB"),
        (list("1", 150_000), "exceed 400 KB"),
        (list("{}", 103_000), "exceed 400 KB"),
    ] {
        let body = format!(
            r#"{{"firstName": "J", "lastName": "D", "email": "j@x.example", "metaFields": [{{"code": "c", "value": {value}}}]}}"#
        );
        let (response, log) = app.send_and_log(put().body(body)).await;
        let shown = shortened(&log.text());
        assert_eq!(
            (response.status, &response.body["code"]),
            (400, &json!("invalid_request")),
            "{shown}"
        );
        assert!(
            response.body["message"].as_str().unwrap().contains(message),
            "{shown}"
        );
        assert_eq!(app.stored().await, before);
    }
}

#[tokio::test]
async fn null_attribute_counts_as_absent() {
    let app = TestApp::new().await;
    app.store_sample(|customer| {
        for name in ["company", "address", "createdBy", "newsletter"] {
            customer[name] = json!(null);
        }
    })
    .await;
    let response = app.send(put().with(json!({}))).await;
    let data = response.data();
    assert_eq!(
        json!([
            data["company"],
            data["address"],
            data["createdBy"],
            data["newsletter"]
        ]),
        json!(["", [], {}, false])
    );
}
