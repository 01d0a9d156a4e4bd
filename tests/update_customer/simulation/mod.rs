//! Many callers at once on a network that loses things, in random order: every history that comes of it
//! keeps the promises that `checker` lists.
//!
//! `MODEL_SEED=7` runs one schedule and prints it, `MODEL_SEEDS=0..20000` runs more than usual.

mod caller;
mod checker;
mod checker_tests;
mod history;
mod schedule;
mod stored;

use std::collections::BTreeMap;
use std::env;
use std::ops::Range;

use serde_json::json;
use tokio::join;

use crate::support::network::{Delivery, SimulatedNetwork};
use crate::support::{TestApp, invoke_checked, put};
use history::{Event, History};
use schedule::{CALLERS, Environment};

/// As many as take some seconds.
const SEEDS: Range<u64> = 0..300;

/// The seeds to run, and whether they are the usual ones.
fn seeds() -> (Range<u64>, bool) {
    let number = |text: &str| text.parse().expect("a seed is a number");
    if let Ok(seed) = env::var("MODEL_SEED") {
        return (number(&seed)..number(&seed) + 1, false);
    }
    match env::var("MODEL_SEEDS") {
        Ok(seeds) => {
            let (from, to) = seeds
                .split_once("..")
                .expect("MODEL_SEEDS is a range such as 0..20000");
            (number(from)..number(to), false)
        }
        Err(_) => (SEEDS, true),
    }
}

/// Names the seed when a run panics, because no history is there to print then.
struct Named(u64);

impl Drop for Named {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!(
                "failed with seed {0}; alone: MODEL_SEED={0} cargo test model::every",
                self.0
            );
        }
    }
}

async fn desk() -> Environment {
    let app = TestApp::new().await;
    let mut gate = SimulatedNetwork::new();
    let function = app.app_with(|config| gate.configure(config));
    for caller in CALLERS {
        app.issue_token_to(caller, caller, &["customers:write"], None)
            .await;
        // Looked up once and then remembered, so that only writes come to the gate.
        let event = put().id("nobody").token(caller).http_api_event();
        let (response, ()) = join!(invoke_checked(&function, &event), async {
            gate.arrival().await.send(Delivery::Passes).await;
            gate.arrival().await.send(Delivery::Passes).await;
        });
        assert_eq!(response.status, 404);
    }
    Environment {
        app,
        function,
        gate,
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
            for (what, times) in worker
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            {
                *seen.entry(what).or_insert(0) += times;
            }
        }
    });
    println!("{seen:#?}");
    // Schedules that never come to the hard places would prove nothing.
    for what in WHAT {
        assert!(!usual || seen.contains_key(what), "never seen: {what}");
    }
}

/// Runs and checks each schedule on one desk, and counts what the histories show.
fn check_all(seeds: impl Iterator<Item = u64>) -> BTreeMap<&'static str, u32> {
    let mut seen = BTreeMap::new();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut desk = desk().await;
        for seed in seeds {
            let named = Named(seed);
            let history = schedule::run(&mut desk, seed).await;
            if let Err(broken) = checker::check(&history) {
                panic!("{history}broken: {broken}\n");
            }
            if env::var_os("MODEL_SEED").is_some() {
                println!("{history}");
            }
            count(&history, &mut seen);
            drop(named);
        }
    });
    seen
}

const WHAT: [&str; 10] = [
    "200, written",
    "200, found",
    "404",
    "412",
    "500",
    "an e-mail address lost its mark",
    "an update was written twice",
    "between the two, another wrote the same field",
    "a late write was carried out",
    "a late write was rejected",
];

/// Counts what a history shows.
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
            Event::LateWrite { applied: true, .. } => add("a late write was carried out"),
            Event::LateWrite { applied: false, .. } => add("a late write was rejected"),
            _ => {}
        }
        if let Event::Write { after, .. }
        | Event::LateWrite { after, .. }
        | Event::Outside { after, .. } = event
        {
            let before = verified;
            verified = after
                .as_ref()
                .is_some_and(|state| state.get("verifiedEmail") == Some(&json!(true)));
            if before && !verified && matches!(event, Event::Write { .. }) {
                add("an e-mail address lost its mark");
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
            add("between the two, another wrote the same field");
        }
    }
}

#[tokio::test]
async fn seed_determines_the_history() {
    let mut desk = desk().await;
    for seed in 0..10 {
        let first = schedule::run(&mut desk, seed).await.to_string();
        assert_eq!(
            schedule::run(&mut desk, seed).await.to_string(),
            first,
            "seed {seed}"
        );
    }
}

/// What the function cannot rule out, and how a caller can.
#[tokio::test]
async fn delayed_write_without_if_match_is_applied() {
    for (if_match, late_is_carried_out) in [(None, true), (Some("\"6\""), false)] {
        let Environment {
            app,
            function,
            mut gate,
        } = desk().await;
        let mut request = put().token(CALLERS[0]).with(json!({"notes": "older"}));
        if let Some(value) = if_match {
            request = request.if_match(value);
        }
        let event = request.http_api_event();
        let (older, late) = join!(invoke_checked(&function, &event), async {
            let (_, late) = gate.arrival().await.send(Delivery::Late).await;
            gate.arrival().await.send(Delivery::Passes).await;
            late.expect("a late write")
        });
        assert_eq!(older.data()["notes"], "older");
        let newer = app.send(put().with(json!({"notes": "newer"}))).await;
        assert_eq!(newer.data()["notes"], "newer");
        assert_eq!(late.send().await, late_is_carried_out);
        let notes = if late_is_carried_out {
            "older"
        } else {
            "newer"
        };
        assert_eq!(app.stored().await["notes"], notes);
    }
}
