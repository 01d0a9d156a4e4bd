//! DynamoDB: the client, the conversion of values, the customers table, and what it stores.
//!
//! Knows the customer but nothing of HTTP.

pub mod attribute;
mod checksum;
pub mod client;
pub mod customers_table;
pub mod error;
mod lost_responses;
pub mod stored;
pub mod tls;
pub mod update_expression;

pub use stored::Customer;
