//! A cache of grants, so that a warm update makes one DynamoDB call.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use super::Grant;
use crate::dynamodb::TokenHash;

/// Bounds the memory. A team has a handful of tokens.
const MAX_GRANTS: usize = 1_000;

/// Valid grants by the hash of their token. Failed lookups are not cached.
///
/// Times are wall-clock times: Lambda freezes the environment between calls, and a monotonic clock may
/// stop meanwhile.
#[derive(Debug)]
pub(super) struct GrantCache {
    ttl: Duration,
    grants: Mutex<HashMap<TokenHash, Entry>>,
}

#[derive(Debug)]
struct Entry {
    grant: Arc<Grant>,
    looked_up_at: SystemTime,
}

impl GrantCache {
    /// A cache whose entries are used for `ttl`; zero disables it.
    pub(super) fn new(ttl: Duration) -> Self {
        Self {
            ttl,
            grants: Mutex::default(),
        }
    }

    /// The grant, when it was looked up less than `ttl` before `now` and has not expired.
    pub(super) fn get(&self, hash: &TokenHash, now: SystemTime) -> Option<Arc<Grant>> {
        let mut grants = self.lock();
        let entry = grants.get(hash)?;
        if self.is_fresh(entry, now) {
            return Some(Arc::clone(&entry.grant));
        }
        grants.remove(hash);
        None
    }

    /// Adds a grant that was looked up at `now`.
    pub(super) fn insert(&self, hash: TokenHash, grant: &Arc<Grant>, now: SystemTime) {
        if self.ttl.is_zero() {
            return;
        }
        let mut grants = self.lock();
        if grants.len() >= MAX_GRANTS {
            grants.clear();
        }
        let entry = Entry {
            grant: Arc::clone(grant),
            looked_up_at: now,
        };
        grants.insert(hash, entry);
    }

    /// An age below zero, after a clock was set back, would prolong the entry.
    fn is_fresh(&self, entry: &Entry, now: SystemTime) -> bool {
        let age = now.duration_since(entry.looked_up_at);
        age.is_ok_and(|age| age < self.ttl) && entry.grant.is_valid_at(now)
    }

    /// A panic cannot leave the map half written, so a poisoned lock is still usable.
    fn lock(&self) -> MutexGuard<'_, HashMap<TokenHash, Entry>> {
        self.grants.lock().unwrap_or_else(PoisonError::into_inner)
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
        cache.insert(hash(7), &grant(expires_at), second(1_000));
        cache
    }

    fn has(cache: &GrantCache, number: u64, now: u64) -> bool {
        cache.get(&hash(number), second(now)).is_some()
    }

    #[test]
    fn grant_is_cached_for_the_ttl() {
        let cache = cache(60, None);
        assert!(has(&cache, 7, 1_000));
        assert!(has(&cache, 7, 1_059));
        assert!(!has(&cache, 7, 1_060));
        assert!(!has(&cache, 7, 1_001), "a stale entry is removed");
    }

    #[test]
    fn grant_is_not_cached_past_its_expiry() {
        let cache = cache(60, Some(1_030));
        assert!(has(&cache, 7, 1_029));
        assert!(!has(&cache, 7, 1_030));
    }

    #[test]
    fn zero_ttl_disables_the_cache() {
        assert!(!has(&cache(0, None), 7, 1_000));
    }

    #[test]
    fn clock_set_back_does_not_prolong_an_entry() {
        assert!(!has(&cache(60, None), 7, 999));
    }

    #[test]
    fn another_token_is_not_found() {
        assert!(!has(&cache(60, None), 8, 1_000));
    }

    /// Adds `count` other grants at second `now`.
    fn insert_others(cache: &GrantCache, count: u64, now: u64) {
        for number in 0..count {
            cache.insert(hash(10_000 + number), &grant(None), second(now));
        }
    }

    #[test]
    fn grants_do_not_replace_each_other() {
        let cache = cache(60, None);
        insert_others(&cache, 10, 1_000);
        assert!(has(&cache, 7, 1_000));
    }

    #[test]
    fn size_is_bounded() {
        let cache = cache(60, None);
        insert_others(&cache, 5_000, 1_000);
        assert!(cache.lock().len() <= MAX_GRANTS);
    }
}
