//! What must hold for every input, written once: libFuzzer's targets look for an input where it does
//! not, and `cargo test` tries the committed corpus and changes of it on every run.
//!
//! Each module has `holds(data)`, which panics when something does not hold.

mod answer;
pub mod attribute;
pub mod body;
mod decimal;
pub mod event;
pub mod item;
mod json;
mod rules;
mod stand;
pub mod token;
