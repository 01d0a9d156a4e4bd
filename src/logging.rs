//! The log: one line for each request, without tokens and without values of personal fields.

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

/// Logs to standard output in the format of `AWS_LAMBDA_LOG_FORMAT`, from the level of
/// `AWS_LAMBDA_LOG_LEVEL`.
pub fn init() {
    let variable = |name| env::var(name).unwrap_or_default();
    let layer = layer(
        io::stdout,
        &variable("AWS_LAMBDA_LOG_FORMAT"),
        &variable("AWS_LAMBDA_LOG_LEVEL"),
    );
    tracing_subscriber::registry().with(layer).init();
}

/// A layer that writes JSON lines when `format` is `JSON` and text otherwise, from `level`. An unknown
/// level means `INFO`.
///
/// Dependencies are capped at WARN, because the SDK logs whole requests and responses, and with them
/// the customer, below that.
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

/// Lambda's names of the levels, which include `FATAL` above `ERROR`.
fn level(name: &str) -> LevelFilter {
    match name.to_ascii_uppercase().as_str() {
        "TRACE" => LevelFilter::TRACE,
        "DEBUG" => LevelFilter::DEBUG,
        "WARN" => LevelFilter::WARN,
        "ERROR" | "FATAL" => LevelFilter::ERROR,
        _ => LevelFilter::INFO,
    }
}

/// Logs the commit that the program was built from, and the function's version that Lambda starts.
pub fn started() {
    tracing::info!(
        commit = env!("UPDATE_CUSTOMER_COMMIT"),
        functionVersion = env::var("AWS_LAMBDA_FUNCTION_VERSION").ok(),
        "program started"
    );
}

/// Logs that start-up did not reach DynamoDB. The first request tries again.
pub fn warm_up_failed(cause: &str) {
    tracing::warn!(cause, "DynamoDB was not reached during start-up");
}

/// What is known about a request when its response is ready.
#[derive(Debug, Default)]
pub struct RequestLog {
    pub customer_id: Option<String>,
    /// The token's owner.
    pub subject: Option<String>,
    /// The names of the attributes that the update changes.
    pub fields: Vec<&'static str>,
    /// Time spent waiting for DynamoDB.
    pub dynamodb: Duration,
}

impl RequestLog {
    /// Logs an update and the customer's new version at INFO.
    pub fn success(&self, request_id: &str, version: u64) {
        tracing::info!(
            requestId = request_id,
            customerId = self.customer_id,
            subject = self.subject,
            fields = self.fields.join(","),
            version,
            status = StatusCode::OK.as_u16(),
            outcome = "updated",
            dynamodbMs = self.dynamodb_ms(),
            "customer updated"
        );
    }

    /// Logs a 4xx at INFO with the number of field errors of each code, and a 5xx at ERROR with its
    /// cause.
    pub fn failure(&self, request_id: &str, error: &Error) {
        let status = error.status().as_u16();
        let outcome = error.code();
        let (customer_id, subject) = (self.customer_id.as_deref(), self.subject.as_deref());
        let dynamodb_ms = self.dynamodb_ms();
        match error.cause() {
            Some(cause) => tracing::error!(
                requestId = request_id,
                customerId = customer_id,
                subject,
                status,
                outcome,
                cause,
                dynamodbMs = dynamodb_ms,
                "request failed"
            ),
            None => tracing::info!(
                requestId = request_id,
                customerId = customer_id,
                subject,
                status,
                outcome,
                errors = error_counts(error),
                dynamodbMs = dynamodb_ms,
                "request rejected"
            ),
        }
    }

    /// Milliseconds with one decimal.
    fn dynamodb_ms(&self) -> f64 {
        (self.dynamodb.as_secs_f64() * 10_000.0).round() / 10.0
    }
}

/// The number of field errors of each code, such as `invalid_type×1,required×2`. Pointers are not
/// logged, because their keys are the caller's text.
fn error_counts(error: &Error) -> Option<String> {
    let mut counts = BTreeMap::<&str, usize>::new();
    for error in error.validation_errors() {
        *counts.entry(error.code.into()).or_default() += 1;
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
    fn lambda_level_names_are_known_and_info_is_the_default() {
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
    fn duration_is_logged_in_ms_with_one_decimal() {
        for (microseconds, milliseconds) in [(0, 0.0), (1_240, 1.2), (1_250, 1.3), (62_049, 62.0)] {
            let log = RequestLog {
                dynamodb: Duration::from_micros(microseconds),
                ..RequestLog::default()
            };
            assert_eq!(log.dynamodb_ms(), milliseconds);
        }
    }
}
