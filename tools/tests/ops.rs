//! The program on an embedded DynamoDB, a played CloudFormation, and the function behind HTTP.
#![expect(clippy::unwrap_used, reason = "a panic fails the test")]

use std::fs::File;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use axum::body::Bytes;
use axum::extract::Path;
use axum::http::request::Parts;
use axum::http::{Request, StatusCode};
use axum::response::{IntoResponse, Redirect};
use axum::{Router, routing};
use serde_json::{Value, json};
use testkit::invoke::{config, invoke};
use testkit::{CUSTOMER_ID, PutRequest, WRITE_TOKEN, gateway, put, sample_customer, tables};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;
use update_customer::App;
use update_customer::dynamodb::attribute::Item;
use update_customer::dynamodb::{TokenHash, client};

const CUSTOMERS: &str = "customers";
const TOKENS: &str = "access-tokens";
const WRITING_SMOKE: &str = "smoke --write --url";
/// A character that starts a terminal's control sequence.
const CSI: &str = "\u{9b}";

/// The function without a token cache, its tables, and the CloudFormation stack that names them.
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

    async fn run(&self, arguments: &str, input: &str) -> Ended {
        run(&mut self.command(arguments), input).await
    }

    /// The standard output of a command that succeeds.
    async fn succeed(&self, arguments: &str, input: &str) -> String {
        let ended = self.run(arguments, input).await;
        assert_eq!(ended.code, Some(0), "{arguments}: {ended:?}");
        ended.output
    }

    async fn issue(&self) -> String {
        let issue = "token issue --subject erp --expires-in 90d";
        self.succeed(issue, "").await
    }

    async fn items(&self, table: &str) -> Vec<Item> {
        let scan = self.client.scan().table_name(table).send().await.unwrap();
        scan.items.unwrap()
    }

    async fn put(&self, table: &str, item: &Value) {
        let put = self.client.put_item().table_name(table);
        let put = put.set_item(Some(tables::item(item)));
        put.send().await.unwrap();
    }

    /// The API over HTTP. Returns its URL.
    async fn serve(&self) -> String {
        let app = Arc::clone(&self.app);
        let respond = async move |parts: Parts, body: Bytes| {
            gateway::invoke(&app, &Request::from_parts(parts, body), "").await
        };
        serve(Router::new().fallback(respond)).await
    }
}

/// How a program ended, and its texts without the last line break.
#[derive(Debug)]
struct Ended {
    code: Option<i32>,
    output: String,
    error: String,
}

impl Ended {
    /// The error of a program that failed.
    #[track_caller]
    fn failure(self) -> String {
        assert_eq!(self.code, Some(1), "{self:?}");
        self.error.strip_prefix("error: ").unwrap().to_owned()
    }
}

async fn run(command: &mut Command, input: &str) -> Ended {
    let mut child = command.spawn().unwrap();
    // The program may end before it reads.
    let _ = child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .await;
    end(child).await
}

async fn end(child: Child) -> Ended {
    let ended = child.wait_with_output().await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap().trim_end().to_owned();
    Ended {
        code: ended.status.code(),
        output: text(ended.stdout),
        error: text(ended.stderr),
    }
}

async fn serve(router: Router) -> String {
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
    let describe = async move |request: String| match request.contains("=update-customer") {
        true => found.into_response(),
        false => (StatusCode::BAD_REQUEST, missing).into_response(),
    };
    serve(Router::new().fallback(describe)).await
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
    let crc = crc32fast::hash(body.as_bytes());
    assert_eq!(checksum, format!("{crc:08x}"));
    assert_eq!(stack.status(put().token(&token)).await, 200);
    let stored = format!("{:?}", stack.items(TOKENS).await);
    assert!(!stored.contains(secret), "only the hash is stored");

    let hash = TokenHash::of(&token).to_hex();
    let listed = stack.succeed("token list", "").await;
    let line = listed.lines().find(|line| line.starts_with(&hash)).unwrap();
    let columns: Vec<_> = line.split("  ").collect();
    let [_, "erp", issued, expires, "customers:write"] = columns[..] else {
        panic!("{line}");
    };
    assert!(issued.starts_with("issued 20"), "{line}");
    assert!(expires.starts_with("expires 20"), "{line}");

    let revoke = format!("token revoke {hash}");
    let revoked = stack.run(&revoke, "").await;
    assert_eq!(revoked.output, line, "what it deleted");
    let notice = "Revoked. It may work for up to 30 s more, while it is cached.";
    assert_eq!(revoked.error, notice);
    assert_eq!(stack.status(put().token(&token)).await, 401);
    assert_eq!(stack.status(put()).await, 200, "other tokens still work");
    let again = stack.run(&revoke, "").await.failure();
    assert_eq!(again, format!("no token has the hash {hash}"));
}

#[tokio::test]
async fn revoke_takes_the_token_from_standard_input_and_never_from_the_environment() {
    let stack = Stack::new().await;
    let (used, leaked) = (stack.issue().await, stack.issue().await);
    let mut revoke = stack.command("token revoke");
    revoke.env("ACCESS_TOKEN", &used);
    let revoked = run(&mut revoke, &format!("{leaked}\n")).await;
    assert_eq!(revoked.code, Some(0), "{revoked:?}");
    assert_eq!(stack.status(put().token(&leaked)).await, 401);
    assert_eq!(stack.status(put().token(&used)).await, 200);

    // It succeeds when the token is revoked, whatever fails then.
    let hash = TokenHash::of(&used).to_hex();
    let mut revoke = stack.command(&format!("token revoke {hash} --table {TOKENS}"));
    let revoked = run(revoke.stdout(closed_pipe()), "").await;
    let notice = "Revoked. It may work for up to AccessTokenCacheSeconds (60 by default) more.";
    assert_eq!((revoked.code, &*revoked.error), (Some(0), notice));
    assert_eq!(stack.status(put().token(&used)).await, 401);
}

#[tokio::test]
async fn token_that_cannot_be_shown_is_not_issued() {
    let stack = Stack::new().await;
    let before = stack.items(TOKENS).await;
    let full = File::options().write(true).open("/dev/full").unwrap();
    for output in [Stdio::from(full), closed_pipe()] {
        let mut command = stack.command("token issue --subject erp");
        let error = run(command.stdout(output), "").await.failure();
        let expected = "the token could not be shown, so it is not stored: ";
        assert!(error.starts_with(expected), "{error}");
    }
    assert_eq!(stack.items(TOKENS).await, before);
}

#[tokio::test]
async fn list_shows_every_record_and_escapes_it() {
    let stack = Stack::new().await;
    let malformed = "malformed: an access token's record has no valid attribute";
    let late = json!(99_999_999_999_999_u64);
    for (name, value, expected) in [
        ("subject", json!(1), &*format!("  {malformed} subject")),
        ("expiresAt", late, &format!("x  {malformed} expiresAt")),
        ("scopes", json!([]), &format!("x  {malformed} scopes")),
        (
            "subject",
            json!("\u{1b}[m"),
            r"\u001b[m  does not expire  without a scope",
        ),
    ] {
        let hash = TokenHash::of(expected).to_hex();
        let mut record = json!({"tokenHash": hash, "subject": "x"});
        record[name] = value;
        stack.put(TOKENS, &record).await;
        let listed = stack.succeed("token list", "").await;
        let line = format!("{hash}  {expected}");
        assert!(
            listed.lines().any(|listed| listed == line),
            "{line} in {listed}"
        );
        assert_eq!(listed.lines().count(), stack.items(TOKENS).await.len());
    }
}

#[tokio::test]
async fn closed_output_ends_the_program_quietly_but_not_with_success() {
    let stack = Stack::new().await;
    let url = stack.serve().await;
    let before = stack.items(CUSTOMERS).await;
    for arguments in [
        "token list",
        &format!("customer get {CUSTOMER_ID}"),
        "table check",
        &format!("{WRITING_SMOKE} {url}"),
    ] {
        let mut command = stack.command(arguments);
        let ended = run(command.stdout(closed_pipe()), WRITE_TOKEN).await;
        assert_eq!((ended.code, &*ended.error), (Some(141), ""));
    }
    assert_eq!(stack.items(CUSTOMERS).await, before);
}

/// Commands that fail, their standard input, and the start of their error. `␛` stands for [`CSI`].
const FAILURES: &str = r#"
--stack other token list | | give --table: stack other does not exist in us-east-1; give --stack
AWS_REGION= token list | | no AWS region: set AWS_REGION or AWS_PROFILE
AWS_ACCESS_KEY_ID= token list | | no AWS credentials: set AWS_PROFILE, or sign in with `aws sso login`
AWS_ENDPOINT_URL_CLOUDFORMATION=http://127.0.0.1:1 token list | | give --table: could not read the outputs of stack up
token issue --subject= | | the subject must not be blank or contain control characters
token issue --subject ␛m | | the subject must not be blank or contain control characters
token issue --subject a --scope= | | a scope must not be empty or contain white space
token issue --subject a --expires-in 9000y | | the expiry must not be after the year 9999
token issue --subject a --expires-in 99999999999y | | the expiry must not be after the year 9999
token issue --subject a --table none | | the token above is not valid: could not store the token in table none:
token revoke | | no access token: write it to standard input, or give its hash
token revoke 0123456789ab | | give the whole hash, 64 hexadecimal digits
customer get nobody | | no customer has the id "nobody"
customer get nobody --table ␛m | | could not read the customer in table \u009bm:
customer put c | { | The body is not valid JSON
customer put c | {} | the customer breaks rules: /firstName:
customer put c | {"firstName": "J", "lastName": "D", "email": "j@x.co", "role": 1} | `role` has another type
customer put c | {"firstName": "J", "lastName": "D", "email": "j@x.co", "id": "d"} | `id` in the object differs
customer put 638df9e713920facde1a1cfa | {"firstName": "J", "lastName": "D", "email": "j@x.co"} | the customer exists;
table check --table access-tokens | | table access-tokens must have the partition key id (S) and no sort key
smoke --customer c | | give --url: stack update-customer has no output Url
smoke --customer c --url http://127.0.0.1:1 | | no customer has the id "c"
smoke --write --url http://127.0.0.1:1 | | no response from http://127.0.0.1:1:
smoke --write --url http://example.com | | http://example.com must start with https://, because the token
smoke --write --url http://localhost@example.com | | http://localhost@example.com must start with https://
smoke --write --url ftp://127.0.0.1 | | ftp://127.0.0.1 must start with https://
"#;

#[tokio::test]
async fn failures_are_explained_without_control_characters_and_change_nothing() {
    let stack = Stack::new().await;
    let before = (stack.items(CUSTOMERS).await, stack.items(TOKENS).await);
    for row in FAILURES.trim().lines() {
        let [command, input, expected] = *row.split(" |").collect::<Vec<_>>() else {
            panic!("{row}");
        };
        let command = command.replace('␛', CSI);
        let words = command.split_once(' ');
        let (variable, arguments) = words
            .filter(|(first, _)| first.starts_with("AWS_"))
            .unwrap_or(("LANG=C", &command));
        let mut command = stack.command(arguments);
        command.env("ACCESS_TOKEN", WRITE_TOKEN);
        command.envs(variable.split_once('='));
        let error = run(&mut command, input).await.failure().replace("\n ", "");
        assert!(error.starts_with(expected.trim()), "{row}: {error}");
        assert!(!error.contains(char::is_control), "{row}: {error}");
    }
    let after = (stack.items(CUSTOMERS).await, stack.items(TOKENS).await);
    assert_eq!(after, before);
    let usage = stack.run(&format!("token {CSI}m"), "").await;
    assert_eq!(usage.code, Some(2));
    assert!(usage.error.contains("\\u009bm"), "{usage:?}");
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
}

#[tokio::test]
async fn table_check_reports_broken_rules_and_what_to_do() {
    let stack = Stack::new().await;
    let clean = stack.succeed("table check", "").await;
    assert!(clean.ends_with("\nNo customer breaks a rule."), "{clean}");

    let usa = json!({"country": "USA"});
    for (id, name, value) in [
        ("version", "version", json!(-1)),
        ("country", "address", json!([usa, usa])),
        ("unnamed1", "firstName", json!("")),
        ("unnamed2", "firstName", json!("")),
        ("unnamed3", "firstName", json!("")),
        ("unnamed4\u{1b}", "firstName", json!("")),
        ("status", "status", json!("a\tb")),
    ] {
        let mut customer = sample_customer();
        customer["id"] = json!(id);
        customer[name] = value;
        stack.put(CUSTOMERS, &customer).await;
    }
    let before = stack.items(CUSTOMERS).await;
    let checked = stack.run("table check", "").await;
    assert_eq!(checked.code, Some(1));
    let report = checked.output;
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
    let all = stack.run("table check --all", "").await.output;
    assert_eq!(all.matches("  \"unnamed").count(), 4, "{all}");
    assert!(all.contains("unnamed4\\u{1b}\"\n"), "{all}");
    assert_eq!(stack.items(CUSTOMERS).await, before);
}

#[tokio::test]
async fn smoke_test_writes_nothing_unless_asked() {
    let stack = Stack::new().await;
    let url = stack.serve().await;
    let mut odd = sample_customer();
    odd["id"] = json!("x?y/z");
    odd["address"] = json!([{"country": "USA"}]);
    stack.put(CUSTOMERS, &odd).await;
    let before = stack.items(CUSTOMERS).await;
    let write = format!("{WRITING_SMOKE} {url}/customers/{{customer_id}}");
    for (smoke, checks) in [
        (&format!("smoke --url {url} --customer {CUSTOMER_ID}"), 8),
        (&format!("smoke --url {url} --customer x?y/z"), 8),
        (&write, 9),
    ] {
        let passed = stack.succeed(smoke, WRITE_TOKEN).await;
        let expected = format!("all {checks} checks passed");
        assert!(passed.ends_with(&expected), "{passed}");
        assert_eq!(stack.items(CUSTOMERS).await, before);
    }
    let failed = stack.run(&write, "no-such-token").await;
    assert_eq!(failed.code, Some(1));
    let expected = "FAIL  404 for an unknown customer: status 401, code \"token_invalid\"";
    assert!(failed.output.contains(expected), "{failed:?}");
    let after = stack.items(CUSTOMERS).await;
    assert_eq!(after, before, "the new customer is deleted");
}

#[tokio::test]
async fn smoke_test_sends_the_token_to_no_other_host() {
    let stack = Stack::new().await;
    let api = stack.serve().await;
    let to_api =
        async move |Path(id): Path<String>| Redirect::temporary(&format!("{api}/customers/{id}"));
    let url = serve(Router::new().route("/customers/{id}", routing::put(to_api))).await;
    let smoke = format!("{WRITING_SMOKE} {url}");
    let redirected = stack.run(&smoke, WRITE_TOKEN).await;
    assert_eq!(redirected.code, Some(1));
    let output = redirected.output;
    assert!(output.contains(": status 307, "), "{output}");
    assert!(output.ends_with("9 of 9 checks failed"), "{output}");
}

#[cfg(unix)]
#[tokio::test]
async fn interrupted_smoke_test_deletes_its_customer() {
    let stack = Stack::new().await;
    let before = stack.items(CUSTOMERS).await;
    let never = async || std::future::pending::<()>().await;
    let url = serve(Router::new().fallback(never)).await;
    for signal in ["INT", "TERM", "HUP"] {
        let mut smoke = stack.command(&format!("{WRITING_SMOKE} {url}"));
        let mut child = smoke.env("ACCESS_TOKEN", WRITE_TOKEN).spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = output.next_line().await.unwrap().unwrap();
        let id = line.split([' ', ',']).nth(3).unwrap().to_owned();
        let stored = async {
            while stack.status(put().id(&id)).await != 200 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(Duration::from_secs(10), stored).await.unwrap();
        let pid = child.id().unwrap().to_string();
        let mut kill = Command::new("kill");
        kill.args(["-s", signal, &pid]).status().await.unwrap();
        assert_eq!(end(child).await.failure(), "interrupted");
        assert_eq!(stack.items(CUSTOMERS).await, before);
    }
}
