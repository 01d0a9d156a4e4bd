//! `PUT /customers/{customer_id}` as one AWS Lambda function.
//!
//! The way of a request, each step with its module and the statuses it may end with:
//!
//! ```text
//! API Gateway event
//!   → event::invoke         lambda_http's adapter, without its losses
//!   → handler::handle       total: every outcome is a response
//!       → request           method and path                            404, 405
//!       → auth              header → AccessToken → Grant               401, 500
//!       → if_match, request If-Match, Content-Type, size               400
//!       → json              bytes → one strict JSON object             400
//!       → update            JSON → CustomerUpdate, or all its faults   400
//!       → table             one conditional UpdateItem → Customer      404, 412, 500
//!       → response          Customer or Error → envelope and headers
//! ```
//!
//! Dependencies point down that list only. Below it stand the pure parts: [`field`] (what a text may
//! hold), [`fault`] (where a body is wrong), [`number`] (what DynamoDB's numbers can hold),
//! [`attribute`] (JSON ↔ DynamoDB), [`customer`] (what an answer shows), [`error`] (why not).
#![forbid(unsafe_code)]

pub mod attribute;
pub mod auth;
mod checksum;
pub mod customer;
pub mod dynamodb;
pub mod environment;
pub mod error;
pub mod event;
pub mod expression;
pub mod fault;
pub mod field;
pub mod handler;
pub mod if_match;
pub mod json;
pub mod log;
pub mod number;
pub mod object;
pub mod panic;
mod remembered;
pub mod request;
pub mod response;
pub mod table;
pub mod trust;
pub mod update;
