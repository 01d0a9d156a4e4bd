//! DynamoDB: the client, and the two tables with what they store.
//!
//! Knows the customer but nothing of HTTP.

pub mod access_tokens;
pub mod attribute;
pub mod client;
pub mod customers;
mod error;
mod expression;
mod response;
pub mod tls;
mod write;

pub(crate) use access_tokens::AccessTokensTable;
pub use access_tokens::{TokenHash, TokenRecord};
pub(crate) use customers::CustomersTable;
pub(crate) use error::{CallError, UpdateError};
