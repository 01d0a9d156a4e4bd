//! Access tokens and their records: issue, list, revoke.

use std::fmt;
use std::io::{self, Write};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, anyhow, ensure};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use update_customer::dynamodb::access_tokens::KEY;
use update_customer::dynamodb::attribute::Item;
use update_customer::dynamodb::{TokenHash, TokenRecord};

use crate::aws::OrFailed;
use crate::terminal;

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
    ) -> Result<()> {
        let is_printable = !subject.trim().is_empty() && !subject.contains(char::is_control);
        let message = "the subject must not be blank or contain control characters";
        ensure!(is_printable, message);
        let is_scope = |scope: &String| !scope.is_empty() && !scope.contains(char::is_whitespace);
        let message = "a scope must not be empty or contain white space";
        ensure!(scopes.iter().all(is_scope), message);
        let token = generate()?;
        let now = SystemTime::now();
        let expiry = || now.checked_add(expires_in.unwrap_or_default());
        let too_late = "the expiry must not be after the year 9999";
        let item = Item::from(TokenRecord {
            hash: TokenHash::of(&token).to_hex(),
            subject: subject.to_owned(),
            scopes: scopes.to_vec(),
            expires_at: expires_in.and(Some(expiry().context(too_late)?)),
            issued_at: Some(now),
        });
        ensure!(TokenRecord::try_from(item.clone()).is_ok(), too_late);

        let shown = terminal::print(&token).and_then(|()| io::stdout().flush());
        // As text, because a broken pipe is no quiet end here.
        let unseen = "the token could not be shown, so it is not stored";
        shown.map_err(|error| anyhow!("{unseen}: {error}"))?;
        // Without a condition, so that the SDK may send it again: no other token has this hash.
        let put = self.client.put_item().table_name(&self.table);
        let put = put.set_item(Some(item.clone())).send().await;
        put.or_failed(|| format!("store the token in table {}", self.table))
            .context("the token above is not valid")?;
        let record = terminal::visible(&Record(item).to_string());
        eprintln!("{record}\nThe token is printed only once: only its hash is stored.");
        Ok(())
    }

    /// Prints every record, sorted by subject.
    pub async fn list(&self) -> Result<()> {
        let scan = self.client.scan().table_name(&self.table);
        let pages = scan.consistent_read(true).into_paginator().items().send();
        let items = pages.collect::<Result<Vec<_>, _>>().await;
        let items = items.or_failed(|| format!("list the tokens in table {}", self.table))?;
        let mut records: Vec<_> = items.into_iter().map(Record).collect();
        records.sort_by_cached_key(|one| (one.text("subject").to_owned(), one.to_string()));
        Ok(records.iter().try_for_each(terminal::print)?)
    }

    /// Deletes the record with this hash, or that of a token from the terminal or standard input, and returns it. Never
    /// that of `ACCESS_TOKEN`, which is the token in use.
    pub async fn revoke(&self, hash: Option<String>) -> Result<Record> {
        let hash = match hash {
            Some(hash) => hash.to_ascii_lowercase(),
            None => TokenHash::of(&terminal::read_token(None)?).to_hex(),
        };
        ensure!(
            hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()),
            "give the whole hash, 64 hexadecimal digits, as `ops token list` prints it"
        );
        let delete = self.client.delete_item().table_name(&self.table);
        let delete = delete.key(KEY, AttributeValue::S(hash.clone()));
        let deleted = delete.return_values(ReturnValue::AllOld).send().await;
        let what = || format!("delete the token's record in table {}", self.table);
        let deleted = deleted.or_failed(what)?;
        let record = deleted.attributes.filter(|record| !record.is_empty());
        let record = record.with_context(|| format!("no token has the hash {hash}"))?;
        Ok(Record(record))
    }
}

/// What to expect after a revocation. `cached` is the stack's parameter.
pub fn revoked(cached: Option<&str>) -> String {
    match cached {
        Some("0") => "Revoked. It no longer works.".to_owned(),
        Some(seconds) => {
            format!("Revoked. It may work for up to {seconds} s more, while it is cached.")
        }
        None => "Revoked. It may work for up to AccessTokenCacheSeconds (60 by default) more."
            .to_owned(),
    }
}

/// A new token with 256 bits from the system's random number generator. The checksum is the CRC-32 of
/// everything before it. With it, a secret scanner tells a token from other text.
fn generate() -> Result<String> {
    let body = format!("{PREFIX}{}", random_hex::<32>()?);
    let checksum = crc32fast::hash(body.as_bytes());
    Ok(format!("{body}{checksum:08x}"))
}

/// Two hexadecimal digits for each random byte.
pub fn random_hex<const BYTES: usize>() -> Result<String> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes).context("could not generate random bytes")?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// A token's record, whatever its attributes are.
pub struct Record(Item);

impl Record {
    fn text(&self, name: &str) -> &str {
        let text = self.0.get(name).and_then(|value| value.as_s().ok());
        text.map_or("", String::as_str)
    }
}

/// Hash, subject, issue, expiry and scopes.
impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}  {}  ", self.text(KEY), self.text("subject"))?;
        let mut record = match TokenRecord::try_from(self.0.clone()) {
            Ok(record) => record,
            Err(error) => return write!(f, "malformed: {error}"),
        };
        let second = humantime::format_rfc3339_seconds;
        if let Some(at) = record.issued_at {
            write!(f, "issued {}  ", second(at))?;
        }
        match record.expires_at {
            None => f.write_str("does not expire")?,
            Some(at) if at <= SystemTime::now() => write!(f, "expired {}", second(at))?,
            Some(at) => write!(f, "expires {}", second(at))?,
        }
        record.scopes.sort();
        match record.scopes.as_slice() {
            [] => f.write_str("  without a scope"),
            scopes => write!(f, "  {}", scopes.join(" ")),
        }
    }
}
