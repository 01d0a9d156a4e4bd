//! The access tokens table: one record for each token, under the token's hash.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::RequestId;
use aws_sdk_dynamodb::types::AttributeValue;
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::attribute::Item;
use super::error::CallError;
use super::response::rejection;

/// The table's partition key.
pub const KEY: &str = "tokenHash";

const OPERATION: &str = "GetItem on the access tokens table";

/// The last second of the year 9999. A later expiry is a mistake, such as a time in milliseconds, and
/// DynamoDB would never delete the record.
const MAX_EXPIRY: u64 = 253_402_300_799;

/// SHA-256 of a token, which is stored instead of the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// An all-zero hash that no token has; used to open the connection.
    pub(crate) const NONE: Self = Self([0; 32]);

    pub fn of(token: &str) -> Self {
        Self(Sha256::digest(token).into())
    }

    /// The key of the token's record (`docs/API.md#stored-data`): 64 lower-case hex digits.
    pub fn to_hex(self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// What the table stores for a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRecord {
    /// [`TokenHash::to_hex`] of the token.
    pub hash: String,
    /// The token's owner.
    pub subject: String,
    pub scopes: Vec<String>,
    /// The token is invalid from this second on.
    pub expires_at: Option<SystemTime>,
    /// For people; the function ignores it.
    pub issued_at: Option<SystemTime>,
}

/// A token's record does not have the attributes that `docs/API.md#stored-data` gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("an access token's record has no valid attribute {0}")]
pub struct MalformedRecord(&'static str);

impl TryFrom<Item> for TokenRecord {
    type Error = MalformedRecord;

    /// Reads a record. A malformed one grants nothing.
    fn try_from(item: Item) -> Result<Self, MalformedRecord> {
        let text = |name| match item.get(name) {
            Some(AttributeValue::S(text)) => Ok(text.clone()),
            _ => Err(MalformedRecord(name)),
        };
        let second = |name| {
            let read = |value: &AttributeValue| parse_seconds(value.as_n().ok()?);
            let second = item
                .get(name)
                .map(|value| read(value).ok_or(MalformedRecord(name)));
            second.transpose()
        };
        // DynamoDB has no empty set: a token without scopes lacks the attribute.
        let scopes = item.get("scopes").map(AttributeValue::as_ss).transpose();
        let scopes = scopes.map_err(|_| MalformedRecord("scopes"))?;
        Ok(Self {
            hash: text(KEY)?,
            subject: text("subject")?,
            scopes: scopes.cloned().unwrap_or_default(),
            expires_at: second("expiresAt")?,
            issued_at: second("issuedAt").unwrap_or_default(),
        })
    }
}

impl From<TokenRecord> for Item {
    fn from(record: TokenRecord) -> Self {
        let seconds = |time: SystemTime| {
            let time = time.duration_since(UNIX_EPOCH).unwrap_or_default();
            AttributeValue::N(time.as_secs().to_string())
        };
        let scopes = Some(record.scopes).filter(|scopes| !scopes.is_empty());
        let attributes = [
            (KEY, Some(AttributeValue::S(record.hash))),
            ("subject", Some(AttributeValue::S(record.subject))),
            ("scopes", scopes.map(AttributeValue::Ss)),
            ("expiresAt", record.expires_at.map(seconds)),
            ("issuedAt", record.issued_at.map(seconds)),
        ];
        let present = |(name, value): (&str, Option<_>)| Some((name.to_owned(), value?));
        attributes.into_iter().filter_map(present).collect()
    }
}

/// Reads seconds since the Unix epoch. Cuts a fraction off, so that no token outlives its record. `None`
/// for anything but a number of seconds up to the year 9999.
fn parse_seconds(number: &str) -> Option<SystemTime> {
    let seconds: i64 = number.split('.').next()?.parse().ok()?;
    let seconds = seconds.max(0).unsigned_abs();
    (seconds <= MAX_EXPIRY).then(|| UNIX_EPOCH + Duration::from_secs(seconds))
}

/// The table that `ACCESS_TOKENS_TABLE` names.
#[derive(Debug)]
pub(crate) struct AccessTokensTable {
    pub(crate) client: Client,
    pub(crate) name: String,
}

impl AccessTokensTable {
    /// Returns the record under `hash`, if there is one.
    pub(crate) async fn get(&self, hash: TokenHash) -> Result<Option<TokenRecord>, CallError> {
        let key = hash.to_hex();
        let call = self
            .client
            .get_item()
            .table_name(&self.name)
            .key(KEY, AttributeValue::S(key.clone()))
            // A token works as soon as it is issued, and stops as soon as it is revoked.
            .consistent_read(true);
        // Box the SDK's future (some 10 KB), so that each wrapper moves a pointer.
        let output = Box::pin(call.send()).await;
        let mut output =
            output.map_err(|error| CallError::from_sdk(OPERATION, &error, rejection(&error)))?;
        match output.item.take().map(TokenRecord::try_from).transpose() {
            Ok(Some(record)) if record.hash != key => {
                Err(CallError::unreadable(OPERATION, output.request_id()))
            }
            Ok(record) => Ok(record),
            Err(malformed) => {
                let cause = malformed.to_string();
                Err(CallError::new(OPERATION, cause, output.request_id(), false))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn n(text: &str) -> AttributeValue {
        AttributeValue::N(text.to_owned())
    }

    fn second(seconds: u64) -> Option<SystemTime> {
        Some(UNIX_EPOCH + Duration::from_secs(seconds))
    }

    fn full() -> TokenRecord {
        TokenRecord {
            hash: TokenHash::of("abc").to_hex(),
            subject: "erp".to_owned(),
            scopes: vec!["customers:write".to_owned()],
            expires_at: second(1_800_000_000),
            issued_at: second(1_700_000_000),
        }
    }

    #[test]
    fn record_is_stored_and_read_alike() {
        let least = TokenRecord {
            scopes: Vec::new(),
            expires_at: None,
            issued_at: None,
            ..full()
        };
        for (record, attributes) in [(full(), 5), (least, 2)] {
            let item = Item::from(record.clone());
            assert_eq!(item.len(), attributes);
            assert_eq!(TokenRecord::try_from(item), Ok(record));
        }
    }

    #[test]
    fn attributes_have_their_type_and_an_expiry_is_a_second_up_to_the_year_9999() {
        let s = || AttributeValue::S("12".to_owned());
        let malformed = |name| Err(MalformedRecord(name));
        for (name, value, expiry) in [
            ("expiresAt", n("12.9"), Ok(second(12))),
            ("expiresAt", n("-1"), Ok(second(0))),
            ("expiresAt", n("253402300799"), Ok(second(253_402_300_799))),
            ("expiresAt", n("253402300800"), malformed("expiresAt")),
            ("expiresAt", n("1e40"), malformed("expiresAt")),
            ("expiresAt", s(), malformed("expiresAt")),
            (KEY, n("1"), malformed(KEY)),
            ("subject", n("1"), malformed("subject")),
            ("scopes", s(), malformed("scopes")),
            ("issuedAt", s(), Ok(full().expires_at)),
        ] {
            let mut item = Item::from(full());
            item.insert(name.to_owned(), value);
            let record = TokenRecord::try_from(item);
            assert_eq!(record.map(|record| record.expires_at), expiry, "{name}");
        }
        let missing = TokenRecord::try_from(Item::new());
        assert_eq!(missing, Err(MalformedRecord(KEY)));
    }
}
