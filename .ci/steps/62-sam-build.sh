#!/usr/bin/env bash
# `sam build`, and the built program under the tests of the Lambda runtime.
source "$(dirname "$0")/../lib.sh"

in_readme 'sam build && sam deploy'
python_environment template-venv --requirement tests/template/requirements.txt
cargo_lambda
export SAM_CLI_TELEMETRY=0
"$cache/template-venv/bin/sam" build --parameter-overrides Architecture=x86_64
export BOOTSTRAP="$PWD/.aws-sam/build/UpdateCustomerFunction/bootstrap"
cargo test --locked --test update_customer -- lambda_runtime:: cold_start::
