//! Access tokens and their records: issue, list, revoke.

use std::fmt;
use std::io::{self, Write};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use update_customer::auth::TokenHash;
use update_customer::auth::grant::{Grant, parse_expiry};
use update_customer::dynamodb::attribute::Item;

use crate::aws::sentence;
use crate::{Failure, terminal};

/// The start of each token. 64 hex digits of secret and 8 of checksum follow.
const PREFIX: &str = "uc_live_";

/// The access tokens table.
pub struct Tokens {
    client: Client,
    table: String,
}

impl Tokens {
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// Prints a new token, and then stores its record, without the token itself. So no token is stored
    /// that nobody has seen.
    pub async fn issue(
        &self,
        subject: &str,
        scopes: &[String],
        expires_in: Option<Duration>,
    ) -> Result<(), Failure> {
        if subject.trim().is_empty() || subject.chars().any(char::is_control) {
            return Err(
                "the subject must not be blank or contain control characters"
                    .to_owned()
                    .into(),
            );
        }
        let is_scope = |scope: &String| !scope.is_empty() && !scope.contains(char::is_whitespace);
        if !scopes.iter().all(is_scope) {
            return Err("a scope must not be empty or contain white space"
                .to_owned()
                .into());
        }
        let expires_at = expires_in.map(expiry).transpose()?;
        let token = generate()?;
        let mut item = Item::from([
            (
                "tokenHash".to_owned(),
                AttributeValue::S(TokenHash::of(&token).to_hex()),
            ),
            ("subject".to_owned(), AttributeValue::S(subject.to_owned())),
            ("scopes".to_owned(), AttributeValue::Ss(scopes.to_vec())),
        ]);
        if let Some(seconds) = expires_at {
            item.insert(
                "expiresAt".to_owned(),
                AttributeValue::N(seconds.to_string()),
            );
        }

        let mut output = io::stdout().lock();
        let shown = writeln!(output, "{token}").and_then(|()| output.flush());
        shown.map_err(|error| {
            format!("the token could not be shown, so it is not stored: {error}")
        })?;
        // Without a condition, so that the SDK may send it again: no other token has this hash.
        let put = self.client.put_item().table_name(&self.table);
        let put = put.set_item(Some(item.clone()));
        put.send().await.map_err(|error| {
            let what = format!(
                "the token above is not valid: could not store it in table {}",
                self.table
            );
            sentence(&what, &error)
        })?;
        eprintln!(
            "{}\nThe token is printed only once: only its hash is stored.",
            Record(item)
        );
        Ok(())
    }

    /// Prints every record, sorted by subject.
    pub async fn list(&self) -> Result<(), Failure> {
        let scan = self
            .client
            .scan()
            .table_name(&self.table)
            .consistent_read(true);
        let mut items = scan.into_paginator().items().send();
        let mut lines = Vec::new();
        while let Some(item) = items.next().await {
            let item = item.map_err(|error| {
                sentence(
                    &format!("could not list the tokens in table {}", self.table),
                    &error,
                )
            })?;
            let record = Record(item);
            lines.push((record.text("subject"), record.to_string()));
        }
        lines.sort();
        let mut output = io::stdout().lock();
        for (_, line) in lines {
            writeln!(output, "{line}")?;
        }
        Ok(output.flush()?)
    }

    /// Deletes the record with this hash, or that of a token from the environment or standard input.
    pub async fn revoke(&self, hash: Option<String>) -> Result<(), Failure> {
        let hash = match hash {
            Some(hash) => hash.to_ascii_lowercase(),
            None => TokenHash::of(&terminal::read_token()?).to_hex(),
        };
        if hash.len() != 64 || !hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(
                "give the whole hash, 64 hexadecimal digits, as `ops token list` prints it"
                    .to_owned()
                    .into(),
            );
        }
        let delete = self.client.delete_item().table_name(&self.table);
        let delete = delete.key("tokenHash", AttributeValue::S(hash.clone()));
        let deleted = delete.return_values(ReturnValue::AllOld).send().await;
        let deleted = deleted.map_err(|error| {
            sentence(
                &format!(
                    "could not delete the token's record in table {}",
                    self.table
                ),
                &error,
            )
        })?;
        let record = deleted.attributes.filter(|record| !record.is_empty());
        let record = record.ok_or_else(|| format!("no token has the hash {hash}"))?;
        writeln!(io::stdout(), "{}", Record(record))?;
        Ok(())
    }
}

/// What to expect after a revocation. `cached` is the stack's parameter.
pub fn revoked(cached: Option<&str>) -> String {
    match cached {
        Some("0") => "Revoked. It no longer works.".to_owned(),
        Some(seconds) => {
            format!("Revoked. It may work for up to {seconds} s more, while it is cached.")
        }
        None => "Revoked. It may work for up to ACCESS_TOKEN_CACHE_SECONDS (60 by default) more."
            .to_owned(),
    }
}

/// A new token with 256 bits from the system's random number generator. The checksum is the CRC-32 of
/// everything before it. With it, a secret scanner tells a token from other text.
fn generate() -> Result<String, String> {
    let secret = random_hex::<32>()?;
    let body = format!("{PREFIX}{secret}");
    let checksum = crc32fast::hash(body.as_bytes());
    Ok(format!("{body}{checksum:08x}"))
}

/// Two hexadecimal digits for each random byte.
pub fn random_hex<const BYTES: usize>() -> Result<String, String> {
    let mut bytes = [0; BYTES];
    let filled = getrandom::fill(&mut bytes);
    filled.map_err(|error| format!("could not generate random bytes: {error}"))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The `expiresAt` of a token that is valid for this time from now.
fn expiry(valid_for: Duration) -> Result<u64, String> {
    let at = SystemTime::now().checked_add(valid_for);
    let seconds = at
        .and_then(|at| at.duration_since(UNIX_EPOCH).ok())
        .map(|at| at.as_secs());
    let seconds = seconds.filter(|seconds| parse_expiry(&seconds.to_string()).is_some());
    seconds.ok_or_else(|| "the expiry must not be after the year 9999".to_owned())
}

/// A token's record, whatever its attributes are.
struct Record(Item);

impl Record {
    fn text(&self, name: &str) -> String {
        let text = self.0.get(name).and_then(|value| value.as_s().ok());
        text.cloned().unwrap_or_default()
    }
}

/// Hash, subject, expiry and scopes. Escaped, because another program may have stored control characters.
impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hash, subject) = (self.text("tokenHash"), self.text("subject"));
        write!(f, "{}  {}  ", hash.escape_debug(), subject.escape_debug())?;
        if let Err(error) = Grant::try_from(self.0.clone()) {
            return write!(f, "malformed: {error}");
        }
        let expires_at = self.0.get("expiresAt").and_then(|value| value.as_n().ok());
        match expires_at.and_then(|seconds| parse_expiry(seconds)) {
            None => f.write_str("does not expire")?,
            Some(at) => {
                let at = UNIX_EPOCH + at;
                let verb = if at <= SystemTime::now() {
                    "expired"
                } else {
                    "expires"
                };
                write!(f, "{verb} {}", humantime::format_rfc3339_seconds(at))?;
            }
        }
        let scopes = self.0.get("scopes").and_then(|value| value.as_ss().ok());
        let mut scopes = scopes.cloned().unwrap_or_default();
        scopes.sort();
        match scopes.as_slice() {
            [] => f.write_str("  without a scope"),
            scopes => write!(f, "  {}", scopes.join(" ").escape_debug()),
        }
    }
}
