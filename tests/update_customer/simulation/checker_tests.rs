//! The checker on histories written by hand.

use serde_json::{Value, json};

use super::checker::check;
use super::history::{Call, Changes, Event, History, ObservedResponse, State};
use crate::support::network::Delivery;

/// An update of an attribute to a value, from version 6 on, or only if the version is `if_match`.
type Update = (&'static str, &'static str, Option<u64>);

/// A history of these calls in flight. Each step starts with the number of a call:
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
        changes: Changes::from([(*name, Some(json!(value)))]),
        if_match: if_match.map(|version| vec![version]),
    });
    let (calls, mut state) = (calls.collect::<Vec<_>>(), start.clone());
    let requests = (0..calls.len()).map(|call| Event::Request { call });
    let mut events: Vec<_> = requests.collect();
    for step in steps.split_whitespace() {
        let call = step[..1].parse().expect("the number of a call");
        let argument = &step[2..];
        events.push(match step.as_bytes()[1] {
            b'=' => response(call, argument, &state),
            b'!' => {
                state = None;
                let change = "deleted";
                Event::OtherWriter {
                    change,
                    after: None,
                }
            }
            kind => {
                let applied = b"+?~*".contains(&kind);
                if applied {
                    write(&mut state, &calls[call], argument);
                }
                let delivery = match kind {
                    b'?' => Delivery::ResponseLost,
                    b'~' => Delivery::Late,
                    b'x' => Delivery::RequestLost,
                    b't' => Delivery::Throttled,
                    _ => Delivery::Delivered,
                };
                let after = state.clone();
                Event::Write {
                    call,
                    delivery,
                    applied,
                    after,
                }
            }
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
        state[*name] = value.clone().unwrap_or_default();
    }
    state["version"] = json!(state["version"].as_u64().unwrap() + 1);
    state["updatedBy"] = json!(call.subject);
    if !damaged.is_empty() {
        state[damaged] = Value::Null;
    }
}

fn response(call: usize, status_and_version: &str, state: &State) -> Event {
    let stored = state.as_ref().map(|state| state["version"].to_string());
    let (status, version) = match status_and_version.split_once('@') {
        Some((status, version)) => (status, Some(version.to_owned())),
        None => (status_and_version, stored),
    };
    let mut data = state.clone().unwrap_or_default();
    data.retain(|name, _| name == "notes" || name == "email");
    data.insert("address".to_owned(), json!([]));
    let (status, version) = (
        status.parse().unwrap(),
        version.and_then(|text| text.parse().ok()),
    );
    let response = ObservedResponse {
        status,
        version,
        data,
    };
    Event::Response { call, response }
}

#[test]
fn checker_accepts_valid_histories_and_names_each_violation() {
    const A: Update = ("notes", "a", None);
    const B: Update = ("notes", "b", None);
    const A_IF_6: Update = ("notes", "a", Some(6));
    const A_IF_5: Update = ("notes", "a", Some(5));
    const SAME_IF_5: Update = ("notes", "old", Some(5));
    const NEW_EMAIL: Update = ("email", "new@example.com", None);
    const SAME_EMAIL: Update = ("email", "OLD@example.com", None);
    for (updates, steps, message) in [
        (&[A, B][..], "0? 1+ 1=200 0+ 0=200", ""),
        (&[A_IF_6], "0? 0- 0=200", ""),
        (&[A_IF_5], "0- 0=412", ""),
        (&[A], "0! 0- 0=404", ""),
        (&[A], "0x 0x 0x 0=500 0~", ""),
        (
            &[A],
            "0*points",
            "write of call 0: points is null instead of 1",
        ),
        (
            &[A],
            "0*version",
            "write of call 0: version is null instead of 7",
        ),
        (
            &[A],
            "0*notes",
            "write of call 0: notes is null instead of \"a\"",
        ),
        (
            &[NEW_EMAIL],
            "0+",
            "write of call 0: the changed email is verified",
        ),
        (
            &[SAME_EMAIL],
            "0*verifiedEmail",
            "write of call 0: verifiedEmail is null instead of true",
        ),
        (
            &[A_IF_6, A_IF_6],
            "0+ 0=200 1+",
            "write of call 1: it is applied to version 7, which If-Match does not allow",
        ),
        (
            &[A, B],
            "0+ 0=200 1+ 1=200 0~",
            "a write of call 0 follows its response 200",
        ),
        (&[A_IF_5], "0- 0=200", NO_EFFECT),
        (&[A], "0+ 0=200@6", NO_EFFECT),
        (&[A, B], "0+ 1+ 0=200@7", NO_EFFECT),
        (&[A_IF_6], "0- 0=412", NO_CONFLICT),
        (&[A_IF_5], "0- 0=412@5", NO_CONFLICT),
        (&[SAME_IF_5], "0- 0=412", NO_CONFLICT),
        (
            &[A_IF_6],
            "0? 0- 0=412",
            "response 412 of call 0: a write is stored",
        ),
        (
            &[A],
            "0- 0=404",
            "response 404 of call 0: the customer existed at each write",
        ),
        (
            &[A],
            "0t 0x 0=500",
            "response 500 of call 0: there were attempts left",
        ),
        (
            &[A],
            "0+ 0=409",
            "response 409 of call 0: a valid request never gets this status",
        ),
        (&[A], "0+", "call 0 got no response"),
    ] {
        let history = history(updates, steps);
        let found = check(&history).err().map(|(_, message)| message);
        assert_eq!(found.unwrap_or_default(), message, "{steps}\n{history}");
    }
}

const NO_EFFECT: &str =
    "response 200 of call 0: the call neither wrote nor found the customer in `data`";
const NO_CONFLICT: &str = "response 412 of call 0: no write found this version with other values";
