#!/usr/bin/env bash
# The benchmarks. The one of programs runs once, with its checks of statuses and calls, because times need a quiet
# machine. Instructions of warm calls and of the most expensive bodies are held to the limits in the benchmark.
source "$(dirname "$0")/../lib.sh"

# Without `--bench`, each program runs once.
cargo test --locked -p benches --bench programs
system_program valgrind
# The runner must have the version of the library.
cargo_tool gungraun-runner "$(sed -n '/^name = "gungraun"$/ { n; s/.*"\(.*\)"/\1/p }' Cargo.lock)"
cargo bench --locked -p benches --bench instructions
