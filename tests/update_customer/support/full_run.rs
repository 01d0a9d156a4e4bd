//! How much a run covers.

/// Whether the tests that take long run in full, as in the gate: `FULL_TESTS=1 cargo test`.
pub fn is_full() -> bool {
    std::env::var_os("FULL_TESTS").is_some()
}
