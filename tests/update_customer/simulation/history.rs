//! The events of one run in order: requests, writes at DynamoDB, responses.

use std::collections::{BTreeMap, BTreeSet};
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
        let outcome = |applied: &bool| if *applied { "applied" } else { "not applied" };
        let text = match event {
            Event::Request { call } => format!("call {call}: request"),
            Event::Write {
                call,
                delivery,
                applied,
                ..
            } => format!("call {call}: write, {delivery:?}, {}", outcome(applied)),
            Event::DelayedWrite { call, applied, .. } => {
                format!("call {call}: delayed write, {}", outcome(applied))
            }
            Event::OtherWriter { change, .. } => format!("other writer: {change}"),
            Event::Response { call, response } => match response.version {
                Some(version) => format!(
                    "call {call}: response {}, version {version}",
                    response.status
                ),
                None => format!("call {call}: response {}", response.status),
            },
        };
        let earlier = self.events[..number].iter().rev().find_map(Event::after);
        let changes = match event.after() {
            Some(after) => changes(earlier.unwrap_or(&self.start), after),
            None => String::new(),
        };
        format!("{number:3}  {text}{changes}")
    }
}

impl Event {
    fn call(&self) -> Option<usize> {
        match self {
            Self::Request { call }
            | Self::Write { call, .. }
            | Self::DelayedWrite { call, .. }
            | Self::Response { call, .. } => Some(*call),
            Self::OtherWriter { .. } => None,
        }
    }

    /// The stored customer after the event, if the event can change it.
    pub fn after(&self) -> Option<&State> {
        match self {
            Self::Write { after, .. }
            | Self::DelayedWrite { after, .. }
            | Self::OtherWriter { after, .. } => Some(after),
            Self::Request { .. } | Self::Response { .. } => None,
        }
    }
}

/// Prints every call and every event with what it changes, except times.
impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "start{}", changes(&None, &self.start))?;
        for number in 0..self.calls.len() {
            writeln!(f, "{}", self.call_line(number))?;
        }
        for number in 0..self.events.len() {
            writeln!(f, "{}", self.event_line(number))?;
        }
        Ok(())
    }
}

/// The attributes that differ, except the time. Empty when none does.
fn changes(before: &State, after: &State) -> String {
    let (before, after) = match (before, after) {
        (None, None) => return String::new(),
        (Some(_), None) => return ": no customer".to_owned(),
        (None, Some(after)) => (&Map::new(), after),
        (Some(before), Some(after)) => (before, after),
    };
    let names: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let changed = names.into_iter().filter(|name| {
        *name != "updatedAt" && before.get(name.as_str()) != after.get(name.as_str())
    });
    let changed: Vec<_> = changed
        .map(|name| attribute(name, after.get(name)))
        .collect();
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
