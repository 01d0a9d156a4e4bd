//! The pure parts alone, over the size of the body: their throughput stays level when cost grows with
//! the size alone.

mod bodies;

use std::hint::black_box;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use serde_json::Value;
use update_customer::expression::{EmailGuard, Expression};
use update_customer::if_match::IfMatch;
use update_customer::update::CustomerUpdate;
use update_customer::{attribute, json};

const KILOBYTES: [usize; 4] = [1, 10, 100, 390];

fn parts(criterion: &mut Criterion) {
    for kilobytes in KILOBYTES {
        let body = bodies::of_size(kilobytes * 1_000);
        let bytes = body.as_bytes();
        let throughput = Throughput::Bytes(bytes.len() as u64);
        let read = || json::parse(bytes).expect("a body within the contract");
        let update = || {
            let (object, faults) = read();
            CustomerUpdate::parse(object, faults).expect("a body within the contract")
        };

        let mut group = criterion.benchmark_group("strict JSON");
        group.throughput(throughput.clone());
        group.bench_function(BenchmarkId::from_parameter(kilobytes), |bencher| bencher.iter(read));
        group.finish();

        let mut group = criterion.benchmark_group("field rules");
        group.throughput(throughput.clone());
        group.bench_function(BenchmarkId::from_parameter(kilobytes), |bencher| {
            bencher.iter_batched(
                read,
                |(object, faults)| CustomerUpdate::parse(object, faults),
                BatchSize::LargeInput,
            );
        });
        group.finish();

        let mut group = criterion.benchmark_group("expression");
        group.throughput(throughput.clone());
        let valid = update();
        group.bench_function(BenchmarkId::from_parameter(kilobytes), |bencher| {
            bencher
                .iter(|| Expression::new(&valid, &IfMatch::Any, &EmailGuard::UnverifiedOrSame, "demo-erp"));
        });
        group.finish();

        let value = Value::Object(read().0);
        let mut group = criterion.benchmark_group("JSON to attributes");
        group.throughput(throughput.clone());
        group.bench_function(BenchmarkId::from_parameter(kilobytes), |bencher| {
            bencher.iter(|| attribute::from_json(black_box(&value)));
        });
        group.finish();

        let stored = attribute::from_json(&value);
        let mut group = criterion.benchmark_group("attributes to JSON");
        group.throughput(throughput);
        group.bench_function(BenchmarkId::from_parameter(kilobytes), |bencher| {
            bencher.iter_batched(|| stored.clone(), attribute::to_json, BatchSize::LargeInput);
        });
        group.finish();
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = parts
}
criterion_main!(benches);
