#!/usr/bin/env bash
# The benchmark of programs runs. It checks each status and the number of calls; its times need a quiet machine.
source "$(dirname "$0")/../lib.sh"

# Without `--bench`, each program runs once.
cargo test --locked -p benches --bench programs
