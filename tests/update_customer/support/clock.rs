//! Time limits, and the SDK's clock. The clock stands still until a test advances it, so that timeouts and backoff
//! take no time, and a busy machine cannot reach them.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::config::{AsyncSleep, Builder, Sleep};
use aws_smithy_types::timeout::TimeoutConfig;
use testkit::tables;
use tokio::sync::watch;
use update_customer::dynamodb::client;

/// The limits of the function's calls to DynamoDB.
pub struct Limits {
    pub attempt: Duration,
    pub operation: Duration,
    pub attempts: u32,
    pub backoff: Duration,
}

pub fn limits() -> Limits {
    let config = client::builder(&tables::local_config("http://127.0.0.1:1")).build();
    let timeouts = config.timeout_config().unwrap();
    let retries = config.retry_config().unwrap();
    let attempts = retries.max_attempts();
    // The backoff doubles with each retry.
    let backoff = (0..attempts - 1).map(|nth| retries.initial_backoff() * 2_u32.pow(nth));
    Limits {
        attempt: timeouts.operation_attempt_timeout().unwrap(),
        operation: timeouts.operation_timeout().unwrap(),
        attempts,
        backoff: backoff.sum(),
    }
}

/// Time limits that a busy machine does not reach. Other tests cover production's limits.
pub fn patient(config: Builder) -> Builder {
    let limit = Duration::from_secs(180);
    // All of them: a limit that is not set here stays as it is.
    let limits = TimeoutConfig::builder()
        .connect_timeout(limit)
        .operation_attempt_timeout(limit)
        .operation_timeout(limit);
    config.timeout_config(limits.build())
}

/// Every time limit is longer, and every backoff is shorter.
const LONGEST_BACKOFF: Duration = Duration::from_millis(500);

#[derive(Debug, Clone)]
pub struct Clock(Arc<watch::Sender<Duration>>);

impl Default for Clock {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(Duration::ZERO)))
    }
}

impl Clock {
    /// The time since the clock was created.
    pub fn now(&self) -> Duration {
        *self.0.borrow()
    }

    pub fn advance(&self, by: Duration) {
        self.0.send_modify(|now| *now += by);
    }
}

impl AsyncSleep for Clock {
    fn sleep(&self, duration: Duration) -> Sleep {
        if duration < LONGEST_BACKOFF {
            // It ends at once.
            self.advance(duration);
            return Sleep::new(std::future::ready(()));
        }
        let (mut now, deadline) = (self.0.subscribe(), self.now() + duration);
        // Keeps the sender alive.
        let clock = self.clone();
        Sleep::new(async move {
            let passed = now.wait_for(|now| *now >= deadline).await;
            drop(passed.expect("the clock is alive"));
            drop(clock);
        })
    }
}
