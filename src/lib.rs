//! `PUT /customers/{customer_id}` as one AWS Lambda function.
//!
//! # Request lifecycle
//!
//! ```text
//! API Gateway event
//!   → lambda::invoke             lambda_http's adapter, without its defects
//!   → handler::handle            the steps below; every outcome is a response
//!       → http::request          path and method → Route                   404, 405
//!       → auth                   accessToken header → Grant                401, 500
//!       → http::request          path parameter → CustomerId               404
//!       → http::preconditions    If-Match, If-None-Match → ExpectedVersion 400
//!       → http::request          Content-Type, Content-Encoding, size      400
//!       → validation::json       bytes → one JSON object                   400
//!       → customer::update       object → CustomerUpdate, or all errors    400
//!       → dynamodb               one conditional UpdateItem → Customer     400, 404, 412, 500
//!       → logging                one line
//!       → http::response         Outcome → status, headers, body
//! ```
//!
//! # Dependency rule
//!
//! A module depends only on modules in the lines below its own. A test compares this list with the source.
//!
//! ```text
//! lambda
//! handler
//! logging
//! http        auth
//! dynamodb
//! config      customer
//! validation
//! ```
//!
//! So `customer` and `validation` know nothing of HTTP or AWS, and `dynamodb` knows nothing of HTTP.
//!
//! # What the crate offers
//!
//! `main.rs` starts [`App`] from a [`Config`]. The tools, the tests, the benchmarks and the local example also use
//! [`lambda::invoke`], the client and the records of [`dynamodb`], the rules of [`customer`], [`validation::json`] and
//! the layer of [`logging`]. Everything else is `pub(crate)`.
#![forbid(unsafe_code)]
#![warn(unreachable_pub)]

mod auth;
mod config;
pub mod customer;
pub mod dynamodb;
mod handler;
mod http;
pub mod lambda;
pub mod logging;
pub mod validation;

pub use config::{AppConfig, CaBundle, Config, ConfigError, LogConfig};
pub use handler::App;
