"""Checks the stack that `sam deploy` would create from template.yaml.

`tests/update_customer/process/template.rs` compares the template with the constants of the Rust code.

Needs Python 3.11 or newer, but no AWS account and no network. From the root of the project:

    python3 -m venv venv
    venv/bin/pip install -r tests/template/requirements.txt
    venv/bin/pytest tests/template
"""

import itertools
import json
import re
import tomllib
from graphlib import TopologicalSorter

import pytest

from stack import PARTITIONS, ROOT, TEMPLATE, Stack, references

EXISTING = {"ExistingCustomersTable": "crm.customers", "ExistingAccessTokensTable": "crm.tokens"}
EMAIL = "on-call@example.com"
TOPIC = "arn:aws:sns:eu-west-1:111122223333:alarms"
ARN_PREFIX = "arn:aws:dynamodb:eu-west-1:111122223333:table/"
ROLL_BACK = {"ServerErrorRateAlarm", "FunctionErrorsAlarm", "SlowRequestsAlarm"}
ALARMS = ROLL_BACK | {
    "LowTrafficErrorRateAlarm",
    "ThrottlesAlarm",
    "ThrottledWritesAlarm",
    "ThrottledTokenReadsAlarm",
    "RejectedTokensAlarm",
}
RUNBOOK = (ROOT / "docs/OPERATIONS.md").read_text()

# Every combination of the parameters that decide a condition.
VARIANTS = [
    dict(itertools.chain.from_iterable(choice.items() for choice in choices))
    for choices in itertools.product(
        ({}, {"ExistingCustomersTable": "crm.customers"}),
        ({}, {"ExistingAccessTokensTable": "crm.tokens"}),
        ({}, {"CorsAllowedOrigins": "https://a.example,https://b.example"}),
        ({}, {"AlarmTopicArn": TOPIC, "AlarmEmail": EMAIL}),
        ({}, {"ReservedConcurrency": 5}),
        ({}, {"DeploymentPreference": "AllAtOnce"}),
        ({}, {"Tracing": "Active", "NoTrafficSeconds": 3600}),
    )
]


def name_of(parameters):
    return ",".join(parameters) or "defaults"


def only_match(pattern, text):
    """The single match of a pattern; fails if there is none or more than one."""
    matches = re.findall(pattern, text)
    assert len(matches) == 1, f"{pattern} matches {len(matches)} times"
    return matches[0]


@pytest.fixture(scope="session")
def stack():
    return Stack()


@pytest.fixture(scope="session")
def function(stack):
    return stack.properties("UpdateCustomerFunction")


# The whole stack


@pytest.mark.parametrize("parameters", VARIANTS, ids=name_of)
def test_every_variant_refers_only_to_its_resources(parameters):
    Stack(**parameters)


def test_dependencies_have_no_cycle(stack):
    # CloudFormation detects a cycle only during deployment. An alias's update policy is part of it.
    resources = stack.transformed["Resources"]
    graph = {name: set(references(resource)) & resources.keys() for name, resource in resources.items()}
    TopologicalSorter(graph).prepare()


def test_stack_has_exactly_these_resources(stack):
    types = sorted(resource["Type"] for resource in stack.resources.values())
    assert types == sorted(
        [
            "AWS::ApiGatewayV2::Api",
            "AWS::ApiGatewayV2::Integration",
            "AWS::ApiGatewayV2::Route",
            "AWS::ApiGatewayV2::Stage",
            "AWS::CloudWatch::Dashboard",
            "AWS::CodeDeploy::Application",
            "AWS::CodeDeploy::DeploymentGroup",
            "AWS::Lambda::Alias",
            "AWS::Lambda::Function",
            "AWS::Lambda::Permission",
            "AWS::Lambda::Version",
            *["AWS::CloudWatch::Alarm"] * len(ALARMS),
            *["AWS::DynamoDB::Table"] * 2,
            *["AWS::IAM::Role"] * 2,
            *["AWS::Logs::LogGroup"] * 2,
            *["AWS::Logs::MetricFilter"] * 2,
        ]
    )


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


@pytest.mark.parametrize(
    "parameters, customers, tokens",
    [
        ({}, "CustomersTable.Arn", "AccessTokensTable.Arn"),
        (EXISTING, ARN_PREFIX + "crm.customers", ARN_PREFIX + "crm.tokens"),
        ({"ExistingCustomersTable": "crm.customers"}, ARN_PREFIX + "crm.customers", "AccessTokensTable.Arn"),
        ({"ExistingAccessTokensTable": "crm.tokens"}, "CustomersTable.Arn", ARN_PREFIX + "crm.tokens"),
    ],
    ids=["new tables", "existing tables", "existing customers", "existing tokens"],
)
def test_function_has_exactly_these_permissions(parameters, customers, tokens):
    role = Stack(**parameters).properties("UpdateCustomerRole")
    assert permissions(role) == {
        ("dynamodb:UpdateItem", customers),
        ("dynamodb:GetItem", tokens),
        ("logs:CreateLogStream", "FunctionLogGroup.Arn"),
        ("logs:PutLogEvents", "FunctionLogGroup.Arn"),
    }
    traces = permissions(Stack(Tracing="Active", **parameters).properties("UpdateCustomerRole")) - permissions(role)
    assert traces == {("xray:PutTraceSegments", "*"), ("xray:PutTelemetryRecords", "*")}
    assert role.keys() == {"Description", "AssumeRolePolicyDocument", "Policies"}


def test_only_lambda_may_assume_the_functions_role(stack, function):
    assert function["Role"] == "UpdateCustomerRole.Arn"
    (statement,) = stack.properties("UpdateCustomerRole")["AssumeRolePolicyDocument"]["Statement"]
    assert statement == {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }


def test_only_other_role_is_codedeploys(stack):
    roles = stack.of_type("AWS::IAM::Role")
    assert roles.keys() == {"UpdateCustomerRole", "CodeDeployServiceRole"}
    (statement,) = roles["CodeDeployServiceRole"]["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": ["codedeploy.amazonaws.com"]}


# The API


def test_single_route_invokes_the_alias(stack):
    (route,) = stack.of_type("AWS::ApiGatewayV2::Route").values()
    assert route["RouteKey"] == "PUT /customers/{customer_id}"
    assert route["Target"] == "integrations/UpdateCustomerIntegration"
    integration = stack.properties("UpdateCustomerIntegration")
    assert integration["IntegrationType"] == "AWS_PROXY"
    assert integration["IntegrationUri"] == "UpdateCustomerFunctionAliaslive"
    assert integration["PayloadFormatVersion"] == "2.0"
    assert stack.properties("Api")["ProtocolType"] == "HTTP"
    # No other source of routes: no OpenAPI definition and no quick-create target.
    assert "Body" not in stack.properties("Api")
    assert "Target" not in stack.properties("Api")


def test_only_that_route_may_invoke_the_function(stack):
    (permission,) = stack.of_type("AWS::Lambda::Permission").values()
    assert permission == {
        "FunctionName": "UpdateCustomerFunctionAliaslive",
        "Action": "lambda:InvokeFunction",
        "Principal": "apigateway.amazonaws.com",
        "SourceArn": "arn:aws:execute-api:eu-west-1:111122223333:Api/*/PUT/customers/*",
    }


def test_throttling_follows_the_parameters():
    stage = Stack(ThrottlingRateLimit=7, ThrottlingBurstLimit=11).properties("Stage")
    assert stage["DefaultRouteSettings"]["ThrottlingRateLimit"] == 7
    assert stage["DefaultRouteSettings"]["ThrottlingBurstLimit"] == 11


# Each value of the access log, as it can look. None is text of a caller (a header, a path, a body), and none is a
# message, which may contain a quote.
ACCESS_LOG_VALUES = {
    "$context.requestId": "JKJaXmPLvHcESHA=",
    "$context.integration.requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
    "$context.requestTimeEpoch": "1764115200",
    "$context.identity.sourceIp": "2001:db8::1",
    "$context.routeKey": "PUT /customers/{customer_id}",
    "$context.status": "500",
    "$context.integration.status": "200",
    "$context.integration.integrationStatus": "403",
    "$context.responseLength": "35",
    "$context.responseLatency": "12",
    "$context.integration.latency": "11",
    "$context.error.responseType": "INTEGRATION_FAILURE",
}


@pytest.mark.parametrize("absent", [False, True])
def test_access_log_is_one_json_line(stack, absent):
    settings = stack.properties("Stage")["AccessLogSettings"]
    assert settings["DestinationArn"] == "AccessLogGroup.Arn"
    value = lambda name: "-" if absent else ACCESS_LOG_VALUES[name]
    line = re.sub(r"\$context\.[\w.]+", lambda match: value(match[0]), settings["Format"])
    assert "\n" not in line
    assert sorted(json.loads(line).values()) == sorted(map(value, ACCESS_LOG_VALUES))
    # Also safe when a value is absent: each is quoted.
    assert set(json.loads(settings["Format"]).values()) == ACCESS_LOG_VALUES.keys()


def test_cors_is_off_by_default(stack):
    assert "CorsConfiguration" not in stack.properties("Api")


def test_cors_allows_the_headers_of_the_api():
    origins = "https://admin.example.com, http://localhost:5173"
    cors = Stack(CorsAllowedOrigins=origins).properties("Api")["CorsConfiguration"]
    assert cors["AllowOrigins"] == ["https://admin.example.com", "http://localhost:5173"]
    assert cors["AllowMethods"] == ["PUT"]
    assert set(cors["AllowHeaders"]) == {"accesstoken", "content-type", "if-match", "if-none-match"}
    assert set(cors["ExposeHeaders"]) == {
        "x-customer-version",
        "www-authenticate",
        "x-amzn-remapped-www-authenticate",
        "retry-after",
    }
    assert "AllowCredentials" not in cors


# The function


def test_build_and_runtime_agree(function):
    template = TEMPLATE["Resources"]["UpdateCustomerFunction"]
    assert template["Metadata"]["BuildMethod"] == "rust-cargolambda"
    assert template["Properties"]["CodeUri"] == "."
    assert (function["Handler"], function["Runtime"]) == ("bootstrap", "provided.al2023")
    # The builder needs no name of an executable when the package in CodeUri has exactly one.
    manifest = tomllib.loads((ROOT / "Cargo.toml").read_text())
    assert manifest["package"]["name"] == "update-customer"
    assert "bin" not in manifest
    assert (ROOT / "src/main.rs").exists() and not (ROOT / "src/bin").exists()


@pytest.mark.parametrize("architecture", ["arm64", "x86_64"])
def test_architecture_follows_the_parameter(architecture):
    function = Stack(Architecture=architecture).properties("UpdateCustomerFunction")
    assert function["Architectures"] == [architecture]


@pytest.mark.parametrize(
    "parameters, customers, tokens",
    [({}, "CustomersTable", "AccessTokensTable"), (EXISTING, "crm.customers", "crm.tokens")],
    ids=["new tables", "existing tables"],
)
def test_environment_variables_name_the_tables(parameters, customers, tokens):
    stack = Stack(AccessTokenCacheSeconds=30, **parameters)
    assert stack.properties("UpdateCustomerFunction")["Environment"]["Variables"] == {
        "CUSTOMERS_TABLE": customers,
        "ACCESS_TOKENS_TABLE": tokens,
        "ACCESS_TOKEN_CACHE_SECONDS": 30,
    }
    assert stack.outputs["CustomersTable"] == customers
    assert stack.outputs["AccessTokensTable"] == tokens


def test_memory_and_concurrency_follow_the_parameters(function):
    assert function["MemorySize"] == 256
    assert "ReservedConcurrentExecutions" not in function
    # Zero is a value of its own: it stops the function.
    for reserved in (0, 5):
        stack = Stack(MemorySize=512, ReservedConcurrency=reserved)
        assert stack.properties("UpdateCustomerFunction")["MemorySize"] == 512
        assert stack.properties("UpdateCustomerFunction")["ReservedConcurrentExecutions"] == reserved


def test_function_logs_json_to_its_log_group():
    stack = Stack(ApplicationLogLevel="DEBUG", SystemLogLevel="INFO", Tracing="Active")
    function = stack.properties("UpdateCustomerFunction")
    assert function["LoggingConfig"] == {
        "LogFormat": "JSON",
        "ApplicationLogLevel": "DEBUG",
        "SystemLogLevel": "INFO",
        "LogGroup": "FunctionLogGroup",
    }
    assert function["TracingConfig"] == {"Mode": "Active"}
    assert Stack().properties("UpdateCustomerFunction")["TracingConfig"] == {"Mode": "PassThrough"}


# Deployments


def version(**parameters):
    """What CloudFormation compares to decide whether to publish a new version."""
    ((name, properties),) = Stack(**parameters).of_type("AWS::Lambda::Version").items()
    return name, properties["Description"]


OTHER_VALUES = {
    "Architecture": "x86_64",
    "MemorySize": 512,
    "AccessTokenCacheSeconds": 0,
    "ApplicationLogLevel": "DEBUG",
    "SystemLogLevel": "DEBUG",
    "Tracing": "Active",
    **EXISTING,
}


def test_changed_parameter_publishes_a_version(stack):
    properties = dict(stack.transformed["Resources"]["UpdateCustomerFunction"]["Properties"])
    # Reserved concurrency belongs to the function, not to a version.
    del properties["ReservedConcurrentExecutions"]
    used = set(references(properties)) & TEMPLATE["Parameters"].keys()
    assert used | EXISTING.keys() == OTHER_VALUES.keys()
    for name, value in OTHER_VALUES.items():
        assert version(**{name: value}) != version(), f"a change of {name} publishes no version"


def test_changed_property_publishes_a_version():
    assert TEMPLATE["Resources"]["UpdateCustomerFunction"]["Properties"]["AutoPublishAliasAllProperties"] is True


def test_deploy_keeps_the_version_that_it_replaces(stack):
    # CloudFormation deletes what it replaces unless UpdateReplacePolicy says otherwise; DeletionPolicy is for the rest.
    ((name, _),) = stack.of_type("AWS::Lambda::Version").items()
    assert stack.resources[name]["DeletionPolicy"] == "Retain"
    assert stack.resources[name]["UpdateReplacePolicy"] == "Retain"
    # The function ends with the stack, but SAM would pass a policy of its own to the version too.
    assert "DeletionPolicy" not in stack.resources["UpdateCustomerFunction"]
    assert "VersionDeletionPolicy" not in TEMPLATE["Resources"]["UpdateCustomerFunction"]["Properties"]


def test_longest_version_description_fits():
    longest = {}
    for name in OTHER_VALUES:
        parameter = TEMPLATE["Parameters"][name]
        if "AllowedValues" in parameter:
            longest[name] = max(map(str, parameter["AllowedValues"]), key=len)
        elif "MaxValue" in parameter:
            longest[name] = parameter["MaxValue"]
        else:
            longest[name] = "x" * int(only_match(r",(\d+)\}", parameter["AllowedPattern"]))
    assert len(version(**longest)[1]) <= 256


def test_deployment_is_gradual_and_rolls_back_on_alarms(stack):
    group = stack.properties("UpdateCustomerFunctionDeploymentGroup")
    assert group["DeploymentConfigName"] == "CodeDeployDefault.LambdaCanary10Percent10Minutes"
    assert group["AutoRollbackConfiguration"]["Enabled"] is True
    assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]
    assert group["AlarmConfiguration"]["Enabled"] is True
    assert {alarm["Name"] for alarm in group["AlarmConfiguration"]["Alarms"]} == ROLL_BACK
    (alias,) = stack.of_type("AWS::Lambda::Alias").values()
    assert alias["Name"] == "live"


@pytest.mark.parametrize("preference", TEMPLATE["Parameters"]["DeploymentPreference"]["AllowedValues"])
def test_deployment_preference_exists_in_codedeploy(preference):
    group = Stack(DeploymentPreference=preference).properties("UpdateCustomerFunctionDeploymentGroup")
    assert group["DeploymentConfigName"] == f"CodeDeployDefault.Lambda{preference}"
    # So that a fix can be deployed while an alarm is firing.
    assert ("Alarms" in group["AlarmConfiguration"]) == (preference != "AllAtOnce")


# The tables


@pytest.mark.parametrize("table, key", [("CustomersTable", "id"), ("AccessTokensTable", "tokenHash")])
def test_table_has_the_documented_key(stack, table, key):
    properties = stack.properties(table)
    assert properties["KeySchema"] == [{"AttributeName": key, "KeyType": "HASH"}]
    assert properties["AttributeDefinitions"] == [{"AttributeName": key, "AttributeType": "S"}]


@pytest.mark.parametrize("table", ["CustomersTable", "AccessTokensTable"])
def test_table_is_protected_and_recoverable(stack, table):
    assert stack.resources[table]["DeletionPolicy"] == "Retain"
    assert stack.resources[table]["UpdateReplacePolicy"] == "Retain"
    properties = stack.properties(table)
    assert properties["DeletionProtectionEnabled"] is True
    assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert properties["SSESpecification"] == {"SSEEnabled": True}
    assert properties["BillingMode"] == "PAY_PER_REQUEST"
    assert "TableName" not in properties


def test_ttl_deletes_expired_tokens(stack):
    ttl = stack.properties("AccessTokensTable")["TimeToLiveSpecification"]
    assert ttl == {"AttributeName": "expiresAt", "Enabled": True}
    assert "TimeToLiveSpecification" not in stack.properties("CustomersTable")


@pytest.mark.parametrize(
    "parameters, created",
    [
        ({}, {"CustomersTable", "AccessTokensTable"}),
        ({"ExistingCustomersTable": "crm.customers"}, {"AccessTokensTable"}),
        ({"ExistingAccessTokensTable": "crm.tokens"}, {"CustomersTable"}),
        (EXISTING, set()),
    ],
    ids=name_of,
)
def test_table_is_created_only_if_none_is_named(parameters, created):
    assert Stack(**parameters).of_type("AWS::DynamoDB::Table").keys() == created


# Monitoring


def test_log_retention_follows_the_parameter():
    stack = Stack(LogRetentionDays=30)
    assert stack.of_type("AWS::Logs::LogGroup") == {
        "FunctionLogGroup": {"LogGroupName": "/aws/lambda/update-customer", "RetentionInDays": 30},
        "AccessLogGroup": {"LogGroupName": "/aws/vendedlogs/apis/update-customer", "RetentionInDays": 30},
    }


def test_log_lines_are_counted(stack):
    name = lambda metric: {"MetricNamespace": "UpdateCustomer/update-customer", "MetricName": metric}
    one = {"MetricValue": "1", "Unit": "Count"}
    outcome = {"Dimensions": [{"Key": "outcome", "Value": "$.outcome"}]}
    filters = stack.of_type("AWS::Logs::MetricFilter").values()
    assert {metric_filter["LogGroupName"] for metric_filter in filters} == {"FunctionLogGroup"}
    assert {metric_filter["FilterPattern"]: metric_filter["MetricTransformations"] for metric_filter in filters} == {
        '{ $.outcome = "*" }': [name("Requests") | one | outcome],
        "{ $.status = 401 }": [name("Unauthorized") | one | {"DefaultValue": 0}],
    }


@pytest.mark.parametrize(
    "parameters, customers, tokens",
    [({}, "CustomersTable", "AccessTokensTable"), (EXISTING, "crm.customers", "crm.tokens")],
    ids=["new", "existing"],
)
def test_alarms_monitor_these_metrics(parameters, customers, tokens):
    values = {
        "SlowRequestMilliseconds": 800,
        "FunctionErrorsPerMinute": 3,
        "ServerErrorRatePercent": 2.5,
        "RejectedTokensPerFiveMinutes": 7,
        "NoTrafficSeconds": 900,
    }
    alarms = Stack(**values, **parameters).of_type("AWS::CloudWatch::Alarm")
    assert alarms.keys() == ALARMS | {"NoTrafficAlarm"}
    live = {"FunctionName": "UpdateCustomerFunction", "Resource": "UpdateCustomerFunction:live"}
    api = [{"Name": "ApiId", "Value": "Api"}]

    # Namespace and metric, dimensions, statistic, threshold; n of m periods of so many seconds; what missing data is.
    monitored = {}
    for name, alarm in alarms.items():
        compare = alarm["ComparisonOperator"].replace("OrEqualTo", "=").removesuffix("Threshold")
        compare = compare.replace("GreaterThan", ">").replace("LessThan", "<")
        periods = alarm["EvaluationPeriods"]
        window = (alarm.get("DatapointsToAlarm", periods), periods)
        rest = (f"{compare} {alarm['Threshold']}", window, alarm["TreatMissingData"])
        if "Metrics" in alarm:
            expression, *metrics = alarm["Metrics"]
            assert expression["Expression"] == "100 * errors / requests"
            (period,) = {metric["MetricStat"].pop("Period") for metric in metrics}
            assert {metric["Id"]: metric["MetricStat"] for metric in metrics} == {
                name: {"Metric": {"Namespace": "AWS/ApiGateway", "MetricName": metric, "Dimensions": api}, "Stat": "Sum"}
                for name, metric in (("errors", "5xx"), ("requests", "Count"))
            }
            monitored[name] = ("rate", period, *rest)
        else:
            dimensions = {one["Name"]: one["Value"] for one in alarm.get("Dimensions", [])}
            metric = (f"{alarm['Namespace']} {alarm['MetricName']}", dimensions)
            statistic = alarm.get("Statistic") or alarm["ExtendedStatistic"]
            monitored[name] = (*metric, statistic, alarm["Period"], *rest)

    quiet = "notBreaching"
    rejected = "UpdateCustomer/update-customer Unauthorized"
    assert monitored == {
        "ServerErrorRateAlarm": ("rate", 60, "> 2.5", (2, 3), quiet),
        "LowTrafficErrorRateAlarm": ("rate", 900, "> 2.5", (3, 3), quiet),
        "FunctionErrorsAlarm": ("AWS/Lambda Errors", live, "Sum", 60, ">= 3", (1, 1), quiet),
        "ThrottlesAlarm": ("AWS/Lambda Throttles", live, "Sum", 60, "> 0", (2, 3), quiet),
        "SlowRequestsAlarm": ("AWS/Lambda Duration", live, "p99", 60, "> 800", (3, 5), quiet),
        "ThrottledWritesAlarm": throttled("WriteThrottleEvents", customers),
        "ThrottledTokenReadsAlarm": throttled("ReadThrottleEvents", tokens),
        "RejectedTokensAlarm": (rejected, {}, "Sum", 300, ">= 7", (3, 3), quiet),
        "NoTrafficAlarm": ("AWS/Lambda Invocations", live, "Sum", 900, "< 1", (1, 1), "breaching"),
    }


def throttled(metric, table):
    return (f"AWS/DynamoDB {metric}", {"TableName": table}, "Sum", 60, "> 0", (3, 5), "notBreaching")


def test_alarm_fires_if_every_canary_request_fails():
    # The canary gets a tenth of the traffic.
    assert TEMPLATE["Parameters"]["ServerErrorRatePercent"]["MaxValue"] < 10


def test_alarm_description_names_its_section_of_the_runbook():
    headings = {heading.lower() for heading in re.findall(r"^### (\w+)$", RUNBOOK, re.MULTILINE)}
    alarms = Stack(NoTrafficSeconds=300).of_type("AWS::CloudWatch::Alarm")
    named = {
        name: only_match(r" Runbook: docs/OPERATIONS\.md#(\w+)$", alarm["AlarmDescription"])
        for name, alarm in alarms.items()
    }
    assert set(named.values()) <= headings
    assert all(name in RUNBOOK for name in named)


@pytest.mark.parametrize(
    "parameters, notified",
    [
        ({}, []),
        ({"AlarmTopicArn": TOPIC}, [TOPIC]),
        ({"AlarmEmail": EMAIL}, ["AlarmTopic"]),
        ({"AlarmTopicArn": TOPIC, "AlarmEmail": EMAIL}, [TOPIC, "AlarmTopic"]),
    ],
    ids=name_of,
)
def test_alarms_notify_the_topic_and_the_address(parameters, notified):
    for alarm in Stack(**parameters).of_type("AWS::CloudWatch::Alarm").values():
        assert alarm["AlarmActions"] == alarm["OKActions"] == notified


def test_address_is_subscribed_to_an_encrypted_topic():
    stack = Stack(AlarmEmail=EMAIL)
    assert stack.properties("AlarmTopic")["Subscription"] == [{"Protocol": "email", "Endpoint": EMAIL}]
    assert stack.properties("AlarmTopic")["KmsMasterKeyId"] == "AlarmTopicKey"
    assert stack.properties("AlarmTopicKey")["EnableKeyRotation"] is True
    types = {resource["Type"] for resource in Stack().resources.values()}
    assert not types & {"AWS::SNS::Topic", "AWS::SNS::TopicPolicy", "AWS::KMS::Key"}


def test_only_cloudwatch_of_this_account_may_notify_the_address():
    stack = Stack(AlarmEmail=EMAIL)
    cloudwatch = {
        "Sid": "PublishAlarms",
        "Effect": "Allow",
        "Principal": {"Service": "cloudwatch.amazonaws.com"},
        "Condition": {"StringEquals": {"aws:SourceAccount": "111122223333"}},
    }
    assert stack.properties("AlarmTopicPolicy")["Topics"] == ["AlarmTopic"]
    (statement,) = stack.properties("AlarmTopicPolicy")["PolicyDocument"]["Statement"]
    assert statement == cloudwatch | {"Action": "sns:Publish", "Resource": "AlarmTopic"}
    administer, statement = stack.properties("AlarmTopicKey")["KeyPolicy"]["Statement"]
    assert administer["Principal"] == {"AWS": "arn:aws:iam::111122223333:root"}
    assert statement == cloudwatch | {"Action": ["kms:Decrypt", "kms:GenerateDataKey*"], "Resource": "*"}


def dashboard(**parameters):
    return json.loads(Stack(**parameters).properties("Dashboard")["DashboardBody"])


@pytest.mark.parametrize("parameters", [{}, EXISTING, {"NoTrafficSeconds": 300}], ids=name_of)
def test_dashboard_has_three_sections(parameters):
    stack = Stack(**parameters)
    widgets = dashboard(**parameters)["widgets"]
    headings = [widget["properties"]["markdown"] for widget in widgets if widget["type"] == "text"]
    assert headings == ["## Health", "## Latency", "## Rejected requests"]

    (alarms,) = (widget["properties"]["alarms"] for widget in widgets if widget["type"] == "alarm")
    assert set(alarms) == {f"{name}.Arn" for name in stack.of_type("AWS::CloudWatch::Alarm")}

    shown = [metric for widget in widgets for metric in widget["properties"].get("metrics", [])]
    outcomes = {tuple(metric[1:3]) for metric in shown if metric[0] == "UpdateCustomer/update-customer"}
    assert outcomes == {("Requests", "outcome")}
    tables = {metric[3] for metric in shown if metric[0] == "AWS/DynamoDB"}
    assert tables == {stack.outputs["CustomersTable"], stack.outputs["AccessTokensTable"]}

    logs = [widget["properties"]["query"] for widget in widgets if widget["type"] == "log"]
    assert [query.split(" | ")[0] for query in logs] == ["SOURCE 'FunctionLogGroup'", "SOURCE 'AccessLogGroup'"]


def test_dashboard_widgets_do_not_overlap():
    taken = set()
    for widget in dashboard()["widgets"]:
        assert widget["x"] + widget["width"] <= 24
        cells = set(
            itertools.product(
                range(widget["x"], widget["x"] + widget["width"]),
                range(widget["y"], widget["y"] + widget["height"]),
            )
        )
        assert not cells & taken, widget
        taken |= cells


def test_queries_compare_the_status_as_text(stack):
    # The access log has a text, the function's log a number.
    for text in [stack.properties("Dashboard")["DashboardBody"], RUNBOOK]:
        assert set(re.findall(r"\bfilter status (\S+)", text)) == {"like"}
        assert not re.search(r"\bstatus\s*(=|!=|<|>|in\b)", text)


# Parameters and outputs


@pytest.mark.parametrize("name", TEMPLATE["Parameters"])
def test_parameter_has_a_description_and_a_valid_default(name):
    parameter = TEMPLATE["Parameters"][name]
    default = parameter["Default"]
    assert len(parameter["Description"]) > 30
    if "AllowedValues" in parameter:
        assert default in parameter["AllowedValues"]
    elif parameter["Type"] == "Number":
        assert parameter["MinValue"] <= default <= parameter["MaxValue"]
    else:
        assert re.fullmatch(parameter["AllowedPattern"], default)
        assert "ConstraintDescription" in parameter


@pytest.mark.parametrize("name", TEMPLATE["Parameters"])
def test_parameter_is_used(name):
    rest = {section: TEMPLATE[section] for section in ("Conditions", "Resources", "Outputs")}
    assert name in set(references(rest))


@pytest.mark.parametrize(
    "name, accepted, rejected",
    [
        (
            "ExistingCustomersTable",
            ["", "customers", "crm.customers_v2-eu"],
            ["ab", "x" * 101, "a b", ARN_PREFIX + "customers"],
        ),
        (
            "ExistingAccessTokensTable",
            ["", "tokens"],
            ["ab", "tokens;", ARN_PREFIX + "tokens"],
        ),
        (
            "AlarmTopicArn",
            ["", TOPIC, "arn:aws-us-gov:sns:us-gov-west-1:111122223333:on-call_1"],
            ["alarms", TOPIC + ".fifo", "arn:aws:sqs:eu-west-1:111122223333:alarms", TOPIC + " "],
        ),
        (
            "AlarmEmail",
            ["", EMAIL],
            ["on-call", "a@b@example.com", "a@example.com b@example.com", EMAIL + " "],
        ),
        (
            "CorsAllowedOrigins",
            ["", "https://admin.example.com", "http://localhost:5173"],
            ["*", "https://*", "admin.example.com", "https://admin.example.com/", "null"],
        ),
    ],
)
def test_parameter_pattern_accepts_and_rejects(name, accepted, rejected):
    pattern = TEMPLATE["Parameters"][name]["AllowedPattern"]
    for value in accepted:
        assert re.fullmatch(pattern, value), value
    for value in rejected:
        assert not re.fullmatch(pattern, value), value


def test_outputs_are_these(stack):
    assert stack.outputs == {
        "Url": "https://Api.execute-api.eu-west-1.amazonaws.com/customers/{customer_id}",
        "CustomersTable": "CustomersTable",
        "AccessTokensTable": "AccessTokensTable",
        "FunctionName": "UpdateCustomerFunction",
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


def test_sam_deploy_needs_no_arguments():
    settings = tomllib.loads((ROOT / "samconfig.toml").read_text())["default"]
    assert settings["global"]["parameters"]["stack_name"] == "update-customer"
    deploy = settings["deploy"]["parameters"]
    assert deploy["resolve_s3"] is True
    assert deploy["confirm_changeset"] is False
    assert deploy["capabilities"] == "CAPABILITY_IAM"


def test_sam_deploy_waits_for_the_slowest_deployment():
    def minutes(preference):
        shift = re.fullmatch(r"AllAtOnce|Canary10Percent(\d+)Minutes|Linear10PercentEvery(\d+)Minutes?", preference)
        canary, linear = (int(number or 0) for number in shift.groups())
        # The first tenth shifts at once.
        return canary + 9 * linear

    slowest = max(map(minutes, TEMPLATE["Parameters"]["DeploymentPreference"]["AllowedValues"]))
    settings = tomllib.loads((ROOT / "samconfig.toml").read_text())["default"]
    # The rest of a deploy takes a few minutes.
    assert settings["deploy"]["parameters"]["max_wait_duration"] >= slowest + 15


def test_staging_is_deployed_like_the_default():
    # A section of samconfig.toml inherits nothing.
    settings = tomllib.loads((ROOT / "samconfig.toml").read_text())
    default, staging = settings["default"], settings["staging"]
    assert staging["deploy"] == default["deploy"]
    assert staging["global"]["parameters"]["stack_name"] != default["global"]["parameters"]["stack_name"]


def test_no_role_needs_capability_named_iam(stack):
    # A role with an explicit name requires CAPABILITY_NAMED_IAM.
    assert not any("RoleName" in role for role in stack.of_type("AWS::IAM::Role").values())
