//! The cost of the pure components, by size of the request body.
//!
//! `cargo bench -p benches --bench components` writes `docs/benchmark-components.md`.
//! With a filter or another argument, it writes nothing.
#![expect(clippy::expect_used, reason = "a panic ends the benchmark")]

mod docs;

use std::fs;
use std::path::Path;

use criterion::{BatchSize, Bencher, BenchmarkId, Criterion, Throughput};
use testkit::bodies;
use update_customer::customer::{CustomerUpdate, ExpectedVersion};
use update_customer::dynamodb::attribute::{self, Json};
use update_customer::dynamodb::update_expression::{EmailCondition, UpdateExpression};
use update_customer::validation::ValidationErrors;
use update_customer::validation::json::{self, Object, Value};

const KILOBYTES: [usize; 4] = [1, 10, 100, 390];

type Component = fn(&mut Bencher<'_>, &str);

const COMPONENTS: [(&str, Component); 5] = [
    ("JSON parser", |bencher, body| bencher.iter(|| parse(body))),
    ("field rules", |bencher, body| {
        bencher.iter_batched(
            || parse(body),
            |(object, errors)| CustomerUpdate::parse(object, errors),
            BatchSize::LargeInput,
        );
    }),
    ("update expression", |bencher, body| {
        let (object, errors) = parse(body);
        let update = CustomerUpdate::parse(object, errors).expect("a valid body");
        let email = EmailCondition::UnverifiedOrUnchanged;
        bencher.iter_with_large_drop(|| {
            UpdateExpression::new(&update, &ExpectedVersion::Any, &email, "demo-erp")
        });
    }),
    ("JSON to attributes", |bencher, body| {
        let value = Value::Object(parse(body).0);
        bencher.iter_with_large_drop(|| attribute::from_json(&value));
    }),
    ("attributes to JSON", |bencher, body| {
        let stored = attribute::from_json(&Value::Object(parse(body).0));
        bencher.iter(|| serde_json::to_string(&Json(&stored)));
    }),
];

fn parse(body: &str) -> (Object<'_>, ValidationErrors) {
    json::parse(body.as_bytes()).expect("a valid body")
}

/// Any error that ends the benchmark.
type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("criterion");
    let mut criterion = Criterion::default()
        .output_directory(&folder)
        .sample_size(50)
        .configure_from_args();
    for (name, component) in COMPONENTS {
        let mut group = criterion.benchmark_group(name);
        for kilobytes in KILOBYTES {
            let body = bodies::of_size(kilobytes * 1_000);
            group.throughput(Throughput::Bytes(body.len() as u64));
            let id = BenchmarkId::from_parameter(kilobytes);
            group.bench_with_input(id, body.as_str(), component);
        }
        group.finish();
    }
    criterion.final_summary();
    if docs::is_full_run() {
        write_document(&folder)?;
    }
    Ok(())
}

fn write_document(folder: &Path) -> Result<(), Failure> {
    let mut rows = Vec::new();
    for (name, _) in COMPONENTS {
        let mut row = vec![name.to_owned()];
        for kilobytes in KILOBYTES {
            let nanoseconds = median(&folder.join(name).join(kilobytes.to_string()))?;
            row.push(format!("{:.2}", nanoseconds / 1e3 / kilobytes as f64));
        }
        rows.push(row);
    }
    let head = ["Component".to_owned()].into_iter();
    let head: Vec<_> = head
        .chain(KILOBYTES.map(|size| format!("{size} KB")))
        .collect();
    let text = format!(
        "# Benchmark of the components\n\n\
         This page is for developers who change the parser, the field rules or the conversion to DynamoDB's format.\n\
         `cargo bench -p benches --bench components` generates it.\n\n\
         The table shows microseconds per KB of the request body. Equal figures in a row mean that the cost is\n\
         proportional to the size. The figures of small bodies include the fixed cost of every body.\n\n{}",
        docs::table(&head, rows)
    );
    Ok(fs::write(docs::file("benchmark-components.md"), text)?)
}

/// The measured median in nanoseconds, from Criterion's report.
fn median(folder: &Path) -> Result<f64, Failure> {
    let estimates: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.join("new/estimates.json"))?)?;
    let nanoseconds = estimates["median"]["point_estimate"].as_f64();
    Ok(nanoseconds.ok_or("no median")?)
}
