//! The customer's version, and the versions that a caller expects (`docs/API.md#optimistic-concurrency`).

use std::fmt;

/// The number of updates that a customer has had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(u64);

impl Version {
    /// The version of a customer that has none stored.
    pub const ZERO: Self = Self(0);

    /// The highest version that an update can increment: the next one is the highest 64-bit number.
    pub const MAX: Self = Self(u64::MAX - 1);

    pub(crate) fn number(self) -> u64 {
        self.0
    }

    /// Reads the canonical text of a version up to [`Version::MAX`]. `None` for `07` or `7.0`.
    pub fn parse(text: &str) -> Option<Self> {
        let version = text.parse().ok().map(Self);
        version.filter(|version| *version <= Self::MAX && version.to_string() == text)
    }
}

impl From<u64> for Version {
    fn from(number: u64) -> Self {
        Self(number)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The precondition of an update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExpectedVersion {
    /// Any version: the customer only has to exist.
    Any,
    /// One of these versions, in ascending order and each once. An empty list matches no version.
    OneOf(Vec<Version>),
    /// The customer must not exist, so that there is nothing to update.
    NoCustomer,
}
