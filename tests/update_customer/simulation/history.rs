//! The events of one run in order: requests, writes at DynamoDB, responses.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value};
use testkit::response::shortened;

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

/// One event of a run. `call` is an index into [`History::calls`], and `after` is the stored customer
/// after the event.
#[derive(Debug, Clone)]
pub enum Event {
    /// A caller sent the request.
    Request { call: usize },
    /// The function sent a write to DynamoDB.
    Write {
        call: usize,
        delivery: Delivery,
        /// Whether DynamoDB applied it.
        applied: bool,
        after: State,
    },
    /// A delayed write arrived at DynamoDB.
    DelayedWrite {
        call: usize,
        applied: bool,
        after: State,
    },
    /// Another writer changed the customer.
    OtherWriter { change: &'static str, after: State },
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

impl History {
    /// The last events up to and including the event with this number, one short line each.
    pub fn excerpt(&self, last: usize) -> String {
        const EVENTS: usize = 15;
        let events = self.events.iter().enumerate().take(last + 1);
        let lines = events.skip((last + 1).saturating_sub(EVENTS));
        let lines = lines.map(|(number, event)| shortened(&format!("{number:3}  {event}")) + "\n");
        lines.collect()
    }
}

impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "start: {}", show(&self.start))?;
        for (number, call) in self.calls.iter().enumerate() {
            writeln!(f, "call {number}: {call}")?;
        }
        for (number, event) in self.events.iter().enumerate() {
            writeln!(f, "{number:3}  {event}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.subject)?;
        if let Some(versions) = &self.if_match {
            write!(f, ", If-Match {versions:?}")?;
        }
        for (name, value) in &self.changes {
            match value {
                Some(value) => write!(f, ", {name}={value}")?,
                None => write!(f, ", {name} cleared")?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let outcome = |applied: &bool| if *applied { "applied" } else { "not applied" };
        match self {
            Self::Request { call } => write!(f, "call {call}: request"),
            Self::Write {
                call,
                delivery,
                applied,
                after,
            } => {
                let outcome = outcome(applied);
                write!(
                    f,
                    "call {call}: write, {delivery:?}, {outcome}: {}",
                    show(after)
                )
            }
            Self::DelayedWrite {
                call,
                applied,
                after,
            } => {
                let outcome = outcome(applied);
                write!(f, "call {call}: delayed write, {outcome}: {}", show(after))
            }
            Self::OtherWriter { change, after } => {
                write!(f, "other writer: {change}: {}", show(after))
            }
            Self::Response { call, response } => {
                write!(f, "call {call}: response {}", response.status)?;
                match response.version {
                    Some(version) => write!(f, ", version {version}"),
                    None => Ok(()),
                }
            }
        }
    }
}

/// A state without the attributes that never change in a run, and without the time.
fn show(state: &State) -> String {
    const OMITTED: [&str; 5] = ["id", "createdAt", "createdBy", "updatedAt", "role"];
    let Some(attributes) = state else {
        return "no customer".to_owned();
    };
    let mut shown: Vec<_> = attributes
        .iter()
        .filter(|(name, _)| !OMITTED.contains(&name.as_str()))
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    shown.sort_unstable();
    shown.join(" ")
}
