#!/usr/bin/env bash
# The local example: its curl lines, its log, a port that is in use, and its end with Ctrl-C.
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

# Interrupts the example so often, and fails unless it ends without an error within a number of seconds.
assert_stops() { # times, seconds
  local start="$SECONDS"
  for (( time = 1; time < $1; time++ )); do
    kill -INT "$example_pid"
    sleep 0.5
  done
  stop "$example_pid" || fail "the local example ended with status $?"
  (( SECONDS - start <= $2 )) || fail "the local example needed more than $2 s to stop"
  tail -n 1 "$example_output" | grep -q '^Stopping' \
    || { cat "$example_output"; fail 'the last line of the local example is not that it stops'; }
  # The next start must not find the lines of this one.
  : > "$example_output"
}

# Sends half a request to each port.
send_half() {
  local half='PUT /customers/1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{'
  exec 8<> "/dev/tcp/127.0.0.1/$api_port" 9<> "/dev/tcp/127.0.0.1/${dynamodb_url##*:}"
  # shellcheck disable=SC2059  # The text has escapes.
  printf "$half" >&8
  printf "$half" >&9
}

assert_stops 1 1
echo 'ok  Ctrl-C stops it'

start_local_example
send_half
assert_stops 1 5
echo 'ok  Ctrl-C stops it while a client has sent half a request'

start_local_example
send_half
assert_stops 2 2
echo 'ok  a second Ctrl-C stops it at once'
