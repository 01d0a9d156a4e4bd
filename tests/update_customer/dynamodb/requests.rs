//! The number and the exact content of the requests to DynamoDB.

use pretty_assertions::assert_eq;
use serde_json::{Value, json};
use testkit::response::shortened;

use crate::support::{CUSTOMER_ID, RecordedRequest, TestApp, put};

/// The body of each `UpdateItem`.
fn updates(sent: Vec<RecordedRequest>) -> Vec<Value> {
    let updates = sent
        .into_iter()
        .filter(|sent| sent.operation == "UpdateItem");
    updates.map(|sent| sent.body).collect()
}

fn operations(sent: &[RecordedRequest]) -> Vec<&str> {
    sent.iter().map(|sent| sent.operation.as_str()).collect()
}

#[tokio::test]
async fn warm_up_makes_one_lookup_and_no_write() {
    let app = TestApp::new().await;
    app.warm_up().await;
    let sent = app.recorded_requests();
    assert_eq!(operations(&sent), ["GetItem"]);
    // No known token has this SHA-256.
    let hash = "0".repeat(64);
    let expected = json!({
        "TableName": app.tokens, "Key": {"tokenHash": {"S": hash}}, "ConsistentRead": true
    });
    assert_eq!(sent[0].body, expected);
}

/// The conditions on attributes that an update leaves as they are.
fn types(attributes: impl IntoIterator<Item = (&'static str, &'static str)>) -> String {
    let condition = |(name, kind)| {
        format!(
            " AND (attribute_not_exists({name}) OR attribute_type({name}, :{kind}) \
             OR attribute_type({name}, :NULL))"
        )
    };
    attributes.into_iter().map(condition).collect()
}

#[tokio::test]
async fn update_is_one_conditional_update_item() {
    let app = TestApp::new().await;
    app.send(put().with(json!({"notes": "n", "company": null})))
        .await
        .data();
    let sent = app.recorded_requests();
    assert_eq!(
        operations(&sent),
        ["GetItem", "UpdateItem"],
        "the customer is never read separately"
    );
    let mut update = sent[1].body.clone();
    let now = update["ExpressionAttributeValues"][":updatedAt"]["S"].take();
    assert!(now.as_str().unwrap().ends_with('Z'));
    let expected = json!({
        "TableName": app.customers,
        "Key": {"id": {"S": CUSTOMER_ID}},
        "UpdateExpression": "SET version = if_not_exists(version, :v0) + :one, updatedAt = :updatedAt, \
            updatedBy = :updatedBy, firstName = :firstName, lastName = :lastName, \
            email = :email, notes = :notes REMOVE company",
        "ConditionExpression": format!(
            "attribute_exists(id) AND (attribute_not_exists(version) OR version BETWEEN :v0 AND :max) \
            AND (attribute_not_exists(verifiedEmail) OR verifiedEmail <> :verified OR email = :email){}",
            types([
                ("phoneNumber", "S"), ("#status", "S"), ("address", "L"), ("metaFields", "L"), ("#role", "S"),
                ("verifiedEmail", "BOOL"), ("newsletter", "BOOL"), ("isB2B", "BOOL"), ("createdBy", "M"),
                ("createdAt", "S"),
            ])
        ),
        "ExpressionAttributeNames": {"#status": "status", "#role": "role"},
        "ExpressionAttributeValues": {
            ":updatedAt": {"S": null}, ":updatedBy": {"S": "demo-erp"}, ":v0": {"N": "0"}, ":one": {"N": "1"},
            ":firstName": {"S": "John"}, ":lastName": {"S": "Doe"}, ":email": {"S": "john.doe@aximcommerce.com"},
            ":notes": {"S": "n"}, ":verified": {"BOOL": true}, ":max": {"N": "18446744073709551614"},
            ":S": {"S": "S"}, ":L": {"S": "L"}, ":BOOL": {"S": "BOOL"}, ":M": {"S": "M"}, ":NULL": {"S": "NULL"}
        },
        "ReturnValues": "ALL_NEW",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD"
    });
    assert_eq!(update, expected);
}

#[tokio::test]
async fn only_a_verified_email_change_takes_a_second_write() {
    let app = TestApp::new().await;
    let email = |email: &str| put().with(json!({"email": email}));
    for (case, writes, request) in [
        ("same email", 1, put()),
        ("other letter case", 2, email("John.Doe@aximcommerce.com")),
        ("verified email", 2, email("new@aximcommerce.com")),
        ("unverified email", 1, email("newer@aximcommerce.com")),
        ("unknown customer", 1, put().id("nobody")),
        ("stale If-Match", 1, put().if_match("\"0\"")),
    ] {
        app.recorded_requests();
        app.send(request).await;
        let updates = updates(app.recorded_requests());
        assert_eq!(updates.len(), writes, "{case}");
        for update in updates {
            let condition = update["ConditionExpression"].as_str().unwrap();
            assert!(
                condition.starts_with("attribute_exists(id) AND "),
                "{case}: {condition}"
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
    let expected = "attribute_exists(id) AND version IN (:e0) AND email = :observedEmail AND ";
    let condition = second["ConditionExpression"].as_str().unwrap();
    assert!(condition.starts_with(expected), "{condition}");
    assert!(
        !condition.contains("verifiedEmail"),
        "{condition}: the update sets it"
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
            .ends_with(", verifiedEmail = :verifiedEmail")
    );
}

#[tokio::test]
async fn largest_expressions_fit_dynamodb_s_4_kb() {
    let app = TestApp::new().await;
    let versions: Vec<_> = (u64::MAX - 200..u64::MAX - 101)
        .chain([6])
        .map(|version| format!("\"{version}\""))
        .collect();
    let email = put().with(json!({"email": "new@aximcommerce.com"}));
    app.send(email.if_match(&versions.join(","))).await.data();
    let updates = updates(app.recorded_requests());
    assert_eq!(updates.len(), 2);
    for update in updates {
        for expression in ["UpdateExpression", "ConditionExpression"] {
            let length = update[expression].as_str().unwrap().len();
            assert!(length <= 4_096, "{expression} has {length} bytes");
        }
    }
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
    let response = app.send(put().body(body)).await;
    let value = json!({"$serde_json::private::Number": "1"});
    assert_eq!(response.data()["metaFields"][0]["value"], value);
    assert_eq!(app.stored().await["metaFields"][0]["value"], value);
    let sent = app.recorded_requests().pop().unwrap().text;
    let (_, value) = sent.split_once(r#"":metaFields":"#).expect("metaFields");
    assert!(
        value.contains(r#"{"M":{"$serde_json::private::Number":{"S":"1"}}}"#),
        "{}",
        shortened(&value)
    );
}
