#!/usr/bin/env bash
# The client examples against the local example.
source "$(dirname "$0")/../lib.sh"

start_local_example
build_program calling
export URL="$api"

[[ "$(bash examples/calling/calling.sh)" == *'"notes":"from curl"'* ]] || fail 'examples/calling/calling.sh'
echo 'ok  curl'
[[ "$(python3 examples/calling/calling.py)" == '200 '*'from Python' ]] || fail 'examples/calling/calling.py'
echo 'ok  Python'
[[ "$("$program")" == '200 '*'"from Rust"' ]] || fail 'examples/calling/main.rs'
echo 'ok  Rust'

npm_packages
cd tests/openapi
mkdir -p build
cp ../../examples/calling/calling.ts build/calling.mts
npx tsc --strict --noUncheckedIndexedAccess --target es2022 --module nodenext --types node --outDir build \
  build/calling.mts
[[ "$(node build/calling.mjs)" == '200 '*'from TypeScript' ]] || fail 'examples/calling/calling.ts'
echo 'ok  TypeScript'
