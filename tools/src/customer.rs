//! Customers in the table, read and written without the API.

use std::io::{self, Read, Write};
use std::time::SystemTime;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use serde::{Serialize, Serializer};
use update_customer::customer::fields::{FIELDS, Write as Access};
use update_customer::customer::{Change, CustomerId, CustomerUpdate};
use update_customer::dynamodb::Customer;
use update_customer::dynamodb::attribute::{self, Item, Json};
use update_customer::validation::json::{self, Value};

use crate::aws::sentence;
use crate::{Failure, terminal};

/// A customer as an object: the attributes of `data` first, then the others.
struct DataFirst<'a>(&'a Item);

impl Serialize for DataFirst<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let place = |name: &str| FIELDS.iter().position(|field| field.name == name);
        let mut attributes: Vec<_> = self.0.iter().collect();
        attributes.sort_by_key(|(name, _)| (place(name).unwrap_or(FIELDS.len()), *name));
        serializer.collect_map(
            attributes
                .into_iter()
                .map(|(name, value)| (name, Json(value))),
        )
    }
}

/// The customers table.
pub struct Customers {
    client: Client,
    table: String,
}

impl Customers {
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    pub async fn read(&self, id: &str) -> Result<Option<Item>, Failure> {
        let get = self.client.get_item().table_name(&self.table);
        let get = get
            .key("id", AttributeValue::S(key(id)?))
            .consistent_read(true);
        let got = get.send().await.map_err(|error| {
            sentence(
                &format!("could not read the customer in table {}", self.table),
                &error,
            )
        })?;
        Ok(got.item)
    }

    /// Prints a customer as JSON.
    pub async fn print(&self, id: &str) -> Result<(), Failure> {
        let customer = self.read(id).await?;
        let customer = customer.ok_or_else(|| format!("no customer has the id {id:?}"))?;
        writeln!(io::stdout(), "{}", terminal::json(&DataFirst(&customer))?)?;
        Ok(())
    }

    /// Creates a customer from a JSON object with the members of `data`. The rules are those of the API. An
    /// existing customer stays as it is.
    pub async fn create(&self, id: &str, mut input: impl Read) -> Result<(), Failure> {
        let mut text = Vec::new();
        input.read_to_end(&mut text)?;
        let item = item(id, &text)?;
        self.put(item).await?;
        eprintln!("Created the customer {id:?} in table {}.", self.table);
        Ok(())
    }

    /// Stores a customer unless there is another one with this id.
    pub async fn put(&self, item: Item) -> Result<(), Failure> {
        let put = self.client.put_item().table_name(&self.table);
        let put = put.set_item(Some(item.clone()));
        let put = put.condition_expression("attribute_not_exists(id)");
        let put = put
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let Err(error) = put.send().await else {
            return Ok(());
        };
        match error.as_service_error() {
            // The response to the first attempt was lost.
            Some(PutItemError::ConditionalCheckFailedException(failure))
                if failure.item() == Some(&item) =>
            {
                Ok(())
            }
            Some(PutItemError::ConditionalCheckFailedException(_)) => {
                let message = "the customer exists; change it through the API";
                Err(message.to_owned().into())
            }
            _ => {
                let what = format!("could not create the customer in table {}", self.table);
                Err(sentence(&what, &error).into())
            }
        }
    }

    pub async fn delete(&self, id: &str) -> Result<(), Failure> {
        let delete = self.client.delete_item().table_name(&self.table);
        let delete = delete.key("id", AttributeValue::S(key(id)?)).send().await;
        delete.map_err(|error| {
            sentence(
                &format!(
                    "could not delete the customer {id:?} in table {}",
                    self.table
                ),
                &error,
            )
        })?;
        Ok(())
    }
}

fn key(id: &str) -> Result<String, Failure> {
    let id = CustomerId::try_from(id.to_owned()).map_err(|error| error.to_string())?;
    Ok(id.as_str().to_owned())
}

/// The item of a new customer from the text of a JSON object.
fn item(id: &str, text: &[u8]) -> Result<Item, Failure> {
    let (body, errors) = json::parse(text).map_err(|error| error.to_string())?;
    let update = CustomerUpdate::parse(body.clone(), errors);
    let update = update.map_err(|errors| {
        let errors = errors.as_slice().iter();
        let lines =
            errors.map(|error| format!("\n  {}: {}", error.pointer.escape_debug(), error.message));
        format!("the customer breaks rules:{}", lines.collect::<String>())
    })?;
    // The rules have checked the types of the other fields.
    let members = body.iter().filter(|(_, value)| *value != Value::Null);
    let mut item: Item = members
        .map(|(name, value)| (name.clone().into_owned(), attribute::from_json(value)))
        .collect();
    Customer::try_from(item.clone())
        .map_err(|error| format!("`{}` has another type than documented", error.attribute))?;
    item.retain(|name, _| {
        let field = FIELDS.iter().find(|field| field.name == name);
        field.is_some_and(|field| matches!(field.write, Access::ReadOnly))
    });
    let same_id = item
        .get("id")
        .is_none_or(|stored| stored.as_s().is_ok_and(|stored| stored == id));
    if !same_id {
        return Err("`id` in the object differs from the id that was given"
            .to_owned()
            .into());
    }
    for (name, change) in update.changes() {
        if let Change::Set(value) = change {
            item.insert((*name).to_owned(), attribute::from_json(value));
        }
    }
    item.insert("id".to_owned(), AttributeValue::S(key(id)?));
    let now = humantime::format_rfc3339_millis(SystemTime::now()).to_string();
    item.entry("createdAt".to_owned())
        .or_insert(AttributeValue::S(now));
    Ok(item)
}
