//! The checker itself, on histories made by hand: good ones pass, and each broken promise is found.

use serde_json::{Map, Value, json};

use super::checker::check;
use super::history::{Call, Changes, Event, History, ObservedResponse, State};
use crate::support::network::Delivery;

/// A history in the making, and what is stored at its end.
struct HistoryBuilder {
    history: History,
    state: State,
}

fn attributes(value: Value) -> Map<String, Value> {
    value.as_object().expect("attributes are an object").clone()
}

/// Starts a story at version 6, with these calls on their way.
fn story(calls: Vec<Call>) -> HistoryBuilder {
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

    /// A write that is carried out as it should be, and then spoilt.
    fn spoilt(
        mut self,
        call: usize,
        fate: Delivery,
        spoil: impl FnOnce(&mut Map<String, Value>),
    ) -> Self {
        self.apply(call);
        self.state.as_mut().map(spoil);
        let after = self.state.clone();
        self.event(Event::Write {
            call,
            fate,
            applied: true,
            after,
        })
    }

    fn write(self, call: usize) -> Self {
        self.spoilt(call, Delivery::Passes, |_| ())
    }

    fn late_write(mut self, call: usize) -> Self {
        self.apply(call);
        let after = self.state.clone();
        self.event(Event::LateWrite {
            call,
            applied: true,
            after,
        })
    }

    /// What a right write makes of the customer.
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

    /// A write that is not carried out.
    fn rejected(self, call: usize, fate: Delivery) -> Self {
        let after = self.state.clone();
        self.event(Event::Write {
            call,
            fate,
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

    /// An response with what is stored now.
    fn response(self, call: usize, status: u64) -> Self {
        let version = self
            .state
            .as_ref()
            .and_then(|state| state["version"].as_u64());
        self.answer_with_version(call, status, version)
    }

    fn answer_with_version(self, call: usize, status: u64, version: Option<u64>) -> Self {
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
    fn passes(self) {
        assert_eq!(check(&self.history), Ok(()), "{}", self.history);
    }

    #[track_caller]
    fn breaks(self, promise: &str) {
        let broken = check(&self.history).expect_err("a broken promise");
        assert!(broken.contains(promise), "{broken}");
    }
}

#[test]
fn accepts_valid_histories() {
    let two = || story(vec![call("notes", "a"), call("company", "b")]);
    two()
        .write(0)
        .response(0, 200)
        .write(1)
        .response(1, 200)
        .passes();
    two()
        .spoilt(0, Delivery::AnswerLost, |_| ())
        .write(1)
        .response(1, 200)
        .write(0)
        .response(0, 200)
        .passes();
    let found = story(vec![only_if(&[6], call("notes", "a"))]);
    found
        .spoilt(0, Delivery::AnswerLost, |_| ())
        .rejected(0, Delivery::Passes)
        .response(0, 200)
        .passes();
    let one = || story(vec![call("notes", "a")]);
    one()
        .outside(|state| *state = None)
        .rejected(0, Delivery::Passes)
        .response(0, 404)
        .passes();
    let lost = |story: HistoryBuilder| story.rejected(0, Delivery::RequestLost);
    lost(lost(lost(one()))).response(0, 500).passes();
}

#[test]
fn detects_a_lost_field() {
    let one = || story(vec![call("notes", "a")]);
    let spoilt = |spoil: fn(&mut Map<String, Value>)| one().spoilt(0, Delivery::Passes, spoil);
    spoilt(|state| _ = state.shift_remove("company")).breaks("a write left company as nothing");
    spoilt(|state| _ = state.shift_remove("points")).breaks("a write left points as nothing");
    spoilt(|state| state["notes"] = json!("old"))
        .breaks("a write left notes as \"old\" instead of \"a\"");
    spoilt(|state| _ = state.insert("more".to_owned(), json!(1))).breaks("a write left more as 1");
    spoilt(|state| state["updatedBy"] = json!("import")).breaks("a write left updatedBy");
    let cleared = Call {
        changes: Changes::from([("notes", None)]),
        ..call("notes", "")
    };
    let cleared = story(vec![cleared]);
    cleared
        .spoilt(0, Delivery::Passes, |state| {
            _ = state.insert("notes".to_owned(), json!(""))
        })
        .breaks("notes");
}

#[test]
fn detects_a_write_after_its_response() {
    let newer_is_lost = story(vec![call("notes", "older"), call("notes", "newer")])
        .write(0)
        .response(0, 200)
        .write(1)
        .response(1, 200);
    newer_is_lost
        .late_write(0)
        .breaks("call 0, an older write, comes after its response Some(200)");
    let one = || story(vec![call("notes", "a")]);
    one()
        .write(0)
        .response(0, 200)
        .write(0)
        .breaks("call 0 writes outside its time");
    let mut unsent = one();
    unsent.history.events.clear();
    unsent.write(0).breaks("call 0 writes outside its time");
    let failed = (0..3)
        .fold(one(), |story, _| story.rejected(0, Delivery::Late))
        .response(0, 500);
    failed.late_write(0).passes();
}

#[test]
fn detects_a_version_that_skips() {
    for version in [6, 8] {
        let one = story(vec![call("notes", "a")]);
        one.spoilt(0, Delivery::Passes, |state| {
            state["version"] = json!(version)
        })
        .breaks(&format!("a write left version as {version} instead of 7"));
    }
}

#[test]
fn detects_two_winners_of_one_version() {
    let two = story(vec![
        only_if(&[6], call("notes", "a")),
        only_if(&[6], call("notes", "b")),
    ]);
    let first = two.write(0).response(0, 200);
    first
        .write(1)
        .breaks("a write met version 7, which If-Match does not name");
}

#[test]
fn detects_a_verified_new_email() {
    story(vec![call("email", "new@example.com")])
        .write(0)
        .breaks("a changed address is marked as verified");
    let reset = |state: &mut Map<String, Value>| state["verifiedEmail"] = json!(false);
    let new = story(vec![call("email", "new@example.com")]).spoilt(0, Delivery::Passes, reset);
    new.response(0, 200).passes();
    let same = story(vec![call("email", "OLD@example.com")]);
    same.spoilt(0, Delivery::Passes, reset)
        .breaks("a write left verifiedEmail as false instead of true");
}

#[test]
fn detects_an_effect_of_a_failed_write() {
    let gone = story(vec![call("notes", "a")]).outside(|state| *state = None);
    let after = Some(attributes(json!({"id": "c"})));
    gone.event(Event::Write {
        call: 0,
        fate: Delivery::Passes,
        applied: true,
        after: after.clone(),
    })
    .breaks("a write made a customer");
    let write = |applied, after| Event::Write {
        call: 0,
        fate: Delivery::Passes,
        applied,
        after,
    };
    let one = || story(vec![call("notes", "a")]);
    one()
        .event(write(false, after))
        .breaks("call 0 was rejected and changed the customer");
    one()
        .event(write(true, None))
        .breaks("a write removed the customer");
}

#[test]
fn detects_a_200_without_an_effect() {
    let no_state = "it shows no state it made or found";
    let one = || story(vec![only_if(&[5], call("notes", "a"))]);
    one()
        .rejected(0, Delivery::Passes)
        .response(0, 200)
        .breaks(no_state);
    story(vec![call("notes", "old")])
        .rejected(0, Delivery::Passes)
        .response(0, 200)
        .breaks(no_state);
    let wrong_version = story(vec![call("notes", "a")])
        .write(0)
        .answer_with_version(0, 200, Some(6));
    wrong_version.breaks(no_state);
    let two = story(vec![call("notes", "a"), call("notes", "b")])
        .write(0)
        .write(1);
    two.response(0, 200).breaks(no_state);
    let mut shown = story(vec![call("notes", "a")]).write(0).response(0, 200);
    if let Some(Event::Response { response, .. }) = shown.history.events.last_mut() {
        response.data["address"] = json!(["another"]);
    }
    shown.breaks(no_state);
}

#[test]
fn detects_an_untrue_412_or_404() {
    let no_other = "no write met that version with other values";
    let only = |versions: &[u64], notes| story(vec![only_if(versions, call("notes", notes))]);
    only(&[5], "a")
        .rejected(0, Delivery::Passes)
        .response(0, 412)
        .passes();
    only(&[6], "a")
        .rejected(0, Delivery::Passes)
        .response(0, 412)
        .breaks(no_other);
    only(&[5], "old")
        .rejected(0, Delivery::Passes)
        .response(0, 412)
        .breaks(no_other);
    only(&[5], "a")
        .rejected(0, Delivery::Passes)
        .answer_with_version(0, 412, Some(5))
        .breaks(no_other);
    only(&[5], "a")
        .rejected(0, Delivery::RequestLost)
        .response(0, 412)
        .breaks(no_other);
    only(&[5], "a")
        .rejected(0, Delivery::Passes)
        .response(0, 404)
        .breaks("the customer was there each time");
}

#[test]
fn detects_an_unnecessary_500() {
    let one = || story(vec![call("notes", "a")]);
    let twice = one()
        .rejected(0, Delivery::Throttled)
        .rejected(0, Delivery::RequestLost);
    twice.response(0, 500).breaks("there was a try left");
    one()
        .write(0)
        .response(0, 409)
        .breaks("a valid request has no such response");
    one()
        .write(0)
        .response(0, 200)
        .response(0, 200)
        .breaks("there is no request to response");
    one().write(0).breaks("call 0 got no response");
}
