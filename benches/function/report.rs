//! The tables, in Markdown.

use std::env;
use std::fs;
use std::process::Command;

use crate::results::{FLOOR, Results, SDK};
use crate::statistics::median;

/// A 128 MB function's share of a CPU: Lambda gives a whole one for 1,769 MB.
const SHARE_OF_128_MB: f64 = 0.072;

/// Everything, as `docs/benchmark.md` has it.
pub fn markdown(results: &Results) -> String {
    let mut text = String::from(
        "# Benchmark\n\n\
         Made by `cargo bench`, which plays the Lambda Runtime API and DynamoDB (over TLS) on one machine. Times are\n\
         milliseconds. Absolute times hold for this machine only; ratios compare programs that took turns in one run. DynamoDB answers\n\
         at once, so ratios show what a program itself costs; the milliseconds of a real one would hide most of it.\n\n\
         | Program | |\n|---|---|\n\
         | function | this one, as deployed |\n\
         | nothing | `lambda_http`, and a handler that only answers |\n\
         | floor | `lambda_http`, one `hyper` connection with TLS open before the first event, Signature Version 4 by hand; sends the sample's `UpdateItem` and passes the answer on |\n\
         | SDK | `lambda_http` and the SDK; sends the sample's `UpdateItem` and answers with a fixed text |\n\n\
         ![Warm calls by size of body, and figures against their limits](benchmark.svg)\n",
    );
    text += &limits(results);
    text += &cold(results);
    text += &warm(results);
    text += &memory(results);
    text += &sizes(results);
    text += &format!("\n{}\n", machine());
    text
}

fn limits(results: &Results) -> String {
    let rows = results.judged().into_iter().map(|judged| {
        let verdict = if judged.is_within() { "ok" } else { "over" };
        let unit = judged.unit;
        [
            judged.name.to_owned(),
            format!("{:.2}{unit}", judged.figure),
            judged
                .cpu
                .map_or(String::new(), |cpu| format!("{cpu:.2}{unit}")),
            format!("{:.2}{unit}", judged.limit),
            verdict.to_owned(),
        ]
    });
    table(
        "Against the limits",
        &["Figure", "Measured", "of CPU", "Limit", ""],
        rows,
    ) + "\nRatios of CPU are there because other programs on the machine disturb them less.\n"
}

fn cold(results: &Results) -> String {
    let rows = results.cold.iter().map(|(name, lives)| {
        let middle = |part: fn(&crate::cold::Life) -> f64| median(lives.iter().map(part));
        let (ratio, _) = results.cold_ratio(name);
        let first_cpu = middle(|life| life.first_call_cpu);
        [
            (*name).to_owned(),
            format!("{:.2}", middle(|life| life.start)),
            format!("{:.2}", middle(|life| life.start_cpu)),
            format!("{:.2}", middle(|life| life.first_call)),
            format!("{first_cpu:.2}"),
            format!("{:.0}", first_cpu / SHARE_OF_128_MB),
            format!("{:.2}", middle(|life| life.cold())),
            format!("{ratio:.2}"),
            format!("{:.2}", middle(|life| life.warm)),
        ]
    });
    table(
        "Cold: medians",
        &[
            "Program",
            "Start",
            "its CPU",
            "First call",
            "its CPU",
            "at 128 MB",
            "Cold",
            "against the floor",
            "Warm thereafter",
        ],
        rows,
    ) + "\nStart is from the start of the process to its first request for an event, the first call from the event to\n\
         the answer (with the token's lookup in both rows of the function), cold their sum. At 128 MB: the first call's CPU at such a function's share of a CPU (0.072).\n"
}

fn warm(results: &Results) -> String {
    let rows = results.warm.iter().map(|warm| {
        let against = |other| {
            results
                .calls(other, "sample")
                .map_or(0.0, |other| warm.calls.ratio(other))
        };
        let percentile = |percent| format!("{:.3}", warm.calls.percentile(percent));
        [
            warm.program.to_owned(),
            warm.case.clone(),
            percentile(50.0),
            percentile(90.0),
            percentile(99.0),
            format!("{:.3}", warm.calls.median_cpu()),
            format!("{:.2}", against(FLOOR)),
            format!("{:.2}", against(SDK)),
        ]
    });
    table(
        "Warm calls",
        &[
            "Program", "Case", "p50", "p90", "p99", "CPU", "floors", "SDKs",
        ],
        rows,
    ) + "\nThe last two columns: how many calls of the floor, and of the SDK alone, it takes as long as.\n"
}

fn memory(results: &Results) -> String {
    let rows = results.memory.iter().map(|(name, calls, memory)| {
        [
            (*name).to_owned(),
            calls.to_string(),
            format!("{:.2}", memory.now),
            format!("{:.2}", memory.peak),
        ]
    });
    table(
        "Resident memory in MiB",
        &["Program", "Calls", "Then", "Peak"],
        rows,
    )
}

fn sizes(results: &Results) -> String {
    let megabytes = |bytes: usize| format!("{:.2}", bytes as f64 / 1e6);
    let rows = results.sizes.iter().map(|(name, size)| {
        [
            (*name).to_owned(),
            megabytes(size.program),
            megabytes(size.zip),
        ]
    });
    table("Size in MB", &["Program", "Executable", "Zip"], rows)
}

fn table<const N: usize>(
    title: &str,
    head: &[&str; N],
    rows: impl Iterator<Item = [String; N]>,
) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let head: Vec<_> = head.iter().map(|&name| name.to_owned()).collect();
    let mut text = format!("\n## {title}\n\n{}|{}\n", line(&head), "---|".repeat(N));
    for row in rows {
        text += &line(&row);
    }
    text
}

/// The processor, its number of cores, kernel and compiler.
fn machine() -> String {
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    let processors = read("/proc/cpuinfo");
    let model = processors
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    // Not those that this thread may use: the programs have one to themselves.
    let cores = processors
        .lines()
        .filter(|line| line.starts_with("processor"))
        .count();
    let compiler = Command::new(env::var_os("RUSTC").unwrap_or("rustc".into()))
        .arg("--version")
        .output();
    let compiler = compiler.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    format!(
        "Machine: {}, {cores} cores, {} {}, {}.",
        model.map_or(env::consts::ARCH, |(_, model)| model.trim()),
        read("/proc/sys/kernel/ostype").trim(),
        read("/proc/sys/kernel/osrelease").trim(),
        compiler.unwrap_or_default()
    )
}
