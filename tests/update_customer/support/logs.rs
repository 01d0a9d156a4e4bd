//! Captures the log of each request as the program writes it, and searches it for secrets.

use std::cell::RefCell;
use std::io;
use std::sync::{LazyLock, Mutex, PoisonError};

use aws_smithy_types::base64;
use serde_json::Value;
use testkit::response::shortened;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::prelude::*;
use update_customer::auth::TokenHash;
use update_customer::logging;

use super::{Response, sample_customer};

/// The log of one request in both formats, at level `TRACE`.
#[derive(Debug, Default)]
pub struct Log {
    json: Vec<u8>,
    text: Vec<u8>,
}

impl Log {
    /// The JSON lines. Panics when a line is not JSON.
    #[track_caller]
    pub fn lines(&self) -> Vec<Value> {
        let parse = |line: &str| {
            serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {}", shortened(&line)))
        };
        let lines = std::str::from_utf8(&self.json).unwrap().lines();
        lines.map(parse).collect()
    }

    /// The log in the text format.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.text).unwrap()
    }

    /// The only line. Panics when there are more or none.
    #[track_caller]
    pub fn line(&self) -> Value {
        let mut lines = self.lines();
        assert_eq!(
            (lines.len(), self.text().lines().count()),
            (1, 1),
            "{}",
            shortened(&self.text())
        );
        lines.remove(0)
    }
}

tokio::task_local! {
    static LOG: RefCell<Log>;
}

/// Lines that belong to no request, such as those of a connection's own task.
static BACKGROUND: Mutex<Log> = Mutex::new(Log {
    json: Vec::new(),
    text: Vec::new(),
});

static SUBSCRIBER: LazyLock<()> = LazyLock::new(|| {
    let layers = vec![
        logging::layer(|| Format::Json, "JSON", "TRACE"),
        logging::layer(|| Format::Text, "", "TRACE"),
    ];
    // The embedded engine logs too and is not part of the program.
    let program = Targets::new()
        .with_default(LevelFilter::TRACE)
        .with_target("dynoxide", LevelFilter::OFF);
    tracing_subscriber::registry()
        .with(layers)
        .with(program)
        .init();
});

enum Format {
    Json,
    Text,
}

impl io::Write for Format {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let add = |log: &mut Log| match self {
            Self::Json => log.json.extend_from_slice(bytes),
            Self::Text => log.text.extend_from_slice(bytes),
        };
        if LOG.try_with(|log| add(&mut log.borrow_mut())).is_err() {
            add(&mut BACKGROUND.lock().unwrap_or_else(PoisonError::into_inner));
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Runs `request` and returns its output and its log.
pub async fn capture<T>(request: impl Future<Output = T>) -> (T, Log) {
    LazyLock::force(&SUBSCRIBER);
    LOG.scope(RefCell::default(), async {
        (request.await, LOG.with(RefCell::take))
    })
    .await
}

/// Checks that a request's log contains no token, no token hash, and no value of a request body or
/// of a stored customer, in either format.
#[track_caller]
pub fn assert_no_secret(event: &Value, response: &Response, log: &Log) {
    let background =
        std::mem::take(&mut *BACKGROUND.lock().unwrap_or_else(PoisonError::into_inner));
    let (own, expected) = logged_text(log);
    let (others, _) = logged_text(&background);
    for secret in secrets(event, response) {
        for secret in [secret.as_str(), secret.escape_debug().to_string().as_str()] {
            if expected.contains(secret) {
                continue;
            }
            for log in [&own, &others] {
                if let Some(position) = log.find(secret) {
                    let (secret, excerpt) = (shortened(&secret), excerpt(log, position));
                    panic!("`{secret}` is in the log: {excerpt}");
                }
            }
        }
    }
}

/// The text before a byte position, and what follows it.
fn excerpt(log: &str, position: usize) -> String {
    const CONTEXT: usize = 100;
    let start = log.floor_char_boundary(position.saturating_sub(CONTEXT));
    shortened(&&log[start..])
}

/// The text of a log without timestamps, and the values that it may contain: id, subject, field names.
fn logged_text(log: &Log) -> (String, String) {
    let (mut logged, mut expected) = (String::new(), String::new());
    for mut line in log.lines() {
        let line = line.as_object_mut().unwrap();
        line.remove("timestamp");
        for name in ["customerId", "subject", "fields"] {
            expected += line
                .remove(name)
                .as_ref()
                .and_then(Value::as_str)
                .unwrap_or_default();
        }
        for value in line.values() {
            logged += value.as_str().unwrap_or_default();
            logged += &value.to_string();
        }
    }
    for line in log.text().lines() {
        logged += line.split_once('Z').map_or(line, |(_, rest)| rest);
    }
    (logged, expected)
}

/// The texts that a log must not contain, if they are long enough to be recognised.
fn secrets(event: &Value, response: &Response) -> Vec<String> {
    let mut secrets = Vec::new();
    for headers in [&event["headers"], &event["multiValueHeaders"]] {
        let token = |(name, _): &(&String, &Value)| name.eq_ignore_ascii_case("accessToken");
        for (_, value) in headers.as_object().into_iter().flatten().filter(token) {
            leaves(value, &mut secrets);
        }
    }
    for token in secrets.clone() {
        secrets.extend(token.split([' ', ',']).map(str::to_owned));
        let hash = |token| TokenHash::of(token).to_hex();
        secrets.extend(token.split([' ', ',']).map(hash));
    }
    let body = event["body"].as_str().unwrap_or_default();
    let decoded =
        (event["isBase64Encoded"] == true).then(|| base64::decode(body).unwrap_or_default());
    let body =
        serde_json::from_slice(decoded.as_deref().unwrap_or(body.as_bytes())).unwrap_or_default();
    static SAMPLE: LazyLock<Value> = LazyLock::new(sample_customer);
    for customer in [&body, &response.body["data"], &SAMPLE] {
        for (name, value) in customer.as_object().into_iter().flatten() {
            if !["id", "status", "role"].contains(&name.as_str()) {
                leaves(value, &mut secrets);
            }
        }
    }
    // A shorter text, or a short number, can be in a log for another reason.
    let digits = |text: &str| text.bytes().filter(u8::is_ascii_digit).count();
    secrets.retain(|secret| {
        secret.len() >= 4 && (digits(secret) < secret.len() - 1 || digits(secret) > 4)
    });
    secrets
}

/// The texts and numbers within a value.
fn leaves(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::String(text) => texts.push(text.clone()),
        Value::Number(number) => texts.push(number.to_string()),
        Value::Array(elements) => elements.iter().for_each(|element| leaves(element, texts)),
        Value::Object(members) => members.values().for_each(|member| leaves(member, texts)),
        Value::Null | Value::Bool(_) => {}
    }
}
