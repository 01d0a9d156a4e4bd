#!/usr/bin/env bash
# Mutation testing of src/ (.cargo/mutants.toml): one fortieth of the mutants, another one for each commit.
source "$(dirname "$0")/../lib.sh"

cargo_tool cargo-nextest
cargo_tool cargo-mutants
# A change can make a loop endless, which must not take all memory. Kilobytes.
ulimit -v 8000000
shard="$((16#$(git rev-parse --short=6 HEAD) % 40))"
CARGO_TARGET_DIR="$cache/mutants" cargo mutants --package update-customer --no-times --timeout 180 \
  --sharding round-robin --shard "$shard/40"
