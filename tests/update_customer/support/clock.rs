//! The SDK's clock. It stands still until a test advances it, so that timeouts and backoff take no
//! time, and a busy machine cannot reach them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_dynamodb::config::{AsyncSleep, Sleep};
use tokio::sync::watch;
use update_customer::dynamodb::client::ATTEMPT_TIMEOUT;

#[derive(Debug, Clone)]
pub struct Clock {
    now: Arc<watch::Sender<Duration>>,
    /// The ends of the current waits, unordered.
    ends: Arc<Mutex<Vec<Duration>>>,
}

impl Default for Clock {
    fn default() -> Self {
        Self {
            now: Arc::new(watch::Sender::new(Duration::ZERO)),
            ends: Arc::default(),
        }
    }
}

impl Clock {
    /// The time since the clock was created.
    pub fn now(&self) -> Duration {
        *self.now.borrow()
    }

    pub fn advance(&self, by: Duration) {
        self.now.send_modify(|now| *now += by);
    }

    /// Advances to the end of the shortest current wait.
    pub fn advance_to_next_end(&self) {
        let ends = self.ends.lock().unwrap();
        let now = self.now();
        if let Some(next) = ends.iter().filter(|end| **end > now).min() {
            self.now.send_replace(*next);
        }
    }
}

/// Removes a wait from the list, also when it is cancelled.
struct Waiting {
    clock: Clock,
    end: Duration,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut ends = self.clock.ends.lock().unwrap();
        let at = ends.iter().position(|end| *end == self.end);
        at.map(|at| ends.swap_remove(at));
    }
}

impl AsyncSleep for Clock {
    fn sleep(&self, duration: Duration) -> Sleep {
        let end = self.now() + duration;
        // A backoff before the next attempt ends at once.
        if duration < ATTEMPT_TIMEOUT {
            self.advance(duration);
            return Sleep::new(std::future::ready(()));
        }
        self.ends.lock().unwrap().push(end);
        let waiting = Waiting {
            clock: self.clone(),
            end,
        };
        let mut now = self.now.subscribe();
        Sleep::new(async move {
            let waiting = waiting;
            // A waiting task keeps the clock alive.
            now.wait_for(|now| *now >= waiting.end)
                .await
                .expect("the clock is there");
        })
    }
}
