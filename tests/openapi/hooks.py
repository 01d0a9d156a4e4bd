"""The rules of request bodies that JSON Schema cannot express, for schemathesis."""

import re
from decimal import Decimal

import schemathesis

# The characters outside ASCII that the pattern of `email` allows.
EMAIL_CHARACTER = re.compile(
    r"[^\u0000-\u00A0\u00AD\u034F\u061C\u115F\u1160\u1680\u17B4\u17B5\u180B-\u180F\u2000-\u200F"
    r"\u2028-\u202F\u205F-\u206F\u2800\u3000\u3164\uE000-\uF8FF\uFE00-\uFE0F\uFEFF\uFFA0\uFFF0-\uFFF8\uFFFD]"
)
# The characters outside ASCII that the pattern of `phoneNumber` allows as a digit, and those between digits only.
PHONE_DIGIT = re.compile(r"[^\u0000-\u065F\u2000-\u206F\u3000-\u303F]")
PHONE_PUNCTUATION = re.compile(r"[\u00A0\u058A-\u065F\u2000-\u206F\u3000-\u303F]")
# Default_Ignorable_Code_Point.
IGNORABLE_ABOVE_FFFF = re.compile("[\U0001BCA0-\U0001BCA3\U0001D173-\U0001D17A\U000E0000-\U000E0FFF]")


@schemathesis.hook
def map_body(context, body):
    """Replaces characters outside ASCII by valid ones that the schema's patterns do not tell from them.

    The rules for email addresses and phone numbers depend on the properties of these characters, which the patterns
    cannot express. Most random characters would break the rules.
    """
    if isinstance(body, dict):
        replace(body, "email", EMAIL_CHARACTER, "\u00f6")
        addresses = body.get("address")
        for place in [body, *(addresses if isinstance(addresses, list) else [])]:
            if isinstance(place, dict):
                replace(place, "phoneNumber", PHONE_DIGIT, "\u0664")
                replace(place, "phoneNumber", PHONE_PUNCTUATION, "\u00a0")
    return body


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
    return not (valid and isinstance(case.body, dict) and rule_outside_schema(case.body))


def rule_outside_schema(body):
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
    if re.search("[\u200C\u200D]", domain):
        return "a joiner that may be in the wrong place"
    meta_fields = body.get("metaFields") or []
    codes = [meta_field["code"] for meta_field in meta_fields]
    # The schema's pattern lists the invisible characters up to U+FFFF only.
    if any(IGNORABLE_ABOVE_FFFF.search(name) for name in [body["firstName"], body["lastName"], *codes]):
        return "a name that may have no visible character"
    if len(set(codes)) < len(codes):
        return "a repeated code"
    for meta_field in meta_fields:
        if levels(meta_field["value"]) > 30:
            return "a value of more than 30 levels"
        if any(digits(number) > 38 for number in numbers(meta_field["value"])):
            return "a number of more than 38 digits"
    return None


def children(value):
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def levels(value):
    return 1 + max(map(levels, children(value)), default=1) if isinstance(value, (dict, list)) else 1


def numbers(value):
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        yield value
    for child in children(value):
        yield from numbers(child)


def digits(number):
    """Counts the significant digits in the notation in which the number is sent."""
    mantissa = re.sub("[eE].*", "", repr(number))
    return len("".join(map(str, Decimal(mantissa).as_tuple().digits)).strip("0"))
