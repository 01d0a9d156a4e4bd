#!/usr/bin/env bash
# The tests: the README's command, then the packages that it leaves out.
source "$(dirname "$0")/../lib.sh"

in_readme 'cargo test'
cargo test
cargo test --locked -p baselines -p calling -p ops -p testkit
# The fuzz targets themselves need nightly; their inputs do not.
cargo test --locked -p update-customer-fuzz --lib --tests
