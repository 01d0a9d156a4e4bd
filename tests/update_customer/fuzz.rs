//! What `fuzz/` looks for with libFuzzer, tried on every run: its committed inputs, and changes of them.
//!
//! `FUZZ_COUNT` is how many changed inputs each target gets.

use std::fmt;
use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use tracing::subscriber::NoSubscriber;

#[path = "../../fuzz/src/lib.rs"]
mod targets;

/// A part longer than this is not cut out or repeated.
const LONGEST_PART: usize = 32;

/// One change of an input. Places are parts of its length, whatever that is by then.
#[derive(Debug, Clone)]
enum Change {
    Set(Index, u8),
    Flip(Index, u8),
    Cut(Index, usize),
    Repeat(Index, usize),
    /// Puts a part of another input in.
    Insert(Index, Vec<u8>, Index, usize),
    /// The rest becomes another input's.
    Cross(Index, Vec<u8>, Index),
}

impl Change {
    fn apply(self, input: &mut Vec<u8>) {
        let place = |at: Index, input: &[u8]| at.index(input.len() + 1);
        let part = |at: Index, length: usize, input: &[u8]| {
            let start = place(at, input);
            start..input.len().min(start + length)
        };
        match self {
            Self::Set(..) | Self::Flip(..) if input.is_empty() => {}
            Self::Set(at, byte) => *at.get_mut(input) = byte,
            Self::Flip(at, bit) => *at.get_mut(input) ^= 1 << bit,
            Self::Cut(at, length) => drop(input.drain(part(at, length, input))),
            Self::Repeat(at, length) => {
                let part = part(at, length, input);
                input.splice(part.start..part.start, input[part].to_vec());
            }
            Self::Insert(at, other, from, length) => {
                let at = place(at, input);
                input.splice(at..at, other[part(from, length, &other)].to_vec());
            }
            Self::Cross(at, other, from) => {
                input.truncate(place(at, input));
                input.extend_from_slice(&other[place(from, &other)..]);
            }
        }
    }
}

fn change(corpus: &[Vec<u8>]) -> impl Strategy<Value = Change> + use<> {
    let at = any::<Index>;
    let length = || 1..=LONGEST_PART;
    let other = || select(corpus.to_vec());
    prop_oneof![
        (at(), any::<u8>()).prop_map(|(at, byte)| Change::Set(at, byte)),
        (at(), 0..8_u8).prop_map(|(at, bit)| Change::Flip(at, bit)),
        (at(), length()).prop_map(|(at, length)| Change::Cut(at, length)),
        (at(), length()).prop_map(|(at, length)| Change::Repeat(at, length)),
        (at(), other(), at(), length())
            .prop_map(|(at, other, from, length)| { Change::Insert(at, other, from, length) }),
        (at(), other(), at()).prop_map(|(at, other, from)| Change::Cross(at, other, from)),
    ]
}

struct Input(Vec<u8>);

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "b\"{}\"", self.0.escape_ascii())
    }
}

/// Tries each input of the target's corpus as it is, and then `count` changed ones, the same in each run.
fn try_all(target: &str, count: u32, holds: fn(&[u8])) {
    // Other tests look for their secrets in what is logged; here any text may be an id, and so logged.
    let _silent = tracing::subscriber::set_default(NoSubscriber::default());
    let corpus = corpus(target);
    for input in &corpus {
        holds(input);
    }
    let count = std::env::var("FUZZ_COUNT").map_or(count, |count| count.parse().expect("a number"));
    let config = Config {
        cases: count,
        failure_persistence: None,
        ..Config::default()
    };
    let changed =
        (select(corpus.clone()), vec(change(&corpus), 1..5)).prop_map(|(mut input, changes)| {
            changes
                .into_iter()
                .for_each(|change| change.apply(&mut input));
            Input(input)
        });
    let mut runner =
        TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let outcome = runner.run(&changed, |Input(input)| {
        holds(&input);
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}

/// In the order of their names, so that each run is the same.
fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(target);
    let mut files: Vec<_> = folder
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    assert!(
        files.len() >= 20,
        "{} has {} inputs",
        folder.display(),
        files.len()
    );
    files
        .iter()
        .map(|file| std::fs::read(file).unwrap())
        .collect()
}

#[test]
fn any_body_is_read_and_judged_as_by_a_second_reader() {
    try_all("body", 2_000, targets::body::holds);
}

#[test]
fn any_header_value_is_a_token_or_none_as_by_a_second_reader() {
    try_all("token", 5_000, targets::token::holds);
}

#[test]
fn any_event_is_answered_by_the_contract() {
    try_all("event", 1_000, targets::event::holds);
}

#[test]
fn any_stored_item_is_shown_as_stored_or_is_500() {
    try_all("item", 1_000, targets::item::holds);
}

#[test]
fn any_json_survives_as_an_attribute() {
    try_all("attribute", 5_000, targets::attribute::holds);
}
