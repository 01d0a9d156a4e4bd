//! What the operator reads: one line a request, with no token and no value of a personal field.

use std::collections::BTreeMap;
use std::time::Duration;
use std::{env, io};

use lambda_http::http::StatusCode;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::{self, MakeWriter};
use tracing_subscriber::prelude::*;
use tracing_subscriber::{Layer, Registry};

use crate::error::Error;

/// Starts logging to standard output, in the format that `AWS_LAMBDA_LOG_FORMAT` and from the level that
/// `AWS_LAMBDA_LOG_LEVEL` name.
pub fn init() {
    let variable = |name| env::var(name).unwrap_or_default();
    let layer = layer(
        io::stdout,
        &variable("AWS_LAMBDA_LOG_FORMAT"),
        &variable("AWS_LAMBDA_LOG_LEVEL"),
    );
    tracing_subscriber::registry().with(layer).init();
}

/// What writes the log: JSON lines when `format` is `JSON`, else text, from `level` (`INFO` unless it
/// is one of Lambda's names).
///
/// Whatever the level, libraries tell warnings and errors only: at lower levels the SDK prints whole
/// requests and answers, and with them the customer.
pub fn layer<W>(writer: W, format: &str, level: &str) -> Box<dyn Layer<Registry> + Send + Sync>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let level = self::level(level);
    let targets = Targets::new()
        .with_default(level.min(LevelFilter::WARN))
        .with_target("update_customer", level);
    let lines = fmt::layer().with_target(false).with_writer(writer);
    if format.eq_ignore_ascii_case("json") {
        lines
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_span_list(false)
            .with_filter(targets)
            .boxed()
    } else {
        lines.with_ansi(false).with_filter(targets).boxed()
    }
}

/// Lambda's names for levels; it has `FATAL` above `ERROR`.
fn level(name: &str) -> LevelFilter {
    match name.to_ascii_uppercase().as_str() {
        "TRACE" => LevelFilter::TRACE,
        "DEBUG" => LevelFilter::DEBUG,
        "WARN" => LevelFilter::WARN,
        "ERROR" | "FATAL" => LevelFilter::ERROR,
        _ => LevelFilter::INFO,
    }
}

/// Tells that DynamoDB could not be reached during start. It may be by the first request.
pub fn not_warm(cause: &str) {
    tracing::warn!(cause, "DynamoDB was not reached during start");
}

/// What is known of a request by the time it is answered.
#[derive(Debug, Default)]
pub struct Entry {
    pub customer_id: Option<String>,
    /// The token's subject.
    pub subject: Option<String>,
    /// The names of the attributes to change.
    pub fields: Vec<&'static str>,
    /// Time spent waiting for DynamoDB.
    pub dynamodb: Duration,
}

impl Entry {
    /// Tells that the customer was updated, and to which version.
    pub fn updated(&self, request_id: &str, version: u64) {
        tracing::info!(
            requestId = request_id,
            customerId = self.customer_id,
            subject = self.subject,
            fields = self.fields.join(","),
            version,
            status = StatusCode::OK.as_u16(),
            outcome = "updated",
            dynamodbMs = self.milliseconds(),
            "customer updated"
        );
    }

    /// Tells why the request was refused or failed; a fault of the server with its whole cause.
    pub fn refused(&self, request_id: &str, error: &Error) {
        let status = error.status().as_u16();
        let outcome = error.code();
        let (customer_id, subject) = (self.customer_id.as_deref(), self.subject.as_deref());
        let milliseconds = self.milliseconds();
        match error.cause() {
            Some(cause) => tracing::error!(
                requestId = request_id,
                customerId = customer_id,
                subject,
                status,
                outcome,
                cause,
                dynamodbMs = milliseconds,
                "request failed"
            ),
            None => tracing::info!(
                requestId = request_id,
                customerId = customer_id,
                subject,
                status,
                outcome,
                faults = faults(error),
                dynamodbMs = milliseconds,
                "request refused"
            ),
        }
    }

    /// Tenths are enough, and all that fits a readable line.
    fn milliseconds(&self) -> f64 {
        (self.dynamodb.as_secs_f64() * 10_000.0).round() / 10.0
    }
}

/// The codes of the faults with how often each came, such as `required×2`. Not their pointers: a key
/// is the caller's own text.
fn faults(error: &Error) -> Option<String> {
    let mut counts = BTreeMap::<&str, usize>::new();
    for fault in error.faults() {
        *counts.entry(fault.code.as_str()).or_default() += 1;
    }
    let counts: Vec<_> = counts
        .iter()
        .map(|(code, count)| format!("{code}×{count}"))
        .collect();
    (!counts.is_empty()).then(|| counts.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lambdas_level_names_are_understood_and_info_is_the_default() {
        for (name, expected) in [
            ("", LevelFilter::INFO),
            ("INFO", LevelFilter::INFO),
            ("debug", LevelFilter::DEBUG),
            ("TRACE", LevelFilter::TRACE),
            ("WARN", LevelFilter::WARN),
            ("ERROR", LevelFilter::ERROR),
            ("FATAL", LevelFilter::ERROR),
            ("loud", LevelFilter::INFO),
        ] {
            assert_eq!(level(name), expected, "{name}");
        }
    }

    #[test]
    fn time_is_told_in_milliseconds_with_one_decimal() {
        for (microseconds, milliseconds) in [(0, 0.0), (1_240, 1.2), (1_250, 1.3), (62_049, 62.0)] {
            let entry = Entry {
                dynamodb: Duration::from_micros(microseconds),
                ..Entry::default()
            };
            assert_eq!(entry.milliseconds(), milliseconds);
        }
    }
}
