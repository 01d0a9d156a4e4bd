//! The API from outside: an event goes in, the whole response comes out, and then the stored customer
//! is read. DynamoDB is an embedded engine behind the real SDK, or, with `DYNAMODB_ENDPOINT` set,
//! whatever responds there.
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a panic fails the test"
)]

mod support;

mod architecture;
mod contract;
mod dynamodb;
mod process;
mod simulation;
