//! Concurrent callers on a lossy network, scheduled at random from a seed. Every history must keep the
//! guarantees that `checker` lists.
//!
//! `SIMULATION_SEED=7` runs one schedule and prints it. `SIMULATION_SEEDS=0..20000` runs a range.

mod caller;
mod checker;
mod checker_tests;
mod history;
mod schedule;
mod stored;

use std::collections::BTreeMap;
use std::env;
use std::ops::Range;
use std::pin::pin;

use serde_json::json;
use testkit::response::shortened;
use tokio::{join, select};

use crate::support::network::{Delivery, SimulatedNetwork};
use crate::support::{TestApp, invoke_checked, put};
use checker::Violation;
use history::{Event, History};
use schedule::{CALLERS, Environment};

/// The seeds of an ordinary run, which takes some seconds.
const SEEDS: Range<u64> = 0..300;

/// The seeds to run, and whether they are the ordinary ones.
fn seeds() -> (Range<u64>, bool) {
    let number = |text: &str| text.parse().expect("a seed is a number");
    if let Ok(seed) = env::var("SIMULATION_SEED") {
        return (number(&seed)..number(&seed) + 1, false);
    }
    match env::var("SIMULATION_SEEDS") {
        Ok(seeds) => {
            let (from, to) = seeds
                .split_once("..")
                .expect("SIMULATION_SEEDS is a range such as 0..20000");
            (number(from)..number(to), false)
        }
        Err(_) => (SEEDS, true),
    }
}

/// How to repeat a run.
fn repeat(seed: u64) -> String {
    format!(
        "to print the whole history: SIMULATION_SEED={seed} \
         cargo test --test update_customer simulation::every -- --nocapture"
    )
}

/// Prints the seed when a run panics, because there is no history then.
struct Seed(u64);

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", repeat(self.0));
        }
    }
}

async fn environment() -> Environment {
    let app = TestApp::new().await;
    let mut network = SimulatedNetwork::new();
    let function = app.app_with(|config| network.configure(config));
    for caller in CALLERS {
        app.issue_token_to(caller, caller, &["customers:write"], None)
            .await;
        // Looked up once and then cached, so that only writes reach the network.
        let event = put().id("nobody").token(caller).http_api_event();
        let response = invoke_checked(&function, &event);
        let deliver = async {
            network.arrival().await.deliver(Delivery::Delivered).await;
            network.arrival().await.deliver(Delivery::Delivered).await;
        };
        // A response that makes no call must not wait for one.
        let mut response = pin!(response);
        let response = select! {
            early = response.as_mut() => early,
            () = deliver => response.await,
        };
        assert_eq!(response.status, 404, "{}", shortened(&response.body));
    }
    Environment {
        app,
        function,
        network,
    }
}

#[test]
fn every_schedule_keeps_the_guarantees() {
    let (seeds, usual) = seeds();
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let mut seen = BTreeMap::new();
    std::thread::scope(|scope| {
        let share = |worker| seeds.clone().skip(worker).step_by(workers);
        let workers: Vec<_> = (0..workers)
            .map(|worker| scope.spawn(move || check_all(share(worker))))
            .collect();
        for worker in workers {
            let result = worker
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            let counts = result.unwrap_or_else(|violation| panic!("{violation}"));
            for (what, times) in counts {
                *seen.entry(what).or_insert(0) += times;
            }
        }
    });
    println!("{seen:#?}");
    // Schedules without the rare events would prove nothing.
    for what in COUNTED {
        assert!(!usual || seen.contains_key(what), "never seen: {what}");
    }
}

/// Runs and checks each schedule in one environment, and counts the events of the histories. Stops at
/// the first violation and returns a message about it.
fn check_all(seeds: impl Iterator<Item = u64>) -> Result<BTreeMap<&'static str, u32>, String> {
    let mut seen = BTreeMap::new();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut environment = environment().await;
        for seed in seeds {
            let guard = Seed(seed);
            let history = schedule::run(&mut environment, seed).await;
            if env::var_os("SIMULATION_SEED").is_some() {
                println!("{history}");
            }
            drop(guard);
            if let Err(Violation { event, message }) = checker::check(&history) {
                let (excerpt, command) = (history.excerpt(event), repeat(seed));
                return Err(format!("event {event}: {message}\n{excerpt}{command}"));
            }
            count(&history, &mut seen);
        }
        Ok(seen)
    })
}

/// What the ordinary seeds must show.
const COUNTED: [&str; 10] = [
    "200, written",
    "200, found",
    "404",
    "412",
    "500",
    "a verified email was reset",
    "an update was written twice",
    "another call wrote the same field in between",
    "a delayed write was applied",
    "a delayed write was rejected",
];

/// Counts the events of a history.
fn count(history: &History, seen: &mut BTreeMap<&'static str, u32>) {
    let mut add = |what| *seen.entry(what).or_insert(0) += 1;
    let mut writes = vec![Vec::new(); history.calls.len()];
    let mut verified = false;
    for (at, event) in history.events.iter().enumerate() {
        match event {
            Event::Response { call, response } => match response.status {
                200 if writes[*call].is_empty() => add("200, found"),
                200 => add("200, written"),
                404 => add("404"),
                412 => add("412"),
                _ => add("500"),
            },
            Event::Write {
                call,
                applied: true,
                ..
            } => writes[*call].push(at),
            Event::DelayedWrite { applied: true, .. } => add("a delayed write was applied"),
            Event::DelayedWrite { applied: false, .. } => add("a delayed write was rejected"),
            _ => {}
        }
        if let Event::Write { after, .. }
        | Event::DelayedWrite { after, .. }
        | Event::OtherWriter { after, .. } = event
        {
            let before = verified;
            verified = after
                .as_ref()
                .is_some_and(|state| state.get("verifiedEmail") == Some(&json!(true)));
            if before && !verified && matches!(event, Event::Write { .. }) {
                add("a verified email was reset");
            }
        }
    }
    for (call, own) in writes.iter().enumerate() {
        let (Some(first), Some(last)) = (own.first(), own.last()) else {
            continue;
        };
        if first == last {
            continue;
        }
        add("an update was written twice");
        let fields = |call: usize| history.calls[call].changes.keys();
        let others = (0..writes.len()).filter(|&other| other != call);
        let mut between =
            others.filter(|&other| writes[other].iter().any(|at| first < at && at < last));
        if between.any(|other| {
            fields(other).any(|name| *name == "notes" && fields(call).any(|own| own == name))
        }) {
            add("another call wrote the same field in between");
        }
    }
}

#[tokio::test]
async fn seed_determines_the_history() {
    let mut environment = environment().await;
    for seed in 0..10 {
        let first = schedule::run(&mut environment, seed).await.to_string();
        let second = schedule::run(&mut environment, seed).await.to_string();
        for (first, second) in first.lines().zip(second.lines()) {
            assert_eq!(first, second, "seed {seed}");
        }
        assert_eq!(first.len(), second.len(), "seed {seed}");
    }
}

/// A known limitation without `If-Match`, and how `If-Match` prevents it.
#[tokio::test]
async fn delayed_write_without_if_match_is_applied() {
    for (if_match, is_applied) in [(None, true), (Some("\"6\""), false)] {
        let Environment {
            app,
            function,
            mut network,
        } = environment().await;
        let mut request = put().token(CALLERS[0]).with(json!({"notes": "older"}));
        if let Some(value) = if_match {
            request = request.if_match(value);
        }
        let event = request.http_api_event();
        let (older, delayed) = join!(invoke_checked(&function, &event), async {
            let (_, delayed) = network.arrival().await.deliver(Delivery::Delayed).await;
            network.arrival().await.deliver(Delivery::Delivered).await;
            delayed.expect("a delayed write")
        });
        assert_eq!(older.data()["notes"], "older");
        let newer = app.send(put().with(json!({"notes": "newer"}))).await;
        assert_eq!(newer.data()["notes"], "newer");
        assert_eq!(delayed.deliver().await, is_applied, "{if_match:?}");
        let notes = if is_applied { "older" } else { "newer" };
        assert_eq!(app.stored().await["notes"], notes);
    }
}
