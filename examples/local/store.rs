//! An embedded DynamoDB with the two tables, the published sample customer and two demo tokens.
//! The tests use the same tables and records.

use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::client::Waiters;
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use aws_sdk_dynamodb::error::DisplayErrorContext;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType,
    ScalarAttributeType,
};
use serde_json::{Value, json};
use update_customer::attribute::{self, Item};
use update_customer::auth;

/// The published sample's id.
pub const CUSTOMER_ID: &str = "638df9e713920facde1a1cfa";

/// May write.
pub const WRITE_TOKEN: &str = "demo-token-that-may-write";

/// Is valid, but may only read.
pub const READ_TOKEN: &str = "demo-token-that-may-only-read";

/// The published sample request.
pub const SAMPLE_REQUEST: &str = include_str!("sample-request.json");

/// The configuration of a client for a DynamoDB on this machine, which takes any credentials.
pub fn local_config(endpoint: &str) -> SdkConfig {
    let credentials = Credentials::new("local", "local", None, None, "local");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url(endpoint)
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build()
}

/// Creates a table with one string key, and waits until it is there; one that is stays as it is.
pub async fn create_table(client: &Client, name: &str, key: &str) -> Result<(), String> {
    let attribute = AttributeDefinition::builder()
        .attribute_name(key)
        .attribute_type(ScalarAttributeType::S)
        .build();
    let schema = KeySchemaElement::builder()
        .attribute_name(key)
        .key_type(KeyType::Hash)
        .build();
    let created = client
        .create_table()
        .table_name(name)
        .attribute_definitions(attribute.map_err(|error| error.to_string())?)
        .key_schema(schema.map_err(|error| error.to_string())?)
        .billing_mode(BillingMode::PayPerRequest)
        .send()
        .await;
    match created {
        Ok(_) => {
            let there = client
                .wait_until_table_exists()
                .table_name(name)
                .wait(Duration::from_secs(120))
                .await;
            there
                .map(|_| ())
                .map_err(|error| DisplayErrorContext(error).to_string())
        }
        Err(error)
            if error
                .as_service_error()
                .is_some_and(|error| error.is_resource_in_use_exception()) =>
        {
            Ok(())
        }
        Err(error) => Err(DisplayErrorContext(error).to_string()),
    }
}

/// Stores an item unless one with the same key is there.
pub async fn put_if_absent(
    client: &Client,
    table: &str,
    key: &str,
    item: Item,
) -> Result<(), String> {
    let put = client
        .put_item()
        .table_name(table)
        .set_item(Some(item))
        .condition_expression("attribute_not_exists(#key)")
        .expression_attribute_names("#key", key)
        .send()
        .await;
    match put {
        Ok(_) => Ok(()),
        Err(error)
            if error
                .as_service_error()
                .is_some_and(|error| error.is_conditional_check_failed_exception()) =>
        {
            Ok(())
        }
        Err(error) => Err(DisplayErrorContext(error).to_string()),
    }
}

/// A stored item from its JSON form.
pub fn item(value: &Value) -> Item {
    match attribute::from_json(value) {
        AttributeValue::M(item) => item,
        _ => Item::new(),
    }
}

/// The record of an access token.
pub fn token_record(token: &str, subject: &str, scopes: &[&str], expires_at: Option<u64>) -> Item {
    let mut record = Item::from([
        (
            "tokenHash".to_owned(),
            AttributeValue::S(auth::record_key(token)),
        ),
        ("subject".to_owned(), AttributeValue::S(subject.to_owned())),
    ]);
    if !scopes.is_empty() {
        let scopes = scopes.iter().map(|&scope| scope.to_owned()).collect();
        record.insert("scopes".to_owned(), AttributeValue::Ss(scopes));
    }
    if let Some(seconds) = expires_at {
        record.insert(
            "expiresAt".to_owned(),
            AttributeValue::N(seconds.to_string()),
        );
    }
    record
}

/// The published sample customer with every attribute, before its first update.
pub fn sample_customer() -> Value {
    json!({
        "id": CUSTOMER_ID,
        "email": "john.doe@aximcommerce.com",
        "firstName": "Jon",
        "lastName": "Doe",
        "phoneNumber": "65161860",
        "role": "customer",
        "verifiedEmail": true,
        "company": "6371cd895b77326cf992d5bb",
        "status": "active",
        "newsletter": true,
        "metaFields": [{ "code": "p21_contact_id", "value": 12547 }],
        "isB2B": true,
        "createdBy": { "id": "6371cd895b77326cf992d5ba", "name": "Axim Commerce" },
        "createdAt": "2022-12-05T14:01:43.000Z",
        "updatedAt": "2022-12-05T14:01:43.000Z",
        "address": [{
            "firstName": "Jon", "lastName": "Doe", "phoneNumber": "65161860", "address1": "12/3, test st",
            "address2": "", "city": "Elizabeth", "state": "NJ", "country": "US", "zipcode": "07201",
            "isDefaultAddress": true
        }],
        "notes": "Prefers a call before delivery.",
        "version": 6,
        "updatedBy": "import"
    })
}

/// Creates both tables and puts the sample customer and the demo tokens into them.
pub async fn fill(client: &Client, customers: &str, tokens: &str) -> Result<(), String> {
    create_table(client, customers, "id").await?;
    create_table(client, tokens, "tokenHash").await?;
    put_if_absent(client, customers, "id", item(&sample_customer())).await?;
    let writer = token_record(WRITE_TOKEN, "demo-erp", &["customers:write"], None);
    let reader = token_record(READ_TOKEN, "demo-report", &["customers:read"], None);
    put_if_absent(client, tokens, "tokenHash", writer).await?;
    put_if_absent(client, tokens, "tokenHash", reader).await
}
