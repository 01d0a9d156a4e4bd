#!/usr/bin/env bash
# Compiler and Clippy lints of all packages and targets. Their levels are in Cargo.toml.
source "$(dirname "$0")/../lib.sh"

cargo clippy --locked --workspace --all-targets -- -D warnings
