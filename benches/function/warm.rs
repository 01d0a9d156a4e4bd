//! Warm calls. Long-lived processes take turns, with a block of calls each.

use crate::Failure;
use crate::cases::{BY_SIZE, Case};
use crate::process::{Launcher, Process};
use crate::programs::{FUNCTION, Program, SDK};
use crate::statistics::{median, milliseconds, percentile};

/// The number of calls in a block: fewer for large bodies, whose calls take longer.
const BLOCK: usize = 50;
const LARGE_BODY_BLOCK: usize = 10;
const LARGE_BODY: usize = 50_000;

/// The calls of one program with one request. Times are in milliseconds.
pub struct WarmCalls {
    pub program: &'static str,
    pub case: &'static str,
    /// The length of the request body.
    pub bytes: usize,
    /// The time of each call, block by block.
    blocks: Vec<Vec<f64>>,
    /// The mean CPU time of a call, block by block.
    cpu: Vec<f64>,
}

impl WarmCalls {
    pub fn percentile(&self, percent: f64) -> f64 {
        percentile(self.blocks.iter().flatten().copied(), percent)
    }

    pub fn median_cpu(&self) -> f64 {
        median(self.cpu.iter().copied())
    }

    /// The time of these calls relative to others: the median of the blocks' ratios.
    pub fn ratio(&self, other: &Self) -> f64 {
        let median_of = |block: &Vec<f64>| median(block.iter().copied());
        let pairs = self.blocks.iter().zip(&other.blocks);
        median(pairs.map(|(block, other)| median_of(block) / median_of(other)))
    }

    /// The CPU time of these calls relative to others.
    pub fn cpu_ratio(&self, other: &Self) -> f64 {
        let pairs = self.cpu.iter().zip(&other.cpu);
        median(pairs.map(|(cpu, other)| cpu / other))
    }

    /// Runs one block.
    fn run(&mut self, case: &Case, process: &mut Process) -> Result<(), Failure> {
        let count = match case.body.len() {
            ..LARGE_BODY => BLOCK,
            _ => LARGE_BODY_BLOCK,
        };
        let before = process.cpu()?;
        let mut times = Vec::with_capacity(count);
        for _ in 0..count {
            times.push(milliseconds(process.call(case)?));
        }
        self.blocks.push(times);
        let cpu = milliseconds(process.cpu()? - before);
        self.cpu.push(cpu / count as f64);
        Ok(())
    }
}

/// The sample with every program, requests of each size with the SDK's baseline, and all requests with the
/// function.
pub fn measure(
    programs: &[Program],
    launcher: &Launcher,
    blocks: usize,
) -> Result<Vec<WarmCalls>, Failure> {
    let others = Case::others();
    let sdk = programs.iter().filter(|program| program.name == SDK);
    let sdk: Vec<_> = sdk
        .flat_map(|sdk| {
            let sizes = others.iter().filter(|case| BY_SIZE.contains(&case.name));
            sizes.map(|case| sdk.with(case))
        })
        .collect();
    let mut processes = Vec::new();
    let mut results = Vec::new();
    for program in programs.iter().chain(&sdk) {
        let mut process = Process::start(program, launcher)?;
        process.call(&program.first)?;
        processes.push(process);
        let others = others.iter().filter(|_| program.name == FUNCTION);
        for case in [&program.next].into_iter().chain(others) {
            let calls = WarmCalls {
                program: program.name,
                case: case.name,
                bytes: case.body.len(),
                blocks: Vec::with_capacity(blocks),
                cpu: Vec::with_capacity(blocks),
            };
            results.push((processes.len() - 1, case, calls));
        }
    }
    // The first block of each is a warm-up.
    for block in 0..=blocks {
        for (process, case, calls) in &mut results {
            calls.run(case, &mut processes[*process])?;
            if block == 0 {
                calls.blocks.clear();
                calls.cpu.clear();
            }
        }
    }
    Ok(results.into_iter().map(|(.., calls)| calls).collect())
}
