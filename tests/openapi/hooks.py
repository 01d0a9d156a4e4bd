"""The rules of request bodies that JSON Schema cannot express, for schemathesis."""

import re
from decimal import Decimal

import schemathesis


# Default_Ignorable_Code_Point.
IGNORABLE_ABOVE_FFFF = re.compile("[\U0001BCA0-\U0001BCA3\U0001D173-\U0001D17A\U000E0000-\U000E0FFF]")


@schemathesis.hook
def filter_case(context, case):
    """Skips cases that do not test the OpenAPI document; sends all others unchanged."""
    # HTTP forbids control characters in a header, so a server may reject the request before the function gets it.
    if any(ord(character) < 32 for value in case.headers.values() for character in str(value)):
        return False
    valid = case.meta is not None and case.meta.generation.mode.is_positive
    return not (valid and isinstance(case.body, dict) and rule_outside_schema(case.body))


def rule_outside_schema(body):
    """Returns the rule that `body` breaks although it matches the schema, or None."""
    email = body.get("email")
    if isinstance(email, str):
        # JSON Schema counts characters; these limits count bytes of UTF-8.
        if len(email.encode()) > 254 or len(email.rpartition("@")[0].encode()) > 64:
            return "an email address with too many bytes"
        if any(len(label.encode()) > 63 for label in email.rpartition("@")[2].split(".")):
            return "a domain label with too many bytes"
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
    return 1 + max(map(levels, children(value)), default=0)


def numbers(value):
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        yield value
    for child in children(value):
        yield from numbers(child)


def digits(number):
    """Counts the significant digits in the notation in which the number is sent."""
    mantissa = re.sub("[eE].*", "", repr(number))
    return len("".join(map(str, Decimal(mantissa).as_tuple().digits)).strip("0"))
