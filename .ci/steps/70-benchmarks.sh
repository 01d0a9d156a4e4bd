#!/usr/bin/env bash
# The benchmarks run. Every status and number of calls is checked; the figures need a quiet machine.
source "$(dirname "$0")/../lib.sh"

# In the test profile, which compiles faster than the benchmark's.
cargo test --locked -p benches --bench function -- --quick
cargo test --locked -p benches --bench components -- --test
