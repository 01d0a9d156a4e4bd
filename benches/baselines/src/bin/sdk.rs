//! The cost of the SDK: the handler that a user would write. It checks nothing, sets what the body has, and returns the
//! stored item.

use std::collections::HashMap;
use std::env;

use aws_config::BehaviorVersion;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};
use lambda_http::{Error, Request, RequestExt, service_fn};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Customer {
    first_name: String,
    last_name: String,
    email: String,
    phone_number: Option<String>,
    status: Option<String>,
    company: Option<String>,
    notes: Option<String>,
    address: Option<Vec<Address>>,
    meta_fields: Option<Vec<MetaField>>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Address {
    first_name: Option<String>,
    last_name: Option<String>,
    phone_number: Option<String>,
    address1: Option<String>,
    address2: Option<String>,
    city: Option<String>,
    state: Option<String>,
    country: Option<String>,
    zipcode: Option<String>,
    is_default_address: Option<bool>,
}

#[derive(Deserialize, Serialize)]
struct MetaField {
    code: String,
    value: Value,
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let roots = std::fs::read(env::var("SSL_CERT_FILE")?)?;
    let tls = TlsContext::builder()
        .with_trust_store(TrustStore::empty().with_pem_certificate(roots))
        .build()?;
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .tls_context(tls)
        .build_https();
    let shared = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .load()
        .await;
    let (client, table) = (Client::new(&shared), env::var("CUSTOMERS_TABLE")?);
    let handler = move |request| update(client.clone(), table.clone(), request);
    lambda_http::run_concurrent(service_fn(handler)).await
}

async fn update(client: Client, table: String, request: Request) -> Result<Value, Error> {
    let parameters = request.path_parameters();
    let id = parameters.first("customer_id").ok_or("no customer id")?;
    let customer: Customer = serde_json::from_slice(request.body())?;
    let mut values: HashMap<String, AttributeValue> = serde_dynamo::to_item(customer)?;
    values.retain(|_, value| !value.is_null());
    let mut update = client
        .update_item()
        .table_name(table)
        .key("id", AttributeValue::S(id.to_owned()))
        .condition_expression("attribute_exists(id)")
        .return_values(ReturnValue::AllNew);
    let mut assignments = Vec::new();
    for (name, value) in values {
        let (placeholder, value_placeholder) = (format!("#{name}"), format!(":{name}"));
        assignments.push(format!("{placeholder} = {value_placeholder}"));
        update = update
            .expression_attribute_names(placeholder, name)
            .expression_attribute_values(value_placeholder, value);
    }
    let update = update.update_expression(format!("SET {}", assignments.join(", ")));
    let stored = update.send().await?.attributes.unwrap_or_default();
    let data: Value = serde_dynamo::from_item(stored)?;
    Ok(json!({"success": true, "message": "Customer updated successfully", "data": data}))
}
