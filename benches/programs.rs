//! The function and smaller programs, each as in Lambda: between a Runtime API and a DynamoDB behind TLS, on this
//! machine. Criterion compares them, cold and warm:
//!
//! ```sh
//! cargo bench -p benches --bench programs
//! ```
//!
//! The environment variable `BOOTSTRAP` can name a function that is built already.
#![expect(clippy::unwrap_used, reason = "a panic ends the benchmark")]

mod process;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, SamplingMode, Throughput};
use process::Process;
use testkit::{SAMPLE_REQUEST, bodies};

/// A program to measure.
#[derive(Clone, Copy)]
pub struct Program {
    pub name: &'static str,
    /// The name of its file.
    pub file: &'static str,
    /// How long the function caches a token.
    pub cache_seconds: &'static str,
    /// The calls to DynamoDB for one event that is not the first.
    pub calls: usize,
    /// How many events Lambda sends at once.
    pub at_once: &'static str,
    /// The processors that it may use, as a list for `taskset`; empty for all.
    pub processors: &'static str,
    /// How long DynamoDB takes.
    pub delay: Duration,
}

/// `lambda_http` and a handler that returns a constant.
const NOOP: Program = Program {
    name: "noop",
    file: "noop",
    cache_seconds: "",
    calls: 0,
    at_once: "1",
    processors: "",
    delay: Duration::ZERO,
};

/// `lambda_http` and a connection that is open before the first event. It sends the function's `UpdateItem`, signed
/// without the SDK, and returns the response: the least that an update can cost.
const HAND_SIGNED: Program = Program {
    name: "hand-signed",
    file: "hand_signed",
    calls: 1,
    ..NOOP
};

/// The handler that a user of the SDK would write.
const SDK: Program = Program {
    name: "sdk",
    file: "sdk",
    calls: 1,
    ..NOOP
};

const FUNCTION: Program = Program {
    name: "function",
    file: "update-customer",
    cache_seconds: "86400",
    calls: 1,
    ..NOOP
};

const UNCACHED: Program = Program {
    name: "function, token not cached",
    cache_seconds: "0",
    calls: 2,
    ..FUNCTION
};

/// Calls that still fill caches.
const SETTLING_CALLS: usize = 20;

/// The samples of a measurement, and the events of a run.
const ONE: (usize, usize) = (50, 1);

/// The events of a run with several at once.
const MANY: usize = 64;

/// A program's name, and what makes and measures one run of it.
type Competitor<'a> = (BenchmarkId, Box<dyn FnMut() -> Duration + 'a>);

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let folder = build();
    // The hand-signed baseline sends what the function sends.
    let mut function = Process::start(&folder, FUNCTION, SAMPLE_REQUEST, "");
    function.call();
    let update = function.last_request();
    let start = |program, body: &str| Process::start(&folder, program, body, &update);

    let cold = |measure: fn(Process) -> Duration| {
        [NOOP, HAND_SIGNED, SDK, FUNCTION].map(|program| -> Competitor<'_> {
            (
                BenchmarkId::from_parameter(program.name),
                Box::new(move || measure(start(program, SAMPLE_REQUEST))),
            )
        })
    };
    compare(&mut criterion, "start", ONE, cold(|process| process.start));
    let first_call = cold(|mut process| process.call());
    compare(&mut criterion, "first call", ONE, first_call);

    let warm = |program: Program, body: &str| -> Competitor<'static> {
        let mut process = start(program, body);
        for _ in 0..SETTLING_CALLS {
            process.call();
        }
        (
            BenchmarkId::from_parameter(program.name),
            Box::new(move || process.warm_call()),
        )
    };
    let sample = [NOOP, HAND_SIGNED, SDK, FUNCTION, UNCACHED];
    let sample = sample.map(|program| warm(program, SAMPLE_REQUEST));
    compare(&mut criterion, "warm call", ONE, sample);
    for kilobytes in [10, 100, 390] {
        let body = bodies::of_size(kilobytes * 1_000);
        let name = format!("warm call, {kilobytes} KB");
        let programs = [SDK, FUNCTION].map(|program| warm(program, &body));
        compare(&mut criterion, &name, ONE, programs);
    }
    for (name, processors) in [("1 processor", "0"), ("2 processors", "0,1")] {
        let programs = [SDK, FUNCTION].map(|program| {
            let program = Program {
                at_once: "32",
                processors,
                delay: Duration::from_millis(5),
                ..program
            };
            (program.name, RefCell::new(start(program, SAMPLE_REQUEST)))
        });
        let many = |at_once: usize| {
            programs
                .each_ref()
                .map(|(name, process)| -> Competitor<'_> {
                    let run = move || process.borrow_mut().calls(MANY, at_once);
                    (BenchmarkId::new(*name, at_once), Box::new(run))
                })
        };
        let name = format!("updates by number at once, {name}");
        let competitors = [1, 4, 8, 16, 32].into_iter().flat_map(many);
        compare(&mut criterion, &name, (20, MANY), competitors);
    }
    criterion.final_summary();
}

/// Measures the competitors in turns, so that whatever else the machine does affects all of them alike. The first one's
/// measurement runs and records all of them, and those of the others read what it recorded.
fn compare<'a>(
    criterion: &mut Criterion,
    name: &str,
    (samples, events): (usize, usize),
    competitors: impl IntoIterator<Item = Competitor<'a>>,
) {
    let mut competitors: Vec<_> = competitors.into_iter().collect();
    let mut group = criterion.benchmark_group(name);
    group.sampling_mode(SamplingMode::Flat).sample_size(samples);
    group.throughput(Throughput::Elements(events as u64));
    // Criterion takes one sample to estimate the duration. What it estimates is always a turn of all.
    group.warm_up_time(Duration::from_nanos(1));
    // The mean of each sample.
    let mut recorded = vec![VecDeque::new(); competitors.len()];
    for index in 0..recorded.len() {
        let mut estimates = true;
        group.bench_function(competitors[index].0.clone(), |bencher| {
            bencher.iter_custom(|runs| {
                if std::mem::take(&mut estimates) || recorded[index].is_empty() {
                    let mut sums = vec![Duration::ZERO; competitors.len()];
                    for _ in 0..runs {
                        for ((_, run), sum) in competitors.iter_mut().zip(&mut sums) {
                            *sum += run();
                        }
                    }
                    for (recorded, sum) in recorded.iter_mut().zip(sums) {
                        recorded.push_back(sum.div_f64(runs as f64));
                    }
                }
                recorded[index].pop_front().unwrap().mul_f64(runs as f64)
            });
        });
    }
}

/// Builds the programs as they are deployed, and returns their folder.
fn build() -> PathBuf {
    let benchmark = env::current_exe().unwrap();
    let target = benchmark.ancestors().nth(3).unwrap();
    // In separate builds, because one build would give all packages the features that any of them needs.
    for package in ["baselines", "update-customer"] {
        let build = format!("build --release --locked --bins --package {package} --target-dir");
        let status = Command::new(env!("CARGO"))
            .args(build.split(' '))
            .arg(target)
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap())
            .status();
        assert!(status.unwrap().success(), "cannot build {package}");
    }
    target.join("release")
}
