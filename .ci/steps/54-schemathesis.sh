#!/usr/bin/env bash
# Schemathesis: valid and invalid requests generated from openapi.yaml.
source "$(dirname "$0")/../lib.sh"

python_environment api-venv --requirement tests/openapi/requirements.txt
start_local_example
PATH="$cache/api-venv/bin:$PATH" tests/openapi/schemathesis.sh "$api"
