//! Who calls: the `accessToken` header, the record behind it, and what it allows.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use lambda_http::http::HeaderMap;
use sha2::{Digest, Sha256};

use crate::attribute::Item;
use crate::dynamodb;
use crate::error::{Cause, Error};
use crate::remembered::RememberedGrants;

/// The scope that this endpoint asks for.
pub const WRITE_SCOPE: &str = "customers:write";

const HEADER: &str = "accesstoken";

/// SHA-256 of a token, the only form in which it leaves this module.
pub type TokenHash = [u8; 32];

/// A token as the caller sent it. It cannot be printed.
pub struct AccessToken(String);

impl AccessToken {
    /// Takes the token from the one `accessToken` header: bare, or as `Bearer <token>` with the scheme
    /// in any case.
    ///
    /// # Errors
    ///
    /// [`Error::TokenMissing`] when the header is absent or empty; [`Error::TokenInvalid`] for two
    /// values, another scheme, or characters that no token has. Gateways join two headers with a
    /// comma, so a comma counts as two values.
    pub fn from_headers(headers: &HeaderMap) -> Result<Self, Error> {
        let mut values = headers.get_all(HEADER).iter();
        let value = values.next().ok_or(Error::TokenMissing)?;
        if values.next().is_some() {
            return Err(Error::TokenInvalid);
        }
        let value = value.to_str().map_err(|_| Error::TokenInvalid)?.trim();
        let token = match value.split_once([' ', '\t']) {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim_start(),
            Some(_) => return Err(Error::TokenInvalid),
            None if value.eq_ignore_ascii_case("bearer") => "",
            None => value,
        };
        if token.is_empty() {
            return Err(Error::TokenMissing);
        }
        if !token
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b',')
        {
            return Err(Error::TokenInvalid);
        }
        Ok(Self(token.to_owned()))
    }

    fn hash(&self) -> TokenHash {
        hash(&self.0)
    }
}

impl std::fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AccessToken(redacted)")
    }
}

/// What a valid token allows, and on whose behalf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    subject: String,
    scopes: Vec<String>,
    expires_at: Option<Duration>,
}

impl Grant {
    /// Who holds the token; stored as `updatedBy`.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// # Errors
    ///
    /// [`Error::InsufficientScope`] when the token lacks `customers:write`.
    pub fn require_write_scope(&self) -> Result<(), Error> {
        if self.scopes.iter().any(|scope| scope == WRITE_SCOPE) {
            Ok(())
        } else {
            Err(Error::InsufficientScope)
        }
    }

    /// Whether the token still counts at `now`, the time since the epoch.
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

/// The table of access tokens, and the grants remembered from it.
#[derive(Debug)]
pub struct AccessTokens {
    client: Client,
    table: String,
    remembered: RememberedGrants,
}

impl AccessTokens {
    /// `remember_for` is how long a grant is trusted without another look; zero is not at all.
    pub fn new(client: Client, table: String, remember_for: Duration) -> Self {
        Self {
            client,
            table,
            remembered: RememberedGrants::new(remember_for),
        }
    }

    /// Looks the token up, unless it is remembered.
    ///
    /// # Errors
    ///
    /// [`Error::TokenInvalid`] for an unknown or an expired token, without telling which;
    /// [`Error::Unavailable`] or [`Error::Internal`] when its record cannot be read.
    pub async fn authenticate(&self, token: &AccessToken) -> Result<Arc<Grant>, Error> {
        let hash = token.hash();
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        if let Some(grant) = self.remembered.find(&hash, now) {
            return Ok(grant);
        }
        let grant = self
            .look_up(&hash)
            .await?
            .filter(|grant| grant.is_valid_at(now));
        let grant = Arc::new(grant.ok_or(Error::TokenInvalid)?);
        self.remembered.remember(hash, &grant, now);
        Ok(grant)
    }

    /// A look-up that finds nothing: no token has this hash.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] or [`Error::Internal`] when the table cannot be read.
    pub async fn look_up_nothing(&self) -> Result<(), Error> {
        self.look_up(&TokenHash::default()).await.map(|_| ())
    }

    async fn look_up(&self, hash: &TokenHash) -> Result<Option<Grant>, Error> {
        let found = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("tokenHash", AttributeValue::S(lower_case_hex(hash)))
            // A token that was just issued must work, and one that was just revoked must not.
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| dynamodb::fault("GetItem on the access tokens table", &error))?;
        found.item.map(Grant::try_from).transpose()
    }
}

impl TryFrom<Item> for Grant {
    type Error = Error;

    /// Reads a token's record (contract, part 3). A record that breaks the contract lets nobody in.
    fn try_from(mut record: Item) -> Result<Self, Error> {
        let malformed = |what| {
            Error::Internal(Cause::new(format!(
                "An access token's record has no valid {what}"
            )))
        };
        let Some(AttributeValue::S(subject)) = record.remove("subject") else {
            return Err(malformed("subject (S)"));
        };
        let scopes = match record.remove("scopes") {
            Some(AttributeValue::Ss(scopes)) => scopes,
            // DynamoDB has no empty set: a token without a scope has no such attribute.
            None => Vec::new(),
            Some(_) => return Err(malformed("scopes (SS)")),
        };
        let expires_at = match record.remove("expiresAt") {
            Some(AttributeValue::N(seconds)) => {
                Some(expiry(&seconds).ok_or_else(|| malformed("expiresAt (N)"))?)
            }
            None => None,
            Some(_) => return Err(malformed("expiresAt (N)")),
        };
        Ok(Self {
            subject,
            scopes,
            expires_at,
        })
    }
}

/// The key of a token's record: lower-case hex SHA-256 of the token (contract, part 3).
pub fn record_key(token: &str) -> String {
    lower_case_hex(&hash(token))
}

/// The time since the epoch that a record's `expiresAt` names. Part of a second is cut off, so that no
/// token outlives its record. `None` when the text is no number of seconds.
pub fn expiry(expires_at: &str) -> Option<Duration> {
    let whole: i64 = expires_at.split('.').next()?.parse().ok()?;
    Some(Duration::from_secs(u64::try_from(whole).unwrap_or(0)))
}

fn hash(token: &str) -> TokenHash {
    Sha256::digest(token).into()
}

/// Two lower-case digits a byte.
pub fn lower_case_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambda_http::http::HeaderValue;

    fn token(values: &[&[u8]]) -> Result<String, Error> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(HEADER, HeaderValue::from_bytes(value).unwrap());
        }
        AccessToken::from_headers(&headers).map(|token| token.0)
    }

    #[test]
    fn a_token_comes_bare_or_as_bearer_in_any_case() {
        for value in [
            "abc.def-1~+/=",
            "Bearer abc.def-1~+/=",
            "bEARER \t abc.def-1~+/= ",
            " abc.def-1~+/=",
        ] {
            assert_eq!(
                token(&[value.as_bytes()]).unwrap(),
                "abc.def-1~+/=",
                "{value}"
            );
        }
    }

    #[test]
    fn an_absent_or_empty_token_is_missing() {
        assert_eq!(token(&[]), Err(Error::TokenMissing));
        for value in ["", " ", "Bearer", "bearer ", "Bearer \t"] {
            assert_eq!(
                token(&[value.as_bytes()]),
                Err(Error::TokenMissing),
                "{value:?}"
            );
        }
    }

    #[test]
    fn two_values_another_scheme_and_odd_characters_are_invalid() {
        assert_eq!(token(&[b"abc", b"abc"]), Err(Error::TokenInvalid));
        for value in [
            &b"abc,abc"[..],
            b"abc, abc",
            b"Basic abc",
            b"Bearer a b",
            b"a b",
            b"abc\xff",
            b",",
        ] {
            assert_eq!(token(&[value]), Err(Error::TokenInvalid), "{value:?}");
        }
    }

    #[test]
    fn a_token_cannot_be_printed() {
        assert_eq!(
            format!("{:?}", AccessToken("secret".into())),
            "AccessToken(redacted)"
        );
    }

    #[test]
    fn the_hash_is_lower_case_hex_sha_256() {
        // The test vector "abc" of FIPS 180-2.
        let hash = lower_case_hex(&AccessToken("abc".into()).hash());
        assert_eq!(
            hash,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn a_record_that_breaks_the_contract_lets_nobody_in() {
        let s = |text: &str| AttributeValue::S(text.into());
        let record = |extra: &[(&str, AttributeValue)]| -> Item {
            let mut record = Item::from([("subject".to_owned(), s("erp"))]);
            record.extend(
                extra
                    .iter()
                    .map(|(name, value)| ((*name).to_owned(), value.clone())),
            );
            record
        };
        let expiry =
            |text: &str| Grant::try_from(record(&[("expiresAt", AttributeValue::N(text.into()))]));
        assert_eq!(
            expiry("12.9").unwrap().expires_at,
            Some(Duration::from_secs(12))
        );
        assert_eq!(expiry("-1").unwrap().expires_at, Some(Duration::ZERO));
        assert!(Grant::try_from(Item::new()).is_err());
        assert!(Grant::try_from(record(&[("subject", AttributeValue::N("1".into()))])).is_err());
        assert!(Grant::try_from(record(&[("scopes", s(WRITE_SCOPE))])).is_err());
        assert!(Grant::try_from(record(&[("expiresAt", s("12"))])).is_err());
        assert!(expiry("1e40").is_err());
        assert_eq!(
            Grant::try_from(record(&[])).unwrap().require_write_scope(),
            Err(Error::InsufficientScope)
        );
    }
}
