//! The measurements, and the figures that have a threshold.

use crate::cases::BY_SIZE;
use crate::cold::ColdStart;
use crate::memory::MemoryUse;
use crate::programs::{FUNCTION, HAND_SIGNED, SDK, UNCACHED};
use crate::statistics::median;
use crate::warm::WarmCalls;

pub struct Results {
    pub cold: Vec<(&'static str, Vec<ColdStart>)>,
    pub warm: Vec<WarmCalls>,
    pub memory: Vec<MemoryUse>,
    /// Bytes of each program and of its zip file.
    pub sizes: Vec<(&'static str, (usize, usize))>,
}

/// A figure and its upper limit.
pub struct Threshold {
    pub name: &'static str,
    pub figure: f64,
    /// The same ratio of CPU times, which the load of the machine affects less.
    pub cpu: Option<f64>,
    pub limit: f64,
    pub unit: &'static str,
}

impl Results {
    pub fn thresholds(&self) -> Vec<Threshold> {
        let ratio = |name, (figure, cpu), limit| Threshold {
            name,
            figure,
            cpu: Some(cpu),
            limit,
            unit: "×",
        };
        let value = |name, figure, limit, unit| Threshold {
            name,
            figure,
            cpu: None,
            limit,
            unit,
        };
        let memory = self.memory.iter().filter(|m| m.program == FUNCTION);
        let memory: Vec<_> = memory.map(|m| m.memory.resident).collect();
        let zip = self.sizes.iter().find(|(name, _)| *name == FUNCTION);
        let zip = zip.map_or(0.0, |(_, (_, zip))| *zip as f64 / 1e6);
        let relative = |case, baseline| {
            let (calls, baseline) = (self.warm(FUNCTION, case), self.warm(baseline, case));
            (calls.ratio(baseline), calls.cpu_ratio(baseline))
        };
        vec![
            ratio(
                "cold start, relative to hand_signed",
                self.cold_ratio(FUNCTION),
                1.3,
            ),
            ratio(
                "first call, relative to a warm call with a token lookup",
                self.first_call_ratio(UNCACHED),
                2.0,
            ),
            ratio(
                "first call, relative to a warm call with a cached token",
                self.first_call_ratio(FUNCTION),
                3.0,
            ),
            ratio("sample, relative to sdk", relative("sample", SDK), 1.1),
            ratio("10 KB, relative to sdk", relative("10 KB", SDK), 1.1),
            ratio("100 KB, relative to sdk", relative("100 KB", SDK), 1.15),
            ratio("390 KB, relative to sdk", relative("390 KB", SDK), 1.15),
            ratio(
                "sample, relative to hand_signed",
                relative("sample", HAND_SIGNED),
                1.65,
            ),
            value("resident memory after 1,000 calls", memory[0], 8.0, " MiB"),
            value(
                "resident memory after all calls, relative to 1,000",
                memory[1] / memory[0],
                1.05,
                "×",
            ),
            value("zip file", zip, 2.6, " MB"),
            value(
                "cost per KB from 100 to 390 KB, relative to 10 to 100 KB",
                self.growth(),
                1.3,
                "×",
            ),
        ]
    }

    /// Time and CPU time of a program's cold starts, relative to `hand_signed`.
    pub fn cold_ratio(&self, program: &str) -> (f64, f64) {
        let pairs = || self.cold(program).iter().zip(self.cold(HAND_SIGNED));
        (
            median(pairs().map(|(start, baseline)| start.total() / baseline.total())),
            median(pairs().map(|(start, baseline)| start.total_cpu() / baseline.total_cpu())),
        )
    }

    /// Time and CPU time of a program's first calls, relative to its warm calls.
    fn first_call_ratio(&self, program: &str) -> (f64, f64) {
        let starts = || self.cold(program).iter();
        (
            median(starts().map(|start| start.first_call / start.warm)),
            median(starts().map(|start| start.first_call_cpu / start.warm_cpu)),
        )
    }

    /// Kilobytes, milliseconds and CPU milliseconds of the function's calls of growing size.
    pub fn by_size(&self) -> [(f64, f64, f64); BY_SIZE.len()] {
        BY_SIZE.map(|case| {
            let calls = self.warm(FUNCTION, case);
            (
                calls.bytes as f64 / 1e3,
                calls.percentile(50.0),
                calls.median_cpu(),
            )
        })
    }

    /// The cost per KB of a large body, relative to a smaller one. It is 1 for a cost proportional to
    /// the size.
    fn growth(&self) -> f64 {
        let [.., small, medium, large] = self.by_size();
        let slope = |from: (f64, f64, f64), to: (f64, f64, f64)| (to.1 - from.1) / (to.0 - from.0);
        slope(medium, large) / slope(small, medium)
    }

    /// Panics if the program was not measured with the request.
    pub fn warm(&self, program: &str, case: &str) -> &WarmCalls {
        self.find_warm(program, case).expect("a measured request")
    }

    /// A program's calls with a request. `None` when they were not measured.
    pub fn find_warm(&self, program: &str, case: &str) -> Option<&WarmCalls> {
        let mut calls = self.warm.iter();
        calls.find(|calls| calls.program == program && calls.case == case)
    }

    fn cold(&self, program: &str) -> &[ColdStart] {
        let cold = self.cold.iter().find(|(name, _)| *name == program);
        &cold.expect("a measured program").1
    }
}
