//! What a token's record grants.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use thiserror::Error as ThisError;

use crate::dynamodb::attribute::Item;

/// The scope that this endpoint requires.
pub const WRITE_SCOPE: &str = "customers:write";

/// The subject, scopes and expiry of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    subject: String,
    scopes: Vec<String>,
    /// Time since the Unix epoch.
    expires_at: Option<Duration>,
}

/// A token's record does not have the attributes that `docs/API.md#stored-data` gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ThisError)]
#[error("an access token's record has no valid {0}")]
pub struct MalformedRecord(&'static str);

impl Grant {
    /// The token's owner; stored as `updatedBy`.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Whether the token has the scope `customers:write`.
    pub fn has_write_scope(&self) -> bool {
        self.scopes.iter().any(|scope| scope == WRITE_SCOPE)
    }

    /// Whether the token is valid at `now`, in time since the Unix epoch.
    pub fn is_valid_at(&self, now: Duration) -> bool {
        self.expires_at.is_none_or(|expires_at| now < expires_at)
    }

    #[cfg(test)]
    pub fn until(expires_at: Option<Duration>) -> Self {
        Self {
            subject: "erp".to_owned(),
            scopes: vec![WRITE_SCOPE.to_owned()],
            expires_at,
        }
    }
}

impl TryFrom<Item> for Grant {
    type Error = MalformedRecord;

    /// Reads a token's record. A malformed record grants nothing.
    fn try_from(mut record: Item) -> Result<Self, MalformedRecord> {
        let Some(AttributeValue::S(subject)) = record.remove("subject") else {
            return Err(MalformedRecord("subject (S)"));
        };
        let scopes = match record.remove("scopes") {
            Some(AttributeValue::Ss(scopes)) => scopes,
            // DynamoDB has no empty set: a token without scopes lacks the attribute.
            None => Vec::new(),
            Some(_) => return Err(MalformedRecord("scopes (SS)")),
        };
        let expires_at = match record.remove("expiresAt") {
            Some(AttributeValue::N(seconds)) => {
                Some(parse_expiry(&seconds).ok_or(MalformedRecord("expiresAt (N)"))?)
            }
            None => None,
            Some(_) => return Err(MalformedRecord("expiresAt (N)")),
        };
        Ok(Self {
            subject,
            scopes,
            expires_at,
        })
    }
}

/// The last second of the year 9999. A later expiry is a mistake, such as a time in milliseconds, and
/// DynamoDB would never delete the record.
const MAX_EXPIRY: u64 = 253_402_300_799;

/// Reads a record's `expiresAt`, in seconds since the Unix epoch. A fraction is cut off, so that no
/// token outlives its record. Returns `None` when the text is not a number of seconds up to the year 9999.
pub fn parse_expiry(expires_at: &str) -> Option<Duration> {
    let seconds: i64 = expires_at.split('.').next()?.parse().ok()?;
    let seconds = u64::try_from(seconds).unwrap_or(0);
    (seconds <= MAX_EXPIRY).then(|| Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn malformed_record_grants_nothing() {
        let s = |text: &str| AttributeValue::S(text.into());
        let n = |text: &str| AttributeValue::N(text.into());
        let grant = |name: &str, value: AttributeValue| {
            let mut record = Item::from([("subject".to_owned(), s("erp"))]);
            record.insert(name.to_owned(), value);
            Grant::try_from(record)
        };
        let expires_at = |text| grant("expiresAt", n(text)).map(|grant| grant.expires_at);
        assert_eq!(expires_at("12.9"), Ok(Some(Duration::from_secs(12))));
        assert_eq!(expires_at("-1"), Ok(Some(Duration::ZERO)));
        let last = Duration::from_secs(253_402_300_799);
        assert_eq!(expires_at("253402300799"), Ok(Some(last)));
        for beyond_the_year_9999 in ["253402300800", "1764115200000", "1e40"] {
            assert_eq!(
                expires_at(beyond_the_year_9999),
                Err(MalformedRecord("expiresAt (N)"))
            );
        }
        for (name, value, malformed) in [
            ("subject", n("1"), "subject (S)"),
            ("scopes", s(WRITE_SCOPE), "scopes (SS)"),
            ("expiresAt", s("12"), "expiresAt (N)"),
        ] {
            assert_eq!(grant(name, value), Err(MalformedRecord(malformed)));
        }
        let missing = Grant::try_from(Item::new());
        assert_eq!(missing, Err(MalformedRecord("subject (S)")));
    }

    #[test]
    fn record_without_scopes_lacks_the_write_scope() {
        let record = Item::from([("subject".to_owned(), AttributeValue::S("erp".into()))]);
        let grant = Grant::try_from(record).unwrap();
        assert!(!grant.has_write_scope());
    }
}
