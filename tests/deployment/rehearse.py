"""Deploys the built stack on an emulator of AWS, calls it, changes it, breaks it and deletes it.

The emulator enforces the permissions of the function's role. `.ci/run deployment` starts it, builds the function,
and sets the variables that the AWS CLI reads, and these:

- `SAM`, `OPS`: the two programs
- `COMMIT`: the commit that the function was built from
"""

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import boto3
from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).resolve().parents[2]
BUILT = ROOT / ".aws-sam/build/template.yaml"
CUSTOMER = "638df9e713920facde1a1cfa"
REQUIRED = {"firstName": "John", "lastName": "Doe", "email": "john@aximcommerce.com"}

cloudformation, dynamodb, iam, aws_lambda, logs = map(
    boto3.client, ["cloudformation", "dynamodb", "iam", "lambda", "logs"]
)


def check(what, actual, expected):
    if actual != expected:
        sys.exit(f"FAILED: {what}: {actual!r} instead of {expected!r}")
    print(f"ok  {what}", flush=True)


# The template without what the emulator lacks


def template_for_emulator():
    """The built template without CodeDeploy and without the alarm on an expression."""
    template = yaml_parse(BUILT.read_text())
    resources = template["Resources"]
    function = resources["UpdateCustomerFunction"]["Properties"]
    function["CodeUri"] = str(BUILT.parent / function["CodeUri"])
    # Each `pop` fails if the part is not there any more.
    function.pop("DeploymentPreference")
    assert "Metrics" in resources.pop("ServerErrorRateAlarm")["Properties"]
    # Its line in the dashboard.
    body = resources["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    text = body[0].replace('"${ServerErrorRateAlarm.Arn}",', "")
    assert text != body[0]
    body[0] = text
    return json.dumps(template)


# The tools


def run(*command, stdin=""):
    result = subprocess.run(command, cwd=ROOT, input=stdin, capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"FAILED: {' '.join(command)}\n{result.stdout}{result.stderr}")
    return result.stdout.strip()


def sam(command, stack, *arguments):
    config = ROOT / "samconfig.toml"
    return run(os.environ["SAM"], command, "--config-file", str(config), "--stack-name", stack, *arguments)


def ops(stack, *arguments, stdin=""):
    return run(os.environ["OPS"], "--stack", stack.name, *arguments, stdin=stdin)


class Stack:
    """A deployed stack, and its outputs."""

    def __init__(self, name, template):
        self.name = name
        self.template = template

        self.outputs = {}

    def deploy(self, **parameters):
        overrides = [f"{name}={value}" for name, value in parameters.items()]
        sam("deploy", self.name, "--template-file", self.template, "--parameter-overrides", *overrides)
        (described,) = cloudformation.describe_stacks(StackName=self.name)["Stacks"]
        self.outputs = {output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]}

    def url(self):
        api = self.outputs["Url"].removeprefix("https://").split(".")[0]
        return f"{os.environ['AWS_ENDPOINT_URL']}/_aws/execute-api/{api}/$default"

    def update(self, token, customer=CUSTOMER, if_match=None):
        """The status and the body of a request through the API."""
        url = f"{self.url()}/customers/{customer}"
        headers = {"Content-Type": "application/json"}
        if token:
            headers["accessToken"] = token
        if if_match:
            headers["If-Match"] = if_match
        request = urllib.request.Request(url, json.dumps(REQUIRED).encode(), headers, method="PUT")
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def status(self, *arguments, **options):
        return self.update(*arguments, **options)[0]

    def versions(self):
        name = self.outputs["FunctionName"]
        versions = aws_lambda.list_versions_by_function(FunctionName=name)["Versions"]
        return [version["Version"] for version in versions if version["Version"] != "$LATEST"]

    def live(self):
        """The configuration of the version that the alias selects."""
        return aws_lambda.get_function_configuration(FunctionName=self.outputs["FunctionName"], Qualifier="live")

    def log_lines(self):
        """The JSON lines of the function's log, the oldest first."""
        group = f"/aws/lambda/{self.name}"
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group)
        messages = [event["message"] for page in pages for event in page["events"]]
        lines = [line for message in messages for line in message.splitlines()]
        return [json.loads(line) for line in lines if line.startswith("{")]

    def logged(self, **fields):
        """Whether a line with these fields is logged within 10 seconds."""
        for _ in range(100):
            if any(fields.items() <= line.items() for line in self.log_lines()):
                return True
            time.sleep(0.1)
        return False


# The rehearsal


def check_responses(stack, token):
    check("404 for an unknown customer", stack.status(token, customer="unknown"), 404)
    check("401 without a token", stack.status(None), 401)
    check("401 for an unknown token", stack.status("unknown"), 401)
    check("412 for another version", stack.status(token, if_match='"99"'), 412)
    status, body = stack.update(token, if_match='"0"')
    check("200 for an update", (status, body["data"]["firstName"]), (200, "John"))


def check_permission(stack, token, action, cause):
    """Takes a permission away, which the log must name, and gives it back."""
    role = stack.outputs["FunctionRoleArn"].split("/")[-1]
    (policy,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
    rest = [statement for statement in document["Statement"] if statement["Action"] != action]
    assert len(rest) == len(document["Statement"]) - 1, f"no statement of the role allows {action}"
    put = lambda document: iam.put_role_policy(
        RoleName=role, PolicyName=policy, PolicyDocument=json.dumps(document)
    )
    put(document | {"Statement": rest})
    check(f"500 without {action}", stack.status(token), 500)
    found = [line["cause"] for line in stack.log_lines() if line.get("status") == 500 and action in line["cause"]]
    check(f"the log names {action}", [line.split(":")[0] for line in found], [cause])
    put(document)
    check(f"200 with {action}", stack.status(token), 200)


def check_roll_back(stack, token, version):
    """The fast way of docs/OPERATIONS.md: the alias selects an earlier version, and then the newest one again."""
    newest = stack.live()["Version"]
    for wanted in [version, newest]:
        aws_lambda.update_alias(
            FunctionName=stack.outputs["FunctionName"], Name="live", FunctionVersion=wanted, RoutingConfig={}
        )
        check(f"version {wanted} is live", stack.live()["Version"], wanted)
        check(f"200 from version {wanted}", stack.status(token), 200)


def stored_version(table):
    return dynamodb.get_item(TableName=table, Key={"id": {"S": CUSTOMER}})["Item"]["version"]["N"]


def check_move(stack, token):
    """The sequence of docs/OPERATIONS.md that moves a live stack to another table. Returns both tables."""
    old, new = stack.outputs["CustomersTable"], "restored-customers"
    attributes = [{"AttributeName": "id", "AttributeType": "S"}]
    key = [{"AttributeName": "id", "KeyType": "HASH"}]
    dynamodb.create_table(
        TableName=new, AttributeDefinitions=attributes, KeySchema=key, BillingMode="PAY_PER_REQUEST"
    )
    name = stack.outputs["FunctionName"]
    # The emulator serves requests all the same.
    aws_lambda.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    item = dynamodb.get_item(TableName=old, Key={"id": {"S": CUSTOMER}})["Item"]
    dynamodb.put_item(TableName=new, Item=item)
    stack.deploy(ExistingCustomersTable=new, DeploymentPreference="AllAtOnce")
    aws_lambda.delete_function_concurrency(FunctionName=name)
    check("200 on the new table", stack.status(token), 200)
    stack.deploy(DeploymentPreference="Canary10Percent10Minutes")
    check("200 after the undo of AllAtOnce", stack.status(token), 200)
    moved = [int(stored_version(table)) - int(item["version"]["N"]) for table in [old, new]]
    check("only the new table has the two updates", moved, [0, 2])
    check("the old table stays", old in dynamodb.list_tables()["TableNames"], True)
    return {old, new}


def rehearse(stack, second):
    stack.deploy(Architecture="x86_64")
    # Other values than those of the updates: with equal ones, a stale version is no conflict.
    ops(stack, "customer", "put", CUSTOMER, stdin=json.dumps(REQUIRED | {"firstName": "Jon"}))
    token = ops(stack, "token", "issue", "--subject", "rehearsal", "--expires-in", "1h")
    check_responses(stack, token)
    check("the log has the update", stack.logged(status=200, subject="rehearsal", version=1), True)
    smoke = ops(stack, "smoke", "--url", stack.url(), "--customer", CUSTOMER, "--write", stdin=token)
    check("the smoke test", smoke.splitlines()[-1], "all 11 checks passed")
    customer = json.loads(ops(stack, "customer", "get", CUSTOMER))
    check("the smoke test did not change the customer", customer["version"], 1)
    report = ops(stack, "table", "check")
    check("the table check", report.splitlines()[0].split(" in ")[0], "1 customers")
    commit = os.environ["COMMIT"]
    check(f"the log names commit {commit}", stack.logged(commit=commit, functionVersion="1"), True)

    stack.deploy(MemorySize=512)
    live = stack.live()
    check("a new memory size is live", (live["Version"], live["MemorySize"]), ("2", 512))
    check("the version before it stays", stack.versions(), ["1", "2"])
    stack.deploy(AccessTokenCacheSeconds=0)
    live = stack.live()
    cache = live["Environment"]["Variables"]["ACCESS_TOKEN_CACHE_SECONDS"]
    check("a new cache time is live", (live["Version"], live["MemorySize"], cache), ("3", 512, "0"))
    check("the versions before it stay", stack.versions(), ["1", "2", "3"])
    check("200 from the new version", stack.status(token), 200)
    check_roll_back(stack, token, "2")

    check_permission(stack, token, "dynamodb:UpdateItem", "UpdateItem on the customers table")
    check_permission(stack, token, "dynamodb:GetItem", "GetItem on the access tokens table")

    customers = check_move(stack, token)
    tables = {name: stack.outputs[name] for name in ["CustomersTable", "AccessTokensTable"]}
    second.deploy(Architecture="x86_64", **{f"Existing{name}": table for name, table in tables.items()})
    check("the second stack names the same tables", tables.items() <= second.outputs.items(), True)
    check("the second stack updates the same customer", second.status(token), 200)

    ops(stack, "token", "revoke", stdin=token)
    check("401 for a revoked token", stack.status(token), 401)

    for deployed in [second, stack]:
        sam("delete", deployed.name, "--no-prompts")
    stacks = cloudformation.list_stacks()["StackSummaries"]
    left = {stack["StackName"] for stack in stacks if stack["StackStatus"] != "DELETE_COMPLETE"}
    check("both stacks are deleted", left & {stack.name, second.name}, set())
    kept = customers | set(tables.values())
    check("the tables stay", kept <= set(dynamodb.list_tables()["TableNames"]), True)


with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "template.json"
    path.write_text(template_for_emulator())
    first = Stack("update-customer", str(path))
    try:
        rehearse(first, Stack("second", str(path)))
    except BaseException:
        print("The function's log:", *first.log_lines(), sep="\n", flush=True)
        raise
