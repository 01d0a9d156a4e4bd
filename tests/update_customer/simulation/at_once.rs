//! The simulation's callers on several threads: many requests at once in one function, in whatever order they run.
//! The network delivers one write after the other, so that a history has them in the order of DynamoDB.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use fastrand::Rng;
use serde_json::Value;
use tokio::runtime::Builder;
use tokio::select;
use tokio::sync::Semaphore;

use super::actors::{Stored, body, changes, if_match};
use super::checker;
use super::history::{Call, Event, History, ObservedResponse};
use crate::support::network::{Delivery, PendingRequest, SimulatedNetwork};
use crate::support::{TestApp, put};

const CALLERS: usize = 32;
const CUSTOMERS: usize = 4;
const UPDATES_OF_A_CALLER: usize = 6;

/// A customer's stored state and what has happened to it.
struct Customer<'a> {
    id: String,
    stored: Stored<'a>,
    history: History,
}

type Customers<'a> = [tokio::sync::Mutex<Customer<'a>>];

/// The customer and the call of the request that each caller waits for.
type InFlight = Mutex<[(usize, usize); CALLERS]>;

#[test]
fn callers_at_once_keep_the_guarantees() {
    let runtime = Builder::new_multi_thread().enable_all().build().unwrap();
    let mut network = SimulatedNetwork::new();
    let app = runtime.block_on(TestApp::new());
    let ttl = Duration::from_secs(86_400);
    let function = app.another(ttl, |config| network.configure(config));
    let mut rng = Rng::with_seed(0);
    let customers = (0..CUSTOMERS).map(|number| {
        let id = format!("customer-{number}");
        let stored = runtime.block_on(Stored::new(&app, &mut rng, &id));
        let (start, calls, events) = (stored.now.clone(), Vec::new(), Vec::new());
        let history = History {
            start,
            calls,
            events,
        };
        tokio::sync::Mutex::new(Customer {
            id,
            stored,
            history,
        })
    });
    let customers: Vec<_> = customers.collect();
    let in_flight = Mutex::new([(0, 0); CALLERS]);
    let finished = Semaphore::new(0);
    thread::scope(|scope| {
        for number in 0..CALLERS {
            runtime.block_on(app.issue_token_to(&subject(number), &subject(number)));
        }
        for number in 0..CALLERS {
            let (runtime, function, finished) = (&runtime, &function, &finished);
            let (customers, in_flight) = (&*customers, &in_flight);
            scope.spawn(move || {
                runtime.block_on(call(number, function, customers, in_flight));
                finished.add_permits(1);
            });
        }
        runtime.block_on(async {
            loop {
                let request = select! {
                    request = network.arrival() => request,
                    _ = finished.acquire_many(CALLERS as u32) => break,
                };
                deliver(request, &mut rng, &customers, &in_flight).await;
            }
        });
    });
    let mut statuses = BTreeSet::new();
    for customer in customers {
        let history = customer.into_inner().history;
        if let Err((event, message)) = checker::check(&history) {
            panic!("event {event}: {message}\n{}", history.excerpt(event));
        }
        statuses.extend(history.events.iter().filter_map(|event| match event {
            Event::Response { response, .. } => Some(response.status),
            _ => None,
        }));
    }
    // A run without these would prove little.
    assert!(statuses.is_superset(&[200, 412].into()), "{statuses:?}");
}

fn subject(caller: usize) -> String {
    format!("caller-{caller}")
}

/// Sends a caller's updates one after the other.
async fn call(number: usize, function: &TestApp, customers: &Customers<'_>, in_flight: &InFlight) {
    let mut rng = Rng::with_seed(number as u64);
    let mut seen = [0; CUSTOMERS];
    for nth in 0..UPDATES_OF_A_CALLER {
        let index = rng.usize(..CUSTOMERS);
        let body = body(&mut rng, number * UPDATES_OF_A_CALLER + nth);
        let (header, if_match) = if_match(&mut rng, seen[index]);
        let mut customer = customers[index].lock().await;
        let call = customer.history.calls.len();
        let subject = subject(number);
        let mut request = put().id(&customer.id).token(&subject).json(&body);
        let changes = changes(&body);
        customer.history.calls.push(Call {
            subject,
            changes,
            if_match,
        });
        customer.history.events.push(Event::Request { call });
        drop(customer);
        in_flight.lock().unwrap()[number] = (index, call);
        if let Some(value) = header {
            request = request.if_match(&value);
        }
        let response = ObservedResponse::from(&function.send(request).await);
        seen[index] = response.version.unwrap_or(seen[index]);
        let mut customer = customers[index].lock().await;
        customer
            .history
            .events
            .push(Event::Response { call, response });
    }
}

/// Delivers a request and records it if it is a write. Its response is recorded later, because that needs the lock.
async fn deliver(
    request: PendingRequest,
    rng: &mut Rng,
    customers: &Customers<'_>,
    in_flight: &InFlight,
) {
    let body: Value = serde_json::from_slice(request.body()).unwrap();
    let Some(values) = body["ExpressionAttributeValues"].as_object() else {
        // The lookup of a token.
        request.deliver(Delivery::Delivered).await;
        return;
    };
    let mut texts = values.values().filter_map(|value| value["S"].as_str());
    let caller = texts.find_map(|text| text.strip_prefix("caller-"));
    let caller: usize = caller.expect("updatedBy").parse().unwrap();
    let (index, call) = in_flight.lock().unwrap()[caller];
    let delivery = match rng.u8(..100) {
        0..80 => Delivery::Delivered,
        80..85 => Delivery::RequestLost,
        85..90 => Delivery::ResponseLost,
        90..95 => Delivery::FailedAfterWrite,
        _ => Delivery::Throttled,
    };
    let mut customer = customers[index].lock().await;
    let (applied, _) = request.deliver(delivery).await;
    let after = customer.stored.after(applied).await;
    customer.history.events.push(Event::Write {
        call,
        delivery,
        applied,
        after,
    });
}
