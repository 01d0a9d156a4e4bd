import json, os, urllib.error, urllib.parse, urllib.request

def update_customer(customer_id, fields, version=None):
    url = os.environ.get("URL", "http://127.0.0.1:9000") + "/customers/" + urllib.parse.quote(customer_id, safe="")
    headers = {"accessToken": "demo-token-that-may-write", "Content-Type": "application/json"}
    if version:
        headers["If-Match"] = version
    request = urllib.request.Request(url, json.dumps(fields).encode(), headers, method="PUT")
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, response.headers["X-Customer-Version"], json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, error.headers["X-Customer-Version"], json.load(error)

john = {"firstName": "John", "lastName": "Doe", "email": "john@aximcommerce.com"}
status, version, body = update_customer("638df9e713920facde1a1cfa", john)
status, version, body = update_customer("638df9e713920facde1a1cfa", body["data"] | {"notes": "from Python"}, version)
print(status, version, body["data"]["notes"])
