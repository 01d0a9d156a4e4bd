//! The two tables in an embedded DynamoDB, with the sample customer and two tokens.

use std::error::Error;
use std::time::{Duration, UNIX_EPOCH};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::client::Waiters;
use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use aws_sdk_dynamodb::error::{DisplayErrorContext, SdkError};
use aws_sdk_dynamodb::operation::create_table::CreateTableError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use update_customer::dynamodb::attribute::{self, Item};
use update_customer::dynamodb::{TokenHash, TokenRecord, access_tokens};
use update_customer::validation::json::parse;

/// The published sample's id.
pub const CUSTOMER_ID: &str = "638df9e713920facde1a1cfa";

/// A token with the scope `customers:write`.
pub const WRITE_TOKEN: &str = "demo-token-that-may-write";

/// A valid token without that scope.
pub const READ_TOKEN: &str = "demo-token-that-may-only-read";

/// Starts an engine in memory on the current tokio runtime and returns its endpoint.
pub async fn start_embedded_dynamodb() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let database = dynoxide::Database::memory().unwrap();
    tokio::spawn(dynoxide::server::serve_on(listener, database));
    endpoint
}

/// The SDK configuration for a local DynamoDB, which accepts any credentials.
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

/// Creates a table with one string key and waits until it exists. Keeps an existing one.
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
    unless(created, CreateTableError::is_resource_in_use_exception)?;
    let exists = client.wait_until_table_exists().table_name(name);
    let exists = exists.wait(Duration::from_secs(120)).await;
    exists.map(drop).map_err(text)
}

/// Stores an item unless one with the same key exists.
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
    unless(put, PutItemError::is_conditional_check_failed_exception)
}

/// Takes an expected error of DynamoDB for a success.
fn unless<T, E: Error + 'static>(
    result: Result<T, SdkError<E, HttpResponse>>,
    is_expected: fn(&E) -> bool,
) -> Result<(), String> {
    match result {
        Err(error) if !error.as_service_error().is_some_and(is_expected) => Err(text(error)),
        _ => Ok(()),
    }
}

fn text(error: impl Error) -> String {
    DisplayErrorContext(error).to_string()
}

/// Converts a JSON object to an item.
pub fn item(value: &Value) -> Item {
    let text = value.to_string();
    let (members, _) = parse(text.as_bytes()).expect("an object");
    let members = members.iter();
    members
        .map(|(name, value)| (name.clone().into_owned(), attribute::from_json(value)))
        .collect()
}

/// The record of an access token; `expires_at` is in seconds since the Unix epoch.
pub fn token_record(token: &str, subject: &str, scopes: &[&str], expires_at: Option<u64>) -> Item {
    let record = TokenRecord {
        hash: TokenHash::of(token).to_hex(),
        subject: subject.to_owned(),
        scopes: scopes.iter().map(|&scope| scope.to_owned()).collect(),
        expires_at: expires_at.map(|seconds| UNIX_EPOCH + Duration::from_secs(seconds)),
        issued_at: None,
    };
    record.into()
}

/// Creates both tables with the sample customer and the two tokens.
pub async fn seed(client: &Client, customers: &str, tokens: &str) -> Result<(), String> {
    create_table(client, customers, "id").await?;
    create_table(client, tokens, access_tokens::KEY).await?;
    put_if_absent(client, customers, "id", item(&sample_customer())).await?;
    let writer = token_record(WRITE_TOKEN, "demo-erp", &["customers:write"], None);
    let reader = token_record(READ_TOKEN, "demo-report", &["customers:read"], None);
    put_if_absent(client, tokens, access_tokens::KEY, writer).await?;
    put_if_absent(client, tokens, access_tokens::KEY, reader).await
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
            "firstName": "Jon", "lastName": "Doe", "phoneNumber": "65161860",
            "address1": "12/3, test st", "address2": "", "city": "Elizabeth", "state": "NJ",
            "country": "US", "zipcode": "07201", "isDefaultAddress": true
        }],
        "notes": "Prefers a call before delivery.",
        "version": 6,
        "updatedBy": "import"
    })
}
