#!/usr/bin/env bash
# The life cycle of an access token: issue, use, list, revoke, 401.
source "$(dirname "$0")/../lib.sh"

# Without the cache of grants a revocation takes effect at once.
export ACCESS_TOKEN_CACHE_SECONDS=0
start_local_example
build_program access-token
access_token_program="$program"
build_program smoke

access_token() {
  AWS_ENDPOINT_URL_DYNAMODB="$dynamodb_url" AWS_REGION=us-east-1 AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local \
    "$access_token_program" --table access-tokens "$@"
}
token="$(access_token issue --subject erp --expires-in 90d)"
smoke() { "$program" --url "$api" --customer "$customer" --token "$token"; }
smoke
access_token list
hash="$(access_token list | grep ' erp ' | cut -d' ' -f1)"
access_token revoke "$hash"
if smoke > "$work/revoked"; then fail 'a revoked token still works'; fi
grep -q '401, code "token_invalid"' "$work/revoked" \
  || { cat "$work/revoked"; fail 'a revoked token does not get 401 token_invalid'; }
echo 'ok  401 after the revocation'
