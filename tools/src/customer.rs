//! Customers in the table, read and written without the API.

use std::io::Read;
use std::time::SystemTime;

use anyhow::{Context, Result, anyhow, ensure};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use update_customer::customer::fields::{FIELDS, Field, Write as Access};
use update_customer::customer::{Change, Customer, CustomerId, CustomerUpdate, Version};
use update_customer::dynamodb::attribute::{self, Item};
use update_customer::validation::json::{self, Value};

use crate::aws::OrFailed;
use crate::terminal;

/// The customers table.
pub struct Customers {
    client: Client,
    table: String,
}

impl Customers {
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    pub async fn read(&self, id: &str) -> Result<Item> {
        let get = self.client.get_item().table_name(&self.table);
        let get = get.key("id", key(id)?).consistent_read(true);
        let what = || format!("read the customer in table {}", self.table);
        let got = get.send().await.or_failed(what)?;
        got.item
            .with_context(|| format!("no customer has the id {id:?}"))
    }

    /// Prints a customer as JSON.
    pub async fn print(&self, id: &str) -> Result<()> {
        // Sorted by name.
        let customer = attribute::into_json(AttributeValue::M(self.read(id).await?));
        let customer = serde_json::to_string_pretty(&customer)?;
        Ok(terminal::print(&customer)?)
    }

    /// Creates a customer from a JSON object with the members of `data`. The rules are those of the API. An
    /// existing customer stays as it is.
    pub async fn create(&self, id: &str, mut input: impl Read) -> Result<()> {
        let mut text = Vec::new();
        input.read_to_end(&mut text)?;
        self.put(item(id, &text)?).await?;
        let table = terminal::visible(&self.table);
        eprintln!("Created the customer {id:?} in table {table}.");
        Ok(())
    }

    /// Stores a customer unless there is another one with this id.
    pub async fn put(&self, item: Item) -> Result<()> {
        let put = self.client.put_item().table_name(&self.table);
        let put = put
            .set_item(Some(item.clone()))
            .condition_expression("attribute_not_exists(id)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let put = put.send().await;
        let error = put.as_ref().err();
        let error = error.and_then(SdkError::as_service_error);
        if let Some(PutItemError::ConditionalCheckFailedException(failure)) = error {
            // Its own item, if the response to the first attempt was lost.
            let is_own = failure.item() == Some(&item);
            ensure!(is_own, "the customer exists; change it through the API");
            return Ok(());
        }
        put.or_failed(|| format!("create the customer in table {}", self.table))?;
        Ok(())
    }

    pub async fn delete(&self, id: &str) -> Result<()> {
        let delete = self.client.delete_item().table_name(&self.table);
        let delete = delete.key("id", key(id)?).send().await;
        let what = || format!("delete the customer {id:?} in table {}", self.table);
        delete.or_failed(what)?;
        Ok(())
    }
}

fn key(id: &str) -> Result<AttributeValue> {
    let id = CustomerId::try_from(id.to_owned())?;
    Ok(AttributeValue::S(id.as_str().to_owned()))
}

/// The item of a new customer from the text of a JSON object.
pub fn item(id: &str, text: &[u8]) -> Result<Item> {
    let (body, errors) = json::parse(text).map_err(|error| anyhow!("{error}"))?;
    let update = CustomerUpdate::parse(body.clone(), errors);
    let update = update.map_err(|errors| {
        let errors = errors.as_slice().iter();
        let lines = errors.map(|error| format!("\n  {}: {}", error.pointer, error.message));
        anyhow!("the customer breaks rules:{}", lines.collect::<String>())
    })?;
    let sent = |name: &str| body.iter().find(|(sent, _)| sent == name);
    let shown = Customer::new(Version::ZERO, |name| {
        let (_, value) = sent(name)?;
        Some(attribute::into_json(attribute::from_json(value)))
    });
    let shown = serde_json::to_value(&shown)?;
    let mut item = Item::new();
    let read_only = |field: &&Field| matches!(field.write, Access::ReadOnly);
    for field in FIELDS.iter().filter(read_only) {
        let Some((_, value)) = sent(field.name).filter(|(_, value)| *value != Value::Null) else {
            continue;
        };
        // The rules have checked only the types of the other fields.
        let name = field.name;
        let has_type = shown[name] == serde_json::to_value(value)?;
        ensure!(has_type, "`{name}` has another type than documented");
        item.insert(name.to_owned(), attribute::from_json(value));
    }
    for (name, change) in update.changes() {
        if let Change::Set(value) = change {
            item.insert((*name).to_owned(), attribute::from_json(value));
        }
    }
    let key = key(id)?;
    let sent = item.insert("id".to_owned(), key.clone());
    let message = "`id` in the object differs from the id that was given";
    ensure!(sent.is_none_or(|sent| sent == key), message);
    let now = humantime::format_rfc3339_millis(SystemTime::now()).to_string();
    item.entry("createdAt".to_owned())
        .or_insert(AttributeValue::S(now));
    Ok(item)
}
