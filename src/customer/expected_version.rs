//! The version that a caller expects the customer to have.

/// The highest version that an update can increment: the next one is the highest 64-bit number.
pub const MAX_VERSION: u64 = u64::MAX - 1;

/// The precondition of an update (`docs/API.md#optimistic-concurrency`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExpectedVersion {
    /// Any version: the customer only has to exist.
    Any,
    /// One of these versions, in ascending order and each once. An empty list matches no version.
    OneOf(Vec<u64>),
    /// The customer must not exist, so that there is nothing to update.
    Absent,
}

impl ExpectedVersion {
    pub fn matches(&self, version: u64) -> bool {
        match self {
            Self::Any => true,
            Self::OneOf(versions) => versions.contains(&version),
            Self::Absent => false,
        }
    }
}
