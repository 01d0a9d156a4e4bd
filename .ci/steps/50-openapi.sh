#!/usr/bin/env bash
# openapi.yaml: the linter, a generated client, and the Postman collection made from it.
source "$(dirname "$0")/../lib.sh"

npm_packages
start_local_example
cd tests/openapi
npx redocly lint --config redocly.yaml ../../openapi.yaml
npx openapi-typescript ../../openapi.yaml --output build/api.d.ts
npx tsc
node build/client.js "$api"
node postman.mjs "$work/postman.json"
cmp "$work/postman.json" ../../docs/postman.json || fail 'docs/postman.json differs from the output of postman.mjs'
URL="$api" node --test postman.test.mjs
