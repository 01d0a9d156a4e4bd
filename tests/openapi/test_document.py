"""What openapi.yaml must have and must not have, so that every tool reads it; and its examples, which the API must send
and accept."""

import json
import os
import re
import subprocess

import pytest
import re2
import yaml
from conftest import HEADERS, put

with open(os.environ["OPENAPI"], encoding="utf-8") as file:
    DOCUMENT = yaml.safe_load(file)
(OPERATION,) = DOCUMENT["paths"]["/customers/{customer_id}"].values()
# A generator stops at these, reads them as something else, or makes a client that sends null or rejects a response.
UNREADABLE = {"nullable", "const", "contains", "if", "not", "allOf", "anyOf", "oneOf", "format"}


def schemas(node):
    """All schemas below a node of the document, references followed."""
    if isinstance(node, list):
        for child in node:
            yield from schemas(child)
    elif isinstance(node, dict):
        if "$ref" in node:
            *_, kind, name = node["$ref"].split("/")
            yield from schemas(DOCUMENT["components"][kind][name])
            return
        if "schema" in node:
            yield from schemas_of(node["schema"])
        for name, child in node.items():
            if name not in ("schema", "example", "examples"):
                yield from schemas(child)


def schemas_of(schema):
    if "$ref" in schema:
        schema = DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    yield schema
    for child in [*schema.get("properties", {}).values(), *filter(None, [schema.get("items")])]:
        yield from schemas_of(child)


REQUEST = list(schemas([OPERATION["parameters"], OPERATION["requestBody"]]))
RESPONSES = list(schemas(OPERATION["responses"]))
PATTERNS = sorted({schema["pattern"] for schema in REQUEST + RESPONSES if "pattern" in schema})


@pytest.mark.parametrize(("of", "open_"), [(REQUEST, False), (RESPONSES, True)], ids=["request", "responses"])
def test_responses_are_open_and_requests_closed(of, open_):
    """A client must accept a further member of a response, and a misspelt member of a request is an error."""
    objects = [schema for schema in of if "properties" in schema]
    assert objects
    for schema in objects:
        assert schema.get("additionalProperties") is open_, schema


def test_every_keyword_is_one_that_generators_read():
    for schema in REQUEST + RESPONSES:
        assert not UNREADABLE & schema.keys(), schema
        assert isinstance(schema.get("type", ""), str), schema
        assert "enum" not in schema or schema["type"] == "string" and len(schema["enum"]) == 1, schema


def run(*command):
    found = subprocess.run(command, input="", text=True, capture_output=True)
    # `grep` ends with 1 when nothing matches.
    assert found.returncode in (0, 1) and not found.stderr, found.stderr


@pytest.mark.parametrize("pattern", PATTERNS)
def test_pattern_compiles_in_each_engine(pattern):
    # Beyond ASCII, some engines count bytes and others characters.
    assert pattern.isascii()
    re.compile(pattern)
    re2.compile(pattern)
    run("grep", "--perl-regexp", "--regexp", pattern)  # PCRE2
    for flags in ("", "u"):
        run("node", "--eval", f"new RegExp({json.dumps(pattern)}, {json.dumps(flags)})")


PATH = "/customers/638df9e713920facde1a1cfa"
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
