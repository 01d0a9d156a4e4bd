//! The cost of the SDK: a handler that parses the body into a struct, checks nothing, sends the function's
//! `UpdateItem` with the body's values, and returns the stored item.

use std::collections::HashMap;
use std::env;

use aws_config::BehaviorVersion;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};
use lambda_http::{Error, Request, service_fn};
use serde::Deserialize;
use serde_json::{Map, Value};

/// The request in `UPDATE_ITEM`, which has DynamoDB's JSON format and lacks the body's values.
struct Update {
    table: String,
    key: HashMap<String, AttributeValue>,
    update: String,
    condition: String,
    names: HashMap<String, String>,
    values: HashMap<String, AttributeValue>,
}

#[derive(Deserialize)]
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

#[derive(Deserialize)]
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

#[derive(Deserialize)]
struct MetaField {
    code: String,
    value: Value,
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
    lambda_http::run(service_fn(|request| update.send(&client, request))).await
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

    async fn send(&self, client: &Client, request: Request) -> Result<Value, Error> {
        let customer: Customer = serde_json::from_slice(request.body())?;
        let mut values = self.values.clone();
        values.extend(customer.values());
        let output = client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(self.key.clone()))
            .update_expression(&self.update)
            .condition_expression(&self.condition)
            .set_expression_attribute_names(Some(self.names.clone()))
            .set_expression_attribute_values(Some(values))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await?;
        let item = output.attributes.map(AttributeValue::M);
        Ok(item.map_or(Value::Null, json))
    }
}

impl Customer {
    /// By placeholder.
    fn values(self) -> impl Iterator<Item = (String, AttributeValue)> {
        let addresses = self.address.map(|addresses| {
            AttributeValue::L(addresses.into_iter().map(Address::attribute).collect())
        });
        let meta_fields = self.meta_fields.map(|meta_fields| {
            AttributeValue::L(meta_fields.into_iter().map(MetaField::attribute).collect())
        });
        let texts = [
            (":firstName", Some(self.first_name)),
            (":lastName", Some(self.last_name)),
            (":email", Some(self.email)),
            (":phoneNumber", self.phone_number),
            (":status", self.status),
            (":company", self.company),
            (":notes", self.notes),
        ];
        let texts = texts.map(|(name, text)| (name, text.map(AttributeValue::S)));
        let lists = [(":address", addresses), (":metaFields", meta_fields)];
        let values = texts.into_iter().chain(lists);
        values.filter_map(|(name, value)| Some((name.to_owned(), value?)))
    }
}

impl Address {
    fn attribute(self) -> AttributeValue {
        let texts = [
            ("firstName", self.first_name),
            ("lastName", self.last_name),
            ("phoneNumber", self.phone_number),
            ("address1", self.address1),
            ("address2", self.address2),
            ("city", self.city),
            ("state", self.state),
            ("country", self.country),
            ("zipcode", self.zipcode),
        ];
        let texts = texts.map(|(name, text)| (name, text.map(AttributeValue::S)));
        let is_default = self.is_default_address.map(AttributeValue::Bool);
        let members = texts.into_iter().chain([("isDefaultAddress", is_default)]);
        let members = members.filter_map(|(name, value)| Some((name.to_owned(), value?)));
        AttributeValue::M(members.collect())
    }
}

impl MetaField {
    fn attribute(self) -> AttributeValue {
        AttributeValue::M(HashMap::from([
            ("code".to_owned(), AttributeValue::S(self.code)),
            ("value".to_owned(), plain(self.value)),
        ]))
    }
}

/// The attribute of a JSON value.
fn plain(value: Value) -> AttributeValue {
    match value {
        Value::Null => AttributeValue::Null(true),
        Value::Bool(value) => AttributeValue::Bool(value),
        Value::Number(number) => AttributeValue::N(number.to_string()),
        Value::String(text) => AttributeValue::S(text),
        Value::Array(elements) => AttributeValue::L(elements.into_iter().map(plain).collect()),
        Value::Object(members) => {
            let members = members.into_iter();
            AttributeValue::M(members.map(|(key, value)| (key, plain(value))).collect())
        }
    }
}

/// The JSON of an attribute of the types that [`plain`] returns.
fn json(attribute: AttributeValue) -> Value {
    match attribute {
        AttributeValue::Bool(value) => Value::Bool(value),
        AttributeValue::N(number) => number.parse().map_or(Value::String(number), Value::Number),
        AttributeValue::S(text) => Value::String(text),
        AttributeValue::L(elements) => elements.into_iter().map(json).collect(),
        AttributeValue::M(members) => {
            let members = members.into_iter();
            members.map(|(key, value)| (key, json(value))).collect()
        }
        _ => Value::Null,
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
        "N" => AttributeValue::N(text(value)),
        "S" => AttributeValue::S(text(value)),
        _ => AttributeValue::Null(true),
    }
}
