//! The requests to DynamoDB, and its failures.

pub mod errors;
pub mod failures;
pub mod other_writers;
mod requests;
mod timeouts;
