"""Evaluates template.yaml as CloudFormation does: SAM transform, conditions, intrinsic functions.

A reference to a resource evaluates to its logical id and an attribute to `Id.Attribute`, so that a test can
check which resource a value refers to. An unsupported intrinsic function raises `NotImplementedError`.
"""

import copy
import os
import re
from pathlib import Path

# The translator uses boto3 only to derive the AWS partition from the region.
os.environ.setdefault("AWS_DEFAULT_REGION", "eu-west-1")

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = yaml_parse((ROOT / "template.yaml").read_text())

PSEUDO_PARAMETERS = {
    "AWS::AccountId": "111122223333",
    "AWS::Partition": "aws",
    "AWS::Region": "eu-west-1",
    "AWS::StackName": "update-customer",
    "AWS::URLSuffix": "amazonaws.com",
}

# What differs from PSEUDO_PARAMETERS in another partition.
PARTITIONS = {
    "aws": {},
    "aws-cn": {"AWS::Partition": "aws-cn", "AWS::Region": "cn-north-1", "AWS::URLSuffix": "amazonaws.com.cn"},
    "aws-us-gov": {"AWS::Partition": "aws-us-gov", "AWS::Region": "us-gov-west-1"},
}

_NO_VALUE = object()
_VARIABLE = re.compile(r"\$\{([^!}][^}]*)\}")


class _NoManagedPolicies:
    def load(self):
        return {}


class Stack:
    """The resources of a deployment with these parameter values; the others have their defaults."""

    def __init__(self, partition="aws", **parameters):
        unknown = parameters.keys() - TEMPLATE["Parameters"].keys()
        assert not unknown, f"the template has no parameter {unknown}"
        self.parameters = {
            name: parameters.get(name, parameter["Default"])
            for name, parameter in TEMPLATE["Parameters"].items()
        }
        self.pseudo_parameters = PSEUDO_PARAMETERS | PARTITIONS[partition]
        template = copy.deepcopy(TEMPLATE)
        # `sam deploy` puts the uploaded archive here; the translator accepts no local path.
        template["Globals"]["Function"]["CodeUri"] = "s3://bucket/key"
        self.transformed = transform(template, self.parameters, _NoManagedPolicies())
        self.conditions = {
            name: self._evaluate(condition)
            for name, condition in self.transformed.get("Conditions", {}).items()
        }
        # What CloudFormation says when it refuses the parameters.
        self.refusals = [
            assertion["AssertDescription"]
            for rule in template["Rules"].values()
            if self._evaluate(rule["RuleCondition"])
            for assertion in rule["Assertions"]
            if not self._evaluate(assertion["Assert"])
        ]
        present = {
            name: resource
            for name, resource in self.transformed["Resources"].items()
            if "Condition" not in resource or self.conditions[resource["Condition"]]
        }
        self._present = present.keys()
        self.resources = {name: self._evaluate(resource) for name, resource in present.items()}
        self.outputs = {
            name: self._evaluate(output["Value"]) for name, output in self.transformed["Outputs"].items()
        }

    def properties(self, logical_id):
        return self.resources[logical_id]["Properties"]

    def of_type(self, type_):
        """The properties of each resource of a type, by logical id."""
        return {
            name: resource.get("Properties", {})
            for name, resource in self.resources.items()
            if resource["Type"] == type_
        }

    def _evaluate(self, value):
        if isinstance(value, list):
            return [item for item in map(self._evaluate, value) if item is not _NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            (name, argument), *_ = value.items()
            if name == "Ref":
                return self._reference(argument)
            if name == "Condition" and isinstance(argument, str) and argument in self.transformed["Conditions"]:
                return self._evaluate(self.transformed["Conditions"][argument])
            if name.startswith("Fn::"):
                return self._function(name, argument)
        members = {key: self._evaluate(member) for key, member in value.items()}
        return {key: member for key, member in members.items() if member is not _NO_VALUE}

    def _function(self, name, argument):
        match name:
            case "Fn::If":
                condition, then, otherwise = argument
                return self._evaluate(then if self.conditions[condition] else otherwise)
            case "Fn::Equals":
                one, other = self._evaluate(argument)
                return str(one) == str(other)
            case "Fn::Not":
                return not self._evaluate(argument)[0]
            case "Fn::Or":
                return any(self._evaluate(argument))
            case "Fn::Contains":
                values, value = self._evaluate(argument)
                return str(value) in values
            case "Fn::Select":
                index, items = self._evaluate(argument)
                return items[index]
            case "Fn::Split":
                separator, text = self._evaluate(argument)
                return text.split(separator)
            case "Fn::Join":
                separator, items = self._evaluate(argument)
                return separator.join(map(str, items))
            case "Fn::GetAtt":
                logical_id, attribute = argument if isinstance(argument, list) else argument.split(".", 1)
                return f"{self._reference(logical_id)}.{attribute}"
            case "Fn::Sub":
                text, variables = argument if isinstance(argument, list) else (argument, {})
                variables = {key: self._evaluate(member) for key, member in variables.items()}
                return _VARIABLE.sub(lambda match: str(self._variable(match[1], variables)), text)
            case _:
                raise NotImplementedError(name)

    def _variable(self, name, variables):
        if name in variables:
            return variables[name]
        logical_id, dot, attribute = name.partition(".")
        return f"{self._reference(logical_id)}{dot}{attribute}"

    def _reference(self, name):
        if name == "AWS::NoValue":
            return _NO_VALUE
        if name in self.pseudo_parameters:
            return self.pseudo_parameters[name]
        if name in self.parameters:
            value = self.parameters[name]
            if TEMPLATE["Parameters"][name]["Type"] == "CommaDelimitedList":
                return [item.strip() for item in value.split(",")]
            return value
        assert name in self._present, f"the template refers to {name}, which is not in the stack"
        return name


def references(value):
    """The names that a transformed value refers to, in all branches of conditions."""
    if isinstance(value, list):
        for item in value:
            yield from references(item)
    elif isinstance(value, dict):
        for key, member in value.items():
            if key == "Ref":
                yield member
            elif key == "Fn::GetAtt":
                yield member[0] if isinstance(member, list) else member.split(".")[0]
            elif key == "DependsOn":
                yield from [member] if isinstance(member, str) else member
            elif key == "Fn::Sub":
                text = member if isinstance(member, str) else member[0]
                yield from (name.split(".")[0] for name in _VARIABLE.findall(text))
                if isinstance(member, list):
                    yield from references(member[1])
            else:
                yield from references(member)
