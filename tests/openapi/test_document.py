"""What openapi.yaml must have and must not have, so that every tool reads it."""

import json
import os
import re
import subprocess

import pytest
import re2
import yaml

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
