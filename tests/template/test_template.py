"""Checks the stack that `sam deploy` would create from template.yaml.

`tests/update_customer/process/template.rs` compares the template with the constants of the Rust code.

`.ci/run template` installs what it needs and runs it, without an AWS account.
"""

import itertools
import json
import re
import tomllib
from collections import Counter
from graphlib import TopologicalSorter

import pytest

from stack import PARTITIONS, ROOT, TEMPLATE, Stack, references

EXISTING_CUSTOMERS = {"ExistingCustomersTable": "crm.customers"}
EXISTING_TOKENS = {"ExistingAccessTokensTable": "crm.tokens"}
EXISTING = EXISTING_CUSTOMERS | EXISTING_TOKENS
PROVIDER = "arn:aws:lambda:eu-west-1:111122223333:capacity-provider:crm"
ON_INSTANCES = {"CapacityProviderArn": PROVIDER, "MemorySize": 2048}
EMAIL = "on-call@example.com"
TOPIC = "arn:aws:sns:eu-west-1:111122223333:alarms"
ORIGINS = ["https://admin.example.com", "http://localhost:5173"]
ARN_PREFIX = "arn:aws:dynamodb:eu-west-1:111122223333:table/"
ROLL_BACK = {"ServerErrorRateAlarm", "FunctionErrorsAlarm", "SlowRequestsAlarm"}
OTHER_VALUES = EXISTING | {
    "MemorySize": 4096,
    "AccessTokenCacheSeconds": 0,
    "ApplicationLogLevel": "DEBUG",
    "SystemLogLevel": "INFO",
    "Tracing": "Active",
}
RUNBOOK = (ROOT / "docs/OPERATIONS.md").read_text()
SETTINGS = tomllib.loads((ROOT / "samconfig.toml").read_text())

# Every combination of the parameters that decide a condition.
VARIANTS = [
    dict(itertools.chain.from_iterable(choice.items() for choice in choices))
    for choices in itertools.product(
        ({}, EXISTING_CUSTOMERS),
        ({}, EXISTING_TOKENS),
        ({}, {"CorsAllowedOrigins": ",".join(ORIGINS)}),
        ({}, {"AlarmTopicArn": TOPIC, "AlarmEmail": EMAIL}),
        ({}, {"ReservedConcurrency": 5}, ON_INSTANCES),
        ({}, {"DeploymentPreference": "AllAtOnce"}),
        ({}, {"Tracing": "Active", "NoTrafficSeconds": 3600}),
    )
]


def name_of(value):
    return ",".join(value) or "defaults" if isinstance(value, dict) else None


def only_match(pattern, text):
    """The single match of a pattern; fails if there is none or more than one."""
    matches = re.findall(pattern, text)
    assert len(matches) == 1, f"{pattern} matches {len(matches)} times"
    return matches[0]


@pytest.fixture(scope="session")
def stack():
    return Stack()


# The whole stack


@pytest.mark.parametrize("parameters", VARIANTS, ids=name_of)
def test_every_variant_is_accepted_and_refers_only_to_its_resources(parameters):
    assert Stack(**parameters).refusals == []


def test_dependencies_have_no_cycle(stack):
    # CloudFormation detects a cycle only during deployment. An alias's update policy is part of it.
    resources = stack.transformed["Resources"]
    graph = {name: set(references(resource)) & resources.keys() for name, resource in resources.items()}
    TopologicalSorter(graph).prepare()


@pytest.mark.parametrize("parameters", [{}, ON_INSTANCES], ids=name_of)
def test_stack_has_exactly_these_resources(parameters):
    types = Counter(resource["Type"] for resource in Stack(**parameters).resources.values())
    assert types == {
        "AWS::ApiGatewayV2::Api": 1,
        "AWS::ApiGatewayV2::Integration": 1,
        "AWS::ApiGatewayV2::Route": 1,
        "AWS::ApiGatewayV2::Stage": 1,
        "AWS::CloudWatch::Alarm": 8,
        "AWS::CloudWatch::Dashboard": 1,
        "AWS::CodeDeploy::Application": 1,
        "AWS::CodeDeploy::DeploymentGroup": 1,
        "AWS::DynamoDB::Table": 2,
        "AWS::IAM::Role": 2,
        "AWS::Lambda::Alias": 1,
        "AWS::Lambda::Function": 1,
        "AWS::Lambda::Permission": 1,
        "AWS::Lambda::Version": 1,
        "AWS::Logs::LogGroup": 2,
        "AWS::Logs::MetricFilter": 2,
    }


def table(key):
    return {
        "KeySchema": [{"AttributeName": key, "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": key, "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
        "DeletionProtectionEnabled": True,
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
        "SSESpecification": {"SSEEnabled": True},
    }


TTL = {"TimeToLiveSpecification": {"AttributeName": "expiresAt", "Enabled": True}}
API = {"Name": "update-customer", "Description": "PUT /customers/{customer_id}", "ProtocolType": "HTTP"}
CORS = {
    "AllowOrigins": ORIGINS,
    "AllowMethods": ["PUT"],
    "AllowHeaders": ["accesstoken", "content-type", "if-match", "if-none-match"],
    "ExposeHeaders": ["x-customer-version", "www-authenticate", "x-amzn-remapped-www-authenticate", "retry-after"],
    "MaxAge": 3600,
}
log = lambda folder: {"LogGroupName": f"/aws/{folder}/update-customer", "RetentionInDays": 30}


def counted(pattern, metric, **rest):
    name = {"MetricNamespace": "UpdateCustomer/update-customer", "MetricName": metric}
    transformation = name | {"MetricValue": "1", "Unit": "Count"} | rest
    return {"LogGroupName": "FunctionLogGroup", "FilterPattern": pattern, "MetricTransformations": [transformation]}


OUTCOMES = counted('{ $.outcome = "*" }', "Requests", Dimensions=[{"Key": "outcome", "Value": "$.outcome"}])


@pytest.mark.parametrize(
    "parameters, resource, properties",
    [
        # No other source of routes: no OpenAPI definition and no quick-create target.
        ({}, "Api", API),
        ({"CorsAllowedOrigins": ", ".join(ORIGINS)}, "Api", API | {"CorsConfiguration": CORS}),
        # Without explicit names, and without the deletion of customers.
        ({}, "CustomersTable", table("id")),
        ({}, "AccessTokensTable", table("tokenHash") | TTL),
        ({"LogRetentionDays": 30}, "FunctionLogGroup", log("lambda")),
        ({"LogRetentionDays": 30}, "AccessLogGroup", log("vendedlogs/apis")),
        ({}, "OutcomeMetric", OUTCOMES),
        ({}, "UnauthorizedMetric", counted("{ $.status = 401 }", "Unauthorized", DefaultValue=0)),
    ],
)
def test_resource_has_exactly_these_properties(parameters, resource, properties):
    assert Stack(**parameters).properties(resource) == properties


def test_throttling_follows_the_parameters():
    limits = {"ThrottlingRateLimit": 7, "ThrottlingBurstLimit": 11}
    settings = Stack(**limits).properties("Stage")["DefaultRouteSettings"]
    assert settings == limits | {"DetailedMetricsEnabled": False}


# Permissions


def permissions(role):
    """The pairs of action and resource that a role allows."""
    allowed = set()
    for policy in role["Policies"]:
        for statement in policy["PolicyDocument"]["Statement"]:
            assert statement.keys() == {"Sid", "Effect", "Action", "Resource"}
            assert statement["Effect"] == "Allow"
            as_list = lambda value: value if isinstance(value, list) else [value]
            allowed |= set(itertools.product(as_list(statement["Action"]), as_list(statement["Resource"])))
    return allowed


# The parameters, and the names of both tables.
TABLES = [
    ({}, "CustomersTable", "AccessTokensTable"),
    (EXISTING, "crm.customers", "crm.tokens"),
    (EXISTING_CUSTOMERS, "crm.customers", "AccessTokensTable"),
    (EXISTING_TOKENS, "CustomersTable", "crm.tokens"),
]


@pytest.mark.parametrize("parameters, customers, tokens", TABLES, ids=name_of)
def test_function_has_exactly_these_permissions(parameters, customers, tokens):
    arn = lambda table: ARN_PREFIX + table if "crm" in table else f"{table}.Arn"
    role = Stack(**parameters).properties("UpdateCustomerRole")
    assert permissions(role) == {
        ("dynamodb:UpdateItem", arn(customers)),
        ("dynamodb:GetItem", arn(tokens)),
        ("logs:CreateLogStream", "FunctionLogGroup.Arn"),
        ("logs:PutLogEvents", "FunctionLogGroup.Arn"),
    }
    traces = permissions(Stack(Tracing="Active", **parameters).properties("UpdateCustomerRole")) - permissions(role)
    assert traces == {("xray:PutTraceSegments", "*"), ("xray:PutTelemetryRecords", "*")}
    assert role.keys() == {"Description", "AssumeRolePolicyDocument", "Policies"}


def test_only_lambda_and_codedeploy_may_assume_a_role(stack):
    roles = stack.of_type("AWS::IAM::Role")
    assert roles.keys() == {"UpdateCustomerRole", "CodeDeployServiceRole"}
    (function,) = roles["UpdateCustomerRole"]["AssumeRolePolicyDocument"]["Statement"]
    service = {"Service": "lambda.amazonaws.com"}
    assert function == {"Effect": "Allow", "Principal": service, "Action": "sts:AssumeRole"}
    (codedeploy,) = roles["CodeDeployServiceRole"]["AssumeRolePolicyDocument"]["Statement"]
    assert codedeploy["Principal"] == {"Service": ["codedeploy.amazonaws.com"]}
    # A role with an explicit name requires CAPABILITY_NAMED_IAM.
    assert not any("RoleName" in role for role in roles.values())


def test_address_is_subscribed_to_a_topic_that_only_cloudwatch_of_this_account_notifies():
    stack = Stack(AlarmEmail=EMAIL)
    topic, key = stack.properties("AlarmTopic"), stack.properties("AlarmTopicKey")
    assert topic["Subscription"] == [{"Protocol": "email", "Endpoint": EMAIL}]
    assert (topic["KmsMasterKeyId"], key["EnableKeyRotation"]) == ("AlarmTopicKey", True)
    assert not {name for name in Stack().resources if name.startswith("AlarmTopic")}
    cloudwatch = {
        "Sid": "PublishAlarms",
        "Effect": "Allow",
        "Principal": {"Service": "cloudwatch.amazonaws.com"},
        "Condition": {"StringEquals": {"aws:SourceAccount": "111122223333"}},
    }
    assert stack.properties("AlarmTopicPolicy")["Topics"] == ["AlarmTopic"]
    (statement,) = stack.properties("AlarmTopicPolicy")["PolicyDocument"]["Statement"]
    assert statement == cloudwatch | {"Action": "sns:Publish", "Resource": "AlarmTopic"}
    administer, statement = key["KeyPolicy"]["Statement"]
    assert administer["Principal"] == {"AWS": "arn:aws:iam::111122223333:root"}
    assert statement == cloudwatch | {"Action": ["kms:Decrypt", "kms:GenerateDataKey*"], "Resource": "*"}


# The API


# None is text of a caller (a header, a path, a body), and none is a message, which may contain a quote.
ACCESS_LOG_VALUES = """
    requestId integration.requestId requestTimeEpoch identity.sourceIp routeKey status integration.status
    integration.integrationStatus responseLength responseLatency integration.latency error.responseType
"""


def test_access_log_is_one_json_line(stack):
    settings = stack.properties("Stage")["AccessLogSettings"]
    assert settings["DestinationArn"] == "AccessLogGroup.Arn"
    assert "\n" not in settings["Format"]
    # Each value is quoted, because API Gateway writes a dash for an absent one.
    assert set(json.loads(settings["Format"]).values()) == {f"$context.{name}" for name in ACCESS_LOG_VALUES.split()}


# The function, on demand and on instances of a capacity provider


FUNCTIONS = pytest.mark.parametrize(
    "function, parameters",
    [("UpdateCustomerFunction", {}), ("UpdateCustomerFunctionOnInstances", ON_INSTANCES)],
    ids=["on demand", "on instances"],
)


@FUNCTIONS
def test_api_invokes_the_alias_and_only_its_route_may(function, parameters):
    stack = Stack(**parameters)
    (route,) = stack.of_type("AWS::ApiGatewayV2::Route").values()
    assert route["RouteKey"] == "PUT /customers/{customer_id}"
    assert route["Target"] == "integrations/UpdateCustomerIntegration"
    integration = stack.properties("UpdateCustomerIntegration")
    assert integration["IntegrationType"] == "AWS_PROXY"
    assert integration["IntegrationUri"] == f"{function}Aliaslive"
    assert integration["PayloadFormatVersion"] == "2.0"
    (alias,) = stack.of_type("AWS::Lambda::Alias").values()
    assert (alias["Name"], alias["FunctionName"]) == ("live", function)
    (permission,) = stack.of_type("AWS::Lambda::Permission").values()
    assert permission == {
        "FunctionName": f"{function}Aliaslive",
        "Action": "lambda:InvokeFunction",
        "Principal": "apigateway.amazonaws.com",
        "SourceArn": "arn:aws:execute-api:eu-west-1:111122223333:Api/*/PUT/customers/*",
    }
    assert stack.resources["UpdateCustomerIntegration"]["DependsOn"] == "ApiPermission"


@FUNCTIONS
def test_function_follows_the_parameters(function, parameters):
    followed = Stack(**parameters | OTHER_VALUES | {"Architecture": "x86_64"}).properties(function)
    logging = {"LogFormat": "JSON", "ApplicationLogLevel": "DEBUG", "SystemLogLevel": "INFO"}
    expected = {
        "Architectures": ["x86_64"],
        "Handler": "bootstrap",
        "LoggingConfig": logging | {"LogGroup": "FunctionLogGroup"},
        "MemorySize": 4096,
        "Role": "UpdateCustomerRole.Arn",
        "Runtime": "provided.al2023",
        "TracingConfig": {"Mode": "Active"},
    }
    assert followed | expected == followed
    assert followed["Environment"]["Variables"]["ACCESS_TOKEN_CACHE_SECONDS"] == 0


@pytest.mark.parametrize("parameters, customers, tokens", TABLES, ids=name_of)
def test_tables_are_named_and_only_missing_ones_created(parameters, customers, tokens):
    stack = Stack(**parameters)
    variables = stack.properties("UpdateCustomerFunction")["Environment"]["Variables"]
    assert (variables.pop("CUSTOMERS_TABLE"), variables.pop("ACCESS_TOKENS_TABLE")) == (customers, tokens)
    assert variables == {"ACCESS_TOKEN_CACHE_SECONDS": 60}
    assert (stack.outputs["CustomersTable"], stack.outputs["AccessTokensTable"]) == (customers, tokens)
    created = stack.of_type("AWS::DynamoDB::Table")
    assert created.keys() == {customers, tokens} - {"crm.customers", "crm.tokens"}
    for table in created:
        assert stack.resources[table]["DeletionPolicy"] == stack.resources[table]["UpdateReplacePolicy"] == "Retain"


def test_defaults_run_the_function_on_demand(stack):
    function = stack.properties("UpdateCustomerFunction")
    assert (function["Architectures"], function["MemorySize"]) == (["arm64"], 256)
    assert function["TracingConfig"] == {"Mode": "PassThrough"}
    assert not {"ReservedConcurrentExecutions", "CapacityProviderConfig", "VpcConfig"} & function.keys()
    # Zero is a value of its own: it stops the function.
    for reserved in (0, 5):
        function = Stack(ReservedConcurrency=reserved).properties("UpdateCustomerFunction")
        assert function["ReservedConcurrentExecutions"] == reserved


def test_capacity_provider_runs_the_function():
    function = Stack(**ON_INSTANCES, ConcurrencyPerEnvironment=16).properties("UpdateCustomerFunctionOnInstances")
    assert function["CapacityProviderConfig"]["LambdaManagedInstancesCapacityProviderConfig"] == {
        "CapacityProviderArn": PROVIDER,
        "PerExecutionEnvironmentMaxConcurrency": 16,
        "ExecutionEnvironmentMemoryGiBPerVCpu": 2,
    }
    assert not {"ReservedConcurrentExecutions", "VpcConfig"} & function.keys()


@pytest.mark.parametrize(
    "parameters, refused",
    [
        ({"MemorySize": 256}, ["MemorySize"]),
        ({"MemorySize": 3072}, ["MemorySize"]),
        ({"MemorySize": 10240}, []),
        ({"ReservedConcurrency": 0}, ["ReservedConcurrency"]),
        ({"MemorySize": 256, "ReservedConcurrency": 5}, ["MemorySize", "ReservedConcurrency"]),
    ],
)
def test_what_does_not_apply_on_instances_is_refused(parameters, refused):
    refusals = Stack(**ON_INSTANCES | parameters).refusals
    assert [only_match(r"^With CapacityProviderArn, (\w+) must be .+\.$", refusal) for refusal in refusals] == refused
    assert Stack(**parameters).refusals == []


def test_one_build_is_for_both_functions():
    functions = [TEMPLATE["Resources"][f"UpdateCustomerFunction{suffix}"] for suffix in ("", "OnInstances")]
    # `sam build` compiles once only if these are equal.
    assert functions[0]["Metadata"] == functions[1]["Metadata"]
    assert functions[0]["Metadata"]["BuildMethod"] == "rust-cargolambda"
    assert not any("CodeUri" in function["Properties"] for function in functions)
    assert TEMPLATE["Globals"]["Function"]["CodeUri"] == "."
    # The builder needs no name of an executable when the package in CodeUri has exactly one.
    manifest = tomllib.loads((ROOT / "Cargo.toml").read_text())
    assert manifest["package"]["name"] == "update-customer"
    assert "bin" not in manifest
    assert (ROOT / "src/main.rs").exists() and not (ROOT / "src/bin").exists()


# Deployments


def version(**parameters):
    """What CloudFormation compares to decide whether to publish a new version."""
    ((name, properties),) = Stack(**parameters).of_type("AWS::Lambda::Version").items()
    return name, properties["Description"]


# What a version on demand and one on instances have besides.
OTHER_VALUES_OF = {
    "UpdateCustomerFunction": {"Architecture": "x86_64"},
    "UpdateCustomerFunctionOnInstances": {"CapacityProviderArn": PROVIDER + "2", "ConcurrencyPerEnvironment": 16},
}


@FUNCTIONS
def test_change_publishes_a_version(function, parameters):
    assert TEMPLATE["Resources"][function]["Properties"]["AutoPublishAliasAllProperties"] is True
    properties = dict(Stack().transformed["Resources"][function]["Properties"])
    # Reserved concurrency belongs to the function, not to a version.
    del properties["ReservedConcurrentExecutions"]
    used = set(references(properties)) & TEMPLATE["Parameters"].keys()
    others = OTHER_VALUES | OTHER_VALUES_OF[function]
    # Instances have an architecture of their own, so another one needs another provider.
    assert used | EXISTING.keys() == others.keys() | {"Architecture"}
    for name, value in others.items():
        changed = version(**parameters | {name: value})
        assert changed != version(**parameters), f"a change of {name} publishes no version"


def longest(name):
    parameter = TEMPLATE["Parameters"][name]
    if "AllowedPattern" in parameter:
        text = "x" * int(only_match(r",(\d+)\}", parameter["AllowedPattern"]))
        return PROVIDER.replace("crm", text) if name in ON_INSTANCES else text
    return max(map(str, parameter.get("AllowedValues") or [parameter["MaxValue"]]), key=len)


@FUNCTIONS
def test_longest_version_description_fits(function, parameters):
    values = {name: longest(name) for name in OTHER_VALUES | OTHER_VALUES_OF[function]}
    assert len(version(**parameters | values)[1]) <= 256


@FUNCTIONS
def test_replaced_version_stays_only_where_it_costs_nothing(function, parameters):
    # CloudFormation deletes what it replaces unless UpdateReplacePolicy says otherwise; DeletionPolicy is for the rest.
    # A version on instances would keep them running.
    stack = Stack(**parameters)
    (version,) = (resource for resource in stack.resources.values() if resource["Type"] == "AWS::Lambda::Version")
    policies = [version.get(policy) for policy in ("DeletionPolicy", "UpdateReplacePolicy")]
    assert policies == (["Delete", None] if parameters else ["Retain", "Retain"])
    # SAM would pass a policy of the function to the version too.
    assert "DeletionPolicy" not in stack.resources[function]


@FUNCTIONS
@pytest.mark.parametrize("preference", TEMPLATE["Parameters"]["DeploymentPreference"]["AllowedValues"])
def test_deployment_is_gradual_and_rolls_back_on_alarms(function, parameters, preference):
    stack = Stack(**parameters, DeploymentPreference=preference)
    ((name, group),) = stack.of_type("AWS::CodeDeploy::DeploymentGroup").items()
    assert name == f"{function}DeploymentGroup"
    assert group["DeploymentConfigName"] == f"CodeDeployDefault.Lambda{preference}"
    assert group["AutoRollbackConfiguration"]["Enabled"] is True
    assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]
    alarms = group["AlarmConfiguration"]
    watched = {alarm["Name"] for alarm in alarms.get("Alarms", []) if alarms["Enabled"]}
    # AllAtOnce lets a fix be deployed while an alarm is firing.
    assert watched == (set() if preference == "AllAtOnce" else ROLL_BACK)


def test_default_deployment_is_a_canary_whose_failure_fires_an_alarm():
    parameters = TEMPLATE["Parameters"]
    assert parameters["DeploymentPreference"]["Default"] == "Canary10Percent10Minutes"
    # The canary gets a tenth of the traffic.
    assert parameters["ServerErrorRatePercent"]["MaxValue"] < 10


# Monitoring


def monitored(alarm):
    """Namespace and metric, dimensions, statistic, period, threshold; n of m periods; what missing data is."""
    compare = alarm["ComparisonOperator"].replace("OrEqualTo", "=").removesuffix("Threshold")
    compare = compare.replace("GreaterThan", ">").replace("LessThan", "<")
    periods = alarm["EvaluationPeriods"]
    window = (alarm.get("DatapointsToAlarm", periods), periods)
    rest = (f"{compare} {alarm['Threshold']}", window, alarm["TreatMissingData"])
    if "Metrics" not in alarm:
        dimensions = {one["Name"]: one["Value"] for one in alarm.get("Dimensions", [])}
        statistic = alarm.get("Statistic") or alarm["ExtendedStatistic"]
        return (f"{alarm['Namespace']} {alarm['MetricName']}", dimensions, statistic, alarm["Period"], *rest)
    expression, errors, requests = alarm["Metrics"]
    assert expression["Expression"] == "100 * errors / requests"
    assert (errors["Id"], requests["Id"]) == ("errors", "requests")
    of_api = {"Namespace": "AWS/ApiGateway", "Dimensions": [{"Name": "ApiId", "Value": "Api"}]}
    period = errors["MetricStat"]["Period"]
    for metric, name in ((errors, "5xx"), (requests, "Count")):
        assert metric["MetricStat"] == {"Metric": of_api | {"MetricName": name}, "Period": period, "Stat": "Sum"}
    return ("5xx rate", {}, "", period, *rest)


@FUNCTIONS
def test_alarms_monitor_these_metrics(function, parameters):
    values = {
        "SlowRequestMilliseconds": 800,
        "FunctionErrorsPerMinute": 3,
        "ServerErrorRatePercent": 2.5,
        "RejectedTokensPerFiveMinutes": 7,
        "NoTrafficSeconds": 900,
    }
    live = {"FunctionName": function, "Resource": f"{function}:live"}
    customers, tokens, quiet = {"TableName": "crm.customers"}, {"TableName": "AccessTokensTable"}, "notBreaching"
    alarms = Stack(**values, **parameters, **EXISTING_CUSTOMERS).of_type("AWS::CloudWatch::Alarm")
    assert {name: monitored(alarm) for name, alarm in alarms.items()} == {
        "ServerErrorRateAlarm": ("5xx rate", {}, "", 60, "> 2.5", (2, 3), quiet),
        "LowTrafficErrorRateAlarm": ("5xx rate", {}, "", 900, "> 2.5", (3, 3), quiet),
        "FunctionErrorsAlarm": ("AWS/Lambda Errors", live, "Sum", 60, ">= 3", (1, 1), quiet),
        "ThrottlesAlarm": ("AWS/Lambda Throttles", live, "Sum", 60, "> 0", (2, 3), quiet),
        "SlowRequestsAlarm": ("AWS/Lambda Duration", live, "p99", 60, "> 800", (3, 5), quiet),
        "ThrottledWritesAlarm": ("AWS/DynamoDB WriteThrottleEvents", customers, "Sum", 60, "> 0", (3, 5), quiet),
        "ThrottledTokenReadsAlarm": ("AWS/DynamoDB ReadThrottleEvents", tokens, "Sum", 60, "> 0", (3, 5), quiet),
        "RejectedTokensAlarm": ("UpdateCustomer/update-customer Unauthorized", {}, "Sum", 300, ">= 7", (3, 3), quiet),
        "NoTrafficAlarm": ("AWS/Lambda Invocations", live, "Sum", 900, "< 1", (1, 1), "breaching"),
    }


def test_alarm_description_names_its_section_of_the_runbook():
    headings = {heading.lower() for heading in re.findall(r"^### (\w+)$", RUNBOOK, re.MULTILINE)}
    for name, alarm in Stack(NoTrafficSeconds=300).of_type("AWS::CloudWatch::Alarm").items():
        assert only_match(r" Runbook: docs/OPERATIONS\.md#(\w+)$", alarm["AlarmDescription"]) in headings
        assert name in RUNBOOK


@pytest.mark.parametrize("topic, topics", [({}, []), ({"AlarmTopicArn": TOPIC}, [TOPIC])], ids=name_of)
@pytest.mark.parametrize("address, of_address", [({}, []), ({"AlarmEmail": EMAIL}, ["AlarmTopic"])], ids=name_of)
def test_alarms_notify_the_topic_and_the_address(topic, topics, address, of_address):
    for alarm in Stack(**topic, **address).of_type("AWS::CloudWatch::Alarm").values():
        assert alarm["AlarmActions"] == alarm["OKActions"] == topics + of_address


@pytest.mark.parametrize("parameters", [{}, EXISTING, {"NoTrafficSeconds": 300}, ON_INSTANCES], ids=name_of)
def test_dashboard_shows_the_resources_and_its_widgets_do_not_overlap(parameters):
    stack = Stack(**parameters)
    widgets = json.loads(stack.properties("Dashboard")["DashboardBody"])["widgets"]
    headings = [widget["properties"]["markdown"] for widget in widgets if widget["type"] == "text"]
    assert headings == ["## Health", "## Latency", "## Rejected requests"]

    (alarms,) = (widget["properties"]["alarms"] for widget in widgets if widget["type"] == "alarm")
    assert set(alarms) == {f"{name}.Arn" for name in stack.of_type("AWS::CloudWatch::Alarm")}

    shown = [metric for widget in widgets for metric in widget["properties"].get("metrics", [])]
    of = lambda namespace, *members: {metric[slice(*members)][0] for metric in shown if metric[0] == namespace}
    assert of("UpdateCustomer/update-customer", 1, 3) == {"Requests"}
    assert of("AWS/DynamoDB", 3, 4) == {stack.outputs["CustomersTable"], stack.outputs["AccessTokensTable"]}
    assert of("AWS/Lambda", 3, 4) == {stack.outputs["FunctionName"]}

    logs = [widget["properties"]["query"] for widget in widgets if widget["type"] == "log"]
    assert [query.split(" | ")[0] for query in logs] == ["SOURCE 'FunctionLogGroup'", "SOURCE 'AccessLogGroup'"]

    taken = Counter()
    for widget in widgets:
        assert widget["x"] + widget["width"] <= 24
        columns = range(widget["x"], widget["x"] + widget["width"])
        taken.update(itertools.product(columns, range(widget["y"], widget["y"] + widget["height"])))
    assert set(taken.values()) == {1}


def test_queries_compare_the_status_as_text(stack):
    # The access log has a text, the function's log a number.
    for text in [stack.properties("Dashboard")["DashboardBody"], RUNBOOK]:
        assert set(re.findall(r"\bfilter status (\S+)", text)) == {"like"}
        assert not re.search(r"\bstatus\s*(=|!=|<|>|in\b)", text)


# Parameters and outputs


# cfn-lint checks the defaults.
def test_parameters_are_used_and_described():
    used = set(references({section: TEMPLATE[section] for section in ("Conditions", "Globals", "Resources")}))
    assert TEMPLATE["Parameters"].keys() <= used
    for parameter in TEMPLATE["Parameters"].values():
        assert len(parameter["Description"]) > 30
        assert ("AllowedPattern" in parameter) == ("ConstraintDescription" in parameter)


TABLE_NAMES = (["customers", "crm.customers_v2-eu"], ["ab", "x" * 91, "a b", "a;", ARN_PREFIX + "customers"])


@pytest.mark.parametrize(
    "name, accepted, rejected",
    [
        ("ExistingCustomersTable", *TABLE_NAMES),
        ("ExistingAccessTokensTable", *TABLE_NAMES),
        ("CapacityProviderArn", [PROVIDER], ["crm", PROVIDER + "x" * 30, PROVIDER + ":1", TOPIC]),
        (
            "AlarmTopicArn",
            [TOPIC, "arn:aws-us-gov:sns:us-gov-west-1:111122223333:on-call_1"],
            ["alarms", TOPIC + ".fifo", TOPIC.replace("sns", "sqs"), TOPIC + " "],
        ),
        ("AlarmEmail", [EMAIL], ["on-call", "a@b@example.com", f"{EMAIL} {EMAIL}", EMAIL + " "]),
        ("CorsAllowedOrigins", ORIGINS, ["*", "https://*", "admin.example.com", ORIGINS[0] + "/", "null"]),
    ],
)
def test_parameter_pattern_accepts_and_rejects(name, accepted, rejected):
    pattern = TEMPLATE["Parameters"][name]["AllowedPattern"]
    matched = [value for value in ["", *accepted, *rejected] if re.fullmatch(pattern, value)]
    assert matched == ["", *accepted]


@FUNCTIONS
def test_outputs_are_these(function, parameters):
    stack = Stack(**parameters)
    assert stack.outputs == {
        "Url": "https://Api.execute-api.eu-west-1.amazonaws.com/customers/{customer_id}",
        "CustomersTable": "CustomersTable",
        "AccessTokensTable": "AccessTokensTable",
        "FunctionName": function,
        "FunctionRoleArn": "UpdateCustomerRole.Arn",
        "FunctionLogGroup": "FunctionLogGroup",
        "AccessLogGroup": "AccessLogGroup",
        "DashboardUrl": "https://eu-west-1.console.aws.amazon.com/cloudwatch/home"
        "?region=eu-west-1#dashboards/dashboard/Dashboard",
    }
    # With another stage, the output would have to contain its name, or the API would return 404.
    assert stack.properties("Stage")["StageName"] == "$default"
    assert all(output["Description"] for output in TEMPLATE["Outputs"].values())


def test_dashboard_url_is_that_of_the_partition():
    urls = {partition: Stack(partition).outputs["DashboardUrl"].split("/cloudwatch/")[0] for partition in PARTITIONS}
    assert urls == {
        "aws": "https://eu-west-1.console.aws.amazon.com",
        "aws-cn": "https://cn-north-1.console.amazonaws.cn",
        "aws-us-gov": "https://us-gov-west-1.console.amazonaws-us-gov.com",
    }


# samconfig.toml


def test_sam_deploy_needs_no_arguments_and_waits_for_the_slowest_deployment():
    assert SETTINGS["default"]["global"]["parameters"]["stack_name"] == "update-customer"
    deploy = SETTINGS["default"]["deploy"]["parameters"]
    assert (deploy["resolve_s3"], deploy["confirm_changeset"]) == (True, False)
    assert deploy["capabilities"] == "CAPABILITY_IAM"

    def minutes(preference):
        shift = re.fullmatch(r"AllAtOnce|Canary10Percent(\d+)Minutes|Linear10PercentEvery(\d+)Minutes?", preference)
        canary, linear = (int(number or 0) for number in shift.groups())
        # The first tenth shifts at once.
        return canary + 9 * linear

    slowest = max(map(minutes, TEMPLATE["Parameters"]["DeploymentPreference"]["AllowedValues"]))
    # The rest of a deploy takes a few minutes.
    assert deploy["max_wait_duration"] >= slowest + 15


def test_staging_is_deployed_like_the_default():
    # A section of samconfig.toml inherits nothing.
    default, staging = SETTINGS["default"], SETTINGS["staging"]
    assert staging["deploy"] == default["deploy"]
    assert staging["global"]["parameters"]["stack_name"] != default["global"]["parameters"]["stack_name"]
