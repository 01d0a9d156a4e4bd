//! DynamoDB: the client, and the two tables with what they store.
//!
//! Knows the customer but nothing of HTTP.

pub mod access_tokens;
pub mod attribute;
pub mod client;
mod condition;
pub mod customers;
mod error;
mod expression;
mod response;
pub mod tls;

pub use access_tokens::{AccessTokensTable, TokenHash, TokenRecord};
pub use customers::{CustomersTable, UpdateError};
pub use error::CallError;
