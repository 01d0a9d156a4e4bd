//! The events of one run in order: requests, writes at DynamoDB, responses.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value};

use crate::support::network::Delivery;

/// The stored customer, if there is one.
pub type State = Option<Map<String, Value>>;

/// The attributes that an update sets, or clears when the value is `None`.
pub type Changes = BTreeMap<&'static str, Option<Value>>;

/// One HTTP request to the function.
#[derive(Debug, Clone)]
pub struct Call {
    /// The subject of the caller's token.
    pub subject: String,
    pub changes: Changes,
    /// The versions in `If-Match`; `None` when every version matches.
    pub if_match: Option<Vec<u64>>,
}

/// A response as the caller receives it.
#[derive(Debug, Clone)]
pub struct ObservedResponse {
    pub status: u64,
    /// `X-Customer-Version`.
    pub version: Option<u64>,
    pub data: Map<String, Value>,
}

#[derive(Debug, Clone)]
pub enum Event {
    /// A caller sent the request.
    RecordedRequest { call: usize },
    /// The function sent DynamoDB a write for it.
    Write {
        call: usize,
        delivery: Delivery,
        /// Whether DynamoDB applied it.
        applied: bool,
        after: State,
    },
    /// A delayed write arrived.
    DelayedWrite {
        call: usize,
        applied: bool,
        after: State,
    },
    /// Another writer changed the customer.
    Outside { what: &'static str, after: State },
    /// The function responded.
    Response {
        call: usize,
        response: ObservedResponse,
    },
}

/// A run, from the first stored state on.
#[derive(Debug, Clone)]
pub struct History {
    pub start: State,
    pub calls: Vec<Call>,
    pub events: Vec<Event>,
}

/// The version of a stored customer; absent is 0.
pub fn version(state: &Map<String, Value>) -> u64 {
    state.get("version").map_or(0, |version| {
        version.as_u64().expect("a version is a whole number")
    })
}

impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "start: {}", shown(&self.start))?;
        for (number, call) in self.calls.iter().enumerate() {
            let changes: Vec<_> = call
                .changes
                .iter()
                .map(|(name, value)| change(name, value))
                .collect();
            let if_match = call
                .if_match
                .as_ref()
                .map(|versions| format!(" if {versions:?}"));
            writeln!(
                f,
                "call {number}: {}{}: {}",
                call.subject,
                if_match.unwrap_or_default(),
                changes.join(", ")
            )?;
        }
        for (number, event) in self.events.iter().enumerate() {
            write!(f, "{number:3}  ")?;
            match event {
                Event::RecordedRequest { call } => writeln!(f, "call {call} sent")?,
                Event::Write {
                    call,
                    delivery,
                    applied,
                    after,
                } => {
                    writeln!(
                        f,
                        "call {call} write {delivery:?}, {}: {}",
                        done(*applied),
                        shown(after)
                    )?;
                }
                Event::DelayedWrite {
                    call,
                    applied,
                    after,
                } => {
                    writeln!(
                        f,
                        "call {call} delayed write, {}: {}",
                        done(*applied),
                        shown(after)
                    )?;
                }
                Event::Outside { what, after } => writeln!(f, "outside: {what}: {}", shown(after))?,
                Event::Response { call, response } => {
                    writeln!(
                        f,
                        "call {call} answered {} {:?}",
                        response.status, response.version
                    )?;
                }
            }
        }
        Ok(())
    }
}

fn done(applied: bool) -> &'static str {
    if applied {
        "carried out"
    } else {
        "not carried out"
    }
}

fn change(name: &str, value: &Option<Value>) -> String {
    value
        .as_ref()
        .map_or(format!("{name} cleared"), |value| format!("{name}={value}"))
}

/// A state without the attributes that never change in a run, and without the time.
fn shown(state: &State) -> String {
    const BORING: [&str; 5] = ["id", "createdAt", "createdBy", "updatedAt", "role"];
    let Some(attributes) = state else {
        return "no customer".to_owned();
    };
    let mut shown: Vec<_> = attributes
        .iter()
        .filter(|(name, _)| !BORING.contains(&name.as_str()))
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    shown.sort_unstable();
    shown.join(" ")
}
