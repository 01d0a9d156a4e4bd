//! Resident memory of a process after many calls.

use crate::Failure;
use crate::process::{Launcher, Memory, Process};
use crate::programs::{FUNCTION, Program, UNCACHED};

const EARLY_CALLS: usize = 1_000;

pub struct MemoryUse {
    pub program: &'static str,
    pub calls: usize,
    pub memory: Memory,
}

/// Every program after 1,000 calls, and the function after `late_calls` as well.
pub fn measure(
    programs: &[Program],
    launcher: &Launcher,
    late_calls: usize,
) -> Result<Vec<MemoryUse>, Failure> {
    let mut results = Vec::new();
    for program in programs.iter().filter(|program| program.name != UNCACHED) {
        let mut process = Process::start(program, launcher)?;
        process.call(&program.first)?;
        let last = match program.name {
            FUNCTION => late_calls,
            _ => EARLY_CALLS,
        };
        for calls in 2..=last {
            process.call(&program.next)?;
            if calls == EARLY_CALLS || calls == last {
                results.push(MemoryUse {
                    program: program.name,
                    calls,
                    memory: process.memory()?,
                });
            }
        }
    }
    Ok(results)
}
