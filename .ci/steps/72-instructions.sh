#!/usr/bin/env bash
# The processor instructions of warm calls, compared with docs/benchmark-instructions.md, and those of the most
# expensive request bodies, held to a limit.
source "$(dirname "$0")/../lib.sh"

system_program valgrind
cargo bench --locked -p benches --bench instructions -- --check > "$work/output" \
  || { cat "$work/output"; fail 'a request takes too many instructions'; }
cat "$work/output"
[[ $(grep -c '^ok: ' "$work/output") -eq 2 ]] || fail 'no request was measured'
