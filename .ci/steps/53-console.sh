#!/usr/bin/env bash
# The local example's console in a browser: every button, accessibility, and what other web pages may not do.
source "$(dirname "$0")/../lib.sh"

tests=examples/local/console/tests
in_readme '![The console in a browser](docs/console.png)'
npm_packages "$tests"
system_program chromium
start_local_example
# A browser that hangs must not hang the step.
URL="$api" node --test --test-timeout=120000 "$tests/console.test.mjs"
