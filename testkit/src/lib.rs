//! What tests, benchmarks, examples and fuzz targets share: stand-ins for what is around the function, API Gateway
//! events, and sample data. Never part of the deployed program.
//!
//! | Stand-in | For |
//! |---|---|
//! | [`tables`]: an embedded DynamoDB | What the function stores and returns |
//! | [`canned_dynamodb`]: a closure in the process | Responses that the embedded one never gives; instruction counts |
//! | [`canned_dynamodb::serve`]: the same as a server, also with TLS | A program that runs as in Lambda |
//! | [`runtime_api`]: Lambda's Runtime API | The same |
//! | [`gateway`]: API Gateway | Events of all kinds, and HTTP requests to the function without Lambda |
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a panic fails the test or the tool that uses this crate"
)]

pub mod bodies;
pub mod canned_dynamodb;
pub mod gateway;
pub mod invoke;
pub mod json;
pub mod runtime_api;
pub mod server;
pub mod tables;

pub use bodies::SAMPLE_REQUEST;
pub use gateway::{PutRequest, put};
pub use invoke::{Response, shortened};
pub use tables::{CUSTOMER_ID, READ_TOKEN, WRITE_TOKEN, sample_customer};

/// Whether the tests that take long run in full, as in the gate: `FULL_TESTS=1 cargo test`.
pub fn is_full_run() -> bool {
    std::env::var_os("FULL_TESTS").is_some()
}
