//! Fake servers for a program that runs as in Lambda. Each uses blocking threads, so that it costs
//! every program under a benchmark the same little time.

pub mod certificates;
pub mod dynamodb;
pub mod http;
pub mod runtime_api;

/// Any error of a server.
pub type ServerError = Box<dyn std::error::Error + Send + Sync>;
