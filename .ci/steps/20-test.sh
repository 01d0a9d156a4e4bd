#!/usr/bin/env bash
# The tests: the README's command, then the packages that it leaves out. For `fuzz`, these are the seeds of its targets.
source "$(dirname "$0")/../lib.sh"

documented 'cargo test' README.md
# The long runs: three hundred simulated schedules, and bodies of the full size.
FULL_TESTS=1 cargo test
cargo test --locked -p baselines -p ops -p testkit -p update-customer-fuzz
