//! One run: several callers, their requests on the way at the same time, and a seed that decides which
//! goes on next and what the network does to it.
//!
//! Only the request whose turn it is runs, until it stands at the gate again or is answered. So a
//! seed always makes the same history.

use std::collections::BTreeMap;
use std::pin::Pin;

use fastrand::Rng;
use tokio::select;
use update_customer::handler::App;

use super::caller::{self, IfMatch, Update};
use super::history::{Call, Event, History, ObservedResponse};
use super::stored::Stored;
use crate::support::network::{Delivery, Late, SimulatedNetwork, Waiting};
use crate::support::{Response, TestApp, invoke_checked, put};

/// How often a caller sends the same request before it gives its update up.
const MAX_SENDS: usize = 4;

/// A caller, with the token of the same number.
pub const CALLERS: [&str; 4] = ["caller-0", "caller-1", "caller-2", "caller-3"];

/// The app and the function behind the gate, for many runs.
pub struct Environment {
    pub app: TestApp,
    pub function: App,
    pub gate: SimulatedNetwork,
}

struct Run<'a> {
    function: &'a App,
    gate: &'a mut SimulatedNetwork,
    rng: Rng,
    /// Of a hundred writes, so many meet a fault.
    faults: u8,
    id: String,
    callers: Vec<Caller>,
    /// By the number of the call.
    on_the_way: BTreeMap<usize, OnTheWay<'a>>,
    late: Vec<(usize, Late)>,
    updates: usize,
    stored: Stored<'a>,
    history: History,
}

struct Caller {
    left: usize,
    seen: u64,
    waits_for: Option<usize>,
    request: Option<(Update, IfMatch)>,
    sends: usize,
}

struct OnTheWay<'a> {
    response: Pin<Box<dyn Future<Output = Response> + 'a>>,
    at_the_gate: Option<Waiting>,
}

enum Step {
    Send(usize),
    Write(usize),
    GiveUp(usize),
    LateWrite(usize),
    Outside,
}

/// Runs the schedule that `seed` makes.
pub async fn run(desk: &mut Environment, seed: u64) -> History {
    let mut rng = Rng::with_seed(seed);
    let id = format!("customer-{seed}");
    let stored = Stored::new(&desk.app, &mut rng, &id).await;
    let first_seen = stored.version();
    let caller = |rng: &mut Rng| Caller {
        left: rng.usize(1..=3),
        seen: rng.u64(first_seen.saturating_sub(1)..=first_seen),
        waits_for: None,
        request: None,
        sends: 0,
    };
    let callers = (0..rng.usize(2..=CALLERS.len()))
        .map(|_| caller(&mut rng))
        .collect();
    let mut run = Run {
        function: &desk.function,
        gate: &mut desk.gate,
        faults: [0, 10, 25, 50][rng.usize(..4)],
        rng,
        id,
        callers,
        on_the_way: BTreeMap::new(),
        late: Vec::new(),
        updates: 0,
        history: History {
            start: stored.now(),
            calls: Vec::new(),
            events: Vec::new(),
        },
        stored,
    };
    while let Some(step) = run.next_step() {
        run.step(step).await;
    }
    run.history
}

impl Run<'_> {
    fn next_step(&mut self) -> Option<Step> {
        let mut steps = Vec::new();
        for (number, caller) in self.callers.iter().enumerate() {
            match caller.waits_for {
                None if caller.left > 0 => steps.push(Step::Send(number)),
                Some(_) if self.faults > 0 && self.rng.u8(..) < 8 => {
                    steps.push(Step::GiveUp(number))
                }
                _ => {}
            }
        }
        steps.extend(self.on_the_way.keys().map(|&call| Step::Write(call)));
        steps.extend((0..self.late.len()).map(Step::LateWrite));
        if steps.is_empty() {
            return None;
        }
        if self.rng.u8(..) < 30 {
            return Some(Step::Outside);
        }
        Some(steps.swap_remove(self.rng.usize(..steps.len())))
    }

    async fn step(&mut self, step: Step) {
        match step {
            Step::Send(caller) => self.send(caller).await,
            Step::Write(call) => self.write(call).await,
            Step::GiveUp(caller) => self.send_again(caller).await,
            Step::LateWrite(index) => {
                let (call, late) = self.late.swap_remove(index);
                let applied = late.send().await;
                let after = self.stored.after(applied).await;
                self.history.events.push(Event::LateWrite {
                    call,
                    applied,
                    after,
                });
            }
            Step::Outside => {
                let what = self.stored.change(&mut self.rng).await;
                self.history.events.push(Event::Outside {
                    what,
                    after: self.stored.now(),
                });
            }
        }
    }

    /// Sends a caller's next update.
    async fn send(&mut self, number: usize) {
        let update = caller::update(&mut self.rng, self.updates);
        self.updates += 1;
        let if_match = caller::if_match(&mut self.rng, self.callers[number].seen);
        self.callers[number].request = Some((update, if_match));
        self.callers[number].sends = 0;
        self.send_again(number).await;
    }

    /// Sends a caller's request, once more if it was sent before. An earlier one goes on by itself.
    async fn send_again(&mut self, number: usize) {
        let caller = &mut self.callers[number];
        if caller.sends == MAX_SENDS {
            return self.done(number);
        }
        caller.sends += 1;
        let Some((update, if_match)) = caller.request.clone() else {
            return;
        };
        let call = self.history.calls.len();
        caller.waits_for = Some(call);
        let subject = CALLERS[number].to_owned();
        self.history.calls.push(Call {
            subject,
            changes: update.changes,
            if_match: if_match.versions,
        });
        self.history.events.push(Event::RecordedRequest { call });

        let mut request = put().id(&self.id).token(CALLERS[number]).json(&update.body);
        if let Some(value) = if_match.header {
            request = request.if_match(&value);
        }
        let (function, event) = (self.function, request.http_api_event());
        let response = Box::pin(async move { invoke_checked(function, &event).await });
        self.on_the_way.insert(
            call,
            OnTheWay {
                response,
                at_the_gate: None,
            },
        );
        self.go_on(call).await;
    }

    fn done(&mut self, number: usize) {
        let caller = &mut self.callers[number];
        caller.left -= 1;
        caller.waits_for = None;
        caller.request = None;
    }

    /// Lets the write at the gate meet its fate, and its call go on.
    async fn write(&mut self, call: usize) {
        let fate = self.fate(call);
        let waiting = self
            .on_the_way
            .get_mut(&call)
            .and_then(|on_the_way| on_the_way.at_the_gate.take());
        let (applied, late) = waiting
            .expect("a call that is on its way stands at the gate")
            .send(fate)
            .await;
        self.late.extend(late.map(|late| (call, late)));
        let after = self.stored.after(applied).await;
        self.history.events.push(Event::Write {
            call,
            fate,
            applied,
            after,
        });
        self.go_on(call).await;
    }

    fn fate(&mut self, call: usize) -> Delivery {
        if self.rng.u8(..100) >= self.faults {
            return Delivery::Passes;
        }
        let faults = [
            Delivery::RequestLost,
            Delivery::AnswerLost,
            Delivery::AnsweredWith500,
            Delivery::Throttled,
            Delivery::Late,
        ];
        // Nothing can keep a late write from being one more write unless it names one version, and not
        // one still to come. See the test `delayed_write_without_if_match_is_applied`.
        let current = self.stored.version();
        let named = self.history.calls[call].if_match.as_deref();
        let safe_when_late = matches!(named, Some([version]) if *version <= current);
        faults[self.rng.usize(..if safe_when_late { 5 } else { 4 })]
    }

    /// Runs a call until it stands at the gate again or is answered.
    async fn go_on(&mut self, call: usize) {
        let Some(on_the_way) = self.on_the_way.get_mut(&call) else {
            return;
        };
        let answered = select! {
            biased;
            response = on_the_way.response.as_mut() => Some(response),
            waiting = self.gate.arrival() => {
                on_the_way.at_the_gate = Some(waiting);
                None
            }
        };
        if let Some(response) = answered {
            self.on_the_way.remove(&call);
            self.answered(call, &response).await;
        }
    }

    async fn answered(&mut self, call: usize, response: &Response) {
        let version = response.header("x-customer-version");
        let version = version.and_then(|tag| tag.trim_matches('"').parse().ok());
        let data = response.body["data"]
            .as_object()
            .cloned()
            .unwrap_or_default();
        let response = ObservedResponse {
            status: response.status,
            version,
            data,
        };
        self.history.events.push(Event::Response {
            call,
            response: response.clone(),
        });

        let waits = |caller: &Caller| caller.waits_for == Some(call);
        let Some(number) = self.callers.iter().position(waits) else {
            return;
        };
        let lost = self.rng.u8(..100) < self.faults;
        if lost || (response.status == 500 && self.rng.bool()) {
            // Boxed, because sending may be answered at once, and so come here again.
            return Box::pin(self.send_again(number)).await;
        }
        self.callers[number].seen = version.unwrap_or(self.callers[number].seen);
        self.done(number);
    }
}
