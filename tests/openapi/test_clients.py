"""Clients: the Python ones that OpenAPI Generator and openapi-python-client make of openapi.yaml, and those in
examples/calling/ against conflicts and faults."""

import json
import os
import subprocess
import sys
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import openapi_client
import pytest
from conftest import API, HEADERS, put
from openapi_python_client_package import AuthenticatedClient, models
from openapi_python_client_package.api.customers import update_customer

PATH = "/customers/638df9e713920facde1a1cfa"
ID = PATH.rpartition("/")[2]
TOKEN = HEADERS["accessToken"]
JOHN = {"firstName": "John", "lastName": "Doe", "email": "john@aximcommerce.com"}
SAMPLE = json.loads(os.environ["SAMPLE"])


@pytest.fixture
def client(proxy):
    configuration = openapi_client.Configuration(host=proxy.url, api_key={"accessToken": TOKEN})
    with openapi_client.ApiClient(configuration) as client:
        yield openapi_client.CustomersApi(client)


@pytest.mark.parametrize("fields", [JOHN, JOHN | {"notes": ""}, SAMPLE], ids=["required", "one more", "all"])
def test_only_what_was_set_is_sent(proxy, client, fields):
    updated = client.update_customer(ID, openapi_client.CustomerUpdate.from_dict(fields))
    sent = proxy.requests(PATH)[-1]
    assert json.loads(sent.body) == fields
    assert not {"If-Match", "If-None-Match"} & sent.headers.keys()
    shown = updated.data.to_dict()
    assert {name: shown[name] for name in fields} == fields


def test_the_version_makes_an_update_conditional(client):
    first = client.update_customer_with_http_info(ID, openapi_client.CustomerUpdate.from_dict(SAMPLE))
    version = first.headers["x-customer-version"]
    changed = openapi_client.CustomerUpdate.from_dict(JOHN | {"notes": f"after {version}"})
    assert client.update_customer(ID, changed, if_match=version).data.notes == f"after {version}"

    stale = openapi_client.CustomerUpdate.from_dict(JOHN | {"notes": "stale"})
    with pytest.raises(openapi_client.ApiException) as conflict:
        client.update_customer(ID, stale, if_match=version)
    assert conflict.value.status == 412
    assert conflict.value.data.code == "version_conflict"
    assert conflict.value.data.data.notes == f"after {version}"
    assert int(json.loads(conflict.value.headers["X-Customer-Version"])) == int(json.loads(version)) + 1


def test_field_errors_are_read(client):
    invalid = openapi_client.CustomerUpdate.from_dict(JOHN | {"status": "\u202e"})
    with pytest.raises(openapi_client.ApiException) as rejected:
        client.update_customer(ID, invalid)
    error = rejected.value.data
    assert (rejected.value.status, error.success, error.code) == (400, False, "invalid_request")
    assert error.request_id
    assert [(field.pointer, field.code) for field in error.errors] == [("/status", "invalid_characters")]
    assert error.errors[0].message == error.message


def test_openapi_python_client_reads_a_conflict():
    client = AuthenticatedClient(API, TOKEN, prefix="", auth_header_name="accessToken")
    body = models.CustomerUpdate.from_dict(JOHN | {"notes": "from openapi-python-client"})
    updated = update_customer.sync_detailed(ID, client=client, body=body)
    assert isinstance(updated.parsed, models.Updated)
    assert updated.parsed.data.notes == "from openapi-python-client"

    body.notes = "stale"
    conflict = update_customer.sync_detailed(ID, client=client, body=body, if_match='"0"')
    assert isinstance(conflict.parsed, models.VersionConflict)
    assert conflict.parsed.data.notes == "from openapi-python-client"


# The clients in examples/calling/. All of them run at once, because they wait to retry.

# The command that starts a client. Each of them adds a line with its name to the notes.
CLIENTS = {
    "Python": [sys.executable, str(Path(__file__).parents[2] / "examples/calling/calling.py")],
    "TypeScript": ["node", os.environ["CALLING_TYPESCRIPT"]],
    "Rust": [os.environ["CALLING_RUST"]],
}
DIGITS = "12345678901234567890123456789012345678"


def dynamodb(operation, **request):
    headers = {
        "Content-Type": "application/x-amz-json-1.0",
        "X-Amz-Target": f"DynamoDB_20120810.{operation}",
        "Authorization": "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/dynamodb/aws4_request, "
        "SignedHeaders=host, Signature=a",
        "X-Amz-Date": "20260101T000000Z",
    }
    body = json.dumps({"TableName": "customers"} | request).encode()
    with urllib.request.urlopen(urllib.request.Request(os.environ["DYNAMODB"], body, headers)) as response:
        return json.load(response)


def another_writer(path):
    body = JOHN | {"notes": "from another writer", "status": "vip"}
    assert put(path, HEADERS, json.dumps(body).encode())[0] == 200


def forward(_, forward):
    return forward()


def conflict(path, forward):
    another_writer(path)
    return forward()


def lost(_, forward):
    forward()


def lost_and_conflict(path, forward):
    forward()
    another_writer(path)


def status(code, text='{"message": "from the gateway"}'):
    body = text.encode()
    return lambda *_: (code, [("Content-Length", str(len(body)))], body)


# What happens to the client's requests in order, the stored notes, and how many requests the client sends. {} is what
# it adds. The first request reads, the second one writes.
SCENARIOS = {
    "no-fault": ([], "before\n{}", 2),
    "conflict": ([forward, conflict], "from another writer\n{}", 3),
    "conflicts": ([forward, conflict, forward, conflict], "from another writer\n{}", 3),
    "lost-response": ([forward, lost], "before\n{}", 3),
    "lost-response-then-conflict": ([forward, lost_and_conflict], "from another writer\n{}", 4),
    "throttled": ([status(429), status(503), status(500)], "before\n{}", 5),
    "always-unavailable": ([status(503, "<h1>Service Unavailable</h1>")] * 9, None, 5),
    "blocked": ([status(403, "<h1>Forbidden</h1>")], None, 1),
    "invalid": ([forward, status(400)], None, 2),
}


def run(client, scenario, proxy):
    customer_id = f"{client}/{scenario} é"
    path = f"/customers/{customer_id}"
    item = {
        **{name: {"S": value} for name, value in JOHN.items()},
        "id": {"S": customer_id},
        "notes": {"S": "before"},
        "metaFields": {"L": [{"M": {"code": {"S": "other"}, "value": {"N": DIGITS}}}]},
        "version": {"N": "6"},
    }
    dynamodb("PutItem", Item=item)
    proxy.faults[path] = list(SCENARIOS[scenario][0])
    environment = {**os.environ, "URL": proxy.url}
    command = [*CLIENTS[client], customer_id]
    result = subprocess.run(command, env=environment, text=True, capture_output=True, timeout=120)
    return path, customer_id, result


@pytest.fixture(scope="module")
def results(proxy):
    cases = [(client, scenario) for client in CLIENTS for scenario in SCENARIOS]
    with ThreadPoolExecutor(len(cases)) as pool:
        return dict(zip(cases, pool.map(lambda case: run(*case, proxy), cases)))


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("client", CLIENTS)
def test_client(client, scenario, results, proxy):
    path, customer_id, result = results[client, scenario]
    _, notes, requests = SCENARIOS[scenario]
    stored = dynamodb("GetItem", Key={"id": {"S": customer_id}})["Item"]
    if notes is None:
        assert result.returncode != 0, result.stdout
        assert "Traceback" not in result.stderr
        assert stored["notes"]["S"] == "before"
    else:
        assert result.returncode == 0, result.stderr
        expected = notes.format(f"from {client}")
        assert stored["notes"]["S"] == expected
        assert expected in result.stdout
        # Nothing of another writer is lost.
        assert "another writer" not in notes or stored["status"]["S"] == "vip"
    assert stored["metaFields"]["L"][0]["M"]["value"]["N"] == DIGITS
    sent = proxy.requests(path)
    assert len(sent) == requests
    if scenario in ("throttled", "always-unavailable"):
        # A timer may fire a little early, and a busy machine delays a request by up to a second.
        waits = [int(after.time - before.time + 0.1) for before, after in zip(sent, sent[1:])]
        assert waits[:4] == [1, 2, 4, 8][: 3 if scenario == "throttled" else 4] + [0] * (scenario == "throttled")
