#!/usr/bin/env bash
# The working tree has no change and no untracked file: no step left one behind.
source "$(dirname "$0")/../lib.sh"

git diff --exit-code
[[ -z "$(git status --porcelain)" ]] || { git status --short; fail 'the working tree is not clean'; }
