//! The API from outside: an event goes in, the whole response comes out, and then the stored customer
//! is read. DynamoDB is an embedded engine behind the real SDK, or, with `DYNAMODB_ENDPOINT` set,
//! whatever responses there.
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a panic fails the test"
)]

mod support;

mod architecture;
mod authentication;
mod body;
mod cold_start;
mod concurrent_writers;
mod dynamodb_failures;
mod dynamodb_requests;
mod error_responses;
mod events;
mod field_validation;
mod fields;
mod lambda_runtime;
mod malicious_input;
mod openapi;
mod optimistic_locking;
mod persistence;
mod properties;
mod requests;
mod responses;
mod simulation;
mod template;
mod timeouts;
