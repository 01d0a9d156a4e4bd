//! The function as a whole: the built program, started as Lambda starts it, between a Runtime API and
//! a DynamoDB played here, side by side with programs that do less.
//!
//! `cargo bench` runs all and writes `docs/benchmark.md` and `docs/benchmark.svg`;
//! `cargo bench --bench function -- --quick` takes seconds and writes nothing. `--calls N` says after
//! how many calls memory is looked at for the last time.

#[path = "../support/attributes.rs"]
mod attributes;
#[path = "../support/bodies.rs"]
mod bodies;
mod cases;
mod certificate;
mod cold;
mod cpus;
mod dynamodb;
mod http;
mod listener;
mod options;
mod plot;
mod process;
mod programs;
mod report;
mod results;
mod runtime_api;
mod statistics;
#[path = "../../examples/local/store.rs"]
#[expect(dead_code, reason = "the records are used, the tables are not")]
mod store;
#[path = "../support/svg.rs"]
mod svg;
mod warm;

use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use cases::{Case, SIZES};
use certificate::Authority;
use cpus::Cpus;
use options::Options;
use process::{Environment, Process};
use programs::{Programs, Size};
use results::{FLOOR, FUNCTION, LOOKUP, NOTHING, Results, SDK, Warm};

/// Whatever ends the benchmark.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Longer than any run.
const REMEMBER: Duration = Duration::from_secs(86_400);

const COLD_ROUNDS: usize = 40;
const WARM_BLOCKS: usize = 40;
const EARLY_CALLS: usize = 1_000;

fn main() -> ExitCode {
    match run(&Options::read(std::env::args())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), Failure> {
    let programs = Programs::build()?;
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).to_owned();
    let authority = Authority::new(&folder)?;
    let cpus = Cpus::divide()?;
    let mut environment = Environment {
        folder,
        authority,
        cpus,
        update_item: String::new(),
    };
    environment.update_item = update_item(&programs, &environment)?;

    let results = Results {
        cold: cold(&programs, &environment, options)?,
        warm: warm(&programs, &environment, options)?,
        memory: memory(&programs, &environment, options)?,
        sizes: vec![
            (NOTHING, Size::of(&programs.nothing)?),
            (FLOOR, Size::of(&programs.floor)?),
            (SDK, Size::of(&programs.sdk)?),
            (FUNCTION, Size::of(&programs.function)?),
        ],
    };
    let report = report::markdown(&results);
    println!("{report}");
    if !options.quick {
        let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
        fs::write(docs.join("benchmark.md"), report)?;
        fs::write(docs.join("benchmark.svg"), plot::svg(&results))?;
    }
    for judged in results.judged() {
        let verdict = if judged.is_within() { "ok  " } else { "over" };
        let unit = judged.unit;
        let cpu = judged
            .cpu
            .map_or(String::new(), |cpu| format!(", {cpu:.2}{unit} of CPU"));
        println!(
            "{verdict}  {}: {:.2}{unit}{cpu}; limit {:.2}{unit}",
            judged.name, judged.figure, judged.limit
        );
    }
    Ok(())
}

/// The `UpdateItem` that the function makes of the sample, for the baselines to send as well.
fn update_item(programs: &Programs, environment: &Environment) -> Result<String, Failure> {
    let mut process = Process::start(&programs.function, environment, REMEMBER)?;
    process.call(&Case::sample_with_lookup())?;
    process.dynamodb.last_update()
}

type Cold = Vec<(&'static str, Vec<cold::Life>)>;

fn cold(
    programs: &Programs,
    environment: &Environment,
    options: &Options,
) -> Result<Cold, Failure> {
    let first = Case::sample_with_lookup;
    let function = &programs.function;
    let arms = [
        cold::Arm::baseline(NOTHING, &programs.nothing, 0),
        cold::Arm::baseline(FLOOR, &programs.floor, 1),
        cold::Arm::baseline(SDK, &programs.sdk, 1),
        cold::Arm {
            name: FUNCTION,
            program: function,
            remember: REMEMBER,
            first: first(),
            next: Case::sample(),
        },
        cold::Arm {
            name: LOOKUP,
            program: function,
            remember: Duration::ZERO,
            first: first(),
            next: first(),
        },
    ];
    let lives = cold::measure(&arms, environment, options.rounds(COLD_ROUNDS))?;
    Ok(arms.iter().map(|arm| arm.name).zip(lives).collect())
}

fn warm(
    programs: &Programs,
    environment: &Environment,
    options: &Options,
) -> Result<Vec<Warm>, Failure> {
    let start = |program, remember| Process::start(program, environment, remember);
    let mut processes = [
        start(&programs.nothing, REMEMBER)?,
        start(&programs.floor, REMEMBER)?,
        start(&programs.sdk, REMEMBER)?,
        start(&programs.function, REMEMBER)?,
        start(&programs.function, Duration::ZERO)?,
    ];
    // From here on the token is remembered.
    processes[3].call(&Case::sample_with_lookup())?;
    let mut arms = vec![
        warm::Arm {
            name: NOTHING,
            process: 0,
            case: Case::for_baseline(0),
        },
        warm::Arm {
            name: FLOOR,
            process: 1,
            case: Case::for_baseline(1),
        },
        warm::Arm {
            name: SDK,
            process: 2,
            case: Case::for_baseline(1),
        },
        warm::Arm {
            name: FUNCTION,
            process: 3,
            case: Case::sample(),
        },
        warm::Arm {
            name: FUNCTION,
            process: 4,
            case: Case::sample_with_lookup(),
        },
    ];
    let others = [Case::minimal()]
        .into_iter()
        .chain(SIZES.map(Case::of_size));
    let others = others.chain([
        Case::refused(),
        Case::missing_customer(),
        Case::changed_email(),
    ]);
    arms.extend(others.map(|case| warm::Arm {
        name: FUNCTION,
        process: 3,
        case,
    }));
    let calls = warm::measure(&arms, &mut processes, options.rounds(WARM_BLOCKS))?;
    let warm = arms.into_iter().zip(calls);
    Ok(warm
        .map(|(arm, calls)| Warm {
            program: arm.name,
            case: arm.case.name,
            bytes: arm.case.bytes,
            calls,
        })
        .collect())
}

type Memories = Vec<(&'static str, usize, process::Memory)>;

fn memory(
    programs: &Programs,
    environment: &Environment,
    options: &Options,
) -> Result<Memories, Failure> {
    let mut memories = Vec::new();
    for (name, program, updates) in [
        (NOTHING, &programs.nothing, 0),
        (FLOOR, &programs.floor, 1),
        (SDK, &programs.sdk, 1),
    ] {
        let mut process = Process::start(program, environment, REMEMBER)?;
        let case = Case::for_baseline(updates);
        for _ in 0..EARLY_CALLS {
            process.call(&case)?;
        }
        memories.push((name, EARLY_CALLS, process.memory()?));
    }
    let mut process = Process::start(&programs.function, environment, REMEMBER)?;
    process.call(&Case::sample_with_lookup())?;
    let case = Case::sample();
    for number in 2..=options.calls.max(EARLY_CALLS) {
        process.call(&case)?;
        if number == EARLY_CALLS || number == options.calls {
            memories.push((FUNCTION, number, process.memory()?));
        }
    }
    Ok(memories)
}
