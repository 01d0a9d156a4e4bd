//! Concurrent callers on a lossy network, scheduled at random from a seed. Every history must keep the
//! guarantees that `checker` lists.
//!
//! `SIMULATION_SEEDS=7..8` runs these seeds and prints the histories.

mod actors;
mod at_once;
mod checker;
mod checker_tests;
mod history;
mod schedule;

use std::collections::BTreeSet;
use std::env;
use std::ops::Range;
use std::pin::pin;
use std::time::Duration;

use serde_json::json;
use tokio::{join, select};

use crate::support::network::{Delivery, SimulatedNetwork};
use crate::support::{TestApp, put, shortened};
use schedule::{CALLERS, Environment};

/// The seeds to run.
fn seeds() -> Range<u64> {
    let Ok(seeds) = env::var("SIMULATION_SEEDS") else {
        return 0..if testkit::is_full_run() { 300 } else { 60 };
    };
    let (from, to) = seeds.split_once("..").expect("a range such as 0..20000");
    let number = |text: &str| text.parse().expect("a number");
    number(from)..number(to)
}

/// How to repeat a run and print its whole history.
fn repeat(seed: u64) -> String {
    let next = seed + 1;
    format!(
        "SIMULATION_SEEDS={seed}..{next} cargo test --test update_customer simulation::every -- --nocapture"
    )
}

async fn environment() -> Environment {
    let app = TestApp::new().await;
    let mut network = SimulatedNetwork::new();
    let ttl = Duration::from_secs(86_400);
    let function = app.another(ttl, |config| network.configure(config));
    for caller in CALLERS {
        app.issue_token_to(caller, caller).await;
        // Looked up once and then cached, so that only writes reach the network.
        let mut response = pin!(function.send(put().id("nobody").token(caller)));
        let deliver = async {
            network.arrival().await.deliver(Delivery::Delivered).await;
            network.arrival().await.deliver(Delivery::Delivered).await;
        };
        // A response that makes no call must not wait for one.
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

#[tokio::test]
async fn every_schedule_keeps_the_guarantees() {
    let mut environment = environment().await;
    let mut seen = BTreeSet::new();
    let prints_all = env::var_os("SIMULATION_SEEDS").is_some();
    for seed in seeds() {
        // A panic within the run has no history.
        println!("to print the whole history: {}", repeat(seed));
        let history = schedule::run(&mut environment, seed).await;
        let printed = history.to_string();
        if prints_all {
            println!("{printed}");
        }
        if let Err((event, message)) = checker::check(&history) {
            let (excerpt, command) = (history.excerpt(event), repeat(seed));
            panic!("event {event}: {message}\n{excerpt}{command}");
        }
        seen.extend(RARE.iter().filter(|text| printed.contains(**text)));
    }
    // Schedules without the rare events would prove nothing.
    if !prints_all {
        assert_eq!(seen, RARE.iter().collect());
    }
}

/// What the histories of the ordinary seeds must show, as they are printed.
const RARE: [&str; 8] = [
    "response 404",
    "response 412",
    "response 500",
    "write, Late, applied",
    "write, Late, not applied",
    "write, ResponseLost, applied",
    "verifiedEmail=false",
    "other writer: recreated",
];

#[tokio::test]
async fn seed_determines_the_history() {
    let mut environment = environment().await;
    for seed in 0..10 {
        let first = schedule::run(&mut environment, seed).await.to_string();
        let second = schedule::run(&mut environment, seed).await.to_string();
        let mut lines = first.lines().zip(second.lines());
        let differing = lines.find(|(first, second)| first != second);
        assert_eq!(differing, None, "seed {seed}");
        assert_eq!(first.len(), second.len(), "seed {seed}");
    }
}

/// A known limitation without `If-Match`, and how `If-Match` prevents it.
#[tokio::test]
async fn delayed_write_without_if_match_is_applied() {
    for (if_match, is_applied) in [(None, true), (Some("\"6\""), false)] {
        let mut environment = environment().await;
        let (app, network) = (&environment.app, &mut environment.network);
        let mut request = put().token(CALLERS[0]).with(json!({"notes": "older"}));
        if let Some(value) = if_match {
            request = request.if_match(value);
        }
        let (older, delayed) = join!(environment.function.send(request), async {
            let (_, delayed) = network.arrival().await.deliver(Delivery::Delayed).await;
            network.arrival().await.deliver(Delivery::Delivered).await;
            delayed.expect("a delayed write")
        });
        assert_eq!(older.data()["notes"], "older");
        let newer = app.send(put().with(json!({"notes": "newer"}))).await;
        assert_eq!(newer.data()["notes"], "newer");
        let (applied, _) = delayed.deliver(Delivery::Late).await;
        assert_eq!(applied, is_applied, "{if_match:?}");
        let notes = if is_applied { "older" } else { "newer" };
        assert_eq!(app.stored().await["notes"], notes);
    }
}
