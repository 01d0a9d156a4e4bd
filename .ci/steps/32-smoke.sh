#!/usr/bin/env bash
# The smoke test against the local example.
source "$(dirname "$0")/../lib.sh"

start_local_example
build_program smoke
# Gives the customer the values below.
URL="$api" bash examples/calling/calling.sh > /dev/null
"$program" --url "$api" --token demo-token-that-may-write --customer "$customer" \
  --first-name John --last-name Doe --email john@aximcommerce.com
