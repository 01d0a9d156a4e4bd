#!/usr/bin/env bash
# The local example: its curl lines, its log, a port that is in use, the operator's smoke test, and its end with Ctrl-C.
source "$(dirname "$0")/../lib.sh"

documented 'cargo run --example local' README.md
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

build_program ops
ACCESS_TOKEN=demo-token-that-may-write AWS_ENDPOINT_URL_DYNAMODB="$dynamodb_url" AWS_REGION=us-east-1 \
  AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local "$program" smoke --url "$api" --table customers --write

# Presses Ctrl-C so often, and fails unless the example ends without an error within a number of seconds.
assert_stops() { # times, seconds, when
  local start="$SECONDS"
  for (( time = 1; time < $1; time++ )); do
    kill -INT "$example_pid"
    sleep 0.5
  done
  stop "$example_pid" || fail "$3: the local example ended with status $?"
  (( SECONDS - start <= $2 )) || fail "$3: the local example needed more than $2 s to stop"
  tail -n 1 "$example_output" | grep -q '^Stopping' \
    || { cat "$example_output"; fail "$3: the last line of the local example is not that it stops"; }
  echo "ok  Ctrl-C stops it $3"
}

# Starts the example, and sends half a request to each port.
start_with_half_a_request() {
  # The next start must not find the lines of the last one.
  : > "$example_output"
  start_local_example
  local half='PUT /customers/1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{'
  exec 8<> "/dev/tcp/127.0.0.1/$api_port" 9<> "/dev/tcp/127.0.0.1/${dynamodb_url##*:}"
  printf '%b' "$half" >&8
  printf '%b' "$half" >&9
}

assert_stops 1 1 'at once'
start_with_half_a_request
assert_stops 1 5 'while a client has sent half a request'
start_with_half_a_request
assert_stops 2 2 'when pressed twice, although a client has sent half a request'
