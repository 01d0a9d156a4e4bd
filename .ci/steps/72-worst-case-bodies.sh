#!/usr/bin/env bash
# The processor instructions that the most expensive request bodies take, held to a limit.
source "$(dirname "$0")/../lib.sh"

system_program valgrind
cargo bench --locked -p benches --bench worst_case_bodies -- --dry-run > "$work/output" \
  || { cat "$work/output"; fail 'a body takes too many instructions'; }
cat "$work/output"
grep -q '^ok: ' "$work/output" || fail 'no body was measured'
