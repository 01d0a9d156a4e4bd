#!/usr/bin/env bash
# The local example's console in a browser: every button, accessibility, and the README's picture of it.
source "$(dirname "$0")/../lib.sh"

in_readme '![The console in a browser](docs/console.png)'
npm_packages
system_program chromium
start_local_example
cd tests/openapi
# A browser that hangs must not hang the step.
URL="$api" node --test --test-timeout=120000 console.test.mjs
URL="$api" node console-screenshot.mjs "$work/console.png" ../../docs/console.png
