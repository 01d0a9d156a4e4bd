//! Runs the seeds of each target.

use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

#[test]
fn body_seeds_pass() {
    replay("seeds/body", update_customer_fuzz::body);
}

#[test]
fn event_seeds_pass() {
    replay("../events", update_customer_fuzz::event);
}

#[test]
fn stored_item_seeds_pass() {
    replay("seeds/stored_item", update_customer_fuzz::stored_item);
}

fn replay(folder: &str, check: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let seeds = fs::read_dir(folder).unwrap();
    let seeds: Vec<_> = seeds.map(|seed| seed.unwrap().path()).collect();
    assert!(!seeds.is_empty());
    let fails = |seed: &PathBuf| {
        let data = fs::read(seed).unwrap();
        catch_unwind(|| check(&data)).is_err()
    };
    let failed: Vec<_> = seeds.into_iter().filter(fails).collect();
    assert!(failed.is_empty(), "{failed:#?}");
}
