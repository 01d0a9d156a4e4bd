//! Customers in the table: read, written and checked without the API.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::time::SystemTime;

use anyhow::{Context, Result, anyhow, ensure};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, ReturnValuesOnConditionCheckFailure,
};
use aws_sdk_dynamodb::types::{ScalarAttributeType, TableDescription};
use indicatif::{ProgressBar, ProgressStyle};
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

    /// Checks every customer, prints which rules of the API they break, and returns whether they break none. Changes
    /// nothing.
    pub async fn check(&self, all: bool) -> Result<bool> {
        let (client, table) = (&self.client, &self.table);
        let described = client.describe_table().table_name(table).send().await;
        let described = described.or_failed(|| format!("describe table {table}"))?;
        let description = described.table;
        ensure!(
            description.as_ref().is_some_and(has_key),
            "table {table} must have the partition key id (S) and no sort key"
        );
        let estimate = description.and_then(|table| table.item_count);
        let progress = ProgressBar::new(estimate.unwrap_or_default().unsigned_abs());
        let style = "{wide_bar} {human_pos} of about {human_len} customers";
        progress.set_style(ProgressStyle::with_template(style)?);

        let mut report = Report {
            samples: if all { usize::MAX } else { SAMPLES },
            ..Report::default()
        };
        let scan = client.scan().table_name(table).into_paginator();
        let mut items = scan.items().send();
        while let Some(item) = items.next().await {
            let item = item.or_failed(|| format!("read table {table}"))?;
            report.add(item)?;
            progress.inc(1);
        }
        progress.finish_and_clear();
        report.print(table)?;
        Ok(report.findings.is_empty())
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

/// How many ids a finding lists without `--all`.
const SAMPLES: usize = 3;

fn has_key(table: &TableDescription) -> bool {
    let keys = table.key_schema().iter();
    let mut definitions = table.attribute_definitions().iter();
    let id = definitions.find(|definition| definition.attribute_name() == "id");
    let id = id.map(AttributeDefinition::attribute_type);
    // A single key is the partition key.
    keys.map(|key| key.attribute_name()).eq(["id"]) && id == Some(&ScalarAttributeType::S)
}

#[derive(Default)]
struct Report {
    samples: usize,
    customers: u64,
    /// By what is wrong.
    findings: BTreeMap<String, Finding>,
}

#[derive(Default)]
struct Finding {
    remedy: String,
    customers: u64,
    ids: Vec<String>,
}

impl Report {
    fn add(&mut self, mut item: Item) -> Result<()> {
        self.customers += 1;
        let id = match item.get("id") {
            Some(AttributeValue::S(id)) => format!("{id:?}"),
            _ => String::new(),
        };
        let mut found = BTreeMap::new();
        // A fraction is cut off.
        let is_version = item.get("version").is_none_or(|version| {
            let number = version.as_n().map_or("", String::as_str);
            let whole = number.split('.').next();
            whole.and_then(Version::parse).is_some()
        });
        if !is_version {
            let what = "version is not a number from 0 to 2^64 - 2";
            let remedy = "every update gets 500: correct the attribute in the table";
            found.insert(what.to_owned(), remedy.to_owned());
        }
        // What a caller sends who sends `data` back.
        let data = Customer::new(Version::ZERO, |name| {
            item.remove(name).map(attribute::into_json)
        });
        let data = serde_json::to_vec(&data)?;
        let (body, errors) = json::parse(&data).map_err(|error| anyhow!("{error}"))?;
        if let Err(errors) = CustomerUpdate::parse(body, errors) {
            found.extend(errors.as_slice().iter().map(|error| {
                let code = <&str>::from(error.code);
                let what = format!("{} {code}", any_index(&error.pointer));
                (what, remedy(&error.pointer))
            }));
        }
        for (what, remedy) in found {
            let finding = self.findings.entry(what).or_default();
            finding.remedy = remedy;
            finding.customers += 1;
            if finding.ids.len() < self.samples {
                finding.ids.push(id.clone());
            }
        }
        Ok(())
    }

    fn print(&self, table: &str) -> io::Result<()> {
        let mut report = format!("{} customers in table {table}\n", self.customers);
        for (what, finding) in &self.findings {
            let (customers, remedy) = (finding.customers, &finding.remedy);
            report += &format!("\n{customers} customers: {what}\n  {remedy}\n");
            for id in &finding.ids {
                report += &format!("  {id}\n");
            }
            if customers > finding.ids.len() as u64 {
                report += "  and more, which --all lists\n";
            }
        }
        report += &match self.findings.len() {
            0 => "\nNo customer breaks a rule.".to_owned(),
            count => format!("\n{count} findings"),
        };
        terminal::print(&report)
    }
}

/// What a caller must do to update a customer with this error in `data`.
fn remedy(pointer: &str) -> String {
    let name = pointer.split('/').nth(1).unwrap_or_default();
    let field = FIELDS.iter().find(|field| field.name == name);
    match field.map(|field| field.write) {
        Some(Access::Required(_)) => format!("each update must send a valid `{name}`"),
        Some(Access::List(_)) => {
            format!("leave `{name}` out, which keeps it, or send the whole list corrected")
        }
        _ => format!("leave `{name}` out, which keeps it, or send a valid value"),
    }
}

/// A JSON Pointer with `*` for each index, and nothing below a metafield's value, whose keys are data.
fn any_index(pointer: &str) -> String {
    let steps = pointer.split('/').map(|step| match step.parse::<usize>() {
        Ok(_) => "*",
        Err(_) => step,
    });
    let steps: Vec<_> = steps.collect();
    let value = steps.iter().position(|step| *step == "value");
    steps[..value.map_or(steps.len(), |value| value + 1)].join("/")
}
