#!/usr/bin/env bash
# Formatting, and the lints of the compiler and Clippy, of all packages and targets. Their levels are in Cargo.toml.
source "$(dirname "$0")/../lib.sh"

cargo fmt --all --check
cargo clippy --locked --workspace --all-targets -- -D warnings
