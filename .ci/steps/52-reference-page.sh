#!/usr/bin/env bash
# The reference page (docs/api.html) in a browser, served by the local example.
source "$(dirname "$0")/../lib.sh"

npm_packages
system_program chromium
start_local_example
cd tests/openapi
node page/build.mjs "$work/api.html"
cmp "$work/api.html" ../../docs/api.html || fail 'docs/api.html differs from the output of page/build.mjs'
URL="$api/docs" node --test page.test.mjs
