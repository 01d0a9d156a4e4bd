//! The checker on histories written by hand: it accepts valid ones and detects each violation.

use serde_json::{Map, Value, json};

use super::checker::check;
use super::history::{Call, Changes, Event, History, ObservedResponse, State};
use crate::support::network::Delivery;

/// A history under construction, with the customer stored at its end.
struct HistoryBuilder {
    history: History,
    state: State,
}

fn attributes(value: Value) -> Map<String, Value> {
    value.as_object().expect("attributes are an object").clone()
}

/// Starts a history at version 6, with these calls in flight.
fn history(calls: Vec<Call>) -> HistoryBuilder {
    let state = Some(attributes(json!({
        "id": "c", "version": 6, "notes": "old", "company": "old", "email": "old@example.com",
        "verifiedEmail": true, "points": 1, "updatedAt": "then", "updatedBy": "import"
    })));
    let events = (0..calls.len())
        .map(|call| Event::RecordedRequest { call })
        .collect();
    HistoryBuilder {
        history: History {
            start: state.clone(),
            calls,
            events,
        },
        state,
    }
}

fn call(name: &'static str, value: &str) -> Call {
    let changes = Changes::from([(name, Some(json!(value)))]);
    Call {
        subject: "caller".to_owned(),
        changes,
        if_match: None,
    }
}

fn only_if(versions: &[u64], call: Call) -> Call {
    Call {
        if_match: Some(versions.to_vec()),
        ..call
    }
}

impl HistoryBuilder {
    fn event(mut self, event: Event) -> Self {
        self.history.events.push(event);
        self
    }

    /// A correct write that is then corrupted.
    fn corrupted(
        mut self,
        call: usize,
        delivery: Delivery,
        spoil: impl FnOnce(&mut Map<String, Value>),
    ) -> Self {
        self.apply(call);
        self.state.as_mut().map(spoil);
        let after = self.state.clone();
        self.event(Event::Write {
            call,
            delivery,
            applied: true,
            after,
        })
    }

    fn write(self, call: usize) -> Self {
        self.corrupted(call, Delivery::Delivered, |_| ())
    }

    fn delayed_write(mut self, call: usize) -> Self {
        self.apply(call);
        let after = self.state.clone();
        self.event(Event::DelayedWrite {
            call,
            applied: true,
            after,
        })
    }

    /// Applies a correct write to the customer.
    fn apply(&mut self, call: usize) {
        let Some(state) = &mut self.state else { return };
        let Call {
            subject, changes, ..
        } = &self.history.calls[call];
        for (name, value) in changes {
            match value {
                Some(value) => _ = state.insert((*name).to_owned(), value.clone()),
                None => _ = state.shift_remove(*name),
            }
        }
        state["version"] = json!(state["version"].as_u64().unwrap() + 1);
        state["updatedBy"] = json!(subject);
        state["updatedAt"] = json!("now");
    }

    /// A write that is not applied.
    fn rejected(self, call: usize, delivery: Delivery) -> Self {
        let after = self.state.clone();
        self.event(Event::Write {
            call,
            delivery,
            applied: false,
            after,
        })
    }

    fn outside(mut self, change: impl FnOnce(&mut State)) -> Self {
        change(&mut self.state);
        let after = self.state.clone();
        self.event(Event::Outside {
            what: "change",
            after,
        })
    }

    /// A response with the stored customer.
    fn response(self, call: usize, status: u64) -> Self {
        let version = self
            .state
            .as_ref()
            .and_then(|state| state["version"].as_u64());
        self.response_with_version(call, status, version)
    }

    fn response_with_version(self, call: usize, status: u64, version: Option<u64>) -> Self {
        let mut data = self.state.clone().unwrap_or_default();
        data.retain(|name, _| name == "notes" || name == "email");
        data.insert("address".to_owned(), json!([]));
        self.event(Event::Response {
            call,
            response: ObservedResponse {
                status,
                version,
                data,
            },
        })
    }

    #[track_caller]
    fn assert_valid(self) {
        assert_eq!(check(&self.history), Ok(()), "{}", self.history);
    }

    #[track_caller]
    fn assert_violates(self, promise: &str) {
        let broken = check(&self.history).expect_err("a broken promise");
        assert!(broken.contains(promise), "{broken}");
    }
}

#[test]
fn accepts_valid_histories() {
    let two = || history(vec![call("notes", "a"), call("company", "b")]);
    two()
        .write(0)
        .response(0, 200)
        .write(1)
        .response(1, 200)
        .assert_valid();
    two()
        .corrupted(0, Delivery::ResponseLost, |_| ())
        .write(1)
        .response(1, 200)
        .write(0)
        .response(0, 200)
        .assert_valid();
    let found = history(vec![only_if(&[6], call("notes", "a"))]);
    found
        .corrupted(0, Delivery::ResponseLost, |_| ())
        .rejected(0, Delivery::Delivered)
        .response(0, 200)
        .assert_valid();
    let one = || history(vec![call("notes", "a")]);
    one()
        .outside(|state| *state = None)
        .rejected(0, Delivery::Delivered)
        .response(0, 404)
        .assert_valid();
    let lost = |story: HistoryBuilder| story.rejected(0, Delivery::RequestLost);
    lost(lost(lost(one()))).response(0, 500).assert_valid();
}

#[test]
fn detects_a_lost_field() {
    let one = || history(vec![call("notes", "a")]);
    let corrupted =
        |spoil: fn(&mut Map<String, Value>)| one().corrupted(0, Delivery::Delivered, spoil);
    corrupted(|state| _ = state.shift_remove("company"))
        .assert_violates("a write left company as nothing");
    corrupted(|state| _ = state.shift_remove("points"))
        .assert_violates("a write left points as nothing");
    corrupted(|state| state["notes"] = json!("old"))
        .assert_violates("a write left notes as \"old\" instead of \"a\"");
    corrupted(|state| _ = state.insert("more".to_owned(), json!(1)))
        .assert_violates("a write left more as 1");
    corrupted(|state| state["updatedBy"] = json!("import"))
        .assert_violates("a write left updatedBy");
    let cleared = Call {
        changes: Changes::from([("notes", None)]),
        ..call("notes", "")
    };
    let cleared = history(vec![cleared]);
    cleared
        .corrupted(0, Delivery::Delivered, |state| {
            _ = state.insert("notes".to_owned(), json!(""))
        })
        .assert_violates("notes");
}

#[test]
fn detects_a_write_after_its_response() {
    let newer_is_lost = history(vec![call("notes", "older"), call("notes", "newer")])
        .write(0)
        .response(0, 200)
        .write(1)
        .response(1, 200);
    newer_is_lost
        .delayed_write(0)
        .assert_violates("call 0, an older write, comes after its response Some(200)");
    let one = || history(vec![call("notes", "a")]);
    one()
        .write(0)
        .response(0, 200)
        .write(0)
        .assert_violates("call 0 writes outside its time");
    let mut unsent = one();
    unsent.history.events.clear();
    unsent
        .write(0)
        .assert_violates("call 0 writes outside its time");
    let failed = (0..3)
        .fold(one(), |story, _| story.rejected(0, Delivery::Delayed))
        .response(0, 500);
    failed.delayed_write(0).assert_valid();
}

#[test]
fn detects_a_version_that_skips() {
    for version in [6, 8] {
        let one = history(vec![call("notes", "a")]);
        one.corrupted(0, Delivery::Delivered, |state| {
            state["version"] = json!(version)
        })
        .assert_violates(&format!("a write left version as {version} instead of 7"));
    }
}

#[test]
fn detects_two_winners_of_one_version() {
    let two = history(vec![
        only_if(&[6], call("notes", "a")),
        only_if(&[6], call("notes", "b")),
    ]);
    let first = two.write(0).response(0, 200);
    first
        .write(1)
        .assert_violates("a write met version 7, which If-Match does not name");
}

#[test]
fn detects_a_verified_new_email() {
    history(vec![call("email", "new@example.com")])
        .write(0)
        .assert_violates("a changed address is marked as verified");
    let reset = |state: &mut Map<String, Value>| state["verifiedEmail"] = json!(false);
    let new =
        history(vec![call("email", "new@example.com")]).corrupted(0, Delivery::Delivered, reset);
    new.response(0, 200).assert_valid();
    let same = history(vec![call("email", "OLD@example.com")]);
    same.corrupted(0, Delivery::Delivered, reset)
        .assert_violates("a write left verifiedEmail as false instead of true");
}

#[test]
fn detects_an_effect_of_a_failed_write() {
    let gone = history(vec![call("notes", "a")]).outside(|state| *state = None);
    let after = Some(attributes(json!({"id": "c"})));
    gone.event(Event::Write {
        call: 0,
        delivery: Delivery::Delivered,
        applied: true,
        after: after.clone(),
    })
    .assert_violates("a write made a customer");
    let write = |applied, after| Event::Write {
        call: 0,
        delivery: Delivery::Delivered,
        applied,
        after,
    };
    let one = || history(vec![call("notes", "a")]);
    one()
        .event(write(false, after))
        .assert_violates("call 0 was rejected and changed the customer");
    one()
        .event(write(true, None))
        .assert_violates("a write removed the customer");
}

#[test]
fn detects_a_200_without_an_effect() {
    let no_state = "it shows no state it made or found";
    let one = || history(vec![only_if(&[5], call("notes", "a"))]);
    one()
        .rejected(0, Delivery::Delivered)
        .response(0, 200)
        .assert_violates(no_state);
    history(vec![call("notes", "old")])
        .rejected(0, Delivery::Delivered)
        .response(0, 200)
        .assert_violates(no_state);
    let wrong_version = history(vec![call("notes", "a")])
        .write(0)
        .response_with_version(0, 200, Some(6));
    wrong_version.assert_violates(no_state);
    let two = history(vec![call("notes", "a"), call("notes", "b")])
        .write(0)
        .write(1);
    two.response(0, 200).assert_violates(no_state);
    let mut shown = history(vec![call("notes", "a")]).write(0).response(0, 200);
    if let Some(Event::Response { response, .. }) = shown.history.events.last_mut() {
        response.data["address"] = json!(["another"]);
    }
    shown.assert_violates(no_state);
}

#[test]
fn detects_an_untrue_412_or_404() {
    let no_other = "no write met that version with other values";
    let only = |versions: &[u64], notes| history(vec![only_if(versions, call("notes", notes))]);
    only(&[5], "a")
        .rejected(0, Delivery::Delivered)
        .response(0, 412)
        .assert_valid();
    only(&[6], "a")
        .rejected(0, Delivery::Delivered)
        .response(0, 412)
        .assert_violates(no_other);
    only(&[5], "old")
        .rejected(0, Delivery::Delivered)
        .response(0, 412)
        .assert_violates(no_other);
    only(&[5], "a")
        .rejected(0, Delivery::Delivered)
        .response_with_version(0, 412, Some(5))
        .assert_violates(no_other);
    only(&[5], "a")
        .rejected(0, Delivery::RequestLost)
        .response(0, 412)
        .assert_violates(no_other);
    only(&[5], "a")
        .rejected(0, Delivery::Delivered)
        .response(0, 404)
        .assert_violates("the customer was there each time");
}

#[test]
fn detects_an_unnecessary_500() {
    let one = || history(vec![call("notes", "a")]);
    let twice = one()
        .rejected(0, Delivery::Throttled)
        .rejected(0, Delivery::RequestLost);
    twice
        .response(0, 500)
        .assert_violates("there was a try left");
    one()
        .write(0)
        .response(0, 409)
        .assert_violates("a valid request has no such response");
    one()
        .write(0)
        .response(0, 200)
        .response(0, 200)
        .assert_violates("there is no request to response");
    one().write(0).assert_violates("call 0 got no response");
}
