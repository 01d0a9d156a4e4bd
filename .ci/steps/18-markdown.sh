#!/usr/bin/env bash
# Markdown: broken tables and links, and lines over 120 columns (.rumdl.toml).
source "$(dirname "$0")/../lib.sh"

python_environment docs-venv rumdl==0.3.0
"$cache/docs-venv/bin/rumdl" check --no-cache .
