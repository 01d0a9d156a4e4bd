"""The examples of openapi.yaml are what the API sends and accepts."""

import json

import pytest
from conftest import put
from test_document import DOCUMENT, OPERATION

PATH = "/customers/638df9e713920facde1a1cfa"
HEADERS = {"accessToken": "demo-token-that-may-write", "Content-Type": "application/json"}
REQUESTS = {
    name: example["value"]
    for name, example in OPERATION["requestBody"]["content"]["application/json"]["examples"].items()
}
SAMPLE = json.dumps(REQUESTS["sample"])


def documented(status, name=None):
    content = OPERATION["responses"][status]["content"]["application/json"]
    return content["examples"][name]["value"] if name else content["example"]


def sent(body, path=PATH, headers=HEADERS):
    status, _, body = put(path, headers, body.encode())
    return str(status), json.loads(body)


def changing(body):
    """What differs each time."""
    body.pop("requestId", None)
    body.get("data", {}).pop("updatedAt", None)
    return body


@pytest.mark.parametrize("name", REQUESTS)
def test_request_is_accepted(name):
    assert sent(json.dumps(REQUESTS[name]))[0] == "200"


@pytest.mark.parametrize(
    ("status", "name", "request_"),
    [
        ("200", "sample", {"body": SAMPLE}),
        ("400", "fields", {"body": '{"firstName": "John", "emial": "john@aximcommerce.com"}'}),
        ("400", "syntax", {"body": '{\n  "firstName": "John",\n}'}),
        ("401", None, {"body": SAMPLE, "headers": HEADERS | {"accessToken": "unknown"}}),
        ("404", None, {"body": SAMPLE, "path": "/customers/nobody"}),
    ],
)
def test_response_is_the_documented_one(status, name, request_):
    assert (status, changing(documented(status, name))) == (status, changing(sent(**request_)[1]))


def test_conflict_is_the_documented_one():
    status, conflict = sent(json.dumps(REQUESTS["edit"] | {"notes": "stale"}), headers=HEADERS | {"If-Match": '"0"'})
    assert status == "412"
    properties = DOCUMENT["components"]["schemas"]["VersionConflict"]["properties"]
    for name in ["success", "message", "code"]:
        assert conflict[name] == properties[name]["example"]
