#!/usr/bin/env bash
# template.yaml: SAM, cfn-lint, checkov, and tests of the resources that it creates.
source "$(dirname "$0")/../lib.sh"

template_environment
# In an environment of its own, because it needs another version of boto3.
python_environment checkov-venv checkov==3.3.30
export SAM_CLI_TELEMETRY=0
"$cache/template-venv/bin/sam" validate --lint
"$cache/template-venv/bin/cfn-lint" template.yaml
"$cache/checkov-venv/bin/checkov" --framework cloudformation --skip-download --compact --quiet -f template.yaml
PYTHONDONTWRITEBYTECODE=1 "$cache/template-venv/bin/pytest" -q -p no:cacheprovider tests/template
