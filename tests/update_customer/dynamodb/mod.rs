//! The requests to DynamoDB, its failures, and what other writers store there.

mod failures;
mod log;
mod other_writers;
mod requests;
mod stored_types;
mod timeouts;
