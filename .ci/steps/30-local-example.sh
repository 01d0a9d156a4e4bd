#!/usr/bin/env bash
# The local example: its curl lines, its log, a port that is in use, and a clean stop with Ctrl-C.
source "$(dirname "$0")/../lib.sh"

in_readme 'cargo run --example local'
start_local_example

run_curl_lines "$api"
logged="$(grep -c 'customer updated\|request rejected' "$example_output" || true)"
[[ $logged -eq 4 ]] || { cat "$example_output"; fail "expected 4 log lines for 4 requests, found $logged"; }

if "$CARGO_TARGET_DIR/debug/examples/local" --port "$api_port" > "$work/second" 2>&1; then
  fail 'two local examples listen on one port'
fi
grep -q "127.0.0.1:$api_port: .*--port" "$work/second" \
  || { cat "$work/second"; fail 'a port in use gives no clear error'; }
echo 'ok  a port in use is a clear error'

stop "$example_pid" || fail "the local example ended with status $?"
tail -n 1 "$example_output" | grep -q '^Stopping' \
  || { cat "$example_output"; fail 'the last line of the local example is not that it stops'; }
echo 'ok  Ctrl-C stops it'
