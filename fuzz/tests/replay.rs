//! Runs the committed inputs of every target.

use std::panic::{catch_unwind, resume_unwind};

use update_customer_fuzz::{attribute, body, corpus, event, item, token};

#[test]
fn body_inputs_pass() {
    replay("body", body::check);
}

#[test]
fn token_inputs_pass() {
    replay("token", token::check);
}

#[test]
fn event_inputs_pass() {
    replay("event", event::check);
}

#[test]
fn item_inputs_pass() {
    replay("item", item::check);
}

#[test]
fn attribute_inputs_pass() {
    replay("attribute", attribute::check);
}

fn replay(target: &str, check: fn(&[u8])) {
    let inputs = corpus::inputs(target).unwrap_or_else(|error| panic!("{target}: {error}"));
    assert!(inputs.len() >= 20, "{target} has {} inputs", inputs.len());
    for input in inputs {
        if let Err(panic) = catch_unwind(|| check(&input.data)) {
            eprintln!("input {}: {}", input.name, input.data.escape_ascii());
            resume_unwind(panic);
        }
    }
}
