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
mod simulation;

/// The API as a caller sees it.
mod contract {
    mod authentication;
    mod body;
    mod fields;
    mod malicious_input;
    mod openapi;
    mod optimistic_locking;
    mod properties;
    mod routing;
    mod storage;
}

/// The requests to DynamoDB, its failures, and what other writers store there.
mod dynamodb {
    mod failures;
    mod other_writers;
    mod requests;
    mod stored_types;
}

/// The built program as Lambda runs it.
mod process {
    mod concurrency;
    mod invocations;
    mod start_up;
    mod template;
}
