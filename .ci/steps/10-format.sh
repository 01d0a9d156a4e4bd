#!/usr/bin/env bash
# Formatting of all packages.
source "$(dirname "$0")/../lib.sh"

cargo fmt --all --check
