//! Access tokens and their records: make, store, list, delete.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::DisplayErrorContext;
use aws_sdk_dynamodb::types::AttributeValue;
use update_customer::attribute::Item;
use update_customer::auth;

/// What secret scanners look for: this prefix, 64 hex digits of secret, 8 of checksum.
pub const PREFIX: &str = "uc_live_";

/// A new token. It is shown once and stored nowhere. The checksum (CRC-32 of all before it) lets a
/// scanner that finds one in a log or a repository tell it from noise.
pub struct NewToken(String);

impl NewToken {
    /// 256 bits from the system's generator.
    ///
    /// # Errors
    ///
    /// The system has no randomness to give.
    pub fn generate() -> Result<Self, String> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret)
            .map_err(|error| format!("the system gives no random bytes: {error}"))?;
        let body = format!("{PREFIX}{}", auth::lower_case_hex(&secret));
        let checksum = crc32fast::hash(body.as_bytes());
        Ok(Self(format!("{body}{checksum:08x}")))
    }

    /// The only way to the secret.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

/// A record as `list` shows it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Record {
    pub subject: String,
    pub hash: String,
    pub scopes: Vec<String>,
    pub expires_at: Option<SystemTime>,
}

impl Record {
    fn from_item(mut item: Item) -> Option<Self> {
        let mut text = |name| match item.remove(name) {
            Some(AttributeValue::S(text)) => Some(text),
            _ => None,
        };
        let (hash, subject) = (text("tokenHash")?, text("subject").unwrap_or_default());
        let scopes = match item.remove("scopes") {
            Some(AttributeValue::Ss(scopes)) => scopes,
            _ => Vec::new(),
        };
        let expires_at = match item.remove("expiresAt") {
            Some(AttributeValue::N(seconds)) => {
                UNIX_EPOCH.checked_add(auth::expiry(&seconds).unwrap_or_default())
            }
            _ => None,
        };
        Some(Self {
            subject,
            hash,
            scopes,
            expires_at,
        })
    }
}

/// Subject, scopes, expiry and the start of the hash.
impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let expiry = match self.expires_at {
            Some(at) if at <= SystemTime::now() => {
                format!("expired {}", humantime::format_rfc3339_seconds(at))
            }
            Some(at) => format!("until {}", humantime::format_rfc3339_seconds(at)),
            None => "for ever".to_owned(),
        };
        let hash = self.hash.get(..SHORT_HASH).unwrap_or(&self.hash);
        // A subject from elsewhere may hold anything; a terminal must not act on it.
        write!(
            f,
            "{hash}  {}  {expiry}  {}",
            self.subject.escape_debug(),
            self.scopes.join(" ")
        )
    }
}

/// Characters of a hash that `list` shows and that `revoke` needs at least.
pub const SHORT_HASH: usize = 12;

/// Stores the record of a token for `subject`. The token itself goes nowhere.
///
/// # Errors
///
/// A sentence for the operator; then nothing is stored.
pub async fn issue(
    client: &Client,
    table: &str,
    token: &NewToken,
    subject: &str,
    scopes: &[String],
    expires_in: Option<Duration>,
) -> Result<Record, String> {
    if subject.trim().is_empty() || subject.chars().any(char::is_control) {
        return Err("the subject must not be blank or hold control characters".to_owned());
    }
    if scopes
        .iter()
        .any(|scope| scope.is_empty() || scope.contains(char::is_whitespace))
    {
        return Err("a scope must not be empty or hold spaces".to_owned());
    }
    let expires_at = match expires_in {
        Some(time) => Some(
            SystemTime::now()
                .checked_add(time)
                .ok_or("the expiry is too far away")?,
        ),
        None => None,
    };
    let record = Record {
        subject: subject.to_owned(),
        hash: auth::record_key(token.reveal()),
        scopes: scopes.to_vec(),
        expires_at,
    };
    let mut put = client
        .put_item()
        .table_name(table)
        .item("tokenHash", AttributeValue::S(record.hash.clone()))
        .item("subject", AttributeValue::S(record.subject.clone()))
        .item("scopes", AttributeValue::Ss(record.scopes.clone()))
        .condition_expression("attribute_not_exists(tokenHash)");
    if let Some(at) = expires_at {
        let seconds = at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        put = put.item("expiresAt", AttributeValue::N(seconds.to_string()));
    }
    put.send()
        .await
        .map_err(|error| failed("store the token's record", table, &error))?;
    Ok(record)
}

/// All records, by subject.
///
/// # Errors
///
/// A sentence for the operator.
pub async fn list(client: &Client, table: &str) -> Result<Vec<Record>, String> {
    let mut records = Vec::new();
    let mut items = client
        .scan()
        .table_name(table)
        .consistent_read(true)
        .into_paginator()
        .items()
        .send();
    while let Some(item) = items.next().await {
        let item = item.map_err(|error| failed("list the tokens", table, &error))?;
        records.extend(Record::from_item(item));
    }
    records.sort();
    Ok(records)
}

/// Deletes the one record whose hash starts with `hash_prefix`.
///
/// # Errors
///
/// A sentence for the operator, when none or several records match, or it cannot be deleted; then
/// every record is still there.
pub async fn revoke(client: &Client, table: &str, hash_prefix: &str) -> Result<Record, String> {
    if hash_prefix.len() < SHORT_HASH {
        return Err(format!(
            "give at least the {SHORT_HASH} characters of the hash that `list` shows"
        ));
    }
    let mut matching: Vec<_> = list(client, table)
        .await?
        .into_iter()
        .filter(|record| record.hash.starts_with(hash_prefix))
        .collect();
    let record = match (matching.pop(), matching.is_empty()) {
        (Some(record), true) => record,
        (Some(_), false) => {
            return Err(format!(
                "several tokens have a hash that starts with {hash_prefix}"
            ));
        }
        (None, _) => {
            return Err(format!(
                "no token has a hash that starts with {hash_prefix}"
            ));
        }
    };
    client
        .delete_item()
        .table_name(table)
        .key("tokenHash", AttributeValue::S(record.hash.clone()))
        .send()
        .await
        .map_err(|error| failed("delete the token's record", table, &error))?;
    Ok(record)
}

fn failed(what: &str, table: &str, error: &(impl std::error::Error + 'static)) -> String {
    format!(
        "could not {what} in table {table}: {}",
        DisplayErrorContext(error)
    )
}
