//! The built program as Lambda runs it.

mod concurrency;
mod invocations;
mod start_up;
pub mod template;
