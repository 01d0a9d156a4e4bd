//! What was measured, and how it stands to its limits.

use crate::cold::Life;
use crate::process::Memory;
use crate::programs::Size;
use crate::statistics::median;
use crate::warm::Calls;

/// Names of the arms, as the tables show them.
pub const NOTHING: &str = "nothing";
pub const FLOOR: &str = "floor";
pub const SDK: &str = "SDK";
pub const FUNCTION: &str = "function";
pub const LOOKUP: &str = "function, token looked up";

pub struct Results {
    pub cold: Vec<(&'static str, Vec<Life>)>,
    pub warm: Vec<Warm>,
    pub memory: Vec<(&'static str, usize, Memory)>,
    pub sizes: Vec<(&'static str, Size)>,
}

pub struct Warm {
    pub program: &'static str,
    pub case: String,
    pub bytes: usize,
    pub calls: Calls,
}

/// A figure and what it should stay within.
pub struct Judged {
    pub name: &'static str,
    pub figure: f64,
    /// The same ratio of CPU time, which other programs on the machine disturb less.
    pub cpu: Option<f64>,
    pub limit: f64,
    pub unit: &'static str,
}

impl Judged {
    pub fn is_within(&self) -> bool {
        self.figure <= self.limit
    }
}

impl Results {
    pub fn judged(&self) -> Vec<Judged> {
        let ratio = |name, (figure, cpu), limit| Judged {
            name,
            figure,
            cpu: Some(cpu),
            limit,
            unit: "×",
        };
        let plain = |name, figure, limit, unit| Judged {
            name,
            figure,
            cpu: None,
            limit,
            unit,
        };
        let memory: Vec<_> = self
            .memory
            .iter()
            .filter(|(name, ..)| *name == FUNCTION)
            .collect();
        let early = memory.first().map_or(0.0, |(.., memory)| memory.now);
        let late = memory.last().map_or(0.0, |(.., memory)| memory.now);
        let zip = self.sizes.iter().find(|(name, _)| *name == FUNCTION);
        let zip = zip.map_or(0.0, |(_, size)| size.zip as f64 / 1e6);
        vec![
            ratio(
                "cold: start to first answer, against the floor",
                self.cold_ratio(FUNCTION),
                1.5,
            ),
            ratio(
                "first call, against warm with a token lookup",
                self.first_ratio(LOOKUP),
                2.0,
            ),
            ratio(
                "first call, against warm with the token remembered",
                self.first_ratio(FUNCTION),
                3.0,
            ),
            ratio(
                "warm sample, against the SDK alone",
                self.warm_ratio(SDK),
                1.15,
            ),
            ratio(
                "warm sample, against the floor",
                self.warm_ratio(FLOOR),
                1.65,
            ),
            plain("resident memory after 1,000 calls", early, 8.0, " MiB"),
            plain(
                "resident memory after all calls, against 1,000",
                late / early,
                1.05,
                "×",
            ),
            plain("zip", zip, 2.6, " MB"),
            plain(
                "cost of a KB, from 100 to 390 KB against 10 to 100",
                self.growth(),
                1.3,
                "×",
            ),
        ]
    }

    /// Against the floor, of time and of CPU, as all that follow.
    pub fn cold_ratio(&self, program: &str) -> (f64, f64) {
        let pairs = || self.lives(program).iter().zip(self.lives(FLOOR));
        (
            median(pairs().map(|(life, floor)| life.cold() / floor.cold())),
            median(pairs().map(|(life, floor)| life.cold_cpu() / floor.cold_cpu())),
        )
    }

    fn first_ratio(&self, arm: &str) -> (f64, f64) {
        let lives = || self.lives(arm).iter();
        (
            median(lives().map(|life| life.first_call / life.warm)),
            median(lives().map(|life| life.first_call_cpu / life.warm_cpu)),
        )
    }

    fn warm_ratio(&self, baseline: &str) -> (f64, f64) {
        let pair = self
            .calls(FUNCTION, "sample")
            .zip(self.calls(baseline, "sample"));
        pair.map_or((0.0, 0.0), |(calls, other)| {
            (calls.ratio(other), calls.cpu_ratio(other))
        })
    }

    pub fn calls(&self, program: &str, case: &str) -> Option<&Calls> {
        let warm = self
            .warm
            .iter()
            .find(|warm| warm.program == program && warm.case == case);
        warm.map(|warm| &warm.calls)
    }

    /// The function's calls of growing size: bytes, milliseconds, CPU milliseconds.
    pub fn by_size(&self) -> Vec<(f64, f64, f64)> {
        let sized = |warm: &&Warm| {
            warm.program == FUNCTION
                && (warm.case.ends_with(" KB")
                    || warm.case == "minimal body"
                    || warm.case == "sample")
        };
        let mut points: Vec<_> = self
            .warm
            .iter()
            .filter(sized)
            .map(|warm| {
                (
                    warm.bytes as f64,
                    warm.calls.percentile(50.0),
                    warm.calls.median_cpu(),
                )
            })
            .collect();
        points.sort_by(|one, other| one.0.total_cmp(&other.0));
        points
    }

    /// How much dearer a KB of a large body is than one of a smaller body. Cost that grows with the
    /// size alone gives 1.
    fn growth(&self) -> f64 {
        match self.by_size()[..] {
            [.., small, middle, large] => {
                let slope =
                    |from: (f64, f64, f64), to: (f64, f64, f64)| (to.1 - from.1) / (to.0 - from.0);
                slope(middle, large) / slope(small, middle)
            }
            _ => 0.0,
        }
    }

    fn lives(&self, name: &str) -> &[Life] {
        self.cold
            .iter()
            .find(|(known, _)| *known == name)
            .map_or(&[], |(_, lives)| lives)
    }
}
