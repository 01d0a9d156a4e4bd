//! Replays a history and returns the first violated guarantee.
//!
//! 1. A write changes the attributes of its update, `updatedBy` and `updatedAt`; it increments `version`
//!    by one, and resets `verifiedEmail` when the email changes. It keeps every other attribute.
//! 2. A write happens only to a customer that exists and has a version that `If-Match` allows.
//! 3. A changed email is never left verified.
//! 4. A write happens after its request was sent and before its response. A delayed write may also come
//!    after a 500, which leaves open whether the update happened, but after no other response.
//! 5. 200 shows a state that was stored while the request was in flight, that has everything requested,
//!    and that this request wrote or, with a stale `If-Match`, found.
//! 6. 412 and 404 were true when one of the request's writes reached the customer. A 412 has the version
//!    and the data of that moment, and the request has changed nothing.
//! 7. 500 occurs only when all attempts of the SDK failed, when other writers were faster each time, or when
//!    `If-Match` does not tell whether a write without a response is stored.
//!
//! Two more guarantees follow. *One winner for each version*: the first write increments the version (1),
//! so a second one would violate (2). *No acknowledged field is lost to an older write*: a write changes
//! only its own fields (1) and never happens after its response (4).
//!
//! A caller that gives up and sends again has two requests in flight, and either may be applied last.
//! Within one request, the SDK retries a write that got no response. Then one update is written twice,
//! possibly with another caller's write of the same field in between, and the older value is stored last.
//! That is not a lost update: a request may take effect at any moment until its response, and without
//! `If-Match` the last write wins. `If-Match` with one version prevents it, because the second write finds
//! another version.

use serde_json::{Map, Value};

use super::history::{Call, Changes, Event, History, ObservedResponse, State, version};
use crate::support::network::Delivery;
use crate::support::{MAX_WRITES, limits};

/// Checks every guarantee on `history`.
///
/// # Errors
///
/// The number of the event that shows the first violation, and a message.
pub fn check(history: &History) -> Result<(), (usize, String)> {
    let mut replay = Replay {
        calls: &history.calls,
        progress: history.calls.iter().map(|_| Progress::default()).collect(),
        state: history.start.clone(),
    };
    for (number, event) in history.events.iter().enumerate() {
        replay.event(event).map_err(|message| (number, message))?;
    }
    let open = |progress: &Progress| progress.sent && progress.response.is_none();
    let last = history.events.len() - 1;
    match replay.progress.iter().position(open) {
        Some(call) => Err((last, format!("call {call} got no response"))),
        None => Ok(()),
    }
}

/// What is known about one call so far.
#[derive(Default)]
struct Progress {
    sent: bool,
    /// The status.
    response: Option<u64>,
    /// The states after its writes, including those whose response was lost.
    written: Vec<State>,
    /// The states whose condition rejected a write.
    found: Vec<State>,
    /// Consecutive writes that the network failed.
    failures: u32,
    /// Whether a write got no response, so that it may be stored.
    is_open: bool,
}

struct Replay<'a> {
    calls: &'a [Call],
    progress: Vec<Progress>,
    state: State,
}

impl Replay<'_> {
    fn event(&mut self, event: &Event) -> Result<(), String> {
        match event {
            Event::Request { call } => self.progress[*call].sent = true,
            Event::OtherWriter { after, .. } => self.state = after.clone(),
            Event::Write {
                call,
                delivery,
                applied,
                after,
            } => {
                let progress = &mut self.progress[*call];
                if !progress.sent {
                    return Err(format!("call {call} writes before its request"));
                }
                match (delivery, progress.response) {
                    (Delivery::Late, Some(500)) => {}
                    (_, Some(status)) if *applied => {
                        return Err(format!(
                            "a write of call {call} follows its response {status}"
                        ));
                    }
                    (Delivery::Late, _) => {}
                    (Delivery::Delivered, _) => progress.failures = 0,
                    _ => progress.failures += 1,
                }
                use Delivery::{Delivered, Late, Throttled};
                progress.is_open |= !matches!(delivery, Delivered | Throttled | Late);
                if !applied && *delivery == Delivery::Delivered {
                    progress.found.push(after.clone());
                }
                self.write(*call, *applied, after)?;
            }
            Event::Response { call, response } => {
                let result = check_response(&self.calls[*call], &self.progress[*call], response);
                let status = response.status;
                result.map_err(|message| format!("response {status} of call {call}: {message}"))?;
                self.progress[*call].response = Some(status);
            }
        }
        Ok(())
    }

    fn write(&mut self, call: usize, applied: bool, after: &State) -> Result<(), String> {
        if applied {
            let result = check_write(&self.calls[call], &self.state, after);
            result.map_err(|message| format!("write of call {call}: {message}"))?;
            self.progress[call].written.push(after.clone());
        } else if *after != self.state {
            return Err(format!(
                "a rejected write of call {call} changes the customer"
            ));
        }
        self.state = after.clone();
        Ok(())
    }
}

/// Guarantees 1 to 3, for one write that DynamoDB applied.
fn check_write(call: &Call, before: &State, after: &State) -> Result<(), String> {
    let (Some(before), Some(after)) = (before, after) else {
        return Err("it creates or deletes the customer".to_owned());
    };
    let old = version(before);
    if !matches(call, old) {
        return Err(format!("If-Match does not allow version {old}"));
    }
    let verified = |state: &Map<String, Value>| state.get("verifiedEmail").cloned();
    let email_changes = changes_email(&call.changes, before);
    if email_changes && verified(after) == Some(true.into()) {
        return Err("the changed email is verified".to_owned());
    }

    let mut expected = before.clone();
    for (name, value) in &call.changes {
        match value {
            Some(value) => _ = expected.insert(name.clone(), value.clone()),
            None => _ = expected.remove(name),
        }
    }
    expected.insert("version".to_owned(), (old + 1).into());
    expected.insert("updatedBy".to_owned(), call.subject.clone().into());
    // Other tests check the time; the simulation has no clock.
    let time = after.get("updatedAt").cloned();
    expected.insert("updatedAt".to_owned(), time.unwrap_or_default());
    let was_verified = verified(before) == Some(true.into());
    if email_changes && (was_verified || verified(after) == Some(false.into())) {
        expected.insert("verifiedEmail".to_owned(), false.into());
    }
    difference(&expected, after).map_or(Ok(()), Err)
}

/// Guarantees 5 to 7, for one response.
fn check_response(
    call: &Call,
    progress: &Progress,
    response: &ObservedResponse,
) -> Result<(), &'static str> {
    if !progress.sent || progress.response.is_some() {
        return Err("the call is not in flight");
    }
    let is_shown = |state: &&Map<String, Value>| {
        response.version == Some(version(state)) && shows(&response.data, state)
    };
    let found = || progress.found.iter().flatten();
    let mut stale = found().filter(|state| !matches(call, version(state)));
    // A retry recognises its own write by `updatedAt` and `updatedBy`, also after another writer's change.
    let own = found().filter(|_| !progress.written.is_empty());
    let (valid, message) = match response.status {
        200 => {
            let mut known = progress.written.iter().flatten().chain(stale).chain(own);
            let valid = known.any(|state| is_shown(&state) && has_changes(state, &call.changes));
            (valid, "the call neither wrote nor found this customer")
        }
        412 if !progress.written.is_empty() => (false, "a write is stored"),
        412 => {
            let valid = stale.any(|state| is_shown(&state) && !has_changes(state, &call.changes));
            (valid, "no write found this version with other values")
        }
        404 => {
            let valid = progress.found.contains(&None);
            (valid, "the customer existed at each write")
        }
        500 => {
            let attempts_failed = progress.failures >= limits().attempts;
            let writes_rejected = progress.found.len() >= MAX_WRITES;
            let lowest = call.if_match.iter().flatten().min();
            let is_later = |state| lowest.is_some_and(|lowest| version(state) > *lowest);
            let may_be_stored = progress.is_open && stale.any(is_later);
            let valid = attempts_failed || writes_rejected || may_be_stored;
            (valid, "there were attempts left")
        }
        _ => (false, "a valid request never gets this status"),
    };
    if valid { Ok(()) } else { Err(message) }
}

/// Whether `If-Match` allows a version.
fn matches(call: &Call, version: u64) -> bool {
    let versions = call.if_match.as_ref();
    versions.is_none_or(|versions| versions.contains(&version))
}

/// Whether a customer has everything that an update requests.
fn has_changes(state: &Map<String, Value>, changes: &Changes) -> bool {
    let mut changes = changes.iter();
    changes.all(|(name, value)| state.get(name) == value.as_ref())
}

/// Whether an update changes the email by more than letter case. The emails of a simulation are ASCII.
fn changes_email(changes: &Changes, before: &Map<String, Value>) -> bool {
    let new = changes.get("email").and_then(Option::as_ref);
    let new = new.and_then(Value::as_str);
    let old = before.get("email").and_then(Value::as_str);
    new.is_some_and(|new| old.is_none_or(|old| !old.eq_ignore_ascii_case(new)))
}

/// Whether a response's `data` is the stored customer. Absent attributes are shown as empty.
fn shows(data: &Map<String, Value>, state: &Map<String, Value>) -> bool {
    let empty = ["\"\"", "[]", "{}", "false"];
    let mut data = data.iter().peekable();
    data.peek().is_some()
        && data.all(|(name, value)| match state.get(name) {
            Some(stored) => stored == value,
            None => empty.contains(&&*value.to_string()),
        })
}

/// The first attribute that differs.
fn difference(expected: &Map<String, Value>, found: &Map<String, Value>) -> Option<String> {
    let mut names = expected.keys().chain(found.keys());
    let name = names.find(|name| expected.get(*name) != found.get(*name))?;
    let shown = |value: Option<&Value>| value.map_or("absent".to_owned(), Value::to_string);
    let (found, expected) = (shown(found.get(name)), shown(expected.get(name)));
    Some(format!("{name} is {found} instead of {expected}"))
}
