//! Checks that hold for every input. libFuzzer's targets search for an input that violates one, and
//! the test `replay` runs the committed inputs.
//!
//! The module of a target has `check(data)`, which panics on a violation. `rules` and
//! `testkit::json` are reference implementations, which share no code with the function.
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a panic is the report of a violation"
)]

mod app;
pub mod attribute;
pub mod body;
pub mod corpus;
pub mod event;
pub mod item;
mod response;
mod rules;
pub mod token;
