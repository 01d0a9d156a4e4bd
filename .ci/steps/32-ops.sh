#!/usr/bin/env bash
# The operator's tool on the local example: a customer, the smoke test, and the life cycle of a token.
source "$(dirname "$0")/../lib.sh"

# Without the cache of grants a revocation takes effect at once.
export ACCESS_TOKEN_CACHE_SECONDS=0
start_local_example
build_program ops
ops() {
  AWS_ENDPOINT_URL_DYNAMODB="$dynamodb_url" AWS_REGION=us-east-1 AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local \
    "$program" "$@"
}
stored() { ops customer --table customers get "$1"; }
smoke() { ACCESS_TOKEN="$1" ops smoke --url "$api" --table customers "${@:2}"; }

echo '{"firstName": "John", "lastName": "Doe", "email": "john@example.com"}' | ops customer --table customers put desk
before="$(stored desk)"
token="$(ops token --table access-tokens issue --subject erp --expires-in 90d)"
smoke "$token" --customer desk
[[ "$(stored desk)" == "$before" ]] || fail 'the smoke test changed the customer'
smoke "$token" --write
ops table --table customers check

ops token --table access-tokens list
ops token --table access-tokens revoke <<< "$token"
if smoke "$token" --customer desk > "$work/revoked"; then fail 'a revoked token still works'; fi
grep -q '401, code "token_invalid"' "$work/revoked" \
  || { cat "$work/revoked"; fail 'a revoked token does not get 401 token_invalid'; }
echo 'ok  401 after the revocation'
