//! The program on an embedded DynamoDB, a played CloudFormation, and the function behind HTTP.
#![expect(clippy::unwrap_used, reason = "a panic fails the test")]

use std::fs::File;
use std::process::{Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use axum::body::Bytes;
use axum::extract::Path;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use testkit::invoke::{config, invoke};
use testkit::{CUSTOMER_ID, PutRequest, WRITE_TOKEN, put, sample_customer, tables};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use update_customer::auth::TokenHash;
use update_customer::dynamodb::attribute::Item;
use update_customer::dynamodb::client;
use update_customer::handler::App;

const CUSTOMERS: &str = "customers";
const TOKENS: &str = "access-tokens";

/// The function without a token cache, and its tables.
#[derive(Clone)]
struct Stack {
    app: Arc<App>,
    client: Client,
    dynamodb: String,
    cloudformation: String,
}

impl Stack {
    async fn new() -> Self {
        let dynamodb = tables::start_embedded_dynamodb().await;
        let sdk_config = client::config(&tables::local_config(&dynamodb)).build();
        let client = Client::from_conf(sdk_config);
        tables::seed(&client, CUSTOMERS, TOKENS).await.unwrap();
        let config = config(CUSTOMERS, TOKENS, Duration::ZERO);
        Self {
            app: Arc::new(App::new(client.clone(), config)),
            client,
            dynamodb,
            cloudformation: "http://127.0.0.1:1".to_owned(),
        }
    }

    /// With a CloudFormation that has one stack.
    async fn deployed(mut self) -> Self {
        self.cloudformation = start_cloudformation().await;
        self
    }

    async fn status(&self, request: PutRequest) -> u64 {
        invoke(&self.app, &request.http_api_event()).await.status
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ops"));
        command
            .args(arguments)
            .env_clear()
            .stdin(Stdio::null())
            .envs([
                ("AWS_ENDPOINT_URL_DYNAMODB", self.dynamodb.as_str()),
                ("AWS_ENDPOINT_URL_CLOUDFORMATION", &self.cloudformation),
                ("AWS_REGION", "us-east-1"),
                ("AWS_ACCESS_KEY_ID", "local"),
                ("AWS_SECRET_ACCESS_KEY", "local"),
            ]);
        command
    }

    async fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().await.unwrap()
    }

    async fn run_with_input(&self, arguments: &[&str], input: &str) -> Output {
        let mut command = self.command(arguments);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(input.as_bytes()).await.unwrap();
        drop(stdin);
        child.wait_with_output().await.unwrap()
    }

    async fn issue(&self) -> String {
        let issued = self
            .run(&["token", "--table", TOKENS, "issue", "--subject", "shop"])
            .await;
        assert!(issued.status.success(), "{}", text(&issued.stderr));
        text(&issued.stdout).to_owned()
    }

    async fn items(&self, table: &str) -> Vec<Item> {
        let scan = self.client.scan().table_name(table).send().await.unwrap();
        scan.items.unwrap()
    }

    async fn put(&self, table: &str, item: Item) {
        let put = self
            .client
            .put_item()
            .table_name(table)
            .set_item(Some(item));
        put.send().await.unwrap();
    }

    /// The API over HTTP. Returns its URL.
    async fn serve(&self) -> String {
        let stack = self.clone();
        let respond = async move |Path(id): Path<String>, headers: HeaderMap, body: Bytes| {
            let mut request = put()
                .id(&id)
                .body(String::from_utf8(body.to_vec()).unwrap())
                .without_header("accesstoken");
            for (name, value) in &headers {
                if ["accesstoken", "if-match"].contains(&name.as_str()) {
                    request = request.header(name.as_str(), value.to_str().unwrap());
                }
            }
            http(invoke(&stack.app, &request.http_api_event()).await)
        };
        let router = axum::Router::new().route("/customers/{id}", axum::routing::put(respond));
        serve(router).await
    }
}

fn http(response: testkit::Response) -> Response {
    let version = response.header("x-customer-version").map(str::to_owned);
    let status = u16::try_from(response.status).unwrap();
    let mut http = (
        axum::http::StatusCode::from_u16(status).unwrap(),
        response.body.to_string(),
    )
        .into_response();
    if let Some(version) = version {
        http.headers_mut()
            .insert("x-customer-version", version.parse().unwrap());
    }
    http
}

async fn serve(router: axum::Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(axum::serve(listener, router).into_future());
    url
}

/// A CloudFormation with the stack `update-customer`, whose tokens are cached for 30 seconds.
async fn start_cloudformation() -> String {
    let member = |kind: &str, key: &str, value: &str| {
        format!("<member><{kind}Key>{key}</{kind}Key><{kind}Value>{value}</{kind}Value></member>")
    };
    let outputs = member("Output", "CustomersTable", CUSTOMERS)
        + &member("Output", "AccessTokensTable", TOKENS);
    let parameters = member("Parameter", "AccessTokenCacheSeconds", "30");
    let found = format!(
        "<DescribeStacksResponse xmlns=\"http://cloudformation.amazonaws.com/doc/2010-05-15/\"><DescribeStacksResult>\
         <Stacks><member><StackName>update-customer</StackName><StackStatus>CREATE_COMPLETE</StackStatus>\
         <CreationTime>2026-01-31T12:00:00.000Z</CreationTime><Outputs>{outputs}</Outputs>\
         <Parameters>{parameters}</Parameters></member></Stacks></DescribeStacksResult></DescribeStacksResponse>"
    );
    let missing = "<ErrorResponse xmlns=\"http://cloudformation.amazonaws.com/doc/2010-05-15/\"><Error>\
        <Type>Sender</Type><Code>ValidationError</Code><Message>Stack with id other does not exist</Message>\
        </Error></ErrorResponse>";
    let describe = async move |request: String| match request.contains("StackName=update-customer")
    {
        true => found.into_response(),
        false => (axum::http::StatusCode::BAD_REQUEST, missing).into_response(),
    };
    serve(axum::Router::new().fallback(describe)).await
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap().trim_end()
}

/// Whether a text has the form and the checksum of a token, as a secret scanner checks it.
fn is_well_formed(token: &str) -> bool {
    let (body, checksum) = token.split_at(token.len() - 8);
    let secret = body.strip_prefix("uc_live_").unwrap_or_default();
    let is_hex = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    secret.len() == 64
        && secret.bytes().all(is_hex)
        && checksum == format!("{:08x}", crc32fast::hash(body.as_bytes()))
}

fn item(value: Value) -> Item {
    tables::item(&value)
}

#[tokio::test]
async fn issued_token_works_until_it_is_revoked() {
    let stack = Stack::new().await.deployed().await;
    let arguments = ["token", "issue", "--subject", "erp", "--expires-in", "90d"];
    let issued = stack.run(&arguments).await;
    assert!(issued.status.success(), "{}", text(&issued.stderr));
    let token = text(&issued.stdout);
    assert!(
        is_well_formed(token),
        "standard output has only the token: {token}"
    );
    assert_eq!(stack.status(put().token(token)).await, 200);
    for item in stack.items(TOKENS).await {
        assert!(
            !format!("{item:?}").contains(token),
            "only the hash is stored"
        );
    }

    let hash = TokenHash::of(token).to_hex();
    let listed = stack.run(&["token", "list"]).await;
    let line = text(&listed.stdout)
        .lines()
        .find(|line| line.starts_with(&hash));
    let line = line.expect("the whole hash");
    assert!(
        line.contains("  erp  expires 20") && line.ends_with("  customers:write"),
        "{line}"
    );
    assert!(!text(&listed.stdout).contains(token));

    let revoked = stack.run(&["token", "revoke", &hash]).await;
    assert!(text(&revoked.stdout).starts_with(&hash));
    let notice = "Revoked. It may work for up to 30 s more, while it is cached.";
    assert_eq!(text(&revoked.stderr), notice);
    assert_eq!(stack.status(put().token(token)).await, 401);
    assert_eq!(stack.status(put()).await, 200, "other tokens still work");

    let again = stack.run(&["token", "revoke", &hash]).await;
    assert_eq!(again.status.code(), Some(1));
    assert_eq!(
        text(&again.stderr),
        format!("error: no token has the hash {hash}")
    );
}

#[tokio::test]
async fn token_itself_is_revoked_from_standard_input_or_the_environment() {
    let stack = Stack::new().await;
    let revoke = ["token", "--table", TOKENS, "revoke"];
    let token = stack.issue().await;
    let revoked = stack.run_with_input(&revoke, &format!("{token}\n")).await;
    assert!(revoked.status.success(), "{}", text(&revoked.stderr));
    assert_eq!(stack.status(put().token(&token)).await, 401);

    let token = stack.issue().await;
    let revoked = stack
        .command(&revoke)
        .env("ACCESS_TOKEN", &token)
        .output()
        .await
        .unwrap();
    assert!(revoked.status.success(), "{}", text(&revoked.stderr));
    assert_eq!(stack.status(put().token(&token)).await, 401);

    let none = stack.run(&revoke).await;
    let expected = "error: no access token: set ACCESS_TOKEN, or write it to standard input";
    assert_eq!(text(&none.stderr), expected);
    let start = stack
        .run(&["token", "--table", TOKENS, "revoke", "0123456789ab"])
        .await;
    assert!(text(&start.stderr).starts_with("error: give the whole hash, 64 "));
}

#[tokio::test]
async fn token_that_cannot_be_shown_is_not_stored() {
    let stack = Stack::new().await;
    let before = stack.items(TOKENS).await.len();
    let full = File::options().write(true).open("/dev/full").unwrap();
    for output in [Stdio::from(full), closed_pipe()] {
        let mut command = stack.command(&["token", "--table", TOKENS, "issue", "--subject", "erp"]);
        command.stdout(output).stderr(Stdio::piped());
        let issued = command.spawn().unwrap().wait_with_output().await.unwrap();
        assert_eq!(issued.status.code(), Some(1));
        let expected = "error: the token could not be shown, so it is not stored: ";
        assert!(text(&issued.stderr).starts_with(expected));
        assert_eq!(stack.items(TOKENS).await.len(), before);
    }
}

/// A standard output that nobody reads.
fn closed_pipe() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    Stdio::from(writer)
}

#[tokio::test]
async fn invalid_token_is_not_issued() {
    let stack = Stack::new().await;
    let before = stack.items(TOKENS).await.len();
    for (arguments, message) in [
        (
            ["--subject", " "].as_slice(),
            "the subject must not be blank or contain control characters",
        ),
        (
            &["--subject", "a\nb"],
            "the subject must not be blank or contain control characters",
        ),
        (
            &["--subject", "a", "--scope", ""],
            "a scope must not be empty or contain white space",
        ),
        (
            &["--subject", "a", "--expires-in", "9000y"],
            "the expiry must not be after the year 9999",
        ),
        (
            &["--subject", "a", "--expires-in", "99999999999y"],
            "the expiry must not be after the year 9999",
        ),
    ] {
        let issue = ["token", "--table", TOKENS, "issue"];
        let issued = stack.run(&[&issue, arguments].concat()).await;
        assert_eq!(text(&issued.stderr), format!("error: {message}"));
        assert_eq!(text(&issued.stdout), "");
    }
    let elsewhere = stack
        .run(&[
            "token",
            "--table",
            "no-such-table",
            "issue",
            "--subject",
            "a",
        ])
        .await;
    let error = text(&elsewhere.stderr);
    let expected = "error: the token above is not valid: could not store it in table no-such-table: ResourceNotFound";
    assert!(
        error.starts_with(expected) && error.lines().count() == 1,
        "{error}"
    );
    assert_eq!(stack.items(TOKENS).await.len(), before);
}

#[tokio::test]
async fn list_shows_every_record_and_escapes_it() {
    let stack = Stack::new().await;
    let number = |text: &str| AttributeValue::N(text.to_owned());
    for (hash, name, value) in [
        ("a", "subject", number("1")),
        ("b", "expiresAt", number("1e30")),
        ("c", "expiresAt", number("99999999999999")),
        ("d", "scopes", AttributeValue::L(vec![])),
    ] {
        let mut record = item(json!({"tokenHash": hash, "subject": "odd"}));
        record.insert(name.to_owned(), value);
        stack.put(TOKENS, record).await;
    }
    stack
        .put(
            TOKENS,
            item(json!({"tokenHash": "e", "subject": "red\u{1b}[31m"})),
        )
        .await;
    let listed = stack.run(&["token", "--table", TOKENS, "list"]).await;
    assert!(listed.status.success(), "{}", text(&listed.stderr));
    let lines: Vec<_> = text(&listed.stdout).lines().collect();
    for expected in [
        "a    malformed: an access token's record has no valid subject (S)",
        "c  odd  malformed: an access token's record has no valid expiresAt (N)",
        "d  odd  malformed: an access token's record has no valid scopes (SS)",
        "e  red\\u{1b}[31m  does not expire  without a scope",
    ] {
        assert!(lines.contains(&expected), "{expected:?} in {lines:#?}");
    }
    assert_eq!(lines.len(), stack.items(TOKENS).await.len());
}

#[tokio::test]
async fn closed_output_ends_the_program_quietly() {
    let stack = Stack::new().await;
    for arguments in [
        ["token", "--table", TOKENS, "list"].as_slice(),
        &["customer", "--table", CUSTOMERS, "get", CUSTOMER_ID],
        &["table", "--table", CUSTOMERS, "check"],
    ] {
        let mut command = stack.command(arguments);
        command.stdout(closed_pipe()).stderr(Stdio::piped());
        let ended = command.spawn().unwrap().wait_with_output().await.unwrap();
        assert_eq!((ended.status.code(), text(&ended.stderr)), (Some(0), ""));
    }
}

#[tokio::test]
async fn errors_are_one_sentence() {
    let stack = Stack::new().await.deployed().await;
    let list = ["token", "list"];
    let run = async |change: fn(&mut Command), arguments: &[&str]| {
        let mut command = stack.command(arguments);
        command.env("AWS_EC2_METADATA_DISABLED", "true");
        change(&mut command);
        let output = command.output().await.unwrap();
        assert_eq!(output.status.code(), Some(1));
        let error = text(&output.stderr).to_owned();
        assert_eq!(error.lines().count(), 1, "{error}");
        error
    };
    let other = run(|_| {}, &["--stack", "other", "token", "list"]).await;
    assert_eq!(
        other,
        "error: stack other does not exist in us-east-1; give --stack, or --table"
    );
    let output = run(|_| {}, &["smoke", "--customer", "c"]).await;
    assert_eq!(
        output,
        "error: stack update-customer has no output Url; give --url"
    );
    let unreachable = |command: &mut Command| {
        command.env("AWS_ENDPOINT_URL_CLOUDFORMATION", "http://127.0.0.1:1");
    };
    let error = run(unreachable, &list).await;
    let expected = "error: could not read the outputs of stack update-customer: Connection refused";
    assert!(error.starts_with(expected), "{error}");
    let no_credentials = |command: &mut Command| {
        command.env_remove("AWS_ACCESS_KEY_ID");
    };
    let error = run(no_credentials, &list).await;
    let expected = "error: no AWS credentials: set AWS_PROFILE, or sign in with `aws sso login`";
    assert!(error.starts_with(expected), "{error}");
    let no_region = |command: &mut Command| {
        command.env_remove("AWS_REGION");
    };
    let error = run(no_region, &list).await;
    assert_eq!(error, "error: no AWS region: set AWS_REGION or AWS_PROFILE");
}

#[tokio::test]
async fn customer_is_created_once_and_read() {
    let stack = Stack::new().await.deployed().await;
    let customer = r#"{"firstName": "Zoë", "lastName": "O'Neil", "email": "zoe@example.com", "role": "customer",
        "newsletter": true, "createdAt": "2022-12-05T14:01:43.000Z", "metaFields": [{"code": "c", "value": 1.10}]}"#;
    let created = stack
        .run_with_input(&["customer", "put", "a/b"], customer)
        .await;
    assert!(created.status.success(), "{}", text(&created.stderr));
    let read = stack.run(&["customer", "get", "a/b"]).await;
    let read: Value = serde_json::from_slice(&read.stdout).unwrap();
    let mut expected: Value = serde_json::from_str(customer).unwrap();
    expected["id"] = json!("a/b");
    expected["metaFields"][0]["value"] = serde_json::from_str("1.1").unwrap();
    assert_eq!(read, expected);
    assert_eq!(stack.status(put().id("a/b")).await, 200);

    let stored = stack.items(CUSTOMERS).await;
    let again = stack
        .run_with_input(&["customer", "put", "a/b"], customer)
        .await;
    assert_eq!(
        text(&again.stderr),
        "error: the customer exists; change it through the API"
    );
    for (input, message) in [
        (
            "{}",
            "the customer breaks rules:\n  /firstName: `firstName` is required",
        ),
        (
            r#"{"firstName": "J", "lastName": "D", "email": "j@x.co", "role": 1}"#,
            "`role` has another type",
        ),
        (
            r#"{"firstName": "J", "lastName": "D", "email": "j@x.co", "id": "d"}"#,
            "`id` in the object differs",
        ),
        ("{", "The body is not valid JSON"),
    ] {
        let output = stack.run_with_input(&["customer", "put", "c"], input).await;
        let error = text(&output.stderr);
        assert!(error.starts_with(&format!("error: {message}")), "{error}");
    }
    assert_eq!(stack.items(CUSTOMERS).await, stored);
    let missing = stack.run(&["customer", "get", "nobody"]).await;
    assert_eq!(
        text(&missing.stderr),
        "error: no customer has the id \"nobody\""
    );
}

#[tokio::test]
async fn table_check_reports_types_and_rules_and_changes_nothing() {
    let stack = Stack::new().await.deployed().await;
    let clean = stack.run(&["table", "check"]).await;
    assert!(clean.status.success(), "{}", text(&clean.stderr));
    assert!(text(&clean.stdout).ends_with("The function can show and accept every customer."));

    let with = |change: fn(&mut Value)| {
        let mut customer = sample_customer();
        change(&mut customer);
        item(customer)
    };
    for (id, mut item) in [
        ("created", with(|customer| customer["createdAt"] = json!(1))),
        ("version", with(|customer| customer["version"] = json!(-1))),
        (
            "country\u{1b}",
            with(|customer| customer["address"] = json!([{"country": "USA"}, {"country": "USA"}])),
        ),
        (
            "entry",
            with(|customer| customer["address"] = json!(["12/4, test st"])),
        ),
        (
            "unnamed",
            with(|customer| drop(customer.as_object_mut().unwrap().remove("firstName"))),
        ),
    ] {
        item.insert("id".to_owned(), AttributeValue::S(id.to_owned()));
        stack.put(CUSTOMERS, item).await;
    }
    let before = stack.items(CUSTOMERS).await;
    let checked = stack.run(&["table", "check"]).await;
    assert_eq!(checked.status.code(), Some(1));
    let report = text(&checked.stdout);
    for expected in [
        "6 customers in table customers\n",
        "\ncreatedAt         N 1  S 5\n",
        "\n1 customers: createdAt is not a string\n  an update that does not set it gets 500 and writes nothing\n  \
         such as \"created\"\n",
        "\n1 customers: version is not a whole number from 0 to 2^64 - 2\n",
        "\n1 customers: /address/*/country invalid_country\n  sent back, it gets 400; an update that omits it keeps it\n  \
         such as \"country\\u{1b}\"\n",
        "\n1 customers: /address/* invalid_type\n",
        "\n1 customers: /firstName required\n",
        "\n5 findings",
    ] {
        assert!(report.contains(expected), "{expected} in {report}");
    }
    assert_eq!(stack.items(CUSTOMERS).await, before);

    let tokens = stack.run(&["table", "--table", TOKENS, "check"]).await;
    let expected = "error: table access-tokens must have the partition key id (S) and no sort key";
    assert_eq!(text(&tokens.stderr), expected);
}

#[tokio::test]
async fn smoke_test_writes_nothing_unless_asked() {
    let stack = Stack::new().await.deployed().await;
    let url = stack.serve().await;
    let mut odd = item(sample_customer());
    odd.insert("id".to_owned(), AttributeValue::S("x?y/z".to_owned()));
    odd.insert(
        "address".to_owned(),
        AttributeValue::L(vec![AttributeValue::M(item(json!({"country": "USA"})))]),
    );
    odd.remove("status");
    stack.put(CUSTOMERS, odd).await;
    let before = stack.items(CUSTOMERS).await;
    for id in [CUSTOMER_ID, "x?y/z"] {
        let smoke = ["smoke", "--url", &url, "--customer", id];
        let passed = stack.run_with_input(&smoke, WRITE_TOKEN).await;
        assert!(
            passed.status.success(),
            "{}{}",
            text(&passed.stdout),
            text(&passed.stderr)
        );
        assert!(
            text(&passed.stdout).ends_with("all 8 checks passed"),
            "{}",
            text(&passed.stdout)
        );
        assert_eq!(stack.items(CUSTOMERS).await, before);
    }

    let url = format!("{url}/customers/{{customer_id}}");
    let write = ["smoke", "--url", &url, "--write"];
    let passed = stack.run_with_input(&write, WRITE_TOKEN).await;
    assert!(
        text(&passed.stdout).ends_with("all 9 checks passed"),
        "{}",
        text(&passed.stdout)
    );
    assert_eq!(
        stack.items(CUSTOMERS).await,
        before,
        "the new customer is removed"
    );

    let failed = stack.run_with_input(&write, "no-such-token").await;
    assert_eq!(failed.status.code(), Some(1));
    assert!(
        text(&failed.stdout)
            .contains("FAIL  404 for an unknown customer: status 401, code \"token_invalid\"")
    );
    assert_eq!(stack.items(CUSTOMERS).await, before);
}

#[tokio::test]
async fn smoke_test_stops_at_the_first_refused_connection() {
    let stack = Stack::new().await.deployed().await;
    let smoke = [
        "smoke",
        "--url",
        "http://127.0.0.1:1",
        "--customer",
        CUSTOMER_ID,
    ];
    let stopped = stack.run_with_input(&smoke, WRITE_TOKEN).await;
    assert_eq!(stopped.status.code(), Some(1));
    let error = text(&stopped.stderr);
    assert!(
        error.starts_with("error: no response from http://127.0.0.1:1: ")
            && error.lines().count() == 1,
        "{error}"
    );
    assert_eq!(text(&stopped.stdout), "");
}
