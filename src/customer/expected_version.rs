//! The version that a caller expects the customer to have.

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
