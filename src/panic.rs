//! Panics: each becomes an error with its location, and none ends the process.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, PanicHookInfo, set_hook};
use std::pin::pin;

use futures_util::FutureExt;

use crate::error::Cause;

thread_local! {
    static CATCHING: Cell<bool> = const { Cell::new(false) };
    static LOCATION: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Replaces the standard hook, which prints a panic's message: a message may quote personal data.
pub fn install_hook() {
    set_hook(Box::new(|info: &PanicHookInfo<'_>| {
        let location = info.location().map(ToString::to_string);
        if CATCHING.get() {
            LOCATION.set(location);
        } else {
            tracing::error!(location, "panicked outside of a request");
        }
    }));
}

/// Runs a future to its end. A panic in it becomes a [`Cause`] with the location but without the
/// message.
///
/// # Errors
///
/// The cause, when the future panicked. The location is known only after [`install_hook`].
pub async fn catch<T>(future: impl Future<Output = T>) -> Result<T, Cause> {
    let mut future = pin!(AssertUnwindSafe(future).catch_unwind());
    let result = poll_fn(|context| {
        // Other tasks may run on this thread between two polls, so the flag is set for one poll.
        let before = CATCHING.replace(true);
        let poll = future.as_mut().poll(context);
        CATCHING.set(before);
        poll
    });
    result.await.map_err(|_| {
        let location = LOCATION
            .take()
            .unwrap_or_else(|| "an unknown location".to_owned());
        Cause::new(format!("panic at {location}"))
    })
}
