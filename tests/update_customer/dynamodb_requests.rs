//! The requests to DynamoDB: how many, and their exact content.

use serde_json::{Value, json};

use crate::support::{CUSTOMER_ID, RecordedRequest, TestApp, put};

fn updates(sent: Vec<RecordedRequest>) -> Vec<Value> {
    let updates = sent
        .into_iter()
        .filter(|sent| sent.operation == "UpdateItem");
    updates.map(|sent| sent.body).collect()
}

#[tokio::test]
async fn warm_up_makes_one_lookup_and_no_write() {
    let app = TestApp::new().await;
    app.warm_up().await;
    let sent = app.recorded_requests();
    assert_eq!(sent.len(), 1, "{sent:?}");
    assert_eq!(
        (sent[0].operation.as_str(), &sent[0].body["TableName"]),
        ("GetItem", &json!(app.tokens))
    );
    // No known token has this SHA-256.
    assert_eq!(
        sent[0].body["Key"],
        json!({"tokenHash": {"S": "0".repeat(64)}})
    );
}

#[tokio::test]
async fn update_is_one_conditional_update_item() {
    let app = TestApp::new().await;
    app.send(put().with(json!({"notes": "n", "company": null})))
        .await
        .data();
    let sent = app.recorded_requests();
    let operations: Vec<_> = sent.iter().map(|sent| sent.operation.as_str()).collect();
    assert_eq!(
        operations,
        ["GetItem", "UpdateItem"],
        "no read before, none after"
    );
    let mut update = sent[1].body.clone();
    let now = update["ExpressionAttributeValues"][":updatedAt"]["S"].take();
    assert!(now.as_str().unwrap().ends_with('Z'));
    let expected = json!({
        "TableName": app.customers,
        "Key": {"id": {"S": CUSTOMER_ID}},
        "UpdateExpression": "SET #version = if_not_exists(#version, :v0) + :one, #updatedAt = :updatedAt, \
            #updatedBy = :updatedBy, #firstName = :firstName, #lastName = :lastName, \
            #email = :email, #notes = :notes REMOVE #company",
        "ConditionExpression": "attribute_exists(#id) AND (attribute_not_exists(#verifiedEmail) \
            OR #verifiedEmail <> :verified OR #email = :email)",
        "ExpressionAttributeNames": {
            "#id": "id", "#updatedAt": "updatedAt", "#updatedBy": "updatedBy", "#version": "version",
            "#firstName": "firstName", "#lastName": "lastName", "#email": "email", "#notes": "notes",
            "#company": "company", "#verifiedEmail": "verifiedEmail"
        },
        "ExpressionAttributeValues": {
            ":updatedAt": {"S": null}, ":updatedBy": {"S": "demo-erp"}, ":v0": {"N": "0"}, ":one": {"N": "1"},
            ":firstName": {"S": "John"}, ":lastName": {"S": "Doe"}, ":email": {"S": "john.doe@aximcommerce.com"},
            ":notes": {"S": "n"}, ":verified": {"BOOL": true}
        },
        "ReturnValues": "ALL_NEW",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD"
    });
    assert_eq!(update, expected);
}

#[tokio::test]
async fn only_a_verified_email_change_takes_a_second_write() {
    let app = TestApp::new().await;
    for (writes, request) in [
        (1, put().with(json!({}))),
        (2, put().with(json!({"email": "John.Doe@aximcommerce.com"}))),
        (2, put().with(json!({"email": "new@aximcommerce.com"}))),
        (1, put().with(json!({"email": "newer@aximcommerce.com"}))),
        (1, put().id("nobody")),
        (1, put().if_match("\"0\"")),
    ] {
        app.recorded_requests();
        app.send(request.clone()).await;
        let updates = updates(app.recorded_requests());
        assert_eq!(updates.len(), writes, "{request:?}");
        for update in updates {
            let condition = update["ConditionExpression"].as_str().unwrap();
            assert!(
                condition.starts_with("attribute_exists(#id) AND "),
                "{condition}"
            );
        }
    }
}

#[tokio::test]
async fn second_write_requires_the_observed_email() {
    let app = TestApp::new().await;
    app.send(
        put()
            .with(json!({"email": "new@aximcommerce.com"}))
            .if_match("\"6\""),
    )
    .await
    .data();
    let second = &updates(app.recorded_requests())[1];
    assert_eq!(
        second["ConditionExpression"],
        "attribute_exists(#id) AND #version IN (:v6) AND #email = :observedEmail"
    );
    assert_eq!(
        second["ExpressionAttributeValues"][":observedEmail"],
        json!({"S": "john.doe@aximcommerce.com"})
    );
    assert_eq!(
        second["ExpressionAttributeValues"][":verifiedEmail"],
        json!({"BOOL": false})
    );
    assert!(
        second["UpdateExpression"]
            .as_str()
            .unwrap()
            .ends_with(", #verifiedEmail = :verifiedEmail")
    );
}

#[tokio::test]
async fn numbers_are_sent_digit_for_digit() {
    let app = TestApp::new().await;
    let numbers = [
        "-12345678901234567890.123456789012345678",
        "0.1",
        "12548",
        "-1.5e-7",
        "0",
    ];
    let body = format!(
        r#"{{"firstName": "John", "lastName": "Doe", "email": "john@aximcommerce.com",
            "metaFields": [{{"code": "c", "value": [{}]}}]}}"#,
        numbers.join(",")
    );
    app.send(put().body(body)).await.data();
    let sent = &updates(app.recorded_requests())[0]["ExpressionAttributeValues"][":metaFields"]["L"]
        [0]["M"]["value"]["L"];
    let sent: Vec<_> = sent
        .as_array()
        .unwrap()
        .iter()
        .map(|number| number["N"].as_str().unwrap())
        .collect();
    assert_eq!(sent, numbers);
}

#[tokio::test]
async fn reserved_keys_of_libraries_are_ordinary_keys() {
    let app = TestApp::new().await;
    let body = r#"{"firstName": "John", "lastName": "Doe", "email": "john@aximcommerce.com",
        "metaFields": [{"code": "c", "value": {"$serde_json::private::Number": "1"}}]}"#;
    app.send(put().body(body)).await;
    // The embedded engine rejects this key, because it parses with `serde_json`. The request counts.
    let sent = app.recorded_requests().pop().unwrap().text;
    assert!(
        sent.contains(r#"{"M":{"$serde_json::private::Number":{"S":"1"}}}"#),
        "{sent}"
    );
}
