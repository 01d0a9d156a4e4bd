//! One run: several callers with concurrent requests. The seed decides which request continues next and
//! how the network delivers it.
//!
//! Only one request runs at a time, until it reaches the network again or gets its response. So a seed
//! determines the history.

use std::collections::BTreeMap;
use std::pin::Pin;

use fastrand::Rng;
use serde_json::Value;
use tokio::select;

use super::actors::{self, IfMatch, Stored};
use super::history::{Call, Event, History, ObservedResponse};
use crate::support::network::{Delivery, PendingRequest, SimulatedNetwork};
use crate::support::{Response, TestApp, put};

/// How often a caller sends the same request before it gives up.
const MAX_SENDS: usize = 4;

/// The callers, each with a token of the same name.
pub const CALLERS: [&str; 4] = ["caller-0", "caller-1", "caller-2", "caller-3"];

/// The tables, and the function behind the simulated network, for many runs.
pub struct Environment {
    pub app: TestApp,
    pub function: TestApp,
    pub network: SimulatedNetwork,
}

struct Run<'a> {
    function: &'a TestApp,
    network: &'a mut SimulatedNetwork,
    rng: Rng,
    /// The percentage of writes that are not delivered normally.
    failure_rate: u8,
    id: String,
    callers: Vec<Caller>,
    /// By the number of the call.
    in_flight: BTreeMap<usize, InFlight<'a>>,
    delayed: Vec<(usize, PendingRequest)>,
    stored: Stored<'a>,
    history: History,
}

#[derive(Default)]
struct Caller {
    /// The number of updates that it has not finished.
    updates_left: usize,
    /// The version that it received last.
    seen: u64,
    /// The call whose response it waits for.
    waits_for: Option<usize>,
    /// The body that it sends, and `If-Match`.
    request: Option<(Value, IfMatch)>,
    /// How often it sent the request.
    sends: usize,
}

/// A call without a response yet.
struct InFlight<'a> {
    response: Pin<Box<dyn Future<Output = Response> + 'a>>,
    /// The write that waits for its delivery.
    pending: Option<PendingRequest>,
}

enum Step {
    /// This caller sends its next update.
    Send(usize),
    /// This caller sends its request again before the response.
    SendAgain(usize),
    /// The pending write of this call is delivered.
    Write(usize),
    /// The delayed write with this index is delivered.
    LateWrite(usize),
    OtherWriter,
}

/// Runs the schedule that `seed` makes.
pub async fn run(environment: &mut Environment, seed: u64) -> History {
    let mut rng = Rng::with_seed(seed);
    let id = format!("customer-{seed}");
    let stored = Stored::new(&environment.app, &mut rng, &id).await;
    let version = stored.version();
    let callers = 0..rng.usize(2..=CALLERS.len());
    let callers = callers.map(|_| Caller {
        updates_left: rng.usize(1..=3),
        seen: rng.u64(version.saturating_sub(1)..=version),
        ..Caller::default()
    });
    let callers = callers.collect();
    let mut run = Run {
        function: &environment.function,
        network: &mut environment.network,
        failure_rate: [0, 10, 25, 50][rng.usize(..4)],
        rng,
        id,
        callers,
        in_flight: BTreeMap::new(),
        delayed: Vec::new(),
        history: History {
            start: stored.now.clone(),
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
                None if caller.updates_left > 0 => steps.push(Step::Send(number)),
                Some(_) if self.failure_rate > 0 && self.rng.u8(..) < 8 => {
                    steps.push(Step::SendAgain(number))
                }
                _ => {}
            }
        }
        steps.extend(self.in_flight.keys().map(|&call| Step::Write(call)));
        steps.extend((0..self.delayed.len()).map(Step::LateWrite));
        if steps.is_empty() {
            return None;
        }
        if self.rng.u8(..) < 30 {
            return Some(Step::OtherWriter);
        }
        Some(steps.swap_remove(self.rng.usize(..steps.len())))
    }

    async fn step(&mut self, step: Step) {
        match step {
            Step::Send(caller) => self.send(caller).await,
            Step::Write(call) => self.write(call).await,
            Step::SendAgain(caller) => self.send_again(caller).await,
            Step::LateWrite(index) => {
                let (call, delayed) = self.delayed.swap_remove(index);
                let (applied, _) = delayed.deliver(Delivery::Late).await;
                self.record_write(call, Delivery::Late, applied).await;
            }
            Step::OtherWriter => {
                let change = self.stored.change(&mut self.rng).await;
                let after = self.stored.now.clone();
                let event = Event::OtherWriter { change, after };
                self.history.events.push(event);
            }
        }
    }

    async fn record_write(&mut self, call: usize, delivery: Delivery, applied: bool) {
        let after = self.stored.after(applied).await;
        let write = Event::Write {
            call,
            delivery,
            applied,
            after,
        };
        self.history.events.push(write);
    }

    /// Sends a caller's next update.
    async fn send(&mut self, number: usize) {
        let body = actors::body(&mut self.rng, self.history.calls.len());
        let caller = &mut self.callers[number];
        let if_match = actors::if_match(&mut self.rng, caller.seen);
        caller.request = Some((body, if_match));
        caller.sends = 0;
        self.send_again(number).await;
    }

    /// Sends a caller's request, or sends it again. An earlier one continues independently.
    async fn send_again(&mut self, number: usize) {
        let caller = &mut self.callers[number];
        if caller.sends == MAX_SENDS {
            return self.done(number);
        }
        caller.sends += 1;
        let (body, (header, versions)) = caller.request.clone().expect("a request to send");
        let call = self.history.calls.len();
        caller.waits_for = Some(call);
        self.history.calls.push(Call {
            subject: CALLERS[number].to_owned(),
            changes: actors::changes(&body),
            if_match: versions,
        });
        self.history.events.push(Event::Request { call });

        let mut request = put().id(&self.id).token(CALLERS[number]).json(&body);
        if let Some(value) = header {
            request = request.if_match(&value);
        }
        let response = Box::pin(self.function.send(request));
        let pending = None;
        self.in_flight.insert(call, InFlight { response, pending });
        self.resume(call).await;
    }

    /// The caller has finished its update, or gives it up.
    fn done(&mut self, number: usize) {
        let caller = &mut self.callers[number];
        caller.updates_left -= 1;
        caller.waits_for = None;
    }

    /// Delivers a pending write, and continues its call.
    async fn write(&mut self, call: usize) {
        let delivery = self.delivery(call);
        let in_flight = self.in_flight.get_mut(&call);
        let pending = in_flight.and_then(|in_flight| in_flight.pending.take());
        let pending = pending.expect("a call in flight has a pending request");
        let (applied, delayed) = pending.deliver(delivery).await;
        self.delayed.extend(delayed.map(|delayed| (call, delayed)));
        self.record_write(call, delivery, applied).await;
        self.resume(call).await;
    }

    /// Chooses how the network delivers a call's write.
    fn delivery(&mut self, call: usize) -> Delivery {
        if self.rng.u8(..100) >= self.failure_rate {
            return Delivery::Delivered;
        }
        let failures = [
            Delivery::RequestLost,
            Delivery::ResponseLost,
            Delivery::FailedAfterWrite,
            Delivery::Throttled,
            Delivery::Delayed,
        ];
        // A delayed write can overwrite newer ones, unless `If-Match` lists exactly one version and a write
        // has made that version already. See the test `delayed_write_without_if_match_is_applied`.
        let current = self.stored.version();
        let versions = self.history.calls[call].if_match.as_deref();
        let safe_when_delayed = matches!(versions, Some([version]) if *version <= current);
        failures[self.rng.usize(..if safe_when_delayed { 5 } else { 4 })]
    }

    /// Runs a call until it reaches the network again or gets its response.
    async fn resume(&mut self, call: usize) {
        let in_flight = self.in_flight.get_mut(&call);
        let in_flight = in_flight.expect("the call is in flight");
        let response = select! {
            biased;
            response = in_flight.response.as_mut() => response,
            request = self.network.arrival() => {
                in_flight.pending = Some(request);
                return;
            }
        };
        self.in_flight.remove(&call);
        self.finish(call, &response).await;
    }

    /// Records a response. Its caller continues with the next update, or sends the request again.
    async fn finish(&mut self, call: usize, response: &Response) {
        let response = ObservedResponse::from(response);
        let (status, version) = (response.status, response.version);
        self.history.events.push(Event::Response { call, response });

        let waits = |caller: &Caller| caller.waits_for == Some(call);
        let Some(number) = self.callers.iter().position(waits) else {
            return;
        };
        let lost = self.rng.u8(..100) < self.failure_rate;
        if lost || (status == 500 && self.rng.bool()) {
            // Boxed, because a request may get its response at once and call this function again.
            return Box::pin(self.send_again(number)).await;
        }
        self.callers[number].seen = version.unwrap_or(self.callers[number].seen);
        self.done(number);
    }
}
