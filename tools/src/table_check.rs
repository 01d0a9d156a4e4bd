//! Which rules of the API the customers of a table break. Reads the table and changes nothing.

use std::collections::BTreeMap;
use std::io;

use anyhow::{Result, anyhow, ensure};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeDefinition, AttributeValue};
use aws_sdk_dynamodb::types::{ScalarAttributeType, TableDescription};
use indicatif::{ProgressBar, ProgressStyle};
use update_customer::customer::fields::{FIELDS, Write as Access};
use update_customer::customer::{Customer, CustomerUpdate, Version};
use update_customer::dynamodb::attribute::{self, Item};
use update_customer::validation::json;

use crate::aws::OrFailed;
use crate::terminal;

/// How many ids a finding lists without `--all`.
const SAMPLES: usize = 3;

/// Checks every customer, prints the report, and returns whether it has no findings.
pub async fn run(client: &Client, table: &str, all: bool) -> Result<bool> {
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
    let mut items = client
        .scan()
        .table_name(table)
        .into_paginator()
        .items()
        .send();
    while let Some(item) = items.next().await {
        let item = item.or_failed(|| format!("read table {table}"))?;
        report.add(item)?;
        progress.inc(1);
    }
    progress.finish_and_clear();
    report.print(table)?;
    Ok(report.findings.is_empty())
}

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
