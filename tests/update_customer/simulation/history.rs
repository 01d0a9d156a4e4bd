//! The events of one run in order: requests, writes at DynamoDB, responses.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::{Map, Value};

use crate::support::network::Delivery;
use crate::support::{Response, shortened};

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
    /// The event with this number and those before it, with their calls: a few short lines.
    pub fn excerpt(&self, number: usize) -> String {
        const EVENTS: usize = 12;
        let numbers = (number + 1).saturating_sub(EVENTS)..=number;
        let calls: BTreeSet<_> = numbers
            .clone()
            .filter_map(|n| self.events[n].call())
            .collect();
        let calls = calls.into_iter().map(|call| self.call_line(call));
        let lines = calls.chain(numbers.map(|n| self.event_line(n)));
        lines.map(|line| shortened(&line) + "\n").collect()
    }

    fn call_line(&self, number: usize) -> String {
        let call = &self.calls[number];
        let mut line = format!("call {number}: {}", call.subject);
        if let Some(versions) = &call.if_match {
            line += &format!(", If-Match {versions:?}");
        }
        for (name, value) in &call.changes {
            line += ", ";
            line += &attribute(name, value.as_ref());
        }
        line
    }

    fn event_line(&self, number: usize) -> String {
        let event = &self.events[number];
        let text = match event {
            Event::Request { call } => format!("call {call}: request"),
            Event::Write {
                call,
                delivery,
                applied,
                ..
            } => {
                let outcome = if *applied { "applied" } else { "not applied" };
                format!("call {call}: write, {delivery:?}, {outcome}")
            }
            Event::OtherWriter { change, .. } => format!("other writer: {change}"),
            Event::Response { call, response } => {
                let ObservedResponse {
                    status, version, ..
                } = response;
                let version = version.map(|version| format!(", version {version}"));
                format!(
                    "call {call}: response {status}{}",
                    version.unwrap_or_default()
                )
            }
        };
        let earlier = self.events[..number].iter().rev().find_map(Event::after);
        let changes = event
            .after()
            .map(|after| changes(earlier.unwrap_or(&self.start), after));
        format!("{number:3}  {text}{}", changes.unwrap_or_default())
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
    pub fn after(&self) -> Option<&State> {
        match self {
            Self::Write { after, .. } | Self::OtherWriter { after, .. } => Some(after),
            Self::Request { .. } | Self::Response { .. } => None,
        }
    }
}

/// Prints every call and every event with what it changes, except times.
impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "start{}", changes(&None, &self.start))?;
        let calls = (0..self.calls.len()).map(|number| self.call_line(number));
        let mut lines = calls.chain((0..self.events.len()).map(|number| self.event_line(number)));
        lines.try_for_each(|line| writeln!(f, "{line}"))
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
    let changed = names
        .into_iter()
        .map(|name| attribute(name, get(after, name).as_ref()));
    let changed: Vec<_> = changed.collect();
    match changed.is_empty() {
        true => String::new(),
        false => format!(": {}", changed.join(", ")),
    }
}

fn attribute(name: &str, value: Option<&Value>) -> String {
    match value {
        Some(value) => format!("{name}={value}"),
        None => format!("{name} removed"),
    }
}
