//! Reading a JSON body strictly and collecting everything that is wrong with it.
//!
//! Knows nothing of customers, HTTP or DynamoDB's client.

pub mod characters;
pub mod errors;
pub mod json;
pub mod number;
pub mod pointer;

pub use errors::{ErrorCode, ValidationError, ValidationErrors};
pub use pointer::JsonPointer;
