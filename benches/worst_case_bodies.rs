//! What the worst bodies cost in processor instructions, over the size of the body: no more than a bound,
//! and in proportion. Valgrind counts them, so that a busy machine changes nothing.
//!
//! `cargo bench --bench worst-bodies` writes `docs/benchmark-worst-bodies.md`; with `-- --dry-run` it
//! writes nothing. What they cost in memory is held to a bound by `cargo test --test bounds`.

#[path = "../tests/bounds/function.rs"]
mod function;
#[path = "../tests/bounds/shapes.rs"]
mod shapes;

use std::error::Error;
use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::{env, fs};

/// In bytes.
const SIZES: [usize; 3] = [102_400, 204_800, 409_600];

/// Instructions for each byte of a body of the largest size, from the event's text to the answer's, with
/// the start of the process.
const MOST_FOR_A_BYTE: f64 = 4_000.0;

/// How much more a byte beyond the second size may cost than one between the first and the second. It is
/// 1 where the cost grows with the size alone, and 2 where it grows with the square.
const MOST_GROWTH: f64 = 1.25;

/// Says to this program that it is the one whose instructions are counted.
const COUNTED: &str = "--counted";

fn main() -> Result<(), Box<dyn Error>> {
    if env::args()
        .nth(1)
        .is_some_and(|argument| argument == COUNTED)
    {
        let input = io::read_to_string(io::stdin())?;
        let (event, updated) = input
            .split_once('\n')
            .ok_or("an event and DynamoDB's answer")?;
        println!(
            "{}",
            function::call(&function::function(updated.to_owned()), event)
        );
        return Ok(());
    }
    // Valgrind does not exist for every system that builds this.
    if Command::new("valgrind")
        .arg("--version")
        .stdout(Stdio::null())
        .status()
        .is_err()
    {
        println!("left out: valgrind is not installed");
        return Ok(());
    }

    let mut rows = String::new();
    let mut beyond = Vec::new();
    for (name, body, status) in shapes::SHAPES {
        let mut millions = Vec::new();
        for size in SIZES {
            millions.push(instructions(&body(size), status)? as f64 / 1e6);
        }
        let for_a_byte = |from: usize, to: usize| {
            (millions[to] - millions[from]) * 1e6 / (SIZES[to] - SIZES[from]) as f64
        };
        let all = millions[2] * 1e6 / SIZES[2] as f64;
        let growth = for_a_byte(1, 2) / for_a_byte(0, 1);
        let row = format!(
            "| {name} | {status} | {:.0} | {:.0} | {:.0} | {all:.0} | {growth:.2} |\n",
            millions[0], millions[1], millions[2]
        );
        print!("{row}");
        rows += &row;
        if all > MOST_FOR_A_BYTE || growth > MOST_GROWTH {
            beyond.push(name);
        }
    }
    if !beyond.is_empty() {
        let bounds = format!("{MOST_FOR_A_BYTE} instructions a byte, a growth of {MOST_GROWTH}");
        return Err(format!("beyond {bounds}: {}", beyond.join(", ")).into());
    }
    println!(
        "ok: {} shapes within {MOST_FOR_A_BYTE} instructions a byte",
        shapes::SHAPES.len()
    );

    if env::args().skip(1).all(|argument| argument == "--bench") {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/benchmark-worst-bodies.md");
        fs::write(file, page(&rows))?;
    }
    Ok(())
}

/// What a process takes that answers one request with this body.
fn instructions(body: &str, expected: u64) -> Result<u64, Box<dyn Error>> {
    let mut process = Command::new("valgrind")
        .args([
            "--tool=cachegrind",
            "--cache-sim=no",
            "--cachegrind-out-file=/dev/null",
        ])
        .arg(env::current_exe()?)
        .arg(COUNTED)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let input = format!("{}\n{}", function::event(body), function::updated(body));
    process
        .stdin
        .take()
        .ok_or("no input")?
        .write_all(input.as_bytes())?;
    let output = process.wait_with_output()?;
    let (status, report) = (
        String::from_utf8(output.stdout)?,
        String::from_utf8(output.stderr)?,
    );
    if status.trim() != expected.to_string() {
        return Err(format!("answered {status} instead of {expected}\n{report}").into());
    }
    let count = report
        .lines()
        .find_map(|line| line.split_once("refs:"))
        .ok_or("valgrind counted nothing")?;
    Ok(count.1.trim().replace(',', "").parse()?)
}

fn page(rows: &str) -> String {
    format!(
        "# The worst bodies\n\n\
         Made by `cargo bench --bench worst-bodies`, which ends with an error when a bound is passed. Millions of\n\
         processor instructions, from the event's text to the answer's, with the start of the process; DynamoDB is played\n\
         inside it. \"A byte\" is of 400 KB: {MOST_FOR_A_BYTE} at most. \"Growth\" is what a byte costs between 200 and 400 KB\n\
         against one between 100 and 200 KB: 1 where cost grows with the size alone, 2 where it grows with its square,\n\
         {MOST_GROWTH} at most.\n\n\
         | Body | Status | 100 KB | 200 KB | 400 KB | A byte | Growth |\n|---|---|---|---|---|---|---|\n{rows}"
    )
}
