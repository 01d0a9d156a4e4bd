//! What a customers table holds that the function cannot show or accept. Reads the table and changes nothing.

use std::collections::BTreeMap;
use std::io::{self, Write};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, KeyType, ScalarAttributeType, TableDescription};
use indicatif::{ProgressBar, ProgressStyle};
use update_customer::customer::CustomerUpdate;
use update_customer::customer::fields::FIELDS;
use update_customer::dynamodb::attribute::{self, Item, Json};
use update_customer::dynamodb::stored::{self, UnexpectedType};
use update_customer::validation::json;

use crate::Failure;
use crate::aws::sentence;

/// How many ids a finding shows.
const SAMPLES: usize = 3;

/// What an update of such a customer gets.
const NOT_SHOWN: &str = "an update that does not set it gets 500 and writes nothing";
const NOT_ACCEPTED: &str = "sent back, it gets 400; an update that omits it keeps it";

/// Checks every customer, prints the report, and returns the number of findings.
pub async fn run(client: &Client, table: &str) -> Result<usize, Failure> {
    let described = client.describe_table().table_name(table).send().await;
    let described = described
        .map_err(|error| sentence(&format!("could not describe table {table}"), &error))?;
    let description = described.table;
    if !description.as_ref().is_some_and(has_key) {
        return Err(
            format!("table {table} must have the partition key id (S) and no sort key").into(),
        );
    }
    let estimate = description
        .and_then(|table| table.item_count)
        .and_then(|count| u64::try_from(count).ok());
    let progress = ProgressBar::new(estimate.unwrap_or_default());
    let style =
        ProgressStyle::with_template("{wide_bar} {human_pos} of about {human_len} customers");
    progress.set_style(style.map_err(|error| error.to_string())?);

    let mut report = Report::default();
    let mut pages = client.scan().table_name(table).into_paginator().send();
    while let Some(page) = pages.next().await {
        let page =
            page.map_err(|error| sentence(&format!("could not read table {table}"), &error))?;
        for item in page.items.unwrap_or_default() {
            report.add(item)?;
            progress.inc(1);
        }
    }
    progress.finish_and_clear();
    report.print(table, io::stdout().lock())?;
    Ok(report.findings.len())
}

fn has_key(table: &TableDescription) -> bool {
    let [key] = table.key_schema() else {
        return false;
    };
    let mut definitions = table.attribute_definitions().iter();
    let is_text = definitions.any(|definition| {
        definition.attribute_name() == "id"
            && *definition.attribute_type() == ScalarAttributeType::S
    });
    key.attribute_name() == "id" && *key.key_type() == KeyType::Hash && is_text
}

#[derive(Default)]
struct Report {
    customers: u64,
    /// By attribute and type.
    types: BTreeMap<String, BTreeMap<&'static str, u64>>,
    /// By what is wrong.
    findings: BTreeMap<String, Finding>,
}

#[derive(Default)]
struct Finding {
    consequence: &'static str,
    customers: u64,
    ids: Vec<String>,
}

impl Report {
    fn add(&mut self, mut item: Item) -> Result<(), Failure> {
        self.customers += 1;
        for (name, value) in &item {
            let types = self.types.entry(name.clone()).or_default();
            *types.entry(type_name(value)).or_default() += 1;
        }
        let id = match item.get("id") {
            Some(AttributeValue::S(id)) => id.clone(),
            _ => String::new(),
        };
        if let Err(error) = stored::version(item.get("version")) {
            self.find(&id, short(&error), NOT_SHOWN);
        }
        let mut data = Item::new();
        let mut is_wrong = Vec::new();
        for field in FIELDS {
            match item.remove(field.name) {
                None => {}
                Some(value) if attribute::has_type(&value, field.field_type) => {
                    data.insert(field.name.to_owned(), value);
                }
                Some(_) => {
                    self.find(&id, short(&UnexpectedType::of(field)), NOT_SHOWN);
                    is_wrong.push(format!("/{}", field.name));
                }
            }
        }
        let body = serde_json::to_vec(&Json(&AttributeValue::M(data))).map_err(io::Error::from)?;
        let (body, errors) = json::parse(&body).map_err(|error| error.to_string())?;
        if let Err(errors) = CustomerUpdate::parse(body, errors) {
            let mut found: Vec<_> = errors
                .as_slice()
                .iter()
                .filter(|error| !is_wrong.contains(&error.pointer))
                .map(|error| format!("{} {}", any_index(&error.pointer), <&str>::from(error.code)))
                .collect();
            found.sort();
            found.dedup();
            for what in found {
                self.find(&id, what, NOT_ACCEPTED);
            }
        }
        Ok(())
    }

    fn find(&mut self, id: &str, what: String, consequence: &'static str) {
        let finding = self.findings.entry(what).or_default();
        finding.consequence = consequence;
        finding.customers += 1;
        if finding.ids.len() < SAMPLES {
            finding.ids.push(format!("{id:?}"));
        }
    }

    fn print(&self, table: &str, mut output: impl Write) -> io::Result<()> {
        writeln!(output, "{} customers in table {table}\n", self.customers)?;
        for (name, types) in &self.types {
            let types = types
                .iter()
                .map(|(name, count)| format!("  {name} {count}"));
            let types = types.collect::<String>();
            writeln!(output, "{:<16}{types}", name.escape_debug().to_string())?;
        }
        for (what, finding) in &self.findings {
            let Finding {
                consequence,
                customers,
                ids,
            } = finding;
            let (what, ids) = (what.escape_debug(), ids.join(", "));
            writeln!(
                output,
                "\n{customers} customers: {what}\n  {consequence}\n  such as {ids}"
            )?;
        }
        match self.findings.len() {
            0 => writeln!(output, "\nThe function can show and accept every customer."),
            count => writeln!(output, "\n{count} findings"),
        }
    }
}

fn short(error: &UnexpectedType) -> String {
    format!("{} is not {}", error.attribute, error.expected)
}

/// A JSON Pointer with `*` for each index, and nothing below a metafield's value, whose keys are data.
fn any_index(pointer: &str) -> String {
    let steps = pointer.split('/').map(|step| match step.parse::<usize>() {
        Ok(_) => "*",
        Err(_) => step,
    });
    let steps: Vec<_> = steps.collect();
    let end = steps
        .iter()
        .position(|step| *step == "value")
        .map_or(steps.len(), |value| value + 1);
    steps[..end].join("/")
}

fn type_name(value: &AttributeValue) -> &'static str {
    match value {
        AttributeValue::S(_) => "S",
        AttributeValue::N(_) => "N",
        AttributeValue::B(_) => "B",
        AttributeValue::Bool(_) => "BOOL",
        AttributeValue::Null(_) => "NULL",
        AttributeValue::L(_) => "L",
        AttributeValue::M(_) => "M",
        AttributeValue::Ss(_) => "SS",
        AttributeValue::Ns(_) => "NS",
        AttributeValue::Bs(_) => "BS",
        _ => "unknown",
    }
}
