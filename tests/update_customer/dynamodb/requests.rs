//! The number and the exact content of the requests to DynamoDB.

use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use crate::support::{CUSTOMER_ID, RecordedRequest, SAMPLE_REQUEST, TestApp, put, shortened};

/// The body of each `UpdateItem`.
fn updates(sent: Vec<RecordedRequest>) -> Vec<Value> {
    let updates = sent.into_iter();
    let updates = updates.filter(|sent| sent.operation == "UpdateItem");
    updates.map(|sent| sent.body).collect()
}

#[tokio::test]
async fn update_is_one_lookup_of_the_token_s_hash_and_one_conditional_update_item() {
    let app = TestApp::new().await;
    app.issue_token_to("erp", "abc").await;
    let request = put().with(json!({"notes": "n", "status": "active", "company": ""}));
    app.send(request.token("abc")).await.data();
    let sent = app.recorded_requests();
    let operations: Vec<_> = sent.iter().map(|sent| &*sent.operation).collect();
    assert_eq!(operations, ["GetItem", "UpdateItem"]);
    // The SHA-256 of "abc" is a test vector of FIPS 180-2.
    let hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let key = json!({"tokenHash": {"S": hash}});
    let lookup = json!({"TableName": app.tables.tokens, "Key": key, "ConsistentRead": true});
    assert_eq!(sent[0].body, lookup);
    let mut update = sent[1].body.clone();
    let now = update["ExpressionAttributeValues"][":updatedAt"]["S"].take();
    assert!(now.as_str().unwrap().ends_with('Z'));
    let expected = json!({
        "TableName": app.tables.customers,
        "Key": {"id": {"S": CUSTOMER_ID}},
        "UpdateExpression": "SET version = if_not_exists(version, :v0) + :one, updatedAt = :updatedAt, \
            updatedBy = :updatedBy, firstName = :firstName, lastName = :lastName, \
            email = :email, #status = :status, notes = :notes REMOVE company",
        "ConditionExpression": "attribute_exists(id) \
            AND (attribute_not_exists(version) OR version BETWEEN :v0 AND :max) \
            AND (attribute_not_exists(verifiedEmail) OR verifiedEmail = :false OR email = :email)",
        "ExpressionAttributeNames": {"#status": "status"},
        "ExpressionAttributeValues": {
            ":updatedAt": {"S": null}, ":updatedBy": {"S": "erp"}, ":v0": {"N": "0"}, ":one": {"N": "1"},
            ":firstName": {"S": "John"}, ":lastName": {"S": "Doe"}, ":email": {"S": "john.doe@aximcommerce.com"},
            ":status": {"S": "active"}, ":notes": {"S": "n"}, ":false": {"BOOL": false},
            ":max": {"N": "18446744073709551614"}
        },
        "ReturnValues": "ALL_NEW",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD"
    });
    assert_eq!(update, expected);
}

#[tokio::test]
async fn condition_tests_only_that_the_customer_exists_its_version_and_its_email() {
    let app = TestApp::new().await;
    let email = |email: &str| put().with(json!({"email": email}));
    for (case, writes, request) in [
        ("same email", 1, put()),
        ("other letter case", 2, email("John.Doe@aximcommerce.com")),
        ("verified email", 2, email("a@x.example").if_match("\"8\"")),
        ("unverified email", 1, email("b@x.example")),
        ("unknown customer", 1, put().id("nobody")),
        ("stale If-Match", 1, put().if_match("\"0\"")),
        ("If-None-Match", 1, put().header("If-None-Match", "*")),
    ] {
        app.recorded_requests();
        app.send(request).await;
        let updates = updates(app.recorded_requests());
        assert_eq!(updates.len(), writes, "{case}");
        for update in updates {
            let condition = update["ConditionExpression"].as_str().unwrap();
            let start = condition.starts_with("attribute_exists(id)");
            assert!(start, "{case}: {condition}");
            let mut words = condition.split(|c: char| !c.is_alphanumeric() && c != ':' && c != '_');
            let attribute = words.find(|word| {
                let is_attribute =
                    word.starts_with(char::is_lowercase) && !word.starts_with("attribute_");
                is_attribute && !["id", "version", "email", "verifiedEmail"].contains(word)
            });
            assert_eq!(attribute, None, "{case}: {condition}");
        }
    }
}

#[tokio::test]
async fn second_write_requires_the_observed_email() {
    let app = TestApp::new().await;
    let request = put().with(json!({"email": "new@aximcommerce.com"}));
    app.send(request.if_match("\"6\"")).await.data();
    let second = &updates(app.recorded_requests())[1];
    let expected = "attribute_exists(id) AND version IN (:e0) AND email = :observedEmail";
    assert_eq!(second["ConditionExpression"], expected);
    let values = &second["ExpressionAttributeValues"];
    let observed = json!({"S": "john.doe@aximcommerce.com"});
    assert_eq!(values[":observedEmail"], observed);
    assert_eq!(values[":verifiedEmail"], json!({"BOOL": false}));
    let update = second["UpdateExpression"].as_str().unwrap();
    let end = ", verifiedEmail = :verifiedEmail";
    assert!(update.ends_with(end), "{update}");
}

#[tokio::test]
async fn largest_expressions_fit_dynamodb_s_4_kb() {
    let app = TestApp::new().await;
    let versions = (u64::MAX - 200..u64::MAX - 101).chain([6]);
    let versions: Vec<_> = versions.map(|version| format!("\"{version}\"")).collect();
    let email = put().with(json!({"email": "new@aximcommerce.com"}));
    app.send(email.if_match(&versions.join(","))).await.data();
    for update in updates(app.recorded_requests()) {
        for expression in ["UpdateExpression", "ConditionExpression"] {
            let length = update[expression].as_str().unwrap().len();
            assert!(length <= 4_096, "{expression} has {length} bytes");
        }
    }
}

#[tokio::test]
async fn numbers_and_keys_are_sent_as_they_are() {
    let app = TestApp::new().await;
    let number = "-12345678901234567890.123456789012345678";
    let private = "$serde_json::private::Number";
    let value = format!(r#"[{number},0.1,-1.5e-7,0,{{"{private}":"1"}}]"#);
    let body = SAMPLE_REQUEST.replace("12548", &value);
    app.send(put().body(body)).await.data();
    let sent = app.recorded_requests().remove(1).text;
    let numbers = format!(r#"{{"N":"{number}"}},{{"N":"0.1"}},{{"N":"-1.5e-7"}},{{"N":"0"}}"#);
    let expected = format!(r#"{{"L":[{numbers},{{"M":{{"{private}":{{"S":"1"}}}}}}]}}"#);
    assert!(sent.contains(&expected), "{}", shortened(&sent));
}
