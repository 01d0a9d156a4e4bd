#!/usr/bin/env bash
# Licenses, versions and sources of the dependencies (deny.toml).
source "$(dirname "$0")/../lib.sh"

cargo_tool cargo-deny
# Without advisories: they need a network and change without a commit (`cargo deny check advisories`).
cargo fetch --locked
echo 'The function:'
cargo deny --offline --exclude-dev check bans licenses sources
echo 'All packages of the workspace, with dev-dependencies:'
cargo deny --offline --workspace check licenses sources
