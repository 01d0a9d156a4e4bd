# Sets one field, whoever wrote before. curl waits 1, 2, 4 and 8 seconds between the retries.
curl --fail-with-body --silent --show-error --max-time 35 --retry 4 -X PUT \
  "${URL:-http://127.0.0.1:9000}/customers/${1:-638df9e713920facde1a1cfa}" \
  -H "accessToken: ${ACCESS_TOKEN:-demo-token-that-may-write}" -H 'Content-Type: application/json' \
  -d '{"firstName": "John", "lastName": "Doe", "email": "john@aximcommerce.com", "notes": "from curl"}'
