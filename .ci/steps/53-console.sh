#!/usr/bin/env bash
# The local example's console in a browser: every button, accessibility, and what other web pages may not do.
source "$(dirname "$0")/../lib.sh"

console=examples/local/console
documented '![The console in a browser](docs/console.png)' README.md
npm_packages "$console"
system_program chromium
start_local_example
# A browser that hangs must not hang the step.
URL="$api" DYNAMODB_URL="$dynamodb_url" node --test --test-timeout=300000 "$console/tests/console.test.mjs"
