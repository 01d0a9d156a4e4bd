//! What tests, benchmarks, examples and fuzz targets share: an embedded DynamoDB with sample data,
//! API Gateway events, request bodies, and fake servers. Never part of the deployed program.
//!
//! Two stand-ins for DynamoDB answer without an engine: [`canned_dynamodb`] inside the process, and
//! [`servers::dynamodb`] over TLS for a program that runs as in Lambda.
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a panic fails the test or the tool that uses this crate"
)]

pub mod bodies;
pub mod canned_dynamodb;
pub mod invoke;
pub mod json;
pub mod request;
pub mod response;
pub mod runtime_api;
pub mod sample;
pub mod server;
pub mod servers;
pub mod tables;

pub use request::{PutRequest, put};
pub use response::Response;
pub use sample::{CUSTOMER_ID, READ_TOKEN, SAMPLE_REQUEST, WRITE_TOKEN, sample_customer};
