#!/usr/bin/env bash
# The processor instructions of warm calls and of the most expensive bodies, held to the limits in the benchmark.
source "$(dirname "$0")/../lib.sh"

system_program valgrind
# The runner must have the version of the library.
cargo_tool gungraun-runner "$(sed -n '/^name = "gungraun"$/ { n; s/.*"\(.*\)"/\1/p }' Cargo.lock)"
cargo bench --locked -p benches --bench instructions
