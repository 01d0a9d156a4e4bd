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
    json: String,
    text: String,
}

impl Log {
    /// The JSON lines. Panics when a line is not JSON.
    #[track_caller]
    pub fn lines(&self) -> Vec<Value> {
        super::program::json_lines(&self.json)
    }

    /// The log in the text format.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The only line. Panics when there are more or none.
    #[track_caller]
    pub fn line(&self) -> Value {
        let mut lines = self.lines();
        let counts = (lines.len(), self.text.lines().count());
        assert_eq!(counts, (1, 1), "{}", shortened(&self.text));
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
        logging::layer(|| Format(|log| &mut log.json), &at_trace("JSON")),
        logging::layer(|| Format(|log| &mut log.text), &at_trace("")),
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

/// Keeps what is written in one format during a request.
struct Format(fn(&mut Log) -> &mut String);

impl io::Write for Format {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = std::str::from_utf8(bytes).expect("a whole line of text");
        let _ = LOG.try_with(|log| self.0(&mut log.borrow_mut()).push_str(text));
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
            let is_logged = logged.contains(secret) && !expected.contains(secret);
            assert!(
                !is_logged,
                "`{}` is in the log: {logged}",
                shortened(&secret)
            );
        }
    }
}

/// The text of a log without timestamps, and the values that it may contain: id, subject, field names.
fn logged_text(log: &Log) -> (String, String) {
    let (mut logged, mut expected) = (String::new(), String::new());
    for mut line in log.lines() {
        let members = line.as_object_mut().unwrap();
        members.retain(|name, _| !["timestamp", "dynamodbRequestId"].contains(&&**name));
        for name in ["customerId", "subject", "fields"] {
            let value = members.remove(name).unwrap_or_default();
            expected += value.as_str().unwrap_or_default();
        }
        logged += &line.to_string();
        leaves(&line, &mut |text| logged += &text);
    }
    for line in log.text.lines() {
        let words = line.split(' ').skip(1);
        let words = words.filter(|word| !word.starts_with("dynamodbRequestId="));
        words.for_each(|word| logged += &format!(" {word}"));
    }
    (logged, expected)
}

/// The texts that a log must not contain, if they are long enough to be recognised.
fn secrets(event: &Value, response: &Response) -> Vec<String> {
    static SAMPLE: LazyLock<Value> = LazyLock::new(sample_customer);
    let mut tokens = Vec::new();
    for headers in [&event["headers"], &event["multiValueHeaders"]] {
        for (name, value) in headers.as_object().into_iter().flatten() {
            if name.eq_ignore_ascii_case("accessToken") {
                leaves(value, &mut |text| tokens.push(text));
            }
        }
    }
    let mut secrets = tokens.clone();
    for token in tokens.iter().flat_map(|header| header.split([' ', ','])) {
        secrets.extend([token.to_owned(), TokenHash::of(token).to_hex()]);
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
                leaves(value, &mut |text| secrets.push(text));
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

/// Calls `found` with each text and number within a value.
fn leaves(value: &Value, found: &mut impl FnMut(String)) {
    match value {
        Value::String(text) => found(text.clone()),
        Value::Number(number) => found(number.to_string()),
        Value::Array(elements) => elements.iter().for_each(|element| leaves(element, found)),
        Value::Object(members) => members.values().for_each(|member| leaves(member, found)),
        Value::Null | Value::Bool(_) => {}
    }
}
