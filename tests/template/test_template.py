"""What `sam deploy` would bring up, held against the code that it is to run.

Needs Python 3.11 or newer, and neither an AWS account nor a network. From the root of the project:

    python3 -m venv venv
    venv/bin/pip install -r tests/template/requirements.txt
    venv/bin/pytest tests/template
"""

import itertools
import json
import re
import tomllib
from graphlib import TopologicalSorter
from http import HTTPStatus

import pytest

from stack import ROOT, TEMPLATE, Stack, references

EXISTING = {"ExistingCustomersTable": "crm.customers", "ExistingAccessTokensTable": "crm.tokens"}
TOPIC = "arn:aws:sns:eu-west-1:111122223333:alarms"
ARN_PREFIX = "arn:aws:dynamodb:eu-west-1:111122223333:table/"
ALARMS = {
    "ServerErrorRateAlarm",
    "FunctionErrorsAlarm",
    "ThrottlesAlarm",
    "SlowRequestsAlarm",
    "ThrottledWritesAlarm",
}

# Each parameter that decides a condition, both ways.
VARIANTS = [
    dict(itertools.chain.from_iterable(choice.items() for choice in choices))
    for choices in itertools.product(
        ({}, {"ExistingCustomersTable": "crm.customers"}),
        ({}, {"ExistingAccessTokensTable": "crm.tokens"}),
        ({}, {"CorsAllowedOrigins": "https://a.example,https://b.example"}),
        ({}, {"AlarmTopicArn": TOPIC}),
        ({}, {"ReservedConcurrency": 5}),
        ({}, {"DeploymentPreference": "AllAtOnce"}),
    )
]


def name_of(parameters):
    return ",".join(parameters) or "defaults"


def source(path):
    """A source file without its unit tests."""
    return (ROOT / path).read_text().split("#[cfg(test)]\nmod tests")[0]


def sources():
    return {path.name: source(path) for path in sorted((ROOT / "src").glob("*.rs"))}


def found(pattern, text):
    """The one match of a pattern, so that a test fails when the code it reads has moved."""
    matches = re.findall(pattern, text)
    assert len(matches) == 1, f"{pattern} is found {len(matches)} times"
    return matches[0]


@pytest.fixture(scope="session")
def stack():
    return Stack()


@pytest.fixture(scope="session")
def function(stack):
    return stack.properties("UpdateCustomerFunction")


# The whole


@pytest.mark.parametrize("parameters", VARIANTS, ids=name_of)
def test_every_variant_refers_only_to_what_it_holds(parameters):
    Stack(**parameters)


def test_nothing_depends_on_itself(stack):
    # CloudFormation finds a cycle only when it deploys, and an alias's update policy counts.
    resources = stack.transformed["Resources"]
    graph = {name: set(references(resource)) & resources.keys() for name, resource in resources.items()}
    TopologicalSorter(graph).prepare()


def test_the_stack_holds_what_is_meant_and_nothing_else(stack):
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
            *["AWS::Logs::MetricFilter"] * 6,
        ]
    )


# Permissions


def permissions(role):
    """Every action with every resource that a role allows it on."""
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
def test_the_function_may_do_this_and_nothing_else(parameters, customers, tokens):
    role = Stack(**parameters).properties("UpdateCustomerRole")
    assert permissions(role) == {
        ("dynamodb:UpdateItem", customers),
        ("dynamodb:GetItem", tokens),
        ("logs:CreateLogStream", "FunctionLogGroup.Arn"),
        ("logs:PutLogEvents", "FunctionLogGroup.Arn"),
        ("xray:PutTraceSegments", "*"),
        ("xray:PutTelemetryRecords", "*"),
    }
    assert role.keys() == {"Description", "AssumeRolePolicyDocument", "Policies"}


def test_the_function_has_that_role_and_only_lambda_may_take_it(stack, function):
    assert function["Role"] == "UpdateCustomerRole.Arn"
    (statement,) = stack.properties("UpdateCustomerRole")["AssumeRolePolicyDocument"]["Statement"]
    assert statement == {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }


def test_the_only_other_role_is_codedeploys(stack):
    roles = stack.of_type("AWS::IAM::Role")
    assert roles.keys() == {"UpdateCustomerRole", "CodeDeployServiceRole"}
    (statement,) = roles["CodeDeployServiceRole"]["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": ["codedeploy.amazonaws.com"]}


def test_the_code_makes_the_calls_that_are_allowed():
    calls = set()
    for text in sources().values():
        calls |= set(re.findall(r"\.((?:\w+_item|\w+_items|query|scan|execute_\w+)\(\))", text))
    assert calls == {"update_item()", "get_item()"}


# The API


def test_there_is_one_route_and_it_leads_to_the_alias(stack):
    (route,) = stack.of_type("AWS::ApiGatewayV2::Route").values()
    assert route["RouteKey"] == "PUT /customers/{customer_id}"
    assert route["Target"] == "integrations/UpdateCustomerIntegration"
    integration = stack.properties("UpdateCustomerIntegration")
    assert integration["IntegrationType"] == "AWS_PROXY"
    assert integration["IntegrationUri"] == "UpdateCustomerFunctionAliaslive"
    assert integration["PayloadFormatVersion"] == "2.0"
    assert stack.properties("Api")["ProtocolType"] == "HTTP"
    # Nothing else brings a route in: neither an OpenAPI definition nor an event of the function.
    assert "Body" not in stack.properties("Api")
    assert "Target" not in stack.properties("Api")


def test_only_the_api_may_call_and_only_that_route(stack):
    (permission,) = stack.of_type("AWS::Lambda::Permission").values()
    assert permission == {
        "FunctionName": "UpdateCustomerFunctionAliaslive",
        "Action": "lambda:InvokeFunction",
        "Principal": "apigateway.amazonaws.com",
        "SourceArn": "arn:aws:execute-api:eu-west-1:111122223333:Api/*/PUT/customers/*",
    }


def test_requests_are_throttled_as_the_parameters_say():
    stage = Stack(ThrottlingRateLimit=7, ThrottlingBurstLimit=11).properties("Stage")
    assert stage["DefaultRouteSettings"]["ThrottlingRateLimit"] == 7
    assert stage["DefaultRouteSettings"]["ThrottlingBurstLimit"] == 11


def test_the_access_log_is_one_json_line_without_a_text_of_the_callers(stack):
    settings = stack.properties("Stage")["AccessLogSettings"]
    assert settings["DestinationArn"] == "AccessLogGroup.Arn"
    assert "\n" not in settings["Format"]
    # The token is in a header; headers, paths and bodies are in none of these.
    assert set(json.loads(settings["Format"]).values()) == {
        "$context.requestId",
        "$context.integration.requestId",
        "$context.requestTimeEpoch",
        "$context.identity.sourceIp",
        "$context.routeKey",
        "$context.status",
        "$context.integration.status",
        "$context.responseLength",
        "$context.responseLatency",
        "$context.integration.latency",
        "$context.error.responseType",
        "$context.integration.error",
    }


def test_cors_is_off_unless_origins_are_named(stack):
    assert "CorsConfiguration" not in stack.properties("Api")


def test_cors_lets_a_browser_send_and_read_the_headers_that_the_code_knows():
    origins = "https://admin.example.com, http://localhost:5173"
    cors = Stack(CorsAllowedOrigins=origins).properties("Api")["CorsConfiguration"]
    token = found(r'const HEADER: &str = "([\w-]+)";', source("src/auth.rs"))
    version = found(r'const VERSION: HeaderName = HeaderName::from_static\("([\w-]+)"\)', source("src/response.rs"))
    assert cors["AllowOrigins"] == ["https://admin.example.com", "http://localhost:5173"]
    assert cors["AllowMethods"] == ["PUT"]
    assert set(cors["AllowHeaders"]) == {token, "content-type", "if-match"}
    assert set(cors["ExposeHeaders"]) == {version, "x-amzn-remapped-www-authenticate", "retry-after"}
    assert "AllowCredentials" not in cors


# The function


def test_the_build_and_the_runtime_agree(function):
    template = TEMPLATE["Resources"]["UpdateCustomerFunction"]
    assert template["Metadata"]["BuildMethod"] == "rust-cargolambda"
    assert template["Properties"]["CodeUri"] == "."
    assert (function["Handler"], function["Runtime"]) == ("bootstrap", "provided.al2023")
    # The builder finds the executable by itself when the package has one.
    package = tomllib.loads((ROOT / "Cargo.toml").read_text())
    assert "workspace" not in package and "bin" not in package
    assert (ROOT / "src/main.rs").exists() and not (ROOT / "src/bin").exists()


@pytest.mark.parametrize("architecture", ["arm64", "x86_64"])
def test_the_architecture_is_the_parameters(architecture):
    function = Stack(Architecture=architecture).properties("UpdateCustomerFunction")
    assert function["Architectures"] == [architecture]


def test_the_architectures_are_those_that_the_builder_makes():
    assert TEMPLATE["Parameters"]["Architecture"]["AllowedValues"] == ["arm64", "x86_64"]
    assert TEMPLATE["Parameters"]["Architecture"]["Default"] == "arm64"


def test_the_variables_are_those_that_the_code_reads(function):
    read = set(re.findall(r'"([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)"', source("src/environment.rs")))
    assert len(read) == 3
    assert function["Environment"]["Variables"].keys() == read


def test_the_code_reads_no_other_variable_but_lambdas_own():
    others = set()
    for name, text in sources().items():
        if name != "environment.rs":
            others |= set(re.findall(r'\b(?:var|var_os|variable)\("([^"]+)"\)', text))
    assert others and all(variable.startswith("AWS_LAMBDA_") for variable in others), others


@pytest.mark.parametrize(
    "parameters, customers, tokens",
    [({}, "CustomersTable", "AccessTokensTable"), (EXISTING, "crm.customers", "crm.tokens")],
    ids=["new tables", "existing tables"],
)
def test_the_variables_name_the_tables(parameters, customers, tokens):
    stack = Stack(AccessTokenCacheSeconds=30, **parameters)
    assert stack.properties("UpdateCustomerFunction")["Environment"]["Variables"] == {
        "CUSTOMERS_TABLE": customers,
        "ACCESS_TOKENS_TABLE": tokens,
        "ACCESS_TOKEN_CACHE_SECONDS": 30,
    }
    assert stack.outputs["CustomersTable"] == customers
    assert stack.outputs["AccessTokensTable"] == tokens


def seconds(constant, text):
    unit, number = found(rf"const {constant}: Duration = Duration::from_(secs|millis)\((\d[\d_]*)\);", text)
    return int(number.replace("_", "")) / {"secs": 1, "millis": 1000}[unit]


def test_every_timeout_fits_into_the_next(stack, function):
    attempt = seconds("ATTEMPT_TIMEOUT", source("src/dynamodb.rs"))
    operation = seconds("OPERATION_TIMEOUT", source("src/dynamodb.rs"))
    writes = int(found(r"const MAX_WRITES: usize = (\d+);", source("src/table.rs")))
    api = stack.properties("UpdateCustomerIntegration")["TimeoutInMillis"] / 1000
    look_up = 1
    assert attempt < operation
    assert operation * (look_up + writes) < function["Timeout"] < api <= 30


def test_memory_and_concurrency_are_the_parameters(function):
    assert function["MemorySize"] == 256
    assert "ReservedConcurrentExecutions" not in function
    # Zero is no lack of a value: it stops the function.
    for reserved in (0, 5):
        stack = Stack(MemorySize=512, ReservedConcurrency=reserved)
        assert stack.properties("UpdateCustomerFunction")["MemorySize"] == 512
        assert stack.properties("UpdateCustomerFunction")["ReservedConcurrentExecutions"] == reserved


def test_the_function_is_traced_and_logs_json_to_its_own_group():
    stack = Stack(ApplicationLogLevel="DEBUG", SystemLogLevel="INFO")
    function = stack.properties("UpdateCustomerFunction")
    assert function["TracingConfig"] == {"Mode": "Active"}
    assert function["LoggingConfig"] == {
        "LogFormat": "JSON",
        "ApplicationLogLevel": "DEBUG",
        "SystemLogLevel": "INFO",
        "LogGroup": "FunctionLogGroup",
    }


# Deployments


def version(**parameters):
    """What CloudFormation compares to see whether a new version is due."""
    ((name, properties),) = Stack(**parameters).of_type("AWS::Lambda::Version").items()
    return name, properties["Description"]


OTHER_VALUES = {
    "Architecture": "x86_64",
    "MemorySize": 512,
    "AccessTokenCacheSeconds": 0,
    "ApplicationLogLevel": "DEBUG",
    "SystemLogLevel": "DEBUG",
    **EXISTING,
}


def test_a_changed_parameter_reaches_the_alias(stack):
    properties = dict(stack.transformed["Resources"]["UpdateCustomerFunction"]["Properties"])
    # Reserved concurrency belongs to the function, not to a version.
    del properties["ReservedConcurrentExecutions"]
    used = set(references(properties)) & TEMPLATE["Parameters"].keys()
    assert used | EXISTING.keys() == OTHER_VALUES.keys()
    for name, value in OTHER_VALUES.items():
        assert version(**{name: value}) != version(), f"{name} alone publishes no version"


def test_a_changed_property_reaches_the_alias():
    assert TEMPLATE["Resources"]["UpdateCustomerFunction"]["Properties"]["AutoPublishAliasAllProperties"] is True


def test_the_longest_description_of_a_version_fits():
    longest = {}
    for name in OTHER_VALUES:
        parameter = TEMPLATE["Parameters"][name]
        if "AllowedValues" in parameter:
            longest[name] = max(map(str, parameter["AllowedValues"]), key=len)
        elif "MaxValue" in parameter:
            longest[name] = parameter["MaxValue"]
        else:
            longest[name] = "x" * int(found(r",(\d+)\}", parameter["AllowedPattern"]))
    assert len(version(**longest)[1]) <= 256


def test_traffic_moves_gradually_and_goes_back_when_an_alarm_rings(stack):
    group = stack.properties("UpdateCustomerFunctionDeploymentGroup")
    assert group["DeploymentConfigName"] == "CodeDeployDefault.LambdaCanary10Percent10Minutes"
    assert group["AutoRollbackConfiguration"]["Enabled"] is True
    assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]
    assert group["AlarmConfiguration"]["Enabled"] is True
    assert {alarm["Name"] for alarm in group["AlarmConfiguration"]["Alarms"]} == {
        "ServerErrorRateAlarm",
        "FunctionErrorsAlarm",
        "SlowRequestsAlarm",
    }
    (alias,) = stack.of_type("AWS::Lambda::Alias").values()
    assert alias["Name"] == "live"


@pytest.mark.parametrize("preference", TEMPLATE["Parameters"]["DeploymentPreference"]["AllowedValues"])
def test_every_preference_is_one_that_codedeploy_has(preference):
    group = Stack(DeploymentPreference=preference).properties("UpdateCustomerFunctionDeploymentGroup")
    assert group["DeploymentConfigName"] == f"CodeDeployDefault.Lambda{preference}"
    # So that a repair can go out while an alarm rings.
    assert ("Alarms" in group["AlarmConfiguration"]) == (preference != "AllAtOnce")


# The tables


@pytest.mark.parametrize(
    "table, path", [("CustomersTable", "src/table.rs"), ("AccessTokensTable", "src/auth.rs")]
)
def test_the_key_is_the_one_that_the_code_uses(stack, table, path):
    key = found(r'\.key\("(\w+)", AttributeValue::S\(', source(path))
    properties = stack.properties(table)
    assert properties["KeySchema"] == [{"AttributeName": key, "KeyType": "HASH"}]
    assert properties["AttributeDefinitions"] == [{"AttributeName": key, "AttributeType": "S"}]


@pytest.mark.parametrize("table", ["CustomersTable", "AccessTokensTable"])
def test_a_table_cannot_be_lost(stack, table):
    assert stack.resources[table]["DeletionPolicy"] == "Retain"
    assert stack.resources[table]["UpdateReplacePolicy"] == "Retain"
    properties = stack.properties(table)
    assert properties["DeletionProtectionEnabled"] is True
    assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert properties["SSESpecification"] == {"SSEEnabled": True}
    assert properties["BillingMode"] == "PAY_PER_REQUEST"
    assert "TableName" not in properties


def test_expired_tokens_go_by_the_attribute_that_the_code_reads(stack):
    attribute = found(r'record\.remove\("(\w+)"\) \{\s+Some\(AttributeValue::N', source("src/auth.rs"))
    ttl = stack.properties("AccessTokensTable")["TimeToLiveSpecification"]
    assert ttl == {"AttributeName": attribute, "Enabled": True}
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
def test_a_table_is_created_only_where_none_is_named(parameters, created):
    assert Stack(**parameters).of_type("AWS::DynamoDB::Table").keys() == created


# Watching


def test_logs_are_kept_as_long_as_the_parameter_says():
    stack = Stack(LogRetentionDays=30)
    assert stack.of_type("AWS::Logs::LogGroup") == {
        "FunctionLogGroup": {"LogGroupName": "/aws/lambda/update-customer", "RetentionInDays": 30},
        "AccessLogGroup": {"LogGroupName": "/aws/vendedlogs/apis/update-customer", "RetentionInDays": 30},
    }


def statuses():
    """Those that the function answers behind this API, which routes neither another path nor method."""
    body = source("src/error.rs").split("pub fn status(")[1].split("pub fn ")[0]
    refusals = {HTTPStatus[name].value for name in re.findall(r"StatusCode::([A-Z_]+)", body)}
    return {200} | refusals - {405}


def test_every_outcome_is_counted(stack):
    assert statuses() == {200, 400, 401, 404, 412, 500}
    filters = stack.of_type("AWS::Logs::MetricFilter").values()
    counted = {}
    for metric_filter in filters:
        assert metric_filter["LogGroupName"] == "FunctionLogGroup"
        (metric,) = metric_filter["MetricTransformations"]
        assert metric["MetricNamespace"] == "UpdateCustomer/update-customer"
        assert (metric["MetricValue"], metric["DefaultValue"]) == ("1", 0)
        status = int(found(r"^\{ \$\.status = (\d+) \}$", metric_filter["FilterPattern"]))
        counted[status] = metric["MetricName"]
    assert counted == {status: f"Status{status}" for status in statuses()}


def test_the_log_line_has_the_fields_that_are_counted_and_listed():
    log = source("src/log.rs")
    # Without this, the fields would be a level deeper than the filters look.
    assert re.search(r"\.json\(\)\s*\.flatten_event\(true\)", log)
    lines = re.findall(r'tracing::(?:info|error)!\((.*?)"[a-z ]+"\s*\)', log, re.DOTALL)
    assert len(lines) == 3
    for line in lines:
        fields = set(re.findall(r"^\s+(\w+)(?: = .*)?,$", line, re.MULTILINE))
        assert {"status", "outcome", "subject"} <= fields


@pytest.mark.parametrize(
    "parameters, customers", [({}, "CustomersTable"), (EXISTING, "crm.customers")], ids=["new", "existing"]
)
def test_alarms_watch_what_they_say(parameters, customers):
    stack = Stack(SlowRequestMilliseconds=800, FunctionErrorsPerMinute=3, ServerErrorRatePercent=2.5, **parameters)
    alarms = stack.of_type("AWS::CloudWatch::Alarm")
    alias = [
        {"Name": "FunctionName", "Value": "UpdateCustomerFunction"},
        {"Name": "Resource", "Value": "UpdateCustomerFunction:live"},
    ]

    def watched(name):
        alarm = alarms[name]
        statistic = alarm.get("Statistic") or alarm["ExtendedStatistic"]
        over = {"GreaterThanThreshold": ">", "GreaterThanOrEqualToThreshold": ">="}[alarm["ComparisonOperator"]]
        return (alarm["Namespace"], alarm["MetricName"], alarm["Dimensions"], statistic, over, alarm["Threshold"])

    assert alarms.keys() == ALARMS
    assert watched("FunctionErrorsAlarm") == ("AWS/Lambda", "Errors", alias, "Sum", ">=", 3)
    assert watched("ThrottlesAlarm") == ("AWS/Lambda", "Throttles", alias, "Sum", ">", 0)
    assert watched("SlowRequestsAlarm") == ("AWS/Lambda", "Duration", alias, "p99", ">", 800)
    table = [{"Name": "TableName", "Value": customers}]
    assert watched("ThrottledWritesAlarm") == ("AWS/DynamoDB", "WriteThrottleEvents", table, "Sum", ">", 0)

    rate = alarms["ServerErrorRateAlarm"]
    assert (rate["ComparisonOperator"], rate["Threshold"]) == ("GreaterThanThreshold", 2.5)
    expression, *metrics = rate["Metrics"]
    assert expression["Expression"] == "100 * errors / requests"
    api = [{"Name": "ApiId", "Value": "Api"}]
    assert {metric["Id"]: metric["MetricStat"] for metric in metrics} == {
        name: {
            "Metric": {"Namespace": "AWS/ApiGateway", "MetricName": metric, "Dimensions": api},
            "Period": 60,
            "Stat": "Sum",
        }
        for name, metric in (("errors", "5xx"), ("requests", "Count"))
    }


def test_a_canary_that_fails_altogether_rings_the_alarm():
    # It gets a tenth of the traffic.
    assert TEMPLATE["Parameters"]["ServerErrorRatePercent"]["MaxValue"] < 10


def test_alarms_are_quiet_without_traffic_and_say_what_to_look_at(stack):
    for name, alarm in stack.of_type("AWS::CloudWatch::Alarm").items():
        assert alarm["TreatMissingData"] == "notBreaching", name
        assert len(alarm["AlarmDescription"]) > 50, name


def test_alarms_tell_the_topic_when_there_is_one(stack):
    for alarm in stack.of_type("AWS::CloudWatch::Alarm").values():
        assert "AlarmActions" not in alarm and "OKActions" not in alarm
    for alarm in Stack(AlarmTopicArn=TOPIC).of_type("AWS::CloudWatch::Alarm").values():
        assert alarm["AlarmActions"] == alarm["OKActions"] == [TOPIC]


def dashboard(**parameters):
    return json.loads(Stack(**parameters).properties("Dashboard")["DashboardBody"])


@pytest.mark.parametrize("parameters", [{}, EXISTING], ids=name_of)
def test_the_dashboard_answers_three_questions(parameters):
    stack = Stack(**parameters)
    widgets = dashboard(**parameters)["widgets"]
    headings = [widget["properties"]["markdown"] for widget in widgets if widget["type"] == "text"]
    assert headings == ["## Is it healthy?", "## Is it fast?", "## Who is refused?"]

    (alarms,) = (widget["properties"]["alarms"] for widget in widgets if widget["type"] == "alarm")
    assert set(alarms) == {f"{name}.Arn" for name in ALARMS}

    shown = [metric for widget in widgets for metric in widget["properties"].get("metrics", [])]
    outcomes = {metric[1] for metric in shown if metric[0] == "UpdateCustomer/update-customer"}
    assert outcomes == {f"Status{status}" for status in statuses()}
    tables = {metric[3] for metric in shown if metric[0] == "AWS/DynamoDB"}
    assert tables == {stack.outputs["CustomersTable"], stack.outputs["AccessTokensTable"]}

    logs = [widget["properties"]["query"] for widget in widgets if widget["type"] == "log"]
    assert [query.split(" | ")[0] for query in logs] == ["SOURCE 'FunctionLogGroup'", "SOURCE 'AccessLogGroup'"]


def test_the_dashboards_widgets_fit_beside_each_other():
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


def test_the_dashboards_columns_are_in_the_access_log(stack):
    fields = json.loads(stack.properties("Stage")["AccessLogSettings"]["Format"]).keys()
    assert {"sourceIp", "status"} <= fields


# Parameters and outputs


@pytest.mark.parametrize("name", TEMPLATE["Parameters"])
def test_a_parameter_is_described_and_has_a_default_within_bounds(name):
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
def test_a_parameter_has_a_use(name):
    rest = {section: TEMPLATE[section] for section in ("Conditions", "Resources", "Outputs")}
    assert name in set(references(rest))


@pytest.mark.parametrize(
    "name, allowed, refused",
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
            "CorsAllowedOrigins",
            ["", "https://admin.example.com", "http://localhost:5173"],
            ["*", "https://*", "admin.example.com", "https://admin.example.com/", "null"],
        ),
    ],
)
def test_a_parameter_takes_what_it_should(name, allowed, refused):
    pattern = TEMPLATE["Parameters"][name]["AllowedPattern"]
    for value in allowed:
        assert re.fullmatch(pattern, value), value
    for value in refused:
        assert not re.fullmatch(pattern, value), value


def test_the_cache_time_is_the_codes_unless_set():
    default = int(found(r"const DEFAULT_CACHE_SECONDS: u64 = (\d+);", source("src/environment.rs")))
    assert TEMPLATE["Parameters"]["AccessTokenCacheSeconds"]["Default"] == default


def test_outputs_tell_where_everything_is(stack):
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
    # An output that differed from the stage's own path would be a URL that answers 404.
    assert stack.properties("Stage")["StageName"] == "$default"
    assert all(output["Description"] for output in TEMPLATE["Outputs"].values())


def test_every_skipped_finding_has_a_reason():
    skips = [
        skip
        for resource in TEMPLATE["Resources"].values()
        for skip in resource.get("Metadata", {}).get("checkov", {}).get("skip", [])
    ]
    assert skips and all(len(skip["comment"]) > 30 for skip in skips)


# samconfig.toml


def test_two_plain_commands_deploy():
    settings = tomllib.loads((ROOT / "samconfig.toml").read_text())["default"]
    assert settings["global"]["parameters"]["stack_name"] == "update-customer"
    deploy = settings["deploy"]["parameters"]
    assert deploy["resolve_s3"] is True
    assert deploy["confirm_changeset"] is False
    assert deploy["capabilities"] == "CAPABILITY_IAM"


def test_that_capability_is_enough(stack):
    # A role with a name of its own would take CAPABILITY_NAMED_IAM.
    assert not any("RoleName" in role for role in stack.of_type("AWS::IAM::Role").values())
