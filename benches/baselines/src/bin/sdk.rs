//! The cost of the SDK: a handler that sends the same `UpdateItem` for every event and returns a constant.

use std::collections::HashMap;
use std::env;

use aws_config::BehaviorVersion;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};
use lambda_http::{Error, Request, service_fn};
use serde_json::{Map, Value};

/// The request in `UPDATE_ITEM`, which has DynamoDB's JSON format.
struct Update {
    table: String,
    key: HashMap<String, AttributeValue>,
    update: String,
    condition: String,
    names: HashMap<String, String>,
    values: HashMap<String, AttributeValue>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let update = Update::read(&serde_json::from_str(&env::var("UPDATE_ITEM")?)?);
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
    let client = Client::new(&shared);
    lambda_http::run(service_fn(|_: Request| update.send(&client))).await
}

impl Update {
    fn read(request: &Value) -> Self {
        let names = members(&request["ExpressionAttributeNames"]);
        Self {
            table: text(&request["TableName"]),
            key: attributes(&request["Key"]),
            update: text(&request["UpdateExpression"]),
            condition: text(&request["ConditionExpression"]),
            names: names
                .map(|(placeholder, name)| (placeholder.clone(), text(name)))
                .collect(),
            values: attributes(&request["ExpressionAttributeValues"]),
        }
    }

    async fn send(&self, client: &Client) -> Result<&'static str, Error> {
        client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(self.key.clone()))
            .update_expression(&self.update)
            .condition_expression(&self.condition)
            .set_expression_attribute_names(Some(self.names.clone()))
            .set_expression_attribute_values(Some(self.values.clone()))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await?;
        Ok("{}")
    }
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn attributes(value: &Value) -> HashMap<String, AttributeValue> {
    members(value)
        .map(|(name, typed)| (name.clone(), attribute(typed)))
        .collect()
}

fn attribute(typed: &Value) -> AttributeValue {
    let Some((kind, value)) = members(typed).next() else {
        return AttributeValue::Null(true);
    };
    match kind.as_str() {
        "BOOL" => AttributeValue::Bool(value == &Value::Bool(true)),
        "L" => AttributeValue::L(
            value
                .as_array()
                .into_iter()
                .flatten()
                .map(attribute)
                .collect(),
        ),
        "M" => AttributeValue::M(attributes(value)),
        "N" => AttributeValue::N(text(value)),
        "S" => AttributeValue::S(text(value)),
        _ => AttributeValue::Null(true),
    }
}
