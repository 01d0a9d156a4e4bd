#!/usr/bin/env bash
# rustdoc without warnings, such as broken links; Markdown without broken tables and links, and without lines over 120
# columns (.rumdl.toml).
source "$(dirname "$0")/../lib.sh"

RUSTDOCFLAGS='-D warnings' cargo doc --locked --workspace --no-deps --document-private-items
python_environment docs-venv rumdl==0.3.0
"$cache/docs-venv/bin/rumdl" check --no-cache .
