//! Access tokens and their records: generate, store, list, delete.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::DisplayErrorContext;
use aws_sdk_dynamodb::types::AttributeValue;
use update_customer::auth::TokenHash;
use update_customer::auth::grant::parse_expiry;
use update_customer::dynamodb::attribute::Item;

/// The start of each token. 64 hex digits of secret and 8 of checksum follow.
pub const PREFIX: &str = "uc_live_";

/// A new token, which is not stored. The checksum is the CRC-32 of everything before it. With it, a
/// secret scanner tells a token from other text.
pub struct NewToken(String);

impl NewToken {
    /// Generates a token with 256 bits from the system's random number generator.
    ///
    /// # Errors
    ///
    /// A message for the operator, when the generator fails.
    pub fn generate() -> Result<Self, String> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret)
            .map_err(|error| format!("could not generate random bytes: {error}"))?;
        let secret: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
        let body = format!("{PREFIX}{secret}");
        let checksum = crc32fast::hash(body.as_bytes());
        Ok(Self(format!("{body}{checksum:08x}")))
    }

    /// The token as text.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

/// A token's record.
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
                UNIX_EPOCH.checked_add(parse_expiry(&seconds).unwrap_or_default())
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

/// The start of the hash, subject, expiry and scopes.
impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let expiry = match self.expires_at {
            Some(at) if at <= SystemTime::now() => {
                format!("expired {}", humantime::format_rfc3339_seconds(at))
            }
            Some(at) => format!("expires {}", humantime::format_rfc3339_seconds(at)),
            None => "does not expire".to_owned(),
        };
        let hash = self.hash.get(..SHORT_HASH).unwrap_or(&self.hash);
        // Escaped, because another program's subject may have control characters.
        write!(
            f,
            "{hash}  {}  {expiry}  {}",
            self.subject.escape_debug(),
            self.scopes.join(" ")
        )
    }
}

/// The number of a hash's characters that `list` prints, and the least that `revoke` accepts.
pub const SHORT_HASH: usize = 12;

/// Stores the record of a token for `subject`, without the token itself.
///
/// # Errors
///
/// A message for the operator. Nothing was stored then, unless DynamoDB's response was lost.
pub async fn issue(
    client: &Client,
    table: &str,
    token: &NewToken,
    subject: &str,
    scopes: &[String],
    expires_in: Option<Duration>,
) -> Result<Record, String> {
    if subject.trim().is_empty() || subject.chars().any(char::is_control) {
        return Err("the subject must not be blank or contain control characters".to_owned());
    }
    if scopes
        .iter()
        .any(|scope| scope.is_empty() || scope.contains(char::is_whitespace))
    {
        return Err("a scope must not be empty or contain white space".to_owned());
    }
    let expires_at = match expires_in {
        Some(time) => Some(
            SystemTime::now()
                .checked_add(time)
                .ok_or("the expiry is too far in the future")?,
        ),
        None => None,
    };
    let record = Record {
        subject: subject.to_owned(),
        hash: TokenHash::of(token.reveal()).to_hex(),
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
        .map_err(|error| failure("store the token's record", table, &error))?;
    Ok(record)
}

/// Returns all records, sorted by subject.
///
/// # Errors
///
/// A message for the operator, when the table cannot be read.
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
        let item = item.map_err(|error| failure("list the tokens", table, &error))?;
        records.extend(Record::from_item(item));
    }
    records.sort();
    Ok(records)
}

/// Deletes the one record whose hash starts with `hash_prefix`.
///
/// # Errors
///
/// A message for the operator: no record or several records match, or DynamoDB failed. Nothing was
/// deleted then, unless DynamoDB's response was lost.
pub async fn revoke(client: &Client, table: &str, hash_prefix: &str) -> Result<Record, String> {
    if hash_prefix.len() < SHORT_HASH {
        return Err(format!(
            "give at least the first {SHORT_HASH} characters of the hash, as `list` prints them"
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
        .map_err(|error| failure("delete the token's record", table, &error))?;
    Ok(record)
}

fn failure(what: &str, table: &str, error: &(impl std::error::Error + 'static)) -> String {
    format!(
        "could not {what} in table {table}: {}",
        DisplayErrorContext(error)
    )
}
