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
        .map(|call| Event::Request { call })
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

    /// A correct write that is delivered.
    fn write(self, call: usize) -> Self {
        self.corrupted_write(call, |_| ())
    }

    /// A write that is delivered and makes another change too.
    fn corrupted_write(
        mut self,
        call: usize,
        corrupt: impl FnOnce(&mut Map<String, Value>),
    ) -> Self {
        self.apply(call);
        self.state.as_mut().map(corrupt);
        self.applied_write(call, Delivery::Delivered)
    }

    /// A correct write whose response is lost.
    fn write_without_response(mut self, call: usize) -> Self {
        self.apply(call);
        self.applied_write(call, Delivery::ResponseLost)
    }

    fn applied_write(self, call: usize, delivery: Delivery) -> Self {
        let after = self.state.clone();
        self.event(Event::Write {
            call,
            delivery,
            applied: true,
            after,
        })
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
                None => _ = state.remove(*name),
            }
        }
        state["version"] = json!(state["version"].as_u64().unwrap() + 1);
        state["updatedBy"] = json!(subject);
        state["updatedAt"] = json!("now");
    }

    /// A write that is not applied.
    fn failed_write(self, call: usize, delivery: Delivery) -> Self {
        let after = self.state.clone();
        self.event(Event::Write {
            call,
            delivery,
            applied: false,
            after,
        })
    }

    fn other_writer(mut self, change: impl FnOnce(&mut State)) -> Self {
        change(&mut self.state);
        let after = self.state.clone();
        self.event(Event::OtherWriter {
            change: "change",
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
    fn assert_violates(self, message: &str) {
        let violation = check(&self.history).expect_err("a violation");
        assert_eq!(violation.message, message, "{}", self.history);
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
        .write_without_response(0)
        .write(1)
        .response(1, 200)
        .write(0)
        .response(0, 200)
        .assert_valid();
    let found = history(vec![only_if(&[6], call("notes", "a"))]);
    found
        .write_without_response(0)
        .failed_write(0, Delivery::Delivered)
        .response(0, 200)
        .assert_valid();
    let one = || history(vec![call("notes", "a")]);
    one()
        .other_writer(|state| *state = None)
        .failed_write(0, Delivery::Delivered)
        .response(0, 404)
        .assert_valid();
    let lost = |history: HistoryBuilder| history.failed_write(0, Delivery::RequestLost);
    lost(lost(lost(one()))).response(0, 500).assert_valid();
}

#[test]
fn detects_a_lost_field() {
    let one = || history(vec![call("notes", "a")]);
    let corrupted = |corrupt: fn(&mut Map<String, Value>)| one().corrupted_write(0, corrupt);
    corrupted(|state| _ = state.remove("company"))
        .assert_violates("write of call 0: company is absent instead of \"old\"");
    corrupted(|state| _ = state.remove("points"))
        .assert_violates("write of call 0: points is absent instead of 1");
    corrupted(|state| state["notes"] = json!("old"))
        .assert_violates("write of call 0: notes is \"old\" instead of \"a\"");
    corrupted(|state| _ = state.insert("more".to_owned(), json!(1)))
        .assert_violates("write of call 0: more is 1 instead of absent");
    corrupted(|state| state["updatedBy"] = json!("import"))
        .assert_violates("write of call 0: updatedBy is \"import\" instead of \"caller\"");
    let cleared = Call {
        changes: Changes::from([("notes", None)]),
        ..call("notes", "")
    };
    let cleared = history(vec![cleared]);
    cleared
        .corrupted_write(0, |state| _ = state.insert("notes".to_owned(), json!("")))
        .assert_violates("write of call 0: notes is \"\" instead of absent");
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
        .assert_violates("a delayed write of call 0 is applied after its response 200");
    let one = || history(vec![call("notes", "a")]);
    one()
        .write(0)
        .response(0, 200)
        .write(0)
        .assert_violates("call 0 writes after its response");
    let mut unsent = one();
    unsent.history.events.clear();
    unsent
        .write(0)
        .assert_violates("call 0 writes before its request");
    let failed = (0..3)
        .fold(one(), |history, _| {
            history.failed_write(0, Delivery::Delayed)
        })
        .response(0, 500);
    failed.delayed_write(0).assert_valid();
}

#[test]
fn detects_a_version_that_skips() {
    for version in [6, 8] {
        let one = history(vec![call("notes", "a")]);
        one.corrupted_write(0, |state| state["version"] = json!(version))
            .assert_violates(&format!(
                "write of call 0: version is {version} instead of 7"
            ));
    }
}

#[test]
fn detects_two_winners_of_one_version() {
    let two = history(vec![
        only_if(&[6], call("notes", "a")),
        only_if(&[6], call("notes", "b")),
    ]);
    let first = two.write(0).response(0, 200);
    first.write(1).assert_violates(
        "write of call 1: it is applied to version 7, which If-Match does not allow",
    );
}

#[test]
fn detects_a_verified_new_email() {
    history(vec![call("email", "new@example.com")])
        .write(0)
        .assert_violates("write of call 0: the changed email is verified");
    let reset = |state: &mut Map<String, Value>| state["verifiedEmail"] = json!(false);
    let new = history(vec![call("email", "new@example.com")]).corrupted_write(0, reset);
    new.response(0, 200).assert_valid();
    let same = history(vec![call("email", "OLD@example.com")]);
    same.corrupted_write(0, reset)
        .assert_violates("write of call 0: verifiedEmail is false instead of true");
}

#[test]
fn detects_an_effect_of_a_failed_write() {
    let gone = history(vec![call("notes", "a")]).other_writer(|state| *state = None);
    let after = Some(attributes(json!({"id": "c"})));
    gone.event(Event::Write {
        call: 0,
        delivery: Delivery::Delivered,
        applied: true,
        after: after.clone(),
    })
    .assert_violates("write of call 0: it creates the customer");
    let write = |applied, after| Event::Write {
        call: 0,
        delivery: Delivery::Delivered,
        applied,
        after,
    };
    let one = || history(vec![call("notes", "a")]);
    one()
        .event(write(false, after))
        .assert_violates("a rejected write of call 0 changes the customer");
    one()
        .event(write(true, None))
        .assert_violates("write of call 0: it deletes the customer");
}

#[test]
fn detects_a_200_without_an_effect() {
    let no_state =
        "response 200 of call 0: the call neither wrote nor found the customer in `data`";
    let one = || history(vec![only_if(&[5], call("notes", "a"))]);
    one()
        .failed_write(0, Delivery::Delivered)
        .response(0, 200)
        .assert_violates(no_state);
    history(vec![call("notes", "old")])
        .failed_write(0, Delivery::Delivered)
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
    let no_other = "response 412 of call 0: no write found this version with other values";
    let only = |versions: &[u64], notes| history(vec![only_if(versions, call("notes", notes))]);
    only(&[5], "a")
        .failed_write(0, Delivery::Delivered)
        .response(0, 412)
        .assert_valid();
    only(&[6], "a")
        .failed_write(0, Delivery::Delivered)
        .response(0, 412)
        .assert_violates(no_other);
    only(&[5], "old")
        .failed_write(0, Delivery::Delivered)
        .response(0, 412)
        .assert_violates(no_other);
    only(&[5], "a")
        .failed_write(0, Delivery::Delivered)
        .response_with_version(0, 412, Some(5))
        .assert_violates(no_other);
    only(&[5], "a")
        .failed_write(0, Delivery::RequestLost)
        .response(0, 412)
        .assert_violates(no_other);
    only(&[6], "a")
        .write_without_response(0)
        .other_writer(|state| {
            let state = state.as_mut().unwrap();
            state["notes"] = json!("b");
            state["version"] = json!(8);
        })
        .failed_write(0, Delivery::Delivered)
        .response(0, 412)
        .assert_violates("response 412 of call 0: a write is stored");
    only(&[5], "a")
        .failed_write(0, Delivery::Delivered)
        .response(0, 404)
        .assert_violates("response 404 of call 0: the customer existed at each write");
}

#[test]
fn detects_an_unnecessary_500() {
    let one = || history(vec![call("notes", "a")]);
    let twice = one()
        .failed_write(0, Delivery::Throttled)
        .failed_write(0, Delivery::RequestLost);
    twice
        .response(0, 500)
        .assert_violates("response 500 of call 0: there were attempts left");
    let stale = |version| {
        history(vec![only_if(&[version], call("notes", "a"))])
            .failed_write(0, Delivery::RequestLost)
            .failed_write(0, Delivery::Delivered)
            .response(0, 500)
    };
    stale(4).assert_valid();
    stale(5).assert_violates("response 500 of call 0: there were attempts left");
    one()
        .write(0)
        .response(0, 409)
        .assert_violates("response 409 of call 0: a valid request never gets this status");
    one()
        .write(0)
        .response(0, 200)
        .response(0, 200)
        .assert_violates("response 200 of call 0: the call is not in flight");
    one().write(0).assert_violates("call 0 got no response");
}
