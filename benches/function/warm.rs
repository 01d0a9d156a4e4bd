//! Warm calls: programs that stay alive take turns, a block of calls each.

use std::time::Duration;

use crate::Failure;
use crate::cases::Case;
use crate::process::Process;
use crate::statistics::{median, milliseconds, percentile};

/// Calls in a block; fewer where they are long.
const BLOCK: usize = 50;
const BLOCK_OF_LARGE: usize = 10;
const LARGE: usize = 50_000;

/// A program, and what it is asked.
pub struct Arm {
    pub name: &'static str,
    /// Which of the processes answers.
    pub process: usize,
    pub case: Case,
}

/// The blocks of an arm, in milliseconds.
#[derive(Default)]
pub struct Calls {
    /// Each call's time, block by block.
    pub blocks: Vec<Vec<f64>>,
    /// CPU a call, block by block.
    pub cpu: Vec<f64>,
}

impl Calls {
    pub fn percentile(&self, percent: f64) -> f64 {
        percentile(self.blocks.iter().flatten().copied(), percent)
    }

    pub fn median_cpu(&self) -> f64 {
        median(self.cpu.iter().copied())
    }

    /// How much longer these calls take: the median of the blocks' ratios.
    pub fn ratio(&self, other: &Self) -> f64 {
        let median_of = |block: &Vec<f64>| median(block.iter().copied());
        let pairs = self.blocks.iter().zip(&other.blocks);
        median(pairs.map(|(block, other)| median_of(block) / median_of(other)))
    }

    /// The same for CPU, which other programs on the machine disturb less.
    pub fn cpu_ratio(&self, other: &Self) -> f64 {
        median(
            self.cpu
                .iter()
                .zip(&other.cpu)
                .map(|(cpu, other)| cpu / other),
        )
    }
}

pub fn measure(
    arms: &[Arm],
    processes: &mut [Process],
    blocks: usize,
) -> Result<Vec<Calls>, Failure> {
    let mut calls: Vec<_> = arms.iter().map(|_| Calls::default()).collect();
    // The first block of each only warms up.
    for block in 0..=blocks {
        for (arm, calls) in arms.iter().zip(&mut calls) {
            let (times, cpu) = run(arm, &mut processes[arm.process])?;
            if block > 0 {
                calls.blocks.push(times);
                calls.cpu.push(cpu);
            }
        }
    }
    Ok(calls)
}

fn run(arm: &Arm, process: &mut Process) -> Result<(Vec<f64>, f64), Failure> {
    let count = if arm.case.bytes < LARGE {
        BLOCK
    } else {
        BLOCK_OF_LARGE
    };
    let before: Duration = process.cpu()?;
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        times.push(milliseconds(process.call(&arm.case)?));
    }
    let cpu = milliseconds(process.cpu()? - before) / count as f64;
    Ok((times, cpu))
}
