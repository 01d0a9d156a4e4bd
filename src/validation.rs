//! Reading a JSON body strictly and collecting everything that is wrong with it.
//!
//! Knows nothing of customers, HTTP or DynamoDB's client.

pub(crate) mod characters;
mod errors;
pub mod json;
pub(crate) mod number;
mod pointer;

pub use errors::{ErrorCode, ValidationError, ValidationErrors};
pub(crate) use pointer::JsonPointer;

/// The rows of a test's table, each a text and what is expected of it: `text → expected`.
#[cfg(test)]
pub(crate) fn rows(table: &str) -> impl Iterator<Item = (&str, &str)> {
    let rows = table.lines().filter(|row| !row.trim().is_empty());
    rows.map(|row| row.trim_start().split_once(" → ").unwrap())
}
