//! The command line.

/// What is asked of this run. Arguments of the other benchmark are not an error here.
pub struct Options {
    /// A short run that leaves `docs/` as it is.
    pub quick: bool,
    /// Calls after which memory is looked at for the last time.
    pub calls: usize,
}

impl Options {
    pub fn read(arguments: impl Iterator<Item = String>) -> Self {
        let arguments: Vec<_> = arguments.collect();
        let quick = arguments.iter().any(|argument| argument == "--quick");
        let calls = arguments
            .iter()
            .skip_while(|argument| *argument != "--calls")
            .nth(1);
        let calls = calls.and_then(|calls| calls.parse().ok());
        Self {
            quick,
            calls: calls.unwrap_or(if quick { 2_000 } else { 100_000 }),
        }
    }

    /// `full`, or a small part of it in a short run.
    pub fn rounds(&self, full: usize) -> usize {
        if self.quick { full.div_ceil(10) } else { full }
    }
}
