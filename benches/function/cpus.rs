//! One processor for the measured programs, the others for the fake servers.
//!
//! In production, DynamoDB runs on another machine, and a small function has less than one processor.
//! Without a fixed assignment, the kernel's choice of processors changes times by a third.

use rustix::io;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

pub struct Cpus {
    servers: CpuSet,
    programs: CpuSet,
}

impl Cpus {
    /// Keeps this thread, and the threads that it starts, off the programs' processor. A machine with
    /// one processor shares it.
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

    /// Runs `start` so that a process it starts runs on the programs' processor.
    pub fn as_program<T>(&self, start: impl FnOnce() -> T) -> io::Result<T> {
        sched_setaffinity(None, &self.programs)?;
        let started = start();
        sched_setaffinity(None, &self.servers)?;
        Ok(started)
    }
}
