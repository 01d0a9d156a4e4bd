#!/usr/bin/env bash
# Schemathesis: valid and invalid requests generated from openapi.yaml. Every response is checked against the document.
#
# All checks are on. schemathesis.toml has the allowed statuses, hooks.py the rules that JSON Schema cannot express.
# Three checks do not apply to this API: use_after_free and ensure_resource_availability need operations that delete and
# create, object_level_authorization one that reads.
source "$(dirname "$0")/../lib.sh"

python_environment schemathesis-venv schemathesis==4.32.5
start_local_example
export PATH="$cache/schemathesis-venv/bin:$PATH" PYTHONDONTWRITEBYTECODE=1
export ACCESS_TOKEN=demo-token-that-may-write SCHEMATHESIS_HOOKS="$PWD/tests/openapi/hooks.py"
root="$PWD"
# Schemathesis writes a cache into the working directory.
cd "$work"
# One run for each mode. In a combined run, most cases have an invalid header, so few valid cases are left.
for mode in positive negative; do
  schemathesis --config-file "$root/tests/openapi/schemathesis.toml" run "$root/openapi.yaml" --url "$api" \
    --checks all --mode "$mode" --max-examples 400 --seed 4 --continue-on-failure
done
