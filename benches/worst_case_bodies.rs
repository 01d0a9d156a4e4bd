//! Processor instructions for the most expensive request bodies, which must stay below a limit and
//! proportional to the size. Valgrind counts them, so the load of the machine does not matter.
//!
//! `cargo bench -p benches --bench worst_case_bodies` writes `docs/benchmark-worst-case-bodies.md`;
//! with `-- --dry-run` it writes nothing. `cargo test --test memory_limits` measures the memory.

mod docs;

use std::error::Error;
use std::io::{self, Write};
use std::process::{Command, Stdio};
use std::{env, fs};

use testkit::bodies::SHAPES;
use testkit::canned_dynamodb::{app_with_update, call, event, updated};

/// The sizes of the bodies in bytes.
const SIZES: [usize; 3] = [102_400, 204_800, 409_600];

/// Instructions per byte of a body of the largest size, from the event's text to the response's,
/// including the start of the process.
const MAX_PER_BYTE: f64 = 4_000.0;

/// The cost of a byte beyond the second size, relative to one between the first and the second. It is
/// 1 for a cost proportional to the size, and 2 for a quadratic cost.
const MAX_GROWTH: f64 = 1.25;

/// Makes this program the one whose instructions are counted.
const COUNTED: &str = "--counted";

fn main() -> Result<(), Box<dyn Error>> {
    if env::args().nth(1).as_deref() == Some(COUNTED) {
        let input = io::read_to_string(io::stdin())?;
        let (event, updated) = input.split_once('\n').ok_or("no response of DynamoDB")?;
        println!("{}", call(&app_with_update(updated.to_owned()), event));
        return Ok(());
    }
    // Valgrind does not exist for every system that can build this.
    let version = Command::new("valgrind").arg("--version").output();
    if version.is_err() {
        println!("skipped: valgrind is not installed");
        return Ok(());
    }

    let mut rows = Vec::new();
    let mut exceeded = Vec::new();
    for (name, body, status) in SHAPES {
        let mut counts = [0.0; SIZES.len()];
        for (size, count) in SIZES.into_iter().zip(&mut counts) {
            *count = instructions(&body(size), status)? as f64;
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
    if docs::is_full_run() {
        fs::write(docs::file("benchmark-worst-case-bodies.md"), document(rows))?;
    }
    Ok(())
}

/// The instructions of a process that handles one request with this body.
fn instructions(body: &str, expected: u64) -> Result<u64, Box<dyn Error>> {
    let mut process = Command::new("valgrind")
        .args(["--tool=cachegrind", "--cache-sim=no"])
        .arg("--cachegrind-out-file=/dev/null")
        .arg(env::current_exe()?)
        .arg(COUNTED)
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
    let mut lines = report.lines();
    let count = lines.find_map(|line| line.split_once("refs:"));
    let count = count.ok_or("no count from valgrind")?.1;
    Ok(count.trim().replace(',', "").parse()?)
}

fn document(rows: Vec<Vec<String>>) -> String {
    let head = [
        "Body", "Status", "100 KB", "200 KB", "400 KB", "Per byte", "Growth",
    ];
    format!(
        "# Benchmark of the worst-case bodies\n\n\
         This page is for developers who change how a request body is read, and for operators who want to know what a\n\
         malicious request costs. `cargo bench -p benches --bench worst_case_bodies` generates it, and fails when a figure\n\
         exceeds its limit.\n\n\
         The figures for each size are millions of processor instructions, from the event's text to the response's,\n\
         including the start of the process and the DynamoDB test double inside it. \"Per byte\" refers to 400 KB; its limit\n\
         is {MAX_PER_BYTE}. \"Growth\" is the cost of a byte between 200 and 400 KB, relative to one between 100 and 200 KB: 1\n\
         for a cost proportional to the size, 2 for a quadratic cost. Its limit is {MAX_GROWTH}.\n\n{}",
        docs::table(&head, rows)
    )
}
