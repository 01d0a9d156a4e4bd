//! A cache of grants, so that a warm update makes one DynamoDB call.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::sync::OnceCell;

use super::{AuthError, Grant};
use crate::dynamodb::TokenHash;

/// Bounds the memory. A team has a handful of tokens.
const MAX_LOOKUPS: usize = 1_000;

/// Lookups by the hash of their token: those that run, and those that found a valid grant.
///
/// Times are wall-clock times: Lambda freezes the environment between calls, and a monotonic clock may
/// stop meanwhile.
#[derive(Debug)]
pub(super) struct GrantCache {
    ttl: Duration,
    lookups: Mutex<HashMap<TokenHash, Arc<Lookup>>>,
}

/// One lookup for all requests with the token.
#[derive(Debug)]
pub(super) struct Lookup {
    started_at: SystemTime,
    /// Empty while the lookup runs.
    pub(super) outcome: OnceCell<Result<Arc<Grant>, AuthError>>,
}

impl GrantCache {
    /// A cache whose lookups are used for `ttl`; zero disables it.
    pub(super) fn new(ttl: Duration) -> Self {
        Self {
            ttl,
            lookups: Mutex::default(),
        }
    }

    /// The lookup that was started less than `ttl` before `now`, if its grant has not expired. Otherwise a new one,
    /// which the caller runs.
    pub(super) fn lookup(&self, hash: TokenHash, now: SystemTime) -> Arc<Lookup> {
        let mut lookups = self.lock();
        if let Some(lookup) = lookups.get(&hash)
            && self.is_fresh(lookup, now)
        {
            return Arc::clone(lookup);
        }
        if lookups.len() >= MAX_LOOKUPS {
            lookups.clear();
        }
        let lookup = Arc::new(Lookup {
            started_at: now,
            outcome: OnceCell::new(),
        });
        lookups.insert(hash, Arc::clone(&lookup));
        lookup
    }

    /// Removes the lookup, unless another one replaced it.
    pub(super) fn remove(&self, hash: &TokenHash, lookup: &Arc<Lookup>) {
        let mut lookups = self.lock();
        if lookups
            .get(hash)
            .is_some_and(|current| Arc::ptr_eq(current, lookup))
        {
            lookups.remove(hash);
        }
    }

    /// An age below zero, after a clock was set back, would prolong the lookup.
    fn is_fresh(&self, lookup: &Lookup, now: SystemTime) -> bool {
        let age = now.duration_since(lookup.started_at);
        let is_valid = |outcome: &Result<Arc<Grant>, _>| {
            outcome.as_ref().is_ok_and(|grant| grant.is_valid_at(now))
        };
        age.is_ok_and(|age| age < self.ttl) && lookup.outcome.get().is_none_or(is_valid)
    }

    /// A panic cannot leave the map half written, so a poisoned lock is still usable.
    fn lock(&self) -> MutexGuard<'_, HashMap<TokenHash, Arc<Lookup>>> {
        self.lookups.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamodb::TokenRecord;
    use std::time::UNIX_EPOCH;

    fn hash(number: u64) -> TokenHash {
        TokenHash::of(&number.to_string())
    }

    fn second(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn grant(expires_at: Option<u64>) -> Arc<Grant> {
        Arc::new(Grant(TokenRecord {
            hash: hash(7).to_hex(),
            subject: "erp".to_owned(),
            scopes: Vec::new(),
            expires_at: expires_at.map(second),
            issued_at: None,
        }))
    }

    /// A cache with the grant of token 7, looked up at second 1,000.
    fn cache(ttl: u64, expires_at: Option<u64>) -> GrantCache {
        let cache = GrantCache::new(Duration::from_secs(ttl));
        insert(&cache, 7, Ok(grant(expires_at)));
        cache
    }

    /// Adds the outcome of a lookup at second 1,000.
    fn insert(cache: &GrantCache, number: u64, outcome: Result<Arc<Grant>, AuthError>) {
        let lookup = cache.lookup(hash(number), second(1_000));
        lookup.outcome.set(outcome).unwrap();
    }

    /// Whether the cache has an outcome. Otherwise this starts another lookup.
    fn has(cache: &GrantCache, number: u64, now: u64) -> bool {
        let lookup = cache.lookup(hash(number), second(now));
        lookup.outcome.initialized()
    }

    #[test]
    fn outcome_is_used_for_the_ttl_and_while_the_grant_is_valid() {
        for (ttl, expires_at, now, expected) in [
            (60, None, 1_000, true),
            (60, None, 1_059, true),
            (60, None, 1_060, false),
            (60, Some(1_030), 1_029, true),
            (60, Some(1_030), 1_030, false),
            // Zero disables the cache.
            (0, None, 1_000, false),
            // A clock that was set back does not prolong it.
            (60, None, 999, false),
        ] {
            let found = has(&cache(ttl, expires_at), 7, now);
            assert_eq!(found, expected, "{ttl} {expires_at:?} {now}");
        }
    }

    #[test]
    fn requests_share_a_lookup_that_runs() {
        let cache = GrantCache::new(Duration::from_secs(60));
        let lookup = |now| cache.lookup(hash(7), second(now));
        let first = lookup(1_000);
        assert!(Arc::ptr_eq(&first, &lookup(1_059)));
        assert!(!Arc::ptr_eq(&first, &lookup(1_060)));
    }

    #[test]
    fn failure_is_not_used_again() {
        let cache = GrantCache::new(Duration::from_secs(60));
        insert(&cache, 7, Err(AuthError::Invalid));
        assert!(!has(&cache, 7, 1_000));
    }

    #[test]
    fn lookup_is_removed_unless_another_one_replaced_it() {
        let cache = cache(60, None);
        let first = cache.lookup(hash(7), second(1_000));
        let second_one = cache.lookup(hash(7), second(1_060));
        cache.remove(&hash(7), &first);
        assert_eq!(cache.lock().len(), 1);
        cache.remove(&hash(7), &second_one);
        assert_eq!(cache.lock().len(), 0);
    }

    #[test]
    fn lookups_do_not_replace_each_other_and_their_number_is_bounded() {
        let cache = cache(60, None);
        for number in 10_000..10_010 {
            insert(&cache, number, Ok(grant(None)));
        }
        assert!(has(&cache, 7, 1_000));
        for number in 10_010..15_000 {
            insert(&cache, number, Ok(grant(None)));
        }
        assert!(cache.lock().len() <= MAX_LOOKUPS);
    }
}
