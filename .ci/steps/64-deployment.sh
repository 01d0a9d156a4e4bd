#!/usr/bin/env bash
# A day and a night with the stack on MiniStack, an emulator of AWS, by the command blocks of docs/OPERATIONS.md.
#
# It does not show what the emulator lacks: gradual deployments, alarms on an expression, throttling, CORS, the access
# log, and the language of log queries.
source "$(dirname "$0")/../lib.sh"

# In environments of their own, because each needs another version of botocore. MiniStack needs `aws-sam-translator` for
# SAM templates and `cryptography` for AUTH=true. The commands of this AWS CLI are those of version 2.
python_environment ministack-venv ministack==1.5.33 'boto3<1.44' botocore==1.43.106 aws-sam-translator==1.115.0 \
  cryptography==50.0.2
python_environment awscli-venv awscli==1.46.3
# This architecture, because the emulator runs the function as a process.
sam_build --parameter-overrides Architecture=x86_64
build_program ops
export OPS="$program" SAM="$cache/template-venv/bin/sam" AWS_CLI="$cache/awscli-venv/bin/aws" SAM_CLI_TELEMETRY=0
# The commit that the program logs at each start, as build.rs finds it.
sources=(build.rs Cargo.lock Cargo.toml rust-toolchain.toml src)
COMMIT="$(git rev-list -1 HEAD -- "${sources[@]}")$(git diff --quiet HEAD -- "${sources[@]}" || echo -dirty)"
export COMMIT

port="$(free_ports 1)"
# The key `test` is the emulator's administrator. The emulator gives its own endpoint and log format to the function.
unset AWS_PROFILE AWS_SESSION_TOKEN
export AWS_ENDPOINT_URL="http://127.0.0.1:$port" AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1
export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_LAMBDA_LOG_FORMAT=JSON
# With AUTH, the function has only the permissions of its role.
env BIND_HOST=127.0.0.1 GATEWAY_PORT="$port" AUTH=true IOT_MTLS_ENABLED=0 SFTP_ENABLED=0 TMPDIR="$work" \
  "$cache/ministack-venv/bin/ministack" > "$work/ministack" 2>&1 &
curl --silent --fail --output "$work/health" --retry 60 --retry-delay 1 --retry-connrefused \
  "$AWS_ENDPOINT_URL/_ministack/health" || { cat "$work/ministack"; fail 'the emulator does not start'; }

PYTHONDONTWRITEBYTECODE=1 "$cache/ministack-venv/bin/python" tests/deployment/rehearse.py \
  || { tail -n 50 "$work/ministack"; fail 'the rehearsal'; }
