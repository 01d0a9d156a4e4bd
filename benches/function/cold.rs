//! Cold starts. Each round starts every program once.

use crate::Failure;
use crate::process::{Launcher, Process};
use crate::programs::Program;
use crate::statistics::{median, milliseconds};

/// Calls that still fill caches.
const SETTLING_CALLS: usize = 20;

/// Calls to compare the first one with.
const WARM_CALLS: usize = 80;

/// One process, from its start to warm calls. Times are in milliseconds.
pub struct ColdStart {
    /// From the start of the process to its first request for an event.
    pub start: f64,
    pub start_cpu: f64,
    pub first_call: f64,
    pub first_call_cpu: f64,
    /// The median of later calls.
    pub warm: f64,
    /// The mean of later calls.
    pub warm_cpu: f64,
}

impl ColdStart {
    /// From the start of the process to its first response.
    pub fn total(&self) -> f64 {
        self.start + self.first_call
    }

    pub fn total_cpu(&self) -> f64 {
        self.start_cpu + self.first_call_cpu
    }
}

/// The cold starts of each program, round by round.
pub fn measure(
    programs: &[Program],
    launcher: &Launcher,
    rounds: usize,
) -> Result<Vec<(&'static str, Vec<ColdStart>)>, Failure> {
    let mut results: Vec<_> = programs.iter().map(|p| (p.name, Vec::new())).collect();
    // The first round only reads the programs into memory.
    for round in 0..=rounds {
        for (program, (_, cold_starts)) in programs.iter().zip(&mut results) {
            let cold_start = cold_start(program, launcher)?;
            if round > 0 {
                cold_starts.push(cold_start);
            }
        }
    }
    Ok(results)
}

fn cold_start(program: &Program, launcher: &Launcher) -> Result<ColdStart, Failure> {
    let mut process = Process::start(program, launcher)?;
    let started = process.cpu()?;
    let first_call = process.call(&program.first)?;
    let called = process.cpu()?;
    for _ in 0..SETTLING_CALLS {
        process.call(&program.next)?;
    }
    let settled = process.cpu()?;
    let mut warm = Vec::with_capacity(WARM_CALLS);
    for _ in 0..WARM_CALLS {
        warm.push(milliseconds(process.call(&program.next)?));
    }
    let warm_cpu = milliseconds(process.cpu()? - settled) / WARM_CALLS as f64;
    Ok(ColdStart {
        start: milliseconds(process.start),
        start_cpu: milliseconds(started),
        first_call: milliseconds(first_call),
        first_call_cpu: milliseconds(called - started),
        warm: median(warm),
        warm_cpu,
    })
}
