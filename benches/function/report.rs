//! The document with the results.

use std::env;
use std::fs;
use std::process::Command;

use crate::Failure;
use crate::cold::ColdStart;
use crate::programs::{HAND_SIGNED, SDK};
use crate::results::Results;
use crate::statistics::median;
use crate::{chart, docs};

/// The share of a CPU that Lambda gives a function with 128 MB: a whole one belongs to 1,769 MB.
const CPU_SHARE_128_MB: f64 = 0.072;

const INTRODUCTION: &str = "\
# Benchmark

This page is for developers who change performance-critical code, and for readers of PERFORMANCE.md who want the
measurements. `cargo bench -p benches --bench function` generates it.

The benchmark runs each program between a fake Lambda Runtime API and a fake DynamoDB over TLS, on one machine. Times
are in milliseconds and comparable on this machine only. A ratio compares programs that took turns in one run. The fake
DynamoDB responds immediately, so ratios show the cost of the program itself, which a real DynamoDB would hide.
";

const PROGRAMS: [[&str; 2]; 4] = [
    ["function", "This function, as deployed"],
    [
        "noop",
        "`lambda_http` and a handler that returns a constant",
    ],
    [
        "hand_signed",
        "`lambda_http` and a `hyper` connection that is open before the first event; signs the sample's `UpdateItem` \
         without the SDK, sends it and returns the response",
    ],
    [
        "sdk",
        "`lambda_http`, `serde` and the SDK; parses the body into a struct, checks nothing, sends the function's \
         `UpdateItem` with the body's values, and returns the stored item",
    ],
];

/// The document `docs/benchmark.md`.
pub fn markdown(results: &Results) -> String {
    [
        INTRODUCTION.to_owned(),
        docs::table(
            &["Program", ""],
            PROGRAMS.map(|row| row.map(str::to_owned).to_vec()),
        ),
        "![Warm calls by size of the request body](benchmark.svg)\n".to_owned(),
        thresholds(results),
        cold(results),
        warm(results),
        memory(results),
        sizes(results),
        format!("Machine: {}.\n", machine()),
    ]
    .join("\n")
}

/// Draws `docs/benchmark.svg`.
pub fn draw(results: &Results) -> Result<(), Failure> {
    let points = results.by_size();
    let time = points
        .map(|(kilobytes, time, _)| (kilobytes, time))
        .to_vec();
    let cpu = points.map(|(kilobytes, _, cpu)| (kilobytes, cpu)).to_vec();
    let curves = vec![("time, p50", time), ("CPU time", cpu)];
    chart::draw("benchmark.svg", "Warm calls of the function", curves)
}

fn thresholds(results: &Results) -> String {
    let rows = results.thresholds().into_iter().map(|threshold| {
        let show = |value| format!("{value:.2}{}", threshold.unit);
        let result = match threshold.figure <= threshold.limit {
            true => "ok",
            false => "exceeded",
        };
        vec![
            threshold.name.to_owned(),
            show(threshold.figure),
            threshold.cpu.map(show).unwrap_or_default(),
            show(threshold.limit),
            result.to_owned(),
        ]
    });
    "## Thresholds\n\n".to_owned()
        + &docs::table(&["Figure", "Measured", "CPU", "Threshold", "Result"], rows)
        + "\nThe column CPU has the same ratio of CPU times, which the load of the machine affects less.\n"
}

fn cold(results: &Results) -> String {
    let rows = results.cold.iter().map(|(name, starts)| {
        let middle = |part: fn(&ColdStart) -> f64| median(starts.iter().map(part));
        let first_call_cpu = middle(|start| start.first_call_cpu);
        vec![
            (*name).to_owned(),
            format!("{:.2}", middle(|start| start.start)),
            format!("{:.2}", middle(|start| start.start_cpu)),
            format!("{:.2}", middle(|start| start.first_call)),
            format!("{first_call_cpu:.2}"),
            format!("{:.0}", first_call_cpu / CPU_SHARE_128_MB),
            format!("{:.2}", middle(ColdStart::total)),
            format!("{:.2}", results.cold_ratio(name).0),
            format!("{:.2}", middle(|start| start.warm)),
        ]
    });
    let head = [
        "Program",
        "Start",
        "Start CPU",
        "First call",
        "First call CPU",
        "At 128 MB",
        "Cold start",
        "× hand_signed",
        "Warm call",
    ];
    "## Cold starts\n\n".to_owned()
        + &docs::table(&head, rows)
        + "\nAll figures are medians. The start ends with the program's first request for an event. The first call is from\n\
           the event to the response, with a token lookup in both rows of the function. A cold start is both. At 128 MB: the\n\
           first call's CPU time at the share of a CPU that Lambda gives such a function, 7.2 %.\n"
}

fn warm(results: &Results) -> String {
    let rows = results.warm.iter().map(|calls| {
        let percentile = |percent| format!("{:.3}", calls.percentile(percent));
        let relative_to = |program| {
            let same = results.find_warm(program, calls.case);
            let baseline = same.unwrap_or_else(|| results.warm(program, "sample"));
            format!("{:.2}", calls.ratio(baseline))
        };
        vec![
            calls.program.to_owned(),
            calls.case.to_owned(),
            percentile(50.0),
            percentile(90.0),
            percentile(99.0),
            format!("{:.3}", calls.median_cpu()),
            relative_to(HAND_SIGNED),
            relative_to(SDK),
        ]
    });
    let head = [
        "Program",
        "Request",
        "p50",
        "p90",
        "p99",
        "CPU",
        "× hand_signed",
        "× sdk",
    ];
    "## Warm calls\n\n".to_owned()
        + &docs::table(&head, rows)
        + "\nThe last two columns are relative to the baselines' calls with the same request, or else with the sample.\n"
}

fn memory(results: &Results) -> String {
    let rows = results.memory.iter().map(|usage| {
        vec![
            usage.program.to_owned(),
            usage.calls.to_string(),
            format!("{:.2}", usage.memory.resident),
            format!("{:.2}", usage.memory.peak),
        ]
    });
    "## Resident memory in MiB\n\n".to_owned()
        + &docs::table(&["Program", "Calls", "After them", "Peak"], rows)
}

fn sizes(results: &Results) -> String {
    let megabytes = |bytes| format!("{:.2}", bytes as f64 / 1e6);
    let rows = results.sizes.iter();
    let rows = rows
        .map(|&(name, (program, zip))| vec![name.to_owned(), megabytes(program), megabytes(zip)]);
    "## Size in MB\n\n".to_owned() + &docs::table(&["Program", "Executable", "Zip file"], rows)
}

/// The processor, the number of its cores, the kernel and the compiler.
fn machine() -> String {
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    let cpuinfo = read("/proc/cpuinfo");
    let mut lines = cpuinfo.lines();
    let model = lines.find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    // All cores, not only those on which this thread may run.
    let cores = cpuinfo.lines().filter(|line| line.starts_with("processor"));
    let rustc = env::var_os("RUSTC").unwrap_or("rustc".into());
    let compiler = Command::new(rustc).arg("--version").output();
    let compiler = compiler.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    format!(
        "{}, {} cores, {} {}, {}",
        model.map_or(env::consts::ARCH, |(_, model)| model.trim()),
        cores.count(),
        read("/proc/sys/kernel/ostype").trim(),
        read("/proc/sys/kernel/osrelease").trim(),
        compiler.unwrap_or_default()
    )
}
