curl --fail-with-body --silent --show-error -X PUT \
  "${URL:-http://127.0.0.1:9000}/customers/638df9e713920facde1a1cfa" \
  -H 'accessToken: demo-token-that-may-write' -H 'Content-Type: application/json' \
  -d '{"firstName": "John", "lastName": "Doe", "email": "john@aximcommerce.com", "notes": "from curl"}'
