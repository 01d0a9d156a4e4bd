//! DynamoDB: the client, the conversion of values, and the customers table.
//!
//! Knows the customer but nothing of HTTP.

pub mod attribute;
mod checksum;
pub mod client;
pub mod customers_table;
pub mod error;
mod lost_responses;
pub mod tls;
pub mod update_expression;
