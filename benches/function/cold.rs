//! Starts and first calls, each program once a round.

use std::path::Path;
use std::time::Duration;

use crate::cases::Case;
use crate::process::{Environment, Process};
use crate::statistics::{median, milliseconds};
use crate::{Failure, REMEMBER};

const SETTLING_CALLS: usize = 20;

/// Calls to compare the first one with.
const WARM_CALLS: usize = 80;

/// A program and its first event.
pub struct Arm<'a> {
    pub name: &'static str,
    pub program: &'a Path,
    pub remember: Duration,
    pub first: Case,
    pub next: Case,
}

impl<'a> Arm<'a> {
    pub fn baseline(name: &'static str, program: &'a Path, updates: usize) -> Self {
        let case = || Case::for_baseline(updates);
        Self {
            name,
            program,
            remember: REMEMBER,
            first: case(),
            next: case(),
        }
    }
}

/// One program's life in one round, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub struct Life {
    /// From the start of the process to its first request for an event.
    pub start: f64,
    pub first_call: f64,
    pub start_cpu: f64,
    pub first_call_cpu: f64,
    /// The median of later calls.
    pub warm: f64,
    /// The mean of later calls.
    pub warm_cpu: f64,
}

impl Life {
    /// From the start of the process to its first answer.
    pub fn cold(&self) -> f64 {
        self.start + self.first_call
    }

    pub fn cold_cpu(&self) -> f64 {
        self.start_cpu + self.first_call_cpu
    }
}

/// The lives of each arm, round by round.
pub fn measure(
    arms: &[Arm<'_>],
    environment: &Environment,
    rounds: usize,
) -> Result<Vec<Vec<Life>>, Failure> {
    let mut lives = vec![Vec::with_capacity(rounds); arms.len()];
    // The first round brings the programs into memory.
    for round in 0..=rounds {
        for (arm, lives) in arms.iter().zip(&mut lives) {
            let life = live(arm, environment)?;
            if round > 0 {
                lives.push(life);
            }
        }
    }
    Ok(lives)
}

fn live(arm: &Arm<'_>, environment: &Environment) -> Result<Life, Failure> {
    let mut process = Process::start(arm.program, environment, arm.remember)?;
    let started = process.cpu()?;
    let first_call = process.call(&arm.first)?;
    let called = process.cpu()?;
    // The first of them still fill caches.
    for _ in 0..SETTLING_CALLS {
        process.call(&arm.next)?;
    }
    let settled = process.cpu()?;
    let mut warm = Vec::with_capacity(WARM_CALLS);
    for _ in 0..WARM_CALLS {
        warm.push(milliseconds(process.call(&arm.next)?));
    }
    let warm_cpu = milliseconds(process.cpu()? - settled) / WARM_CALLS as f64;
    Ok(Life {
        start: milliseconds(process.start),
        first_call: milliseconds(first_call),
        start_cpu: milliseconds(started),
        first_call_cpu: milliseconds(called - started),
        warm: median(warm),
        warm_cpu,
    })
}
