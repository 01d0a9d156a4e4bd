//! Replays a history and tells the first promise that was broken.
//!
//! 1. A write changes the attributes of its update, `version` by one, `updatedBy`, `updatedAt`, and
//!    `verifiedEmail` when the address changes; every other attribute stays, unknown ones included.
//! 2. A write happens only to a customer that exists and has a version that `If-Match` names.
//! 3. A changed address is never left marked as verified.
//! 4. A write happens after its request was sent and before it is answered. A late one may come after a
//!    500, which leaves open whether the update happened, and after no other response.
//! 5. 200 shows a state that was stored while the request was on its way, that holds everything asked
//!    for, and that this request wrote or (then only with a stale `If-Match`) found.
//! 6. 412 and 404 were true when one of the request's writes met the customer. A 412 names the version.
//! 7. 500 comes only when the network failed each of the SDK's tries, or others were faster each time.
//!
//! Two more promises follow. *One winner for each version*: a second one would write to a version that
//! it does not name (2), since the first has raised it (1). *No acknowledged field is lost to an older
//! write*: a write takes nothing but its own fields (1) and never comes after its response (4).
//!
//! The unit is the HTTP request, not what its caller means by several of them. A caller that gives
//! up and sends again has two requests on their way, and either may be carried out last. Within one
//! request, the SDK sends again what got no response, so one update may be written twice, with another
//! caller's write of the same field in between. The older value then stands last. That is no lost
//! update: until its response a request may take effect at any moment, without `If-Match` the last write
//! wins, and nobody can tell this write from one that came later. `If-Match` with one version rules it
//! out, because the second write meets another version.

use serde_json::{Map, Value};
use update_customer::dynamodb::customers_table::MAX_WRITES;

use super::history::{Call, Changes, Event, History, ObservedResponse, State, version};
use crate::support::network::Delivery;

/// The SDK's tries of one write.
pub const MAX_ATTEMPTS: usize = 3;

/// Checks every promise on `history`.
///
/// # Errors
///
/// The first promise that is broken, with the number of the event.
pub fn check(history: &History) -> Result<(), String> {
    let progress = history.calls.iter().map(|_| Progress::default()).collect();
    let mut replay = Replay {
        calls: &history.calls,
        progress,
        state: history.start.clone(),
    };
    for (number, event) in history.events.iter().enumerate() {
        replay
            .event(event)
            .map_err(|broken| format!("event {number}: {broken}"))?;
    }
    match replay
        .progress
        .iter()
        .position(|progress| progress.sent && progress.response.is_none())
    {
        Some(call) => Err(format!("call {call} got no response")),
        None => Ok(()),
    }
}

/// What is known of one call so far.
#[derive(Default)]
struct Progress {
    sent: bool,
    /// The status.
    response: Option<u64>,
    /// The states that its writes made, also those whose response was lost.
    made: Vec<State>,
    /// The states that rejected a write.
    met: Vec<State>,
    /// Writes in a row that the network failed.
    failures: usize,
}

struct Replay<'a> {
    calls: &'a [Call],
    progress: Vec<Progress>,
    state: State,
}

impl Replay<'_> {
    fn event(&mut self, event: &Event) -> Result<(), String> {
        match event {
            Event::RecordedRequest { call } => self.progress[*call].sent = true,
            Event::Outside { after, .. } => self.state = after.clone(),
            Event::Write {
                call,
                fate,
                applied,
                after,
            } => {
                let progress = &mut self.progress[*call];
                if !progress.sent || progress.response.is_some() {
                    return Err(format!("call {call} writes outside its time"));
                }
                progress.failures = if *fate == Delivery::Passes {
                    0
                } else {
                    progress.failures + 1
                };
                if !applied && *fate == Delivery::Passes {
                    progress.met.push(after.clone());
                }
                self.write(*call, *applied, after)?;
            }
            Event::LateWrite {
                call,
                applied,
                after,
            } => {
                let response = self.progress[*call].response;
                if *applied && response.is_some_and(|status| status != 500) {
                    return Err(format!(
                        "call {call}, an older write, comes after its response {response:?}"
                    ));
                }
                self.write(*call, *applied, after)?;
            }
            Event::Response { call, response } => {
                answered(&self.calls[*call], &self.progress[*call], response).map_err(
                    |broken| format!("call {call} is answered {}: {broken}", response.status),
                )?;
                self.progress[*call].response = Some(response.status);
            }
        }
        Ok(())
    }

    fn write(&mut self, call: usize, applied: bool, after: &State) -> Result<(), String> {
        if applied {
            effect(&self.calls[call], &self.state, after)
                .map_err(|broken| format!("call {call}: {broken}"))?;
            self.progress[call].made.push(after.clone());
        } else if *after != self.state {
            return Err(format!("call {call} was rejected and changed the customer"));
        }
        self.state = after.clone();
        Ok(())
    }
}

/// Rules 1 to 3, on one write.
fn effect(call: &Call, before: &State, after: &State) -> Result<(), String> {
    let Some(before) = before else {
        return Err("a write made a customer".to_owned());
    };
    let Some(after) = after else {
        return Err("a write removed the customer".to_owned());
    };
    if !matches(call, version(before)) {
        return Err(format!(
            "a write met version {}, which If-Match does not name",
            version(before)
        ));
    }
    let address_changes = changes_address(&call.changes, before);
    let was_verified = before.get("verifiedEmail") == Some(&Value::Bool(true));
    if address_changes && after.get("verifiedEmail") == Some(&Value::Bool(true)) {
        return Err("a changed address is marked as verified".to_owned());
    }

    let mut expected = before.clone();
    for (name, value) in &call.changes {
        match value {
            Some(value) => _ = expected.insert((*name).to_owned(), value.clone()),
            None => _ = expected.shift_remove(*name),
        }
    }
    expected.insert("version".to_owned(), Value::from(version(before) + 1));
    expected.insert("updatedBy".to_owned(), Value::from(call.subject.clone()));
    // To which moment it is set is tested elsewhere: here no clock has a say.
    expected.insert(
        "updatedAt".to_owned(),
        after.get("updatedAt").cloned().unwrap_or_default(),
    );
    if address_changes && (was_verified || after.get("verifiedEmail") == Some(&Value::Bool(false)))
    {
        expected.insert("verifiedEmail".to_owned(), Value::Bool(false));
    }
    match difference(&expected, after) {
        Some(difference) => Err(format!("a write left {difference}")),
        None => Ok(()),
    }
}

/// Rules 5 to 7, on one response.
fn answered(call: &Call, progress: &Progress, response: &ObservedResponse) -> Result<(), String> {
    if !progress.sent || progress.response.is_some() {
        return Err("there is no request to response".to_owned());
    }
    let met = || progress.met.iter().flatten();
    match response.status {
        200 => {
            let made = progress.made.iter().flatten();
            let found = met().filter(|state| !matches(call, version(state)));
            let right = |state: &&Map<String, Value>| {
                holds(state, &call.changes)
                    && response.version == Some(version(state))
                    && shows(&response.data, state)
            };
            made.chain(found)
                .find(right)
                .map(|_| ())
                .ok_or("it shows no state it made or found".to_owned())
        }
        412 => met()
            .find(|state| {
                response.version == Some(version(state))
                    && !matches(call, version(state))
                    && !holds(state, &call.changes)
            })
            .map(|_| ())
            .ok_or("no write met that version with other values".to_owned()),
        404 if progress.met.contains(&None) => Ok(()),
        404 => Err("the customer was there each time".to_owned()),
        500 if progress.failures >= MAX_ATTEMPTS || progress.met.len() >= MAX_WRITES => Ok(()),
        500 => Err("there was a try left".to_owned()),
        _ => Err("a valid request has no such response".to_owned()),
    }
}

fn matches(call: &Call, version: u64) -> bool {
    call.if_match
        .as_ref()
        .is_none_or(|versions| versions.contains(&version))
}

fn holds(state: &Map<String, Value>, changes: &Changes) -> bool {
    changes
        .iter()
        .all(|(name, value)| state.get(*name) == value.as_ref())
}

/// Addresses here are ASCII.
fn changes_address(changes: &Changes, before: &Map<String, Value>) -> bool {
    let new = changes
        .get("email")
        .and_then(Option::as_ref)
        .and_then(Value::as_str);
    let old = before.get("email").and_then(Value::as_str);
    match (old, new) {
        (Some(old), Some(new)) => !old.eq_ignore_ascii_case(new),
        (_, new) => new.is_some(),
    }
}

/// Whether an response's `data` is what is stored; what is not stored is shown as empty.
fn shows(data: &Map<String, Value>, state: &Map<String, Value>) -> bool {
    let empty = |value: &Value| match value {
        Value::String(text) => text.is_empty(),
        Value::Array(elements) => elements.is_empty(),
        Value::Object(members) => members.is_empty(),
        other => *other == Value::Bool(false),
    };
    !data.is_empty()
        && data.iter().all(|(name, value)| match state.get(name) {
            Some(stored) => stored == value,
            None => empty(value),
        })
}

fn difference(expected: &Map<String, Value>, found: &Map<String, Value>) -> Option<String> {
    let mut names = expected.keys().chain(found.keys());
    let name = names.find(|name| expected.get(*name) != found.get(*name))?;
    let shown = |value: Option<&Value>| value.map_or("nothing".to_owned(), Value::to_string);
    Some(format!(
        "{name} as {} instead of {}",
        shown(found.get(name)),
        shown(expected.get(name))
    ))
}
