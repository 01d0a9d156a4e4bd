//! Grants remembered in memory, so that a warm update costs one DynamoDB call.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::auth::{Grant, TokenHash};

/// A team has a handful of tokens; the bound only keeps memory flat whatever happens.
const MOST_GRANTS: usize = 1_000;

/// Valid grants by the hash of their token. Refusals are never remembered.
///
/// Times are wall-clock times since the epoch: Lambda freezes the environment between calls, and
/// a monotonic clock may stand still meanwhile.
#[derive(Debug)]
pub struct RememberedGrants {
    remember_for: Duration,
    grants: Mutex<HashMap<TokenHash, Remembered>>,
}

#[derive(Debug)]
struct Remembered {
    grant: Arc<Grant>,
    since: Duration,
}

impl RememberedGrants {
    pub fn new(remember_for: Duration) -> Self {
        Self {
            remember_for,
            grants: Mutex::default(),
        }
    }

    /// The grant, when it was looked up less than `remember_for` before `now` and has not expired.
    pub fn find(&self, hash: &TokenHash, now: Duration) -> Option<Arc<Grant>> {
        let mut grants = self.lock();
        let remembered = grants.get(hash)?;
        if self.counts(remembered, now) {
            return Some(Arc::clone(&remembered.grant));
        }
        grants.remove(hash);
        None
    }

    /// Remembers a grant that was looked up at `now`.
    pub fn remember(&self, hash: TokenHash, grant: &Arc<Grant>, now: Duration) {
        if self.remember_for.is_zero() {
            return;
        }
        let mut grants = self.lock();
        if grants.len() >= MOST_GRANTS {
            grants.retain(|_, remembered| self.counts(remembered, now));
        }
        if grants.len() >= MOST_GRANTS {
            grants.clear();
        }
        grants.insert(
            hash,
            Remembered {
                grant: Arc::clone(grant),
                since: now,
            },
        );
    }

    /// A clock that was set back must not prolong anything, hence the lower bound.
    fn counts(&self, remembered: &Remembered, now: Duration) -> bool {
        now >= remembered.since
            && now < remembered.since.saturating_add(self.remember_for)
            && remembered.grant.is_valid_at(now)
    }

    /// A panic elsewhere cannot leave the map half written, so a poisoned lock is still good.
    fn lock(&self) -> MutexGuard<'_, HashMap<TokenHash, Remembered>> {
        self.grants.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: TokenHash = [7; 32];

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn remembered(remember_for: u64, expires_at: Option<u64>) -> RememberedGrants {
        let grants = RememberedGrants::new(seconds(remember_for));
        grants.remember(
            HASH,
            &Arc::new(Grant::until(expires_at.map(seconds))),
            seconds(1_000),
        );
        grants
    }

    #[test]
    fn a_grant_is_remembered_for_the_configured_time() {
        let grants = remembered(60, None);
        assert!(grants.find(&HASH, seconds(1_000)).is_some());
        assert!(grants.find(&HASH, seconds(1_059)).is_some());
        assert!(grants.find(&HASH, seconds(1_060)).is_none());
        assert!(
            grants.find(&HASH, seconds(1_001)).is_none(),
            "what is forgotten stays forgotten"
        );
    }

    #[test]
    fn a_grant_is_never_remembered_past_its_own_expiry() {
        let grants = remembered(60, Some(1_030));
        assert!(grants.find(&HASH, seconds(1_029)).is_some());
        assert!(grants.find(&HASH, seconds(1_030)).is_none());
    }

    #[test]
    fn zero_seconds_remember_nothing() {
        assert!(remembered(0, None).find(&HASH, seconds(1_000)).is_none());
    }

    #[test]
    fn a_clock_set_back_prolongs_nothing() {
        assert!(remembered(60, None).find(&HASH, seconds(999)).is_none());
    }

    #[test]
    fn another_token_finds_nothing() {
        assert!(
            remembered(60, None)
                .find(&[8; 32], seconds(1_000))
                .is_none()
        );
    }

    /// Remembers `count` other grants at `now`.
    fn remember_others(grants: &RememberedGrants, count: u64, now: Duration) {
        for number in 0..count {
            let mut hash = [0; 32];
            hash[..8].copy_from_slice(&number.to_be_bytes());
            grants.remember(hash, &Arc::new(Grant::until(None)), now);
        }
    }

    #[test]
    fn one_grant_does_not_take_anothers_place() {
        let grants = remembered(60, None);
        remember_others(&grants, 10, seconds(1_000));
        assert!(grants.find(&HASH, seconds(1_000)).is_some());
    }

    #[test]
    fn memory_is_bounded() {
        let grants = remembered(60, None);
        remember_others(&grants, 5_000, seconds(1_000));
        assert!(grants.lock().len() <= MOST_GRANTS);
    }

    #[test]
    fn a_full_memory_makes_room_by_what_no_longer_counts() {
        let grants = remembered(60, None);
        remember_others(&grants, 999, seconds(940));
        grants.remember([8; 32], &Arc::new(Grant::until(None)), seconds(1_000));
        assert!(grants.find(&HASH, seconds(1_000)).is_some());
        assert_eq!(grants.lock().len(), 2);
    }
}
