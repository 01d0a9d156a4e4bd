#!/usr/bin/env bash
# The local example's pages in a browser: every button of the console, accessibility, what other web pages may not do,
# and the API reference.
source "$(dirname "$0")/../lib.sh"

documented '![The console in a browser](docs/console.png)' README.md
npm_packages tests
system_program chromium
start_local_example
# A browser that hangs must not hang the step.
URL="$api" DYNAMODB_URL="$dynamodb_url" node --test --test-timeout=300000 tests/browser.test.mjs
