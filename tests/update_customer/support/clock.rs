//! The SDK's clock. It stands still until a test advances it, so that timeouts and backoff take no
//! time, and a busy machine cannot reach them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_dynamodb::config::{AsyncSleep, Sleep};
use tokio::sync::watch;

/// Every time limit is longer, and every backoff is shorter.
const LONGEST_BACKOFF: Duration = Duration::from_millis(500);

#[derive(Debug, Clone)]
pub struct Clock {
    now: Arc<watch::Sender<Duration>>,
    /// The deadlines of the current waits, unordered.
    deadlines: Arc<Mutex<Vec<Duration>>>,
}

impl Default for Clock {
    fn default() -> Self {
        Self {
            now: Arc::new(watch::Sender::new(Duration::ZERO)),
            deadlines: Arc::default(),
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

    /// Advances to the next deadline, if there is a current wait.
    pub fn advance_to_next_deadline(&self) {
        let deadlines = self.deadlines.lock().unwrap();
        let now = self.now();
        let next = deadlines.iter().filter(|deadline| **deadline > now).min();
        if let Some(next) = next {
            self.now.send_replace(*next);
        }
    }
}

/// A current wait. Dropping it removes its deadline from the list, also when the wait is cancelled.
struct Wait {
    clock: Clock,
    deadline: Duration,
}

impl Drop for Wait {
    fn drop(&mut self) {
        let mut deadlines = self.clock.deadlines.lock().unwrap();
        let own = deadlines.iter().position(|other| *other == self.deadline);
        own.map(|index| deadlines.swap_remove(index));
    }
}

impl AsyncSleep for Clock {
    fn sleep(&self, duration: Duration) -> Sleep {
        let deadline = self.now() + duration;
        if duration < LONGEST_BACKOFF {
            // It ends at once.
            self.advance(duration);
            return Sleep::new(std::future::ready(()));
        }
        self.deadlines.lock().unwrap().push(deadline);
        let wait = Wait {
            clock: self.clone(),
            deadline,
        };
        let mut now = self.now.subscribe();
        Sleep::new(async move {
            let wait = wait;
            now.wait_for(|now| *now >= wait.deadline)
                .await
                .expect("the wait keeps its clock alive");
        })
    }
}
