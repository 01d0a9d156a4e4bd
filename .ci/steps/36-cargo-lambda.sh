#!/usr/bin/env bash
# The function under `cargo lambda watch`: the local example's curl lines and every event in events/.
source "$(dirname "$0")/../lib.sh"

cargo_lambda
cargo lambda --version
start_local_example
cargo build --locked --bin update-customer

# The printed command, with a free port. The documents have it without `--env-var`, which the example adds for another
# DynamoDB port than the default.
printed="$(grep '^cargo lambda watch' "$example_output")"
documented "${printed%% --env-var*}" ./*.md docs/*.md
port="$(free_ports 1)"
read -ra command <<< "${printed/-P 9001/-P $port}"
"${command[@]}" > "$work/watch" 2>&1 &
wait_for_line "$work/watch" 'starting Runtime server' $!

run_curl_lines "http://127.0.0.1:$port"
for event in events/*.json; do
  # Each event expects the sample customer at its first version.
  curl -sSf -X POST "$api/console/restore"
  cargo lambda invoke -A 127.0.0.1 -P "$port" --data-file "$event" update-customer > "$work/response" \
    || { cat "$work/response"; fail "cargo lambda invoke $event"; }
  status="$(python3 -c 'import json, sys; print(json.load(sys.stdin)["statusCode"])' < "$work/response")"
  [[ "$event" == *"-$status.json" ]] || { cat "$work/response"; fail "$event: got status $status"; }
  echo "ok  $event"
done
