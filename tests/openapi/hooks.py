"""The rules of request bodies that openapi.yaml has only in words, for schemathesis."""

import re
from decimal import Decimal

import schemathesis

# What no line may contain beyond ASCII.
FORBIDDEN = re.compile(r"[\u0080-\u009F\u2028-\u202E]")
# Characters beyond ASCII that no reader can see.
INVISIBLE = re.compile(
    "[\u00A0\u00AD\u034F\u061C\u115F\u1160\u1680\u17B4\u17B5\u180B-\u180F\u2000-\u200F\u202F\u205F-\u206F\u2800\u3000"
    "\u3164\uFE00-\uFE0F\uFEFF\uFFA0\uFFF0-\uFFF8\U0001BCA0-\U0001BCA3\U0001D173-\U0001D17A\U000E0000-\U000E0FFF]"
)
NOT_ASCII = re.compile(r"[^\x00-\x7F]")


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """Adds what the function accepts although no client should send it."""
    schemas = raw_schema["components"]["schemas"]
    for member in schemas["CustomerUpdate"]["properties"].values():
        if member.get("description", "").startswith("Read-only"):
            member.clear()
    members = schemas["AddressUpdate"]["properties"]
    for name, member in members.items():
        referenced = schemas[member["$ref"].rpartition("/")[2]] if "$ref" in member else member
        members[name] = {**referenced, "nullable": True}


@schemathesis.hook
def map_body(context, body):
    """Replaces what the patterns cannot tell from valid characters. Most random values would break these rules."""
    if not isinstance(body, dict):
        return body
    addresses = [entry for entry in entries(body, "address") if isinstance(entry, dict)]
    meta_fields = [entry for entry in entries(body, "metaFields") if isinstance(entry, dict)]
    for place in [body, *addresses]:
        for name in place:
            replace(place, name, FORBIDDEN, "\u00f6")
        replace(place, "phoneNumber", NOT_ASCII, "\u0664")
    for place, name in [(body, "firstName"), (body, "lastName"), *((entry, "code") for entry in meta_fields)]:
        replace(place, name, FORBIDDEN, "\u00f6")
        replace(place, name, INVISIBLE, "\u00f6")
    replace(body, "email", NOT_ASCII, "\u00f6")
    replace(body, "email", re.compile(r"\.[0-9]+$"), ".example")
    for address in addresses:
        replace(address, "country", re.compile("^[A-Z]{2}$"), "US")
    for address in addresses[1:]:
        if address.get("isDefaultAddress") is True:
            address["isDefaultAddress"] = False
    return body


def entries(body, name):
    return body[name] if isinstance(body.get(name), list) else []


def replace(place, name, pattern, character):
    if isinstance(place.get(name), str):
        place[name] = pattern.sub(character, place[name])


@schemathesis.hook
def filter_case(context, case):
    """Skips cases that do not test the OpenAPI document."""
    # HTTP forbids control characters in a header, so a server may reject the request before the function gets it.
    if any(ord(character) < 32 for value in case.headers.values() for character in str(value)):
        return False
    valid = case.meta is not None and case.meta.generation.mode.is_positive
    return not (valid and isinstance(case.body, dict) and rule_in_words(case.body))


def rule_in_words(body):
    """Returns the rule that `body` breaks although it matches the schema, or None."""
    local_part, _, domain = body["email"].rpartition("@")
    # JSON Schema counts characters; these limits count bytes, in a domain those of the ASCII form.
    if len(body["email"].encode()) > 254 or len(local_part.encode()) > 64:
        return "an email address with too many bytes"
    labels = [label if label.isascii() else "xn--" + label.encode("punycode").decode() for label in domain.split(".")]
    if len(".".join(labels)) > 253 or any(len(label) > 63 for label in labels):
        return "a domain with too many bytes"
    if any(label.lower().startswith("xn--") for label in domain.split(".")):
        return "a domain label that may be invalid Punycode"
    if any(all(member is None for member in address.values()) for address in body.get("address", [])):
        return "an address of null members"
    meta_fields = body.get("metaFields", [])
    if len({meta_field["code"] for meta_field in meta_fields}) < len(meta_fields):
        return "a repeated code"
    for meta_field in meta_fields:
        if levels(meta_field["value"]) > 30:
            return "a value of more than 30 levels"
        if "" in keys(meta_field["value"]):
            return "an empty key"
        if any(not is_storable(number) for number in numbers(meta_field["value"])):
            return "a number that DynamoDB cannot store"
    return None


def children(value):
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def levels(value):
    return 1 + max(map(levels, children(value)), default=1) if isinstance(value, (dict, list)) else 1


def keys(value):
    if isinstance(value, dict):
        yield from value
    for child in children(value):
        yield from keys(child)


def numbers(value):
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        yield value
    for child in children(value):
        yield from numbers(child)


def is_storable(number):
    """Whether the number has at most 38 significant digits in the notation in which it is sent, and fits in size."""
    exact = Decimal(repr(number))
    digits = "".join(map(str, exact.as_tuple().digits)).strip("0")
    return len(digits) <= 38 and (exact == 0 or Decimal("1e-130") <= abs(exact) < Decimal("1e126"))
