//! The pure parts alone, over the size of the body. A whole run writes `docs/benchmark-parts.md` and
//! `docs/benchmark-parts.svg`.

#[path = "support/bodies.rs"]
mod bodies;
#[path = "support/svg.rs"]
mod svg;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use criterion::{BatchSize, Bencher, BenchmarkId, Criterion, Throughput};
use serde_json::{Map, Value};
use update_customer::expression::{EmailGuard, Expression};
use update_customer::fault::Faults;
use update_customer::if_match::IfMatch;
use update_customer::update::CustomerUpdate;
use update_customer::{attribute, json};

const KILOBYTES: [usize; 4] = [1, 10, 100, 390];

type Part = fn(&mut Bencher<'_>, &str);

const PARTS: [(&str, Part); 5] = [
    ("strict JSON", |bencher, body| bencher.iter(|| read(body))),
    ("field rules", |bencher, body| {
        bencher.iter_batched(
            || read(body),
            |(object, faults)| CustomerUpdate::parse(object, faults),
            BatchSize::LargeInput,
        );
    }),
    ("expression", |bencher, body| {
        let (object, faults) = read(body);
        let update = CustomerUpdate::parse(object, faults).expect("a body within the contract");
        let guard = EmailGuard::UnverifiedOrSame;
        bencher
            .iter_with_large_drop(|| Expression::new(&update, &IfMatch::Any, &guard, "demo-erp"));
    }),
    ("JSON to attributes", |bencher, body| {
        let value = Value::Object(read(body).0);
        bencher.iter_with_large_drop(|| attribute::from_json(&value));
    }),
    ("attributes to JSON", |bencher, body| {
        let stored = attribute::from_json(&Value::Object(read(body).0));
        bencher.iter_batched(|| stored.clone(), attribute::to_json, BatchSize::LargeInput);
    }),
];

fn read(body: &str) -> (Map<String, Value>, Faults) {
    json::parse(body.as_bytes()).expect("a body within the contract")
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("criterion");
    let mut criterion = Criterion::default()
        .output_directory(&folder)
        .sample_size(50)
        .configure_from_args();
    for (name, part) in PARTS {
        let mut group = criterion.benchmark_group(name);
        for kilobytes in KILOBYTES {
            let body = bodies::of_size(kilobytes * 1_000);
            group.throughput(Throughput::Bytes(body.len() as u64));
            group.bench_with_input(
                BenchmarkId::from_parameter(kilobytes),
                body.as_str(),
                |bencher, body| {
                    part(bencher, body);
                },
            );
        }
        group.finish();
    }
    criterion.final_summary();

    // With a filter or a short run there is nothing worth keeping.
    if std::env::args()
        .skip(1)
        .all(|argument| argument == "--bench")
    {
        let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
        fs::write(docs.join("benchmark-parts.md"), table(&folder)?)?;
        fs::write(docs.join("benchmark-parts.svg"), plot(&folder)?)?;
    }
    Ok(())
}

/// The median that was measured, in milliseconds.
fn median(folder: &Path, part: &str, kilobytes: usize) -> Result<f64, Box<dyn Error>> {
    let estimates: PathBuf = [
        folder,
        part.as_ref(),
        kilobytes.to_string().as_ref(),
        "new/estimates.json".as_ref(),
    ]
    .iter()
    .collect();
    let estimates: Value = serde_json::from_slice(&fs::read(estimates)?)?;
    let nanoseconds = estimates["median"]["point_estimate"]
        .as_f64()
        .ok_or("no median")?;
    Ok(nanoseconds / 1e6)
}

fn table(folder: &Path) -> Result<String, Box<dyn Error>> {
    let mut text = String::from(
        "# Benchmark of the pure parts\n\n\
         Made by `cargo bench`. Microseconds for each KB of the body: a row that stays level is a cost that grows with\n\
         the size alone. Small bodies carry the cost of what every body has.\n\n\
         ![Time by size of body](benchmark-parts.svg)\n\n| Part |",
    );
    for kilobytes in KILOBYTES {
        text += &format!(" {kilobytes} KB |");
    }
    text += &format!("\n|---|{}\n", "---|".repeat(KILOBYTES.len()));
    for (name, _) in PARTS {
        text += &format!("| {name} |");
        for kilobytes in KILOBYTES {
            text += &format!(
                " {:.2} |",
                median(folder, name, kilobytes)? * 1_000.0 / kilobytes as f64
            );
        }
        text += "\n";
    }
    Ok(text)
}

fn plot(folder: &Path) -> Result<String, Box<dyn Error>> {
    let plane = svg::Plane {
        left: 80.0,
        right: 560.0,
        top: 50.0,
        bottom: 340.0,
        bytes: 3..=6,
        milliseconds: -3..=2,
    };
    let title = "The pure parts by size of the body";
    let mut plot = svg::text(plane.left, 24.0, "title", "start", title) + &plane.grid();
    for (row, ((name, _), class)) in PARTS.into_iter().zip(["a", "b", "c", "d", "e"]).enumerate() {
        let mut points = Vec::new();
        for kilobytes in KILOBYTES {
            points.push((kilobytes as f64 * 1_000.0, median(folder, name, kilobytes)?));
        }
        plot += &plane.curve(class, row, name, &points);
        if let (0, Some(&largest)) = (row, points.last()) {
            plot += &plane.even(PARTS.len(), "cost that grows with size alone", largest);
        }
    }
    Ok(svg::picture(620.0, 380.0, title, &plot))
}
