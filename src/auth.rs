//! Authentication: the access token, its record, and what the record grants.

mod cache;
pub mod grant;
pub mod token;

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;

use crate::dynamodb;
use crate::error::{Cause, Error};
use cache::GrantCache;
pub use grant::Grant;
pub use token::{AccessToken, TokenHash};

/// Looks tokens up in the access tokens table and caches what they grant.
#[derive(Debug)]
pub struct Authenticator {
    client: Client,
    table: String,
    cache: GrantCache,
}

impl Authenticator {
    /// `cache_ttl` is how long a grant is used without another lookup; zero disables the cache.
    pub fn new(client: Client, table: String, cache_ttl: Duration) -> Self {
        Self {
            client,
            table,
            cache: GrantCache::new(cache_ttl),
        }
    }

    /// Returns what the token grants, from the cache or the table. Only a grant with the scope
    /// `customers:write` is cached.
    ///
    /// # Errors
    ///
    /// [`Error::TokenInvalid`] for an unknown and for an expired token, indistinguishably.
    /// [`Error::Unavailable`] or [`Error::Internal`] when the token's record cannot be read.
    pub async fn authenticate(&self, token: &AccessToken) -> Result<Arc<Grant>, Error> {
        let hash = token.hash();
        let looked_up_at = now();
        if let Some(grant) = self.cache.get(&hash, looked_up_at) {
            return Ok(grant);
        }
        let grant = self.look_up(hash).await?;
        // The lookup can take seconds, in which the token can expire.
        let grant = grant.filter(|grant| grant.is_valid_at(now()));
        let grant = Arc::new(grant.ok_or(Error::TokenInvalid)?);
        if grant.has_write_scope() {
            self.cache.insert(hash, &grant, looked_up_at);
        }
        Ok(grant)
    }

    /// Looks up a hash that no token has, to open the connection to DynamoDB.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] or [`Error::Internal`] when the table cannot be read.
    pub async fn probe(&self) -> Result<(), Error> {
        self.look_up(TokenHash::NONE).await.map(|_| ())
    }

    async fn look_up(&self, hash: TokenHash) -> Result<Option<Grant>, Error> {
        let output = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("tokenHash", AttributeValue::S(hash.to_hex()))
            // A token works as soon as it is issued, and stops as soon as it is revoked.
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| {
                dynamodb::error::to_error("GetItem on the access tokens table", &error)
            })?;
        let grant = output.item.map(Grant::try_from).transpose();
        grant.map_err(|error| Error::Internal(Cause::new(error.to_string())))
    }
}

/// The time since the Unix epoch.
fn now() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}
