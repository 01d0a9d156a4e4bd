//! The program on an embedded DynamoDB, a played CloudFormation, and the function behind HTTP.
#![expect(clippy::unwrap_used, reason = "a panic fails the test")]

use std::fs::File;
use std::process::{Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use axum::body::Bytes;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect};
use axum::routing;
use serde_json::{Value, json};
use testkit::invoke::{config, invoke};
use testkit::{CUSTOMER_ID, PutRequest, WRITE_TOKEN, put, sample_customer, tables};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};
use update_customer::App;
use update_customer::dynamodb::attribute::Item;
use update_customer::dynamodb::{TokenHash, client};

const CUSTOMERS: &str = "customers";
const TOKENS: &str = "access-tokens";

/// The function without a token cache, its tables, and the CloudFormation stack that names them.
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
        let sdk_config = client::builder(&tables::local_config(&dynamodb)).build();
        let client = Client::from_conf(sdk_config);
        tables::seed(&client, CUSTOMERS, TOKENS).await.unwrap();
        let config = config(CUSTOMERS, TOKENS, Duration::ZERO);
        Self {
            app: Arc::new(App::new(client.clone(), config)),
            client,
            dynamodb,
            cloudformation: start_cloudformation().await,
        }
    }

    async fn status(&self, request: PutRequest) -> u64 {
        invoke(&self.app, &request.http_api_event()).await.status
    }

    /// The program with these arguments, separated by spaces.
    fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ops"));
        command.args(arguments.split(' ')).env_clear().envs([
            ("AWS_ENDPOINT_URL_DYNAMODB", self.dynamodb.as_str()),
            ("AWS_ENDPOINT_URL_CLOUDFORMATION", &self.cloudformation),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "local"),
            ("AWS_SECRET_ACCESS_KEY", "local"),
        ]);
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        piped.stderr(Stdio::piped());
        command
    }

    async fn run(&self, arguments: &str, input: &str) -> Output {
        finish(self.command(arguments).spawn().unwrap(), input).await
    }

    /// The standard output of a command that succeeds.
    async fn succeed(&self, arguments: &str, input: &str) -> String {
        let output = self.run(arguments, input).await;
        assert!(output.status.success(), "{arguments}: {output:?}");
        text(&output.stdout)
    }

    /// The error of a command that fails, which is one sentence.
    async fn fail(&self, arguments: &str, input: &str) -> String {
        let output = self.run(arguments, input).await;
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let error = text(&output.stderr);
        error.strip_prefix("error: ").unwrap().to_owned()
    }

    async fn issue(&self) -> String {
        let issue = "token issue --subject erp --expires-in 90d";
        self.succeed(issue, "").await
    }

    async fn items(&self, table: &str) -> Vec<Item> {
        let scan = self.client.scan().table_name(table).send().await.unwrap();
        scan.items.unwrap()
    }

    async fn put(&self, table: &str, item: Item) {
        let put = self.client.put_item().table_name(table);
        put.set_item(Some(item)).send().await.unwrap();
    }

    /// The API over HTTP. Returns its URL.
    async fn serve(&self) -> String {
        let stack = self.clone();
        let respond = async move |Path(id): Path<String>, headers: HeaderMap, body: Bytes| {
            let body = String::from_utf8(body.to_vec()).unwrap();
            let mut request = put().id(&id).body(body).without_header("accesstoken");
            for name in ["accesstoken", "if-match"] {
                if let Some(value) = headers.get(name) {
                    request = request.header(name, value.to_str().unwrap());
                }
            }
            let response = invoke(&stack.app, &request.http_api_event()).await;
            let version = response.header("x-customer-version");
            let version = version.map(|version| ("x-customer-version", version.to_owned()));
            let status = StatusCode::from_u16(u16::try_from(response.status).unwrap()).unwrap();
            let headers: Vec<_> = version.into_iter().collect();
            let headers = axum::response::AppendHeaders(headers);
            (status, headers, response.body.to_string()).into_response()
        };
        serve(axum::Router::new().route("/customers/{id}", routing::put(respond))).await
    }
}

async fn finish(mut child: Child, input: &str) -> Output {
    let mut stdin = child.stdin.take().unwrap();
    // The program may end before it reads.
    let _ = stdin.write_all(input.as_bytes()).await;
    drop(stdin);
    child.wait_with_output().await.unwrap()
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
        "<DescribeStacksResponse><DescribeStacksResult><Stacks><member><Outputs>{outputs}</Outputs>\
         <Parameters>{parameters}</Parameters></member></Stacks></DescribeStacksResult></DescribeStacksResponse>"
    );
    let missing = "<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code>\
         <Message>Stack with id other does not exist</Message></Error></ErrorResponse>";
    let describe = async move |request: String| match request.contains("StackName=update-customer")
    {
        true => found.into_response(),
        false => (StatusCode::BAD_REQUEST, missing).into_response(),
    };
    serve(axum::Router::new().fallback(describe)).await
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec())
        .unwrap()
        .trim_end()
        .to_owned()
}

/// A standard output that nobody reads.
fn closed_pipe() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    Stdio::from(writer)
}

#[tokio::test]
async fn issued_token_works_until_it_is_revoked() {
    let stack = Stack::new().await;
    let token = stack.issue().await;
    // As a secret scanner checks it.
    let (body, checksum) = token.split_at(token.len() - 8);
    let secret = body.strip_prefix("uc_live_").unwrap();
    let is_hex = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    assert!(secret.len() == 64 && secret.bytes().all(is_hex), "{token}");
    assert_eq!(
        checksum,
        format!("{:08x}", crc32fast::hash(body.as_bytes()))
    );
    assert_eq!(stack.status(put().token(&token)).await, 200);
    let stored = format!("{:?}", stack.items(TOKENS).await);
    assert!(!stored.contains(secret), "only the hash is stored");

    let hash = TokenHash::of(&token).to_hex();
    let listed = stack.succeed("token list", "").await;
    let line = listed.lines().find(|line| line.starts_with(&hash)).unwrap();
    let issued = line.split("  ").nth(2).unwrap();
    assert!(issued.starts_with("issued 20"), "{line}");
    assert!(
        line.contains("  erp  issued 20") && line.contains("Z  expires 20"),
        "{line}"
    );
    assert!(line.ends_with("  customers:write"), "{line}");

    let revoked = stack.run(&format!("token revoke {hash}"), "").await;
    assert_eq!(text(&revoked.stdout), line, "what it deleted");
    let notice = "Revoked. It may work for up to 30 s more, while it is cached.";
    assert_eq!(text(&revoked.stderr), notice);
    assert_eq!(stack.status(put().token(&token)).await, 401);
    assert_eq!(stack.status(put()).await, 200, "other tokens still work");
    let again = stack.fail(&format!("token revoke {hash}"), "").await;
    assert_eq!(again, format!("no token has the hash {hash}"));
}

#[tokio::test]
async fn revoke_takes_the_token_from_standard_input_and_never_from_the_environment() {
    let stack = Stack::new().await;
    let (used, leaked) = (stack.issue().await, stack.issue().await);
    let revoke = |arguments: &str| {
        let mut command = stack.command(arguments);
        command.env("ACCESS_TOKEN", &used);
        command
    };
    let revoked = revoke("token revoke").spawn().unwrap();
    assert!(
        finish(revoked, &format!("{leaked}\n"))
            .await
            .status
            .success()
    );
    assert_eq!(stack.status(put().token(&leaked)).await, 401);
    assert_eq!(stack.status(put().token(&used)).await, 200);
    let none = finish(revoke("token revoke").spawn().unwrap(), "").await;
    let expected = "error: no access token: write it to standard input, or give its hash";
    assert_eq!(text(&none.stderr), expected);
    let short = stack.fail("token revoke 0123456789ab", "").await;
    assert!(short.starts_with("give the whole hash, 64 "), "{short}");

    // It succeeds when the token is revoked, whatever fails then.
    let hash = TokenHash::of(&used).to_hex();
    let mut command = revoke(&format!("token revoke {hash}"));
    command.arg("--table").arg(TOKENS).stdout(closed_pipe());
    let revoked = finish(command.spawn().unwrap(), "").await;
    assert!(revoked.status.success(), "{revoked:?}");
    let notice = "Revoked. It may work for up to AccessTokenCacheSeconds (60 by default) more.";
    assert_eq!(text(&revoked.stderr), notice);
    assert_eq!(stack.status(put().token(&used)).await, 401);
}

#[tokio::test]
async fn invalid_token_and_one_that_cannot_be_shown_are_not_issued() {
    let stack = Stack::new().await;
    let before = stack.items(TOKENS).await.len();
    let subject = "the subject must not be blank or contain control characters";
    let scope = "a scope must not be empty or contain white space";
    let expiry = "the expiry must not be after the year 9999";
    for (arguments, message) in [
        ("--subject=", subject),
        ("--subject a\nb", subject),
        ("--subject a --scope=", scope),
        ("--subject a --expires-in 9000y", expiry),
        ("--subject a --expires-in 99999999999y", expiry),
    ] {
        let error = stack.fail(&format!("token issue {arguments}"), "").await;
        assert_eq!(error, message);
    }
    let elsewhere = "token issue --subject a --table no-such-table";
    let error = stack.fail(elsewhere, "").await;
    let expected =
        "the token above is not valid: could not store the token in table no-such-table: ";
    assert!(error.starts_with(expected), "{error}");
    let full = File::options().write(true).open("/dev/full").unwrap();
    for output in [Stdio::from(full), closed_pipe()] {
        let mut command = stack.command("token issue --subject erp");
        let issued = finish(command.stdout(output).spawn().unwrap(), "").await;
        let error = text(&issued.stderr);
        let expected = "error: the token could not be shown, so it is not stored: ";
        assert!(error.starts_with(expected), "{error}");
        assert_eq!(issued.status.code(), Some(1));
    }
    assert_eq!(stack.items(TOKENS).await.len(), before);
}

#[tokio::test]
async fn list_shows_every_record_and_escapes_it() {
    let stack = Stack::new().await;
    for (hash, name, value) in [
        ("a", "subject", json!(1)),
        ("b", "expiresAt", json!(99_999_999_999_999_u64)),
        ("c", "scopes", json!([])),
        ("d", "subject", json!("red\u{1b}[31m")),
    ] {
        let mut record = json!({"tokenHash": hash.repeat(64), "subject": "odd"});
        record[name] = value;
        stack.put(TOKENS, tables::item(&record)).await;
    }
    let listed = stack.succeed("token list", "").await;
    let lines: Vec<_> = listed.lines().collect();
    for (hash, rest) in [
        (
            "a",
            "    malformed: an access token's record has no valid attribute subject",
        ),
        (
            "b",
            "  odd  malformed: an access token's record has no valid attribute expiresAt",
        ),
        (
            "c",
            "  odd  malformed: an access token's record has no valid attribute scopes",
        ),
        ("d", "  red\\u001b[31m  does not expire  without a scope"),
    ] {
        let expected = hash.repeat(64) + rest;
        assert!(lines.contains(&&*expected), "{expected:?} in {lines:#?}");
    }
    assert_eq!(lines.len(), stack.items(TOKENS).await.len());
}

#[tokio::test]
async fn closed_output_ends_the_program_quietly_but_not_with_success() {
    let stack = Stack::new().await;
    let url = stack.serve().await;
    let before = stack.items(CUSTOMERS).await;
    for arguments in [
        "token list".to_owned(),
        format!("customer get {CUSTOMER_ID}"),
        "table check".to_owned(),
        format!("smoke --url {url} --write"),
    ] {
        let mut command = stack.command(&arguments);
        let ended = finish(command.stdout(closed_pipe()).spawn().unwrap(), WRITE_TOKEN).await;
        assert_eq!(
            (ended.status.code(), &*text(&ended.stderr)),
            (Some(141), "")
        );
    }
    assert_eq!(stack.items(CUSTOMERS).await, before);
}

#[tokio::test]
async fn errors_are_one_sentence_without_control_characters() {
    let stack = Stack::new().await;
    let other = stack.fail("--stack other token list", "").await;
    let expected = "give --table: stack other does not exist in us-east-1; give --stack";
    assert_eq!(other, expected);
    let output = stack.fail("smoke --customer c", "").await;
    assert_eq!(
        output,
        "give --url: stack update-customer has no output Url"
    );
    let escaped = stack
        .fail("customer get \u{1b}[31m --table \u{9b}31m", "")
        .await;
    assert!(
        escaped.contains("\\u009b31m") && !escaped.contains(char::is_control),
        "{escaped}"
    );
    let usage = stack.run("token \u{9b}31m", "").await;
    let error = text(&usage.stderr);
    assert!(
        usage.status.code() == Some(2) && error.contains("\\u009b31m"),
        "{error}"
    );

    let unreachable = ("AWS_ENDPOINT_URL_CLOUDFORMATION", "http://127.0.0.1:1");
    for (name, value, expected) in [
        (
            unreachable.0,
            unreachable.1,
            "give --table: could not read the outputs of stack update-customer: ",
        ),
        (
            "AWS_ACCESS_KEY_ID",
            "",
            "no AWS credentials: set AWS_PROFILE, or sign in with `aws sso login`",
        ),
        (
            "AWS_REGION",
            "",
            "no AWS region: set AWS_REGION or AWS_PROFILE",
        ),
    ] {
        let mut command = stack.command("token list");
        let output = finish(command.env(name, value).spawn().unwrap(), "").await;
        let error = text(&output.stderr);
        assert!(error.starts_with(&format!("error: {expected}")), "{error}");
        assert_eq!((output.status.code(), error.lines().count()), (Some(1), 1));
    }
}

#[tokio::test]
async fn customer_is_created_once_and_read() {
    let stack = Stack::new().await;
    let customer = r#"{"firstName": "Zoë", "lastName": "O'Neil", "email": "zoe@example.com", "role": "customer",
        "newsletter": true, "createdAt": "2022-12-05T14:01:43.000Z", "metaFields": [{"code": "c", "value": 1.10}]}"#;
    stack.succeed("customer put a/b", customer).await;
    let read = stack.succeed("customer get a/b", "").await;
    let mut expected: Value = serde_json::from_str(customer).unwrap();
    expected["id"] = json!("a/b");
    expected["metaFields"][0]["value"] = json!(1.1);
    assert_eq!(serde_json::from_str::<Value>(&read).unwrap(), expected);
    assert_eq!(stack.status(put().id("a/b")).await, 200);

    let stored = stack.items(CUSTOMERS).await;
    let again = stack.fail("customer put a/b", customer).await;
    assert_eq!(again, "the customer exists; change it through the API");
    let with =
        |more: &str| format!(r#"{{"firstName": "J", "lastName": "D", "email": "j@x.co"{more}}}"#);
    for (input, message) in [
        (
            "{}".to_owned(),
            "the customer breaks rules:\n  /firstName: ",
        ),
        (with(r#", "role": 1"#), "`role` has another type"),
        (with(r#", "id": "d""#), "`id` in the object differs"),
        ("{".to_owned(), "The body is not valid JSON"),
    ] {
        let error = stack.fail("customer put c", &input).await;
        assert!(error.starts_with(message), "{error}");
    }
    assert_eq!(stack.items(CUSTOMERS).await, stored);
    let missing = stack.fail("customer get nobody", "").await;
    assert_eq!(missing, "no customer has the id \"nobody\"");
}

#[tokio::test]
async fn table_check_reports_broken_rules_and_what_to_do() {
    let stack = Stack::new().await;
    let clean = stack.succeed("table check", "").await;
    assert!(clean.ends_with("\nNo customer breaks a rule."), "{clean}");

    for (id, name, value) in [
        ("version", "version", json!(-1)),
        (
            "country",
            "address",
            json!([{"country": "USA"}, {"country": "USA"}]),
        ),
        ("unnamed1", "firstName", json!("")),
        ("unnamed2", "firstName", json!("")),
        ("unnamed3", "firstName", json!("")),
        ("unnamed4\u{1b}", "firstName", json!("")),
        ("status", "status", json!("a\tb")),
    ] {
        let mut customer = sample_customer();
        customer["id"] = json!(id);
        customer[name] = value;
        stack.put(CUSTOMERS, tables::item(&customer)).await;
    }
    let before = stack.items(CUSTOMERS).await;
    let checked = stack.run("table check", "").await;
    assert_eq!(checked.status.code(), Some(1));
    let report = text(&checked.stdout);
    for expected in [
        "8 customers in table customers\n",
        "\n1 customers: version is not a number from 0 to 2^64 - 2\n  \
         every update gets 500: correct the attribute in the table\n  \"version\"\n",
        "\n1 customers: /address/*/country invalid_country\n  \
         leave `address` out, which keeps it, or send the whole list corrected\n  \"country\"\n",
        "\n4 customers: /firstName required\n  each update must send a valid `firstName`\n",
        "\n1 customers: /status invalid_characters\n  leave `status` out, which keeps it, or send a valid value\n",
        "\n  and more, which --all lists\n",
        "\n4 findings",
    ] {
        assert!(report.contains(expected), "{expected} in {report}");
    }
    assert_eq!(report.matches("  \"unnamed").count(), 3, "{report}");
    let all = text(&stack.run("table check --all", "").await.stdout);
    assert_eq!(all.matches("  \"unnamed").count(), 4, "{all}");
    assert!(all.contains("unnamed4\\u{1b}\"\n"), "{all}");
    assert_eq!(stack.items(CUSTOMERS).await, before);

    let tokens = stack.fail("table check --table access-tokens", "").await;
    let expected = "table access-tokens must have the partition key id (S) and no sort key";
    assert_eq!(tokens, expected);
}

#[tokio::test]
async fn smoke_test_writes_nothing_unless_asked() {
    let stack = Stack::new().await;
    let url = stack.serve().await;
    let mut odd = sample_customer();
    odd["id"] = json!("x?y/z");
    odd["address"] = json!([{"country": "USA"}]);
    stack.put(CUSTOMERS, tables::item(&odd)).await;
    let before = stack.items(CUSTOMERS).await;
    for id in [CUSTOMER_ID, "x?y/z"] {
        let smoke = format!("smoke --url {url} --customer {id}");
        let passed = stack.succeed(&smoke, WRITE_TOKEN).await;
        assert!(passed.ends_with("all 8 checks passed"), "{passed}");
        assert_eq!(stack.items(CUSTOMERS).await, before);
    }
    let write = format!("smoke --url {url}/customers/{{customer_id}} --write");
    let passed = stack.succeed(&write, WRITE_TOKEN).await;
    assert!(passed.ends_with("all 9 checks passed"), "{passed}");
    let failed = stack.run(&write, "no-such-token").await;
    assert_eq!(failed.status.code(), Some(1));
    let expected = "FAIL  404 for an unknown customer: status 401, code \"token_invalid\"";
    assert!(text(&failed.stdout).contains(expected));
    let refused = "smoke --url http://127.0.0.1:1 --write";
    let refused = stack.fail(refused, WRITE_TOKEN).await;
    assert!(
        refused.starts_with("no response from http://127.0.0.1:1: "),
        "{refused}"
    );
    assert_eq!(
        stack.items(CUSTOMERS).await,
        before,
        "the new customer is deleted"
    );
}

#[tokio::test]
async fn smoke_test_sends_the_token_to_no_other_host_and_not_in_clear() {
    let stack = Stack::new().await;
    for url in [
        "http://example.com",
        "http://localhost@example.com",
        "ftp://127.0.0.1",
    ] {
        let error = stack
            .fail(&format!("smoke --url {url} --write"), WRITE_TOKEN)
            .await;
        let expected = format!("{url} must start with https://, because the token is sent there");
        assert_eq!(error, expected);
    }
    let api = stack.serve().await;
    let to_api =
        async move |Path(id): Path<String>| Redirect::temporary(&format!("{api}/customers/{id}"));
    let url = serve(axum::Router::new().route("/customers/{id}", routing::put(to_api))).await;
    let redirected = stack
        .run(&format!("smoke --url {url} --write"), WRITE_TOKEN)
        .await;
    let output = text(&redirected.stdout);
    assert_eq!(redirected.status.code(), Some(1));
    assert!(
        output.contains(": status 307, ") && output.ends_with("9 of 9 checks failed"),
        "{output}"
    );
}

#[cfg(unix)]
#[tokio::test]
async fn interrupted_smoke_test_deletes_its_customer() {
    let stack = Stack::new().await;
    let before = stack.items(CUSTOMERS).await;
    let never = async || std::future::pending::<()>().await;
    let url = serve(axum::Router::new().fallback(never)).await;
    for signal in ["INT", "TERM", "HUP"] {
        let mut child = stack
            .command(&format!("smoke --url {url} --write"))
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(WRITE_TOKEN.as_bytes()).await.unwrap();
        drop(stdin);
        let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = output.next_line().await.unwrap().unwrap();
        let id = line.split([' ', ',']).nth(3).unwrap().to_owned();
        for _ in 0..1_000 {
            if stack.status(put().id(&id)).await == 200 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let pid = child.id().unwrap().to_string();
        Command::new("kill")
            .args(["-s", signal, &pid])
            .status()
            .await
            .unwrap();
        let ended = child.wait_with_output().await.unwrap();
        assert_eq!(text(&ended.stderr), "error: interrupted");
        assert_eq!(stack.items(CUSTOMERS).await, before);
    }
}
