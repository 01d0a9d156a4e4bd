#!/usr/bin/env bash
# Sends requests that openapi.yaml allows and rejects to a server with the sample customer and token, and
# checks every response against the document: tests/openapi/schemathesis.sh http://127.0.0.1:9000
#
# Expects schemathesis (requirements.txt) on the PATH. Every check is on; schemathesis.toml says which
# statuses are right, and hooks.py which rules no JSON Schema can state. Three checks find nothing to do:
# use_after_free and ensure_resource_availability need an operation that deletes and one that creates,
# object_level_authorization needs one that reads.
set -euo pipefail

here="$(cd "$(dirname "$0")" && pwd)"
url="${1:?give the URL of the API, such as http://127.0.0.1:9000}"
export ACCESS_TOKEN="${ACCESS_TOKEN:-demo-token-that-may-write}"
export SCHEMATHESIS_HOOKS="$here/hooks.py" PYTHONDONTWRITEBYTECODE=1

# It leaves a cache where it runs.
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"

# One run for each kind: in a run for both, an invalid header takes the place of the valid one in most of
# the cases that should be valid, and few are left.
for mode in positive negative; do
  schemathesis --config-file "$here/schemathesis.toml" run "$here/../../openapi.yaml" --url "$url" \
    --checks all --mode "$mode" --max-examples 400 --seed 4 --continue-on-failure
done
