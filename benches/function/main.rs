//! The whole function, compared with smaller programs. Each runs as in Lambda, between a fake Runtime
//! API and a fake DynamoDB.
//!
//! `cargo bench -p benches --bench function` writes `docs/benchmark.md` and `docs/benchmark.svg`;
//! with `-- --quick` it takes seconds after the build and writes nothing.
#![expect(clippy::expect_used, reason = "a panic ends the benchmark")]

mod cases;
mod chart;
mod cold;
mod cpus;
#[path = "../docs.rs"]
mod docs;
mod memory;
mod process;
mod programs;
mod report;
mod results;
mod statistics;
mod warm;

use std::fs;
use std::path::Path;

use cases::Case;
use cpus::Cpus;
use process::{Launcher, Process};
use programs::{FUNCTION, UNCACHED};
use results::Results;

/// Any error that ends the benchmark.
type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let (cold_rounds, warm_blocks, late_calls) = match docs::is_full_run() {
        true => (40, 40, 100_000),
        false => (4, 4, 2_000),
    };
    let programs = programs::build()?;
    let mut launcher = Launcher {
        log_folder: Path::new(env!("CARGO_TARGET_TMPDIR")).to_owned(),
        cpus: Cpus::divide()?,
        updates: Vec::new(),
    };
    // The baselines send the function's `UpdateItem`.
    if let Some(function) = programs.iter().find(|program| program.name == FUNCTION) {
        let mut process = Process::start(function, &launcher)?;
        let others = Case::others();
        let updates = others.iter().filter(|case| case.status == 200);
        for case in [&function.first].into_iter().chain(updates) {
            process.call(case)?;
            launcher
                .updates
                .push((case.name, process.dynamodb.last_update()?));
        }
    }
    let mut sizes = Vec::new();
    for program in programs.iter().filter(|program| program.name != UNCACHED) {
        sizes.push((program.name, programs::sizes(&program.path)?));
    }
    let results = Results {
        cold: cold::measure(&programs, &launcher, cold_rounds)?,
        warm: warm::measure(&programs, &launcher, warm_blocks)?,
        memory: memory::measure(&programs, &launcher, late_calls)?,
        sizes,
    };
    let report = report::markdown(&results);
    println!("{report}");
    if docs::is_full_run() {
        fs::write(docs::file("benchmark.md"), report)?;
        report::draw(&results)?;
    }
    Ok(())
}
