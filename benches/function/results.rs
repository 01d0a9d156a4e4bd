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
        let judged = |name, figure, limit, unit| Judged { name, figure, limit, unit };
        let (function, lookup, floor) = (self.lives(FUNCTION), self.lives(LOOKUP), self.lives(FLOOR));
        let cold = function.iter().zip(floor).map(|(life, floor)| life.cold() / floor.cold());
        let first = lookup.iter().map(|life| life.first_call / life.warm);
        let first_remembered = function.iter().map(|life| life.first_call / life.warm);
        let memory: Vec<_> = self.memory.iter().filter(|(name, ..)| *name == FUNCTION).collect();
        let early = memory.first().map_or(0.0, |(.., memory)| memory.now);
        let late = memory.last().map_or(0.0, |(.., memory)| memory.now);
        let sample = self.calls(FUNCTION, "sample");
        let against = |other: Option<&Calls>| sample.zip(other).map_or(0.0, |(one, other)| one.ratio(other));
        let zip = self.sizes.iter().find(|(name, _)| *name == FUNCTION);
        vec![
            judged("cold: start to first answer, against the floor", median(cold), 1.5, "×"),
            judged("first call, against warm with a token lookup", median(first), 2.0, "×"),
            judged("first call, against warm with the token remembered", median(first_remembered), 3.0, "×"),
            judged("warm sample, against the SDK alone", against(self.calls(SDK, "sample")), 1.15, "×"),
            judged("warm sample, against the floor", against(self.calls(FLOOR, "sample")), 1.65, "×"),
            judged("resident memory after 1,000 calls", early, 8.0, " MiB"),
            judged("resident memory after all calls, against 1,000", late / early, 1.05, "×"),
            judged("zip", zip.map_or(0.0, |(_, size)| size.zip as f64 / 1e6), 2.6, " MB"),
            judged("cost of a KB, from 100 to 390 KB against 10 to 100", self.growth(), 1.3, "×"),
        ]
    }

    pub fn calls(&self, program: &str, case: &str) -> Option<&Calls> {
        let warm = self.warm.iter().find(|warm| warm.program == program && warm.case == case);
        warm.map(|warm| &warm.calls)
    }

    /// The function's calls of growing size: bytes, milliseconds, CPU milliseconds.
    pub fn by_size(&self) -> Vec<(f64, f64, f64)> {
        let sized = |warm: &&Warm| {
            warm.program == FUNCTION
                && (warm.case.ends_with(" KB") || warm.case == "minimal body" || warm.case == "sample")
        };
        let mut points: Vec<_> = self
            .warm
            .iter()
            .filter(sized)
            .map(|warm| (warm.bytes as f64, warm.calls.percentile(50.0), warm.calls.median_cpu()))
            .collect();
        points.sort_by(|one, other| one.0.total_cmp(&other.0));
        points
    }

    /// How much dearer a KB of a large body is than one of a smaller body. Cost that grows with the
    /// size alone gives 1.
    fn growth(&self) -> f64 {
        match self.by_size()[..] {
            [.., small, middle, large] => {
                let slope = |from: (f64, f64, f64), to: (f64, f64, f64)| (to.1 - from.1) / (to.0 - from.0);
                slope(middle, large) / slope(small, middle)
            }
            _ => 0.0,
        }
    }

    fn lives(&self, name: &str) -> &[Life] {
        self.cold.iter().find(|(known, _)| *known == name).map_or(&[], |(_, lives)| lives)
    }
}
