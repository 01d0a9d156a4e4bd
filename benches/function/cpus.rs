//! One processor for the programs, the others for what is played here.
//!
//! DynamoDB is on another machine, and a small function has less than one processor. Left to itself
//! the kernel puts a program and its servers together or apart, which changes times by a third.

use rustix::io;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

pub struct Cpus {
    servers: CpuSet,
    programs: CpuSet,
}

impl Cpus {
    /// Keeps this thread, and those that it starts, off the programs' processor. Where there is only
    /// one, all share it.
    pub fn divide() -> io::Result<Self> {
        let all = sched_getaffinity(None)?;
        let mut cpus = Self {
            servers: all,
            programs: all,
        };
        let last = (0..CpuSet::MAX_CPU).rev().find(|&cpu| all.is_set(cpu));
        if let Some(last) = last.filter(|_| all.count() > 1) {
            cpus.programs = CpuSet::new();
            cpus.programs.set(last);
            cpus.servers.unset(last);
        }
        sched_setaffinity(None, &cpus.servers)?;
        Ok(cpus)
    }

    /// What `start` starts runs on the programs' processor.
    pub fn as_program<T>(&self, start: impl FnOnce() -> T) -> io::Result<T> {
        sched_setaffinity(None, &self.programs)?;
        let started = start();
        sched_setaffinity(None, &self.servers)?;
        Ok(started)
    }
}
