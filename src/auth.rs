//! Authentication: the access token, and what it grants.

mod cache;
mod token;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use thiserror::Error;

use crate::dynamodb::{AccessTokensTable, CallError, TokenHash, TokenRecord};
use cache::GrantCache;
pub(crate) use token::AccessToken;

/// Why a caller is not authenticated.
#[derive(Debug, Clone, Error)]
pub(crate) enum AuthError {
    /// The `accessToken` header is absent or empty, also after `Bearer`.
    #[error("The accessToken header is missing or has no token")]
    Missing,
    /// The header does not hold one token, or the token has no valid record.
    #[error("The access token is invalid or expired")]
    Invalid,
    /// The token is valid but lacks the scope.
    #[error("The access token lacks the scope {0}")]
    MissingScope(&'static str),
    /// The token's record cannot be read.
    #[error(transparent)]
    Lookup(#[from] CallError),
}

/// What a valid token allows, and to whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grant(TokenRecord);

impl Grant {
    /// The token's owner; stored as `updatedBy`.
    pub(crate) fn subject(&self) -> &str {
        &self.0.subject
    }

    pub(crate) fn has_scope(&self, scope: &str) -> bool {
        self.0.scopes.iter().any(|granted| granted == scope)
    }

    pub(crate) fn is_valid_at(&self, now: SystemTime) -> bool {
        self.0.expires_at.is_none_or(|expires_at| now < expires_at)
    }
}

/// Looks tokens up in the access tokens table and caches what they grant.
#[derive(Debug)]
pub(crate) struct Authenticator {
    table: AccessTokensTable,
    cache: GrantCache,
}

impl Authenticator {
    /// `cache_ttl` is how long a grant is used without another lookup; zero disables the cache.
    pub(crate) fn new(table: AccessTokensTable, cache_ttl: Duration) -> Self {
        Self {
            table,
            cache: GrantCache::new(cache_ttl),
        }
    }

    /// Returns what the token grants, from the cache or the table. Only a grant with `scope` is cached, but requests
    /// that come during a lookup share its outcome.
    ///
    /// [`AuthError::Invalid`] for an unknown and for an expired token, indistinguishably.
    /// [`AuthError::Lookup`] when the token's record cannot be read.
    pub(crate) async fn authenticate(
        &self,
        token: &AccessToken,
        scope: &str,
    ) -> Result<Arc<Grant>, AuthError> {
        let hash = token.hash();
        let lookup = self.cache.lookup(hash, SystemTime::now());
        let outcome = lookup.outcome.get_or_init(|| self.look_up(hash)).await;
        if !outcome.as_ref().is_ok_and(|grant| grant.has_scope(scope)) {
            self.cache.remove(&hash, &lookup);
        }
        outcome.clone()
    }

    async fn look_up(&self, hash: TokenHash) -> Result<Arc<Grant>, AuthError> {
        let grant = self.table.get(hash).await?.map(Grant);
        // The lookup can take seconds, in which the token can expire.
        let grant = grant.filter(|grant| grant.is_valid_at(SystemTime::now()));
        grant.map(Arc::new).ok_or(AuthError::Invalid)
    }

    /// Looks up a hash that no token has, to open the connection to DynamoDB.
    pub(crate) async fn probe(&self) -> Result<(), CallError> {
        self.table.get(TokenHash::NONE).await.map(|_| ())
    }
}
