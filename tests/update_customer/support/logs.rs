//! Captures the log of each request as the program writes it, and searches it for secrets.

use std::cell::RefCell;
use std::io;
use std::sync::LazyLock;

use aws_smithy_types::base64;
use serde_json::Value;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::prelude::*;
use update_customer::LogConfig;
use update_customer::dynamodb::TokenHash;
use update_customer::logging;

use super::{Response, sample_customer, shortened};

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
        super::program::json_lines(std::str::from_utf8(&self.json).unwrap())
    }

    /// The log in the text format.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.text).unwrap()
    }

    /// The only line. Panics when there are more or none.
    #[track_caller]
    pub fn line(&self) -> Value {
        let mut lines = self.lines();
        let counts = (lines.len(), self.text().lines().count());
        assert_eq!(counts, (1, 1), "{}", shortened(&self.text()));
        lines.remove(0)
    }
}

tokio::task_local! {
    static LOG: RefCell<Log>;
}

static SUBSCRIBER: LazyLock<()> = LazyLock::new(|| {
    let at_trace = |format: &str| LogConfig {
        format: format.to_owned(),
        level: "TRACE".to_owned(),
        ..LogConfig::default()
    };
    let layers = vec![
        logging::layer(|| Format::Json, &at_trace("JSON")),
        logging::layer(|| Format::Text, &at_trace("")),
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
    /// Keeps what is written during a request.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let add = |log: &RefCell<Log>| match self {
            Self::Json => log.borrow_mut().json.extend_from_slice(bytes),
            Self::Text => log.borrow_mut().text.extend_from_slice(bytes),
        };
        let _ = LOG.try_with(add);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Runs `request` and returns its output and its log.
pub async fn capture<T>(request: impl Future<Output = T>) -> (T, Log) {
    LazyLock::force(&SUBSCRIBER);
    let request = async { (request.await, LOG.with(RefCell::take)) };
    LOG.scope(RefCell::default(), request).await
}

/// Checks that a request's log contains no token, no token hash, and no value of a request body or
/// of a stored customer, in either format.
#[track_caller]
pub fn assert_no_secret(event: &Value, response: &Response, log: &Log) {
    let (logged, expected) = logged_text(log);
    for secret in secrets(event, response) {
        for secret in [secret.as_str(), secret.escape_debug().to_string().as_str()] {
            if let Some(position) = logged.find(secret)
                && !expected.contains(secret)
            {
                let start = logged.floor_char_boundary(position.saturating_sub(100));
                let (secret, excerpt) = (shortened(&secret), shortened(&&logged[start..]));
                panic!("`{secret}` is in the log: {excerpt}");
            }
        }
    }
}

/// The text of a log without timestamps, and the values that it may contain: id, subject, field names.
fn logged_text(log: &Log) -> (String, String) {
    let (mut logged, mut expected) = (String::new(), String::new());
    for mut line in log.lines() {
        let line = line.as_object_mut().unwrap();
        for random in ["timestamp", "dynamodbRequestId"] {
            line.remove(random);
        }
        for name in ["customerId", "subject", "fields"] {
            let value = line.remove(name).unwrap_or_default();
            expected += value.as_str().unwrap_or_default();
        }
        for value in line.values() {
            logged += value.as_str().unwrap_or_default();
            logged += &value.to_string();
        }
    }
    for line in log.text().lines() {
        let words = line.split(' ').skip(1);
        let words = words.filter(|word| !word.starts_with("dynamodbRequestId="));
        words.for_each(|word| logged += &format!(" {word}"));
    }
    (logged, expected)
}

/// The texts that a log must not contain, if they are long enough to be recognised.
fn secrets(event: &Value, response: &Response) -> Vec<String> {
    static SAMPLE: LazyLock<Value> = LazyLock::new(sample_customer);
    let mut secrets = Vec::new();
    for headers in [&event["headers"], &event["multiValueHeaders"]] {
        for (name, value) in headers.as_object().into_iter().flatten() {
            if name.eq_ignore_ascii_case("accessToken") {
                leaves(value, &mut secrets);
            }
        }
    }
    for header in secrets.clone() {
        for token in header.split([' ', ',']) {
            secrets.extend([token.to_owned(), TokenHash::of(token).to_hex()]);
        }
    }
    let body = event["body"].as_str().unwrap_or_default();
    let body = match event["isBase64Encoded"] == true {
        true => base64::decode(body).unwrap_or_default(),
        false => body.as_bytes().to_vec(),
    };
    let body = serde_json::from_slice(&body).unwrap_or_default();
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
