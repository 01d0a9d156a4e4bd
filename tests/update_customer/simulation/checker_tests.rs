//! The checker on histories written by hand.

use serde_json::{Value, json};

use super::checker::check;
use super::history::{Call, Changes, Event, History, ObservedResponse, State};
use crate::support::network::Delivery;

/// An update of an attribute to a value, only if the version is listed in `If-Match`.
type Update = (&'static str, &'static str, Option<u64>);

/// A history of these calls in flight, from version 6 on. Each step starts with the number of a call:
///
/// - `0+` is a write that is applied, `0?` one whose response is lost, `0~` one that is late.
/// - `0-` is a write that is not applied, `0x` one that is lost, `0t` one that is throttled.
/// - `0*points` is a write that is applied and damages an attribute.
/// - `0=200` is a response with the stored customer, `0=200@5` one that claims version 5.
/// - `0!` is another writer that deletes the customer.
fn history(updates: &[Update], steps: &str) -> History {
    let start = json!({
        "id": "c", "version": 6, "notes": "old", "email": "old@example.com", "verifiedEmail": true,
        "points": 1, "updatedAt": "then", "updatedBy": "import"
    });
    let start = start.as_object().cloned();
    let calls = updates.iter().map(|(name, value, if_match)| Call {
        subject: "caller".to_owned(),
        changes: Changes::from([((*name).to_owned(), Some(json!(value)))]),
        if_match: if_match.map(|version| vec![version]),
    });
    let (calls, mut state) = (calls.collect::<Vec<_>>(), start.clone());
    let requests = (0..calls.len()).map(|call| Event::Request { call });
    let mut events: Vec<_> = requests.collect();
    for step in steps.split(' ') {
        let call = step[..1].parse().expect("the number of a call");
        let argument = &step[2..];
        let (delivery, applied) = match &step[1..2] {
            "+" | "*" => (Delivery::Delivered, true),
            "?" => (Delivery::ResponseLost, true),
            "~" => (Delivery::Late, true),
            "-" => (Delivery::Delivered, false),
            "x" => (Delivery::RequestLost, false),
            "t" => (Delivery::Throttled, false),
            "=" => {
                let response = response(argument, &state);
                events.push(Event::Response { call, response });
                continue;
            }
            _ => {
                state = None;
                let (change, after) = ("deleted", None);
                events.push(Event::OtherWriter { change, after });
                continue;
            }
        };
        if applied {
            write(&mut state, &calls[call], argument);
        }
        events.push(Event::Write {
            call,
            delivery,
            applied,
            after: state.clone(),
        });
    }
    History {
        start,
        calls,
        events,
    }
}

fn write(state: &mut State, call: &Call, damaged: &str) {
    let state = state.as_mut().expect("a customer to update");
    for (name, value) in &call.changes {
        state[name] = value.clone().unwrap_or_default();
    }
    state["version"] = json!(state["version"].as_u64().unwrap() + 1);
    state["updatedBy"] = json!(call.subject);
    if !damaged.is_empty() {
        state[damaged] = Value::Null;
    }
}

fn response(status_and_version: &str, state: &State) -> ObservedResponse {
    let mut data = state.clone().unwrap_or_default();
    let stored = data.get("version").map(Value::to_string);
    let (status, version) = match status_and_version.split_once('@') {
        Some((status, version)) => (status, Some(version.to_owned())),
        None => (status_and_version, stored),
    };
    data.retain(|name, _| name == "notes" || name == "email");
    data.insert("address".to_owned(), json!([]));
    ObservedResponse {
        status: status.parse().unwrap(),
        version: version.and_then(|text| text.parse().ok()),
        data,
    }
}

#[test]
fn checker_accepts_valid_histories_and_names_each_violation() {
    const A: Update = ("notes", "a", None);
    const B: Update = ("notes", "b", None);
    const A_IF_6: Update = ("notes", "a", Some(6));
    const A_IF_5: Update = ("notes", "a", Some(5));
    const SAME_IF_5: Update = ("notes", "old", Some(5));
    const EMAIL: Update = ("email", "new@example.com", None);
    const SAME_EMAIL: Update = ("email", "OLD@example.com", None);
    for (updates, steps, violation) in [
        (&[A, B][..], "0? 1+ 1=200 0+ 0=200", ""),
        (&[A_IF_6], "0? 0- 0=200", ""),
        (&[A_IF_5], "0- 0=412", ""),
        (&[A], "0! 0- 0=404", ""),
        (&[A], "0x 0x 0x 0=500 0~", ""),
        (&[A], "0*points", "points is null instead of 1"),
        (&[A], "0*version", "version is null instead of 7"),
        (&[A], "0*notes", "notes is null instead of \"a\""),
        (&[EMAIL], "0+", "the changed email is verified"),
        (&[SAME_EMAIL], "0*verifiedEmail", "is null instead of true"),
        (&[A_IF_6, A_IF_6], "0+ 0=200 1+", "not allow version 7"),
        (&[A, B], "0+ 0=200 1+ 1=200 0~", "follows its response"),
        (&[A_IF_5], "0- 0=200", "neither wrote nor found"),
        (&[A], "0+ 0=200@6", "neither wrote nor found"),
        (&[A, B], "0+ 1+ 0=200@7", "neither wrote nor found"),
        (&[A_IF_6], "0- 0=412", "no write found this version"),
        (&[A_IF_5], "0- 0=412@5", "no write found this version"),
        (&[SAME_IF_5], "0- 0=412", "no write found this version"),
        (&[A_IF_6], "0? 0- 0=412", "a write is stored"),
        (&[A], "0- 0=404", "the customer existed"),
        (&[A], "0t 0x 0=500", "there were attempts left"),
        (&[A], "0+ 0=409", "never gets this status"),
        (&[A], "0+", "got no response"),
    ] {
        let history = history(updates, steps);
        let found = check(&history).err().map(|(_, message)| message);
        let found = found.unwrap_or_default();
        let is_expected = found.contains(violation) && found.is_empty() == violation.is_empty();
        assert!(
            is_expected,
            "{steps}: {found:?}, not {violation:?}\n{history}"
        );
    }
}
