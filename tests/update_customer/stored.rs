//! What is in the table after a request.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};

use crate::support::{CUSTOMER_ID, Stand, put, store};

#[tokio::test]
async fn every_field_is_stored_exactly_as_sent_and_the_rest_stays() {
    let stand = Stand::new().await;
    stand
        .store_sample(|customer| customer["loyaltyTier"] = json!({"level": 3}))
        .await;
    let answer = stand.send(put()).await;
    let mut expected = store::sample_customer();
    let sent: Value = serde_json::from_str(store::SAMPLE_REQUEST).unwrap();
    for (name, value) in sent.as_object().unwrap() {
        expected[name] = value.clone();
    }
    expected["loyaltyTier"] = json!({"level": 3});
    expected["version"] = json!(7);
    expected["updatedBy"] = json!("demo-erp");
    expected["verifiedEmail"] = json!(false);
    expected["updatedAt"] = answer.data()["updatedAt"].clone();
    assert_eq!(stand.stored().await, expected);
}

#[tokio::test]
async fn values_have_native_dynamodb_types() {
    let stand = Stand::new().await;
    let value = r#"{"s": "x", "n": 12.50, "b": true, "z": null, "l": [1], "m": {}}"#;
    let body = format!(
        r#"{{"firstName": "John", "lastName": "Doe", "email": "john@aximcommerce.com",
            "address": [{{"isDefaultAddress": true}}], "metaFields": [{{"code": "c", "value": {value}}}]}}"#
    );
    assert_eq!(stand.send(put().body(body)).await.status, 200);
    let item = stand.stored_item(CUSTOMER_ID).await.unwrap();
    let address = item["address"].as_l().unwrap()[0].as_m().unwrap();
    assert_eq!(address["isDefaultAddress"], AttributeValue::Bool(true));
    let value = item["metaFields"].as_l().unwrap()[0].as_m().unwrap()["value"]
        .as_m()
        .unwrap();
    assert_eq!(value["s"], AttributeValue::S("x".into()));
    assert_eq!(value["n"], AttributeValue::N("12.5".into()));
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
async fn a_missing_customer_is_404_and_is_not_created() {
    let stand = Stand::new().await;
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
        let answer = stand.send(request).await;
        assert_eq!(
            (answer.status, &answer.body["code"]),
            (404, &json!("customer_not_found"))
        );
        assert_eq!(answer.header("x-customer-version"), None);
        assert_eq!(stand.stored_with_id("nobody").await, None);
    }
}

#[tokio::test]
async fn an_omitted_field_is_kept() {
    let stand = Stand::new().await;
    let before = stand.stored().await;
    let answer = stand.send(put().with(json!({}))).await;
    let after = stand.stored().await;
    for name in [
        "phoneNumber",
        "status",
        "company",
        "notes",
        "address",
        "metaFields",
    ] {
        assert_eq!(after[name], before[name], "{name}");
        assert_eq!(answer.data()[name], before[name], "{name}");
    }
}

#[tokio::test]
async fn null_and_empty_clear_a_field() {
    let stand = Stand::new().await;
    let texts = ["phoneNumber", "company", "notes"];
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
        stand.store_sample(|_| ()).await;
        let answer = stand.send(put().with(json!({*name: value}))).await;
        let shown = if texts.contains(name) {
            json!("")
        } else {
            json!([])
        };
        assert_eq!(answer.data()[*name], shown, "{name}: {value}");
        assert_eq!(stand.stored().await.get(name), None, "{name}: {value}");
    }
}

#[tokio::test]
async fn null_in_an_address_leaves_the_member_out_and_an_empty_text_is_kept() {
    let stand = Stand::new().await;
    let address = json!([{
        "firstName": "", "lastName": "", "phoneNumber": "", "address1": "", "address2": "", "city": "",
        "state": "", "country": "", "zipcode": ""
    }]);
    stand
        .send(put().with(json!({"address": address})))
        .await
        .data();
    assert_eq!(stand.stored().await["address"], address);
    stand
        .send(put().with(json!({"address": [{"city": "A", "state": null}]})))
        .await
        .data();
    assert_eq!(stand.stored().await["address"], json!([{"city": "A"}]));
}

#[tokio::test]
async fn a_metafields_null_is_data() {
    let stand = Stand::new().await;
    let meta_fields = json!([{"code": "c", "value": null}]);
    let answer = stand
        .send(put().with(json!({"metaFields": meta_fields})))
        .await;
    assert_eq!(answer.data()["metaFields"], meta_fields);
    assert_eq!(stand.stored().await["metaFields"], meta_fields);
}

#[tokio::test]
async fn lists_replace_the_stored_ones_whole_in_the_order_sent() {
    let stand = Stand::new().await;
    let address = json!([{"city": "B"}, {"city": "A", "isDefaultAddress": true}, {"city": "B"}]);
    let meta_fields = json!([{"code": "z", "value": 1}, {"code": "a", "value": 2}]);
    let answer = stand
        .send(put().with(json!({"address": address, "metaFields": meta_fields})))
        .await;
    assert_eq!(answer.data()["address"], address);
    assert_eq!(answer.data()["metaFields"], meta_fields);
    assert_eq!(stand.stored().await["address"], address);
    assert_eq!(stand.stored().await["metaFields"], meta_fields);
}

#[tokio::test]
async fn no_address_is_made_default_by_the_function() {
    let stand = Stand::new().await;
    let answer = stand
        .send(put().with(json!({"address": [{"city": "A"}]})))
        .await;
    assert_eq!(answer.data()["address"], json!([{"city": "A"}]));
}

#[tokio::test]
async fn texts_keep_every_character() {
    let stand = Stand::new().await;
    let text = " e\u{301} é 😀 \u{200b}\u{202e} <b>&amp;</b> '\"\\ ";
    let answer = stand
        .send(put().with(json!({"company": text, "lastName": text})))
        .await;
    assert_eq!(answer.data()["company"], text);
    assert_eq!(stand.stored().await["company"], text);
    assert_eq!(stand.stored().await["lastName"], text);
}

#[tokio::test]
async fn a_changed_email_is_no_longer_verified() {
    let stand = Stand::new().await;
    let answer = stand
        .send(put().with(json!({"email": "new@aximcommerce.com"})))
        .await;
    assert_eq!(answer.data()["verifiedEmail"], false);
    let stored = stand.stored().await;
    assert_eq!(
        (&stored["verifiedEmail"], &stored["email"]),
        (&json!(false), &json!("new@aximcommerce.com"))
    );
    assert_eq!(stored["version"], 7, "one effect");
}

#[tokio::test]
async fn an_email_that_changes_in_letter_case_only_stays_verified() {
    let stand = Stand::new().await;
    let answer = stand
        .send(put().with(json!({"email": "John.DOE@AximCommerce.com"})))
        .await;
    assert_eq!(answer.data()["verifiedEmail"], true);
    let stored = stand.stored().await;
    assert_eq!(
        (&stored["verifiedEmail"], &stored["email"]),
        (&json!(true), &json!("John.DOE@AximCommerce.com"))
    );
    assert_eq!(stored["version"], 7, "one effect");
}

#[tokio::test]
async fn an_unchanged_email_stays_verified_and_an_unverified_one_unverified() {
    let stand = Stand::new().await;
    assert_eq!(
        stand.send(put().with(json!({}))).await.data()["verifiedEmail"],
        true
    );
    stand
        .store_sample(|customer| customer["verifiedEmail"] = json!(false))
        .await;
    assert_eq!(
        stand.send(put().with(json!({}))).await.data()["verifiedEmail"],
        false
    );
}

#[tokio::test]
async fn a_verified_flag_without_an_email_does_not_verify_the_first_one() {
    let stand = Stand::new().await;
    stand
        .store_sample(|customer| _ = customer.as_object_mut().unwrap().shift_remove("email"))
        .await;
    assert_eq!(
        stand.send(put().with(json!({}))).await.data()["verifiedEmail"],
        false
    );
}

#[tokio::test]
async fn a_flag_that_was_never_stored_is_not_stored_by_a_changed_email() {
    let stand = Stand::new().await;
    stand
        .store_sample(|customer| {
            _ = customer
                .as_object_mut()
                .unwrap()
                .shift_remove("verifiedEmail")
        })
        .await;
    let answer = stand
        .send(put().with(json!({"email": "new@aximcommerce.com"})))
        .await;
    assert_eq!(answer.data()["verifiedEmail"], false);
}

#[tokio::test]
async fn a_stored_attribute_of_another_type_is_a_500_and_is_not_shown_as_empty() {
    let stand = Stand::new().await;
    stand
        .store_sample(|customer| customer["createdBy"] = json!("somebody"))
        .await;
    let answer = stand.send(put().with(json!({}))).await;
    assert_eq!(
        (answer.status, &answer.body["code"]),
        (500, &json!("internal_error"))
    );
    assert_eq!(answer.header("retry-after"), None);
}

#[tokio::test]
async fn an_attribute_stored_as_null_counts_as_never_stored() {
    let stand = Stand::new().await;
    stand
        .store_sample(|customer| {
            for name in ["company", "address", "createdBy", "newsletter"] {
                customer[name] = json!(null);
            }
        })
        .await;
    let answer = stand.send(put().with(json!({}))).await;
    let data = answer.data();
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
