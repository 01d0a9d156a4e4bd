//! The events of one run in order: requests, writes at DynamoDB, responses.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::{Map, Value};

use crate::support::network::Delivery;
use crate::support::{Response, shortened};

/// The stored customer, if there is one.
pub type State = Option<Map<String, Value>>;

/// The attributes that an update sets, or clears when the value is `None`.
pub type Changes = BTreeMap<String, Option<Value>>;

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

impl From<&Response> for ObservedResponse {
    fn from(response: &Response) -> Self {
        let version = response.header("x-customer-version");
        let data = response.body["data"].as_object();
        Self {
            status: response.status,
            version: version.and_then(|tag| tag.trim_matches('"').parse().ok()),
            data: data.cloned().unwrap_or_default(),
        }
    }
}

/// One event of a run. `call` is an index into [`History::calls`], and `after` is the stored customer
/// after the event.
#[derive(Debug, Clone)]
pub enum Event {
    /// A caller sent the request.
    Request { call: usize },
    /// The function sent a write to DynamoDB, or a delayed one arrived there.
    Write {
        call: usize,
        delivery: Delivery,
        /// Whether DynamoDB applied it.
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
    let version = state.get("version").map(Value::as_u64);
    version.map_or(0, |version| version.expect("a version is a whole number"))
}

impl History {
    /// The event with this number and the ones before it, with the requests of their calls: a few short lines.
    pub fn excerpt(&self, number: usize) -> String {
        const EVENTS: usize = 12;
        let recent = (number + 1).saturating_sub(EVENTS)..=number;
        let calls = recent.clone().filter_map(|n| self.events[n].call());
        let calls: BTreeSet<_> = calls.collect();
        let is_request = |n: usize| match self.events[n] {
            Event::Request { call } => calls.contains(&call),
            _ => false,
        };
        let shown = (0..=number).filter(|n| recent.contains(n) || is_request(*n));
        let lines = shown.map(|n| shortened(&self.event_line(n)) + "\n");
        lines.collect()
    }

    fn event_line(&self, number: usize) -> String {
        let mut line = format!("{number:3}  ");
        match &self.events[number] {
            Event::Request { call: number } => {
                let call = &self.calls[*number];
                line += &format!("call {number}: request of {}", call.subject);
                if let Some(versions) = &call.if_match {
                    line += &format!(", If-Match {versions:?}");
                }
                for (name, value) in &call.changes {
                    line += &format!(", {}", attribute(name, value.as_ref()));
                }
            }
            Event::Write {
                call,
                delivery,
                applied,
                ..
            } => {
                let outcome = if *applied { "applied" } else { "not applied" };
                line += &format!("call {call}: write, {delivery:?}, {outcome}");
            }
            Event::OtherWriter { change, .. } => line += &format!("other writer: {change}"),
            Event::Response { call, response } => {
                line += &format!("call {call}: response {}", response.status);
                if let Some(version) = response.version {
                    line += &format!(", version {version}");
                }
            }
        }
        if let Some(after) = self.events[number].after() {
            let earlier = self.events[..number].iter().rev().find_map(Event::after);
            line += &changes(earlier.unwrap_or(&self.start), after);
        }
        line
    }
}

impl Event {
    fn call(&self) -> Option<usize> {
        match self {
            Self::Request { call } | Self::Write { call, .. } | Self::Response { call, .. } => {
                Some(*call)
            }
            Self::OtherWriter { .. } => None,
        }
    }

    /// The stored customer after the event, if the event can change it.
    fn after(&self) -> Option<&State> {
        match self {
            Self::Write { after, .. } | Self::OtherWriter { after, .. } => Some(after),
            Self::Request { .. } | Self::Response { .. } => None,
        }
    }
}

/// Prints every event with what it changes, except times.
impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "start{}", changes(&None, &self.start))?;
        (0..self.events.len()).try_for_each(|number| writeln!(f, "{}", self.event_line(number)))
    }
}

/// The attributes that differ, except the time. Empty when none does.
fn changes(before: &State, after: &State) -> String {
    if before.is_some() && after.is_none() {
        return ": no customer".to_owned();
    }
    let get = |state: &State, name: &str| state.as_ref().and_then(|state| state.get(name).cloned());
    let names = [before, after].into_iter().flatten().flat_map(Map::keys);
    let mut names: BTreeSet<_> = names.collect();
    names.retain(|name| *name != "updatedAt" && get(before, name) != get(after, name));
    let changed = names.into_iter();
    let changed = changed.map(|name| attribute(name, get(after, name).as_ref()));
    let changed = changed.collect::<Vec<_>>().join(", ");
    if changed.is_empty() {
        changed
    } else {
        format!(": {changed}")
    }
}

fn attribute(name: &str, value: Option<&Value>) -> String {
    match value {
        Some(value) => format!("{name}={value}"),
        None => format!("{name} removed"),
    }
}
