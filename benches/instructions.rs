//! Processor instructions of warm calls, which must not grow unnoticed, and of the most expensive request
//! bodies, which must stay below a limit and proportional to the size. Valgrind counts them, so the load of
//! the machine does not matter.
//!
//! `cargo bench -p benches --bench instructions` writes `docs/benchmark-instructions.md`. With `-- --check` it
//! compares the warm calls with that file instead. `cargo test --test memory_limits` measures the memory of the
//! most expensive bodies.

mod docs;

use std::error::Error;
use std::io::{self, Write};
use std::process::{Command, Stdio};
use std::time::Duration;
use std::{env, fs};

use testkit::SAMPLE_REQUEST;
use testkit::bodies::{SHAPES, of_size};
use testkit::canned_dynamodb::{app_with_update_and_token_cache, event, updated};
use testkit::invoke::respond;

const FILE: &str = "benchmark-instructions.md";

/// How much a warm call may exceed the committed count.
const TOLERANCE: f64 = 1.02;

/// The warm calls are the difference of two processes that handle this many.
const CALLS: [usize; 2] = [5, 25];

/// The sizes of the most expensive bodies in bytes.
const SIZES: [usize; 3] = [102_400, 204_800, 409_600];

/// Instructions per byte of a body of the largest size, from the event's text to the response's,
/// including the start of the process.
const MAX_PER_BYTE: f64 = 3_000.0;

/// The cost of a byte beyond the second size, relative to one between the first and the second. It is
/// 1 for a cost proportional to the size, and 2 for a quadratic cost.
const MAX_GROWTH: f64 = 1.25;

/// Makes this program the one whose instructions are counted; the number of calls follows.
const COUNTED: &str = "--counted";

const INSTRUCTIONS: Tool = Tool {
    options: &[
        "--tool=cachegrind",
        "--cache-sim=no",
        "--cachegrind-out-file=/dev/null",
    ],
    count: |line| Some(line.split_once("refs:")?.1),
};

const ALLOCATIONS: Tool = Tool {
    options: &["--tool=dhat", "--dhat-out-file=/dev/null"],
    count: |line| Some(line.split_once("Total:")?.1.split_once(" bytes in ")?.1),
};

struct Tool {
    options: &'static [&'static str],
    /// Finds the count in a line of Valgrind's report.
    count: fn(&str) -> Option<&str>,
}

type Failure = Box<dyn Error>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    if let [option, calls] = &arguments[..]
        && option == COUNTED
    {
        return handle(calls.parse()?);
    }
    // Valgrind does not exist for every system that can build this.
    if Command::new("valgrind").arg("--version").output().is_err() {
        println!("skipped: valgrind is not installed");
        return Ok(());
    }
    let warm_calls = warm_calls()?;
    if arguments.iter().any(|argument| argument == "--check") {
        compare(&warm_calls, &fs::read_to_string(docs::file(FILE))?)?;
    }
    let most_expensive = most_expensive()?;
    if docs::is_full_run() {
        fs::write(docs::file(FILE), document(warm_calls, most_expensive))?;
    }
    Ok(())
}

/// Handles the event in the input's first line so many times, with a cached token. DynamoDB's response is the
/// rest of the input. Prints the status.
fn handle(calls: usize) -> Result<(), Failure> {
    let input = io::read_to_string(io::stdin())?;
    let (event, updated) = input.split_once('\n').ok_or("no response of DynamoDB")?;
    let app = app_with_update_and_token_cache(Duration::from_secs(3_600), updated.to_owned());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()?;
    let mut response = String::new();
    for _ in 0..calls {
        response = runtime.block_on(respond(&app, event, "request"))?;
    }
    let response: serde_json::Value = serde_json::from_str(&response)?;
    println!("{}", response["statusCode"]);
    Ok(())
}

/// Name, instructions and allocations of each.
fn warm_calls() -> Result<Vec<[String; 3]>, Failure> {
    let bodies = [
        ("sample", SAMPLE_REQUEST.to_owned()),
        ("10 KB", of_size(10_000)),
        ("100 KB", of_size(100_000)),
    ];
    let mut rows = Vec::new();
    for (name, body) in bodies {
        let per_call = |tool: &Tool| -> Result<u64, Failure> {
            let [fewer, more] = CALLS.map(|calls| tool.count(&body, calls, 200));
            Ok((more? - fewer?) / (CALLS[1] - CALLS[0]) as u64)
        };
        let (instructions, allocations) = (per_call(&INSTRUCTIONS)?, per_call(&ALLOCATIONS)?);
        println!("{name}: {instructions} instructions, {allocations} allocations");
        rows.push([
            name.to_owned(),
            instructions.to_string(),
            allocations.to_string(),
        ]);
    }
    Ok(rows)
}

fn compare(warm_calls: &[[String; 3]], document: &str) -> Result<(), Failure> {
    let mut grown = Vec::new();
    for [name, instructions, _] in warm_calls {
        let row = format!("| {name} | ");
        let committed = document.lines().find_map(|line| line.strip_prefix(&row));
        let committed = committed.and_then(|row| row.split(' ').next());
        let committed = committed.ok_or_else(|| format!("docs/{FILE} has no row {name}"))?;
        if instructions.parse::<f64>()? > committed.parse::<f64>()? * TOLERANCE {
            grown.push(format!(
                "{name} takes {instructions} instead of {committed}"
            ));
        }
    }
    match grown.is_empty() {
        true => {
            println!("ok: {} warm calls within {TOLERANCE} of docs/{FILE}", warm_calls.len());
            Ok(())
        }
        false => Err(format!(
            "more instructions than in docs/{FILE}: {}. If the change is worth it, commit the file as \
             `cargo bench -p benches --bench instructions` writes it",
            grown.join(", ")
        )
        .into()),
    }
}

/// Name, status, millions of instructions for each size, instructions per byte, and growth of each.
fn most_expensive() -> Result<Vec<Vec<String>>, Failure> {
    let mut rows = Vec::new();
    let mut exceeded = Vec::new();
    for (name, body, status) in SHAPES {
        let mut counts = [0.0; SIZES.len()];
        for (size, count) in SIZES.into_iter().zip(&mut counts) {
            *count = INSTRUCTIONS.count(&body(size), 1, status)? as f64;
        }
        let [small, medium, large] = counts;
        let per_byte = large / SIZES[2] as f64;
        // The third size is twice as far from the second as the second from the first.
        let growth = (large - medium) / (medium - small) / 2.0;
        let mut row = vec![name.to_owned(), status.to_string()];
        row.extend(counts.map(|count| format!("{:.0}", count / 1e6)));
        row.extend([format!("{per_byte:.0}"), format!("{growth:.2}")]);
        println!("{}", row.join(", "));
        rows.push(row);
        if per_byte > MAX_PER_BYTE || growth > MAX_GROWTH {
            exceeded.push(name);
        }
    }
    if !exceeded.is_empty() {
        let limits = format!("{MAX_PER_BYTE} instructions per byte or a growth of {MAX_GROWTH}");
        return Err(format!("more than {limits}: {}", exceeded.join(", ")).into());
    }
    let count = SHAPES.len();
    println!("ok: {count} bodies within {MAX_PER_BYTE} instructions per byte");
    Ok(rows)
}

impl Tool {
    /// The count of a process that handles so many requests with this body.
    fn count(&self, body: &str, calls: usize, expected: u64) -> Result<u64, Failure> {
        let mut process = Command::new("valgrind")
            .args(self.options)
            .arg(env::current_exe()?)
            .args([COUNTED, &calls.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let input = format!("{}\n{}", event(body), updated(body));
        let mut stdin = process.stdin.take().ok_or("no standard input")?;
        stdin.write_all(input.as_bytes())?;
        drop(stdin);
        let output = process.wait_with_output()?;
        let (status, report) = (
            String::from_utf8(output.stdout)?,
            String::from_utf8(output.stderr)?,
        );
        if status.trim() != expected.to_string() {
            return Err(format!("status {status} instead of {expected}\n{report}").into());
        }
        let count = report.lines().find_map(self.count);
        let count = count.ok_or("no count from valgrind")?.trim();
        let count = count.split(' ').next().unwrap_or_default();
        Ok(count.replace(',', "").parse()?)
    }
}

fn document(warm_calls: Vec<[String; 3]>, most_expensive: Vec<Vec<String>>) -> String {
    let warm_head = ["Body", "Instructions", "Allocations"];
    let head = [
        "Body", "Status", "100 KB", "200 KB", "400 KB", "Per byte", "Growth",
    ];
    format!(
        "# Benchmark of the instructions\n\n\
         This page is for developers who change what happens in a request, and for operators who want to know what a\n\
         malicious request costs. `cargo bench -p benches --bench instructions` generates it. Valgrind counts the processor\n\
         instructions from the event's text to the response's, with a DynamoDB test double inside the process.\n\n\
         ## Warm calls\n\n\
         `.ci/run instructions` fails when a call takes over 2 % more instructions than this table says. If a change is worth\n\
         that, commit the new table with it. The token is cached.\n\n{}\n\
         ## Worst-case bodies\n\n\
         The figures for each size are millions of instructions of a process that handles one request. \"Per byte\" refers to\n\
         400 KB; its limit is {MAX_PER_BYTE}. \"Growth\" is the cost of a byte between 200 and 400 KB, relative to one between\n\
         100 and 200 KB: 1 for a cost proportional to the size, 2 for a quadratic cost. Its limit is {MAX_GROWTH}.\n\n{}",
        docs::table(&warm_head, warm_calls.into_iter().map(Vec::from)),
        docs::table(&head, most_expensive)
    )
}
