//! The log: one line for each request, without tokens and without values of personal fields.

use std::collections::BTreeMap;
use std::panic::{PanicHookInfo, set_hook};
use std::time::Duration;

use tracing::Level;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::{self, MakeWriter};
use tracing_subscriber::{Layer, Registry};

use crate::config::LogConfig;
use crate::http::response::Outcome;
use crate::validation::ValidationError;

/// A layer that writes lines in the configured format, from the configured level.
///
/// Only this crate's lines pass. The SDK logs requests and responses, also at ERROR, and with them the
/// customer; its errors reach this crate as values.
pub fn layer<W>(writer: W, config: &LogConfig) -> Box<dyn Layer<Registry> + Send + Sync>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let targets = Targets::new().with_target("update_customer", level(&config.level));
    let lines = fmt::layer().with_target(false).with_writer(writer);
    if config.format.eq_ignore_ascii_case("json") {
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

/// Lambda's names of the levels, which include `FATAL` above `ERROR`. An unknown name means `INFO`.
fn level(name: &str) -> LevelFilter {
    match name.parse::<Level>() {
        Ok(level) => level.into(),
        Err(_) if name.eq_ignore_ascii_case("fatal") => LevelFilter::ERROR,
        Err(_) => LevelFilter::INFO,
    }
}

tokio::task_local! {
    /// The id of the request that a task handles, for a panic.
    pub(crate) static REQUEST_ID: String;
}

/// Logs the place of each panic. Replaces the standard hook, which prints the message: a message may quote
/// personal data.
pub fn install_panic_hook() {
    set_hook(Box::new(|info: &PanicHookInfo<'_>| {
        let location = info.location().map(ToString::to_string);
        let request_id = REQUEST_ID.try_with(Clone::clone).ok();
        tracing::error!(requestId = request_id, location, "panicked");
    }));
}

/// What happened on the server's side.
#[derive(Debug)]
pub(crate) struct Cause {
    /// No token, no personal data, and nothing that differs between equal failures.
    pub(crate) text: String,
    /// DynamoDB's id of the request that failed.
    pub(crate) dynamodb_request_id: Option<String>,
}

/// What is known about a request when its response is ready.
#[derive(Debug, Default)]
pub(crate) struct RequestLog {
    pub(crate) customer_id: Option<String>,
    /// The token's owner.
    pub(crate) subject: Option<String>,
    /// The names of the attributes that the update changes.
    pub(crate) fields: Vec<&'static str>,
    /// Time spent waiting for DynamoDB.
    pub(crate) dynamodb: Duration,
}

impl RequestLog {
    /// Logs a request: at ERROR if it failed for a cause on the server's side, otherwise at INFO. A field that is
    /// `None` is left out.
    pub(crate) fn write(&self, request_id: &str, outcome: &Outcome<'_>, cause: Option<Cause>) {
        let updated = outcome.data.filter(|_| outcome.success);
        let code = outcome.code.unwrap_or("updated");
        let (cause, dynamodb_id) = cause
            .map(|cause| (cause.text, cause.dynamodb_request_id))
            .unzip();
        macro_rules! log {
            ($level:ident, $message:literal) => {
                tracing::$level!(
                    requestId = request_id,
                    customerId = self.customer_id,
                    subject = self.subject,
                    status = outcome.status.as_u16(),
                    outcome = code,
                    dynamodbMs = self.dynamodb_ms(),
                    fields = updated.map(|_| self.fields.join(",")),
                    version = updated.map(|customer| customer.version().number()),
                    errors = error_counts(outcome.errors),
                    cause,
                    dynamodbRequestId = dynamodb_id.flatten(),
                    $message
                )
            };
        }
        match (&cause, updated) {
            (Some(_), _) => log!(error, "request failed"),
            (None, Some(_)) => log!(info, "customer updated"),
            (None, None) => log!(info, "request rejected"),
        }
    }

    /// Milliseconds with one decimal.
    fn dynamodb_ms(&self) -> f64 {
        (self.dynamodb.as_secs_f64() * 10_000.0).round() / 10.0
    }
}

/// The number of field errors of each code, such as `invalid_type×1,required×2`. Pointers are not
/// logged, because their keys are the caller's text.
fn error_counts(errors: &[ValidationError]) -> Option<String> {
    let mut counts = BTreeMap::<&str, usize>::new();
    for error in errors {
        *counts.entry(error.code.into()).or_default() += 1;
    }
    let counts = counts.iter().map(|(code, count)| format!("{code}×{count}"));
    let counts = counts.collect::<Vec<_>>().join(",");
    (!counts.is_empty()).then_some(counts)
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
