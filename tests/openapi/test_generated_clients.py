"""The Python clients that OpenAPI Generator and openapi-python-client make of openapi.yaml."""

import json
import os

import openapi_client
import pytest
from conftest import API
from openapi_python_client_package import AuthenticatedClient, models
from openapi_python_client_package.api.customers import update_customer

PATH = "/customers/638df9e713920facde1a1cfa"
ID = PATH.rpartition("/")[2]
TOKEN = "demo-token-that-may-write"
JOHN = {"firstName": "John", "lastName": "Doe", "email": "john@aximcommerce.com"}

with open(os.environ["SAMPLE"], encoding="utf-8") as file:
    SAMPLE = json.load(file)


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
