#!/usr/bin/env bash
# rustdoc without warnings, such as broken links.
source "$(dirname "$0")/../lib.sh"

RUSTDOCFLAGS='-D warnings' cargo doc --locked --workspace --no-deps --document-private-items
