//! `PUT /customers/{customer_id}` as one AWS Lambda function.
pub mod error;
pub mod fault;
pub mod field;
pub mod json;
pub mod number;
pub mod update;
