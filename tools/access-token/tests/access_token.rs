//! Issues, lists and revokes tokens, through the library and as a program, and uses them with the
//! function on the same tables.
#![expect(clippy::unwrap_used, reason = "a panic fails the test")]

use std::process::{Output, Stdio};
use std::time::{Duration, SystemTime};

use access_token::{NewToken, PREFIX, Record, SHORT_HASH};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::json;
use testkit::invoke::{config, invoke};
use testkit::{CUSTOMER_ID, PutRequest, READ_TOKEN, Response, WRITE_TOKEN, put, tables};
use tokio::process::Command;
use update_customer::auth::TokenHash;
use update_customer::dynamodb::client;
use update_customer::handler::App;

const CUSTOMERS: &str = "customers";
const TOKENS: &str = "access-tokens";

/// The function without a token cache, on an embedded DynamoDB of its own.
struct TestApp {
    app: App,
    client: Client,
    endpoint: String,
}

impl TestApp {
    async fn new() -> Self {
        let endpoint = tables::start_embedded_dynamodb().await;
        let sdk_config = client::config(&tables::local_config(&endpoint)).build();
        let client = Client::from_conf(sdk_config);
        tables::seed(&client, CUSTOMERS, TOKENS).await.unwrap();
        let config = config(CUSTOMERS, TOKENS, Duration::ZERO);
        Self {
            app: App::new(client.clone(), config),
            client,
            endpoint,
        }
    }

    async fn send(&self, request: PutRequest) -> Response {
        invoke(&self.app, &request.http_api_event()).await
    }

    async fn issue(
        &self,
        token: &NewToken,
        subject: &str,
        scope: &str,
        expires_in: Option<Duration>,
    ) -> Result<Record, String> {
        let scopes = [scope.to_owned()];
        access_token::issue(&self.client, TOKENS, token, subject, &scopes, expires_in).await
    }

    async fn list(&self) -> Vec<Record> {
        access_token::list(&self.client, TOKENS).await.unwrap()
    }

    async fn revoke(&self, hash: &str) -> Result<Record, String> {
        access_token::revoke(&self.client, TOKENS, hash).await
    }

    /// Runs the program on this DynamoDB, without a CloudFormation to connect to.
    async fn run(&self, arguments: &[&str]) -> Output {
        self.run_with_cloudformation("http://127.0.0.1:1", arguments)
            .await
    }

    async fn run_with_cloudformation(&self, endpoint: &str, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_access-token"))
            .args(arguments)
            .env_clear()
            .stdin(Stdio::null())
            .envs([
                ("AWS_ENDPOINT_URL_DYNAMODB", self.endpoint.as_str()),
                ("AWS_ENDPOINT_URL_CLOUDFORMATION", endpoint),
                ("AWS_REGION", "us-east-1"),
                ("AWS_ACCESS_KEY_ID", "local"),
                ("AWS_SECRET_ACCESS_KEY", "local"),
            ])
            .output()
            .await
            .unwrap()
    }
}

/// Whether a text has the form and the checksum of a token, as a secret scanner checks it.
fn is_well_formed(text: &str) -> bool {
    let Some((body, checksum)) = text
        .len()
        .checked_sub(8)
        .and_then(|at| text.split_at_checked(at))
    else {
        return false;
    };
    let secret = body.strip_prefix(PREFIX).unwrap_or_default();
    secret.len() == 64
        && secret
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        && checksum == format!("{:08x}", crc32fast::hash(body.as_bytes()))
}

fn short_hash(token: &str) -> String {
    TokenHash::of(token).to_hex()[..SHORT_HASH].to_owned()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap().trim_end()
}

#[test]
fn token_has_a_prefix_256_bits_and_a_checksum() {
    let token = NewToken::generate().unwrap();
    let other = NewToken::generate().unwrap();
    assert_ne!(token.reveal(), other.reveal());
    assert!(is_well_formed(token.reveal()), "{}", token.reveal());
    assert_eq!(token.reveal().len(), "uc_live_".len() + 64 + 8);
    let mut altered = token.reveal().to_owned();
    let last = if altered.ends_with('0') { "1" } else { "0" };
    altered.replace_range(altered.len() - 1.., last);
    for text in [
        &altered,
        "",
        "uc_live_",
        "é",
        &token.reveal().to_uppercase(),
        &token.reveal()[1..],
    ] {
        assert!(!is_well_formed(text), "{text}");
    }
}

#[tokio::test]
async fn issued_token_works_until_it_is_revoked() {
    let app = TestApp::new().await;
    let token = NewToken::generate().unwrap();
    let issued = app.issue(&token, "shop", "customers:write", None).await;
    let record = issued.unwrap();
    assert_eq!(app.send(put().token(token.reveal())).await.status, 200);
    let stored = app
        .client
        .get_item()
        .table_name(CUSTOMERS)
        .key("id", AttributeValue::S(CUSTOMER_ID.to_owned()))
        .send()
        .await
        .unwrap();
    let customer = stored.item.unwrap();
    assert_eq!(customer["updatedBy"].as_s().unwrap(), "shop");

    let short = &record.hash[..SHORT_HASH];
    assert_eq!(app.revoke(short).await.unwrap(), record);
    let response = app.send(put().token(token.reveal())).await;
    assert_eq!(response.body["code"], "token_invalid");
    assert_eq!(app.send(put()).await.status, 200, "other tokens still work");
}

#[tokio::test]
async fn only_the_hash_is_stored() {
    let app = TestApp::new().await;
    let token = NewToken::generate().unwrap();
    let day = Duration::from_secs(24 * 3_600);
    app.issue(&token, "shop", "customers:write", Some(day))
        .await
        .unwrap();
    let scan = app.client.scan().table_name(TOKENS).send().await.unwrap();
    let item = scan
        .items()
        .iter()
        .find(|item| item["subject"].as_s().unwrap() == "shop")
        .unwrap();
    assert!(!format!("{item:?}").contains(token.reveal()));
    let mut names: Vec<_> = item.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["expiresAt", "scopes", "subject", "tokenHash"]);
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let expires_at: u64 = item["expiresAt"].as_n().unwrap().parse().unwrap();
    assert!((now + 86_000..=now + 86_400).contains(&expires_at));
}

#[tokio::test]
async fn token_with_another_scope_cannot_write() {
    let app = TestApp::new().await;
    let token = NewToken::generate().unwrap();
    app.issue(&token, "report", "customers:read", None)
        .await
        .unwrap();
    let response = app.send(put().token(token.reveal())).await;
    assert_eq!(response.body["code"], "insufficient_permission");
}

#[tokio::test]
async fn list_has_short_hash_subject_expiry_and_scopes() {
    let app = TestApp::new().await;
    let expired = tables::token_record("old", "issued", &["customers:write"], Some(0));
    tables::put_if_absent(&app.client, TOKENS, "tokenHash", expired)
        .await
        .unwrap();
    let lines: Vec<_> = app.list().await.iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            format!(
                "{}  demo-erp  does not expire  customers:write",
                short_hash(WRITE_TOKEN)
            ),
            format!(
                "{}  demo-report  does not expire  customers:read",
                short_hash(READ_TOKEN)
            ),
            format!(
                "{}  issued  expired 1970-01-01T00:00:00Z  customers:write",
                short_hash("old")
            ),
        ]
    );
}

#[tokio::test]
async fn failed_command_leaves_the_table_unchanged() {
    let app = TestApp::new().await;
    let before = app.list().await;
    let token = NewToken::generate().unwrap();
    for (subject, scope, expires_in, message) in [
        (
            " ",
            "customers:write",
            None,
            "the subject must not be blank or contain control characters",
        ),
        (
            "a\nb",
            "customers:write",
            None,
            "the subject must not be blank or contain control characters",
        ),
        (
            "a",
            "",
            None,
            "a scope must not be empty or contain white space",
        ),
        (
            "a",
            "customers:write",
            Some(Duration::MAX),
            "the expiry is too far in the future",
        ),
    ] {
        let issued = app.issue(&token, subject, scope, expires_in).await;
        assert_eq!(issued.unwrap_err(), message);
    }
    assert_eq!(
        app.revoke("abc").await.unwrap_err(),
        "give at least the first 12 characters of the hash, as `list` prints them"
    );
    assert_eq!(
        app.revoke("000000000000").await.unwrap_err(),
        "no token has a hash that starts with 000000000000"
    );
    let scopes = ["customers:write".to_owned()];
    let elsewhere =
        access_token::issue(&app.client, "no-such-table", &token, "a", &scopes, None).await;
    let error = elsewhere.unwrap_err();
    assert!(
        error.starts_with("could not store the token's record in table no-such-table: "),
        "{error}"
    );
    assert!(!error.contains(token.reveal()));
    assert_eq!(app.list().await, before);
}

#[tokio::test]
async fn program_issues_lists_and_revokes_a_token() {
    let app = TestApp::new().await;
    let issue = ["issue", "--subject", "erp", "--expires-in", "90d"];
    let issued = app.run(&[&["--table", TOKENS], &issue[..]].concat()).await;
    assert!(issued.status.success(), "{}", text(&issued.stderr));
    let token = text(&issued.stdout);
    assert!(
        is_well_formed(token),
        "standard output has only the token: {token}"
    );
    assert_eq!(app.send(put().token(token)).await.status, 200);

    let listed = app.run(&["--table", TOKENS, "list"]).await;
    assert!(text(&listed.stdout).contains(&short_hash(token)));
    assert!(!text(&listed.stdout).contains(token));

    let revoke = ["--table", TOKENS, "revoke", "--token", token];
    let revoked = app.run(&revoke).await;
    assert!(revoked.status.success(), "{}", text(&revoked.stderr));
    let response = app.send(put().token(token)).await;
    assert_eq!(
        (response.status, &response.body["code"]),
        (401, &json!("token_invalid"))
    );

    let again = app.run(&revoke).await;
    assert_eq!(again.status.code(), Some(1));
    assert!(text(&again.stderr).starts_with("error: no token has a hash that starts with "));
}

#[tokio::test]
async fn unreachable_cloudformation_is_a_clear_error() {
    let app = TestApp::new().await;
    let listed = app.run(&["list"]).await;
    assert_eq!(listed.status.code(), Some(1));
    let error = text(&listed.stderr);
    let expected =
        "error: could not read the outputs of stack update-customer; give --table or --stack: ";
    assert!(error.starts_with(expected), "{error}");
}

/// Starts a CloudFormation that has one stack with one output, and returns its endpoint.
async fn start_cloudformation(stack: &'static str, output: &str, value: &str) -> String {
    let response = format!(
        "<DescribeStacksResponse xmlns=\"http://cloudformation.amazonaws.com/doc/2010-05-15/\"><DescribeStacksResult>\
         <Stacks><member><StackName>{stack}</StackName><StackStatus>CREATE_COMPLETE</StackStatus>\
         <CreationTime>2026-01-31T12:00:00.000Z</CreationTime><Outputs><member><OutputKey>{output}</OutputKey>\
         <OutputValue>{value}</OutputValue></member></Outputs></member></Stacks></DescribeStacksResult>\
         <ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></DescribeStacksResponse>"
    );
    let describe = async move |request: String| {
        assert!(request.contains("Action=DescribeStacks"), "{request}");
        assert!(request.contains(&format!("StackName={stack}")), "{request}");
        response
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let router = axum::Router::new().fallback(describe);
    tokio::spawn(axum::serve(listener, router).into_future());
    endpoint
}

#[tokio::test]
async fn table_name_comes_from_the_stack_output() {
    let app = TestApp::new().await;
    let endpoint = start_cloudformation("update-customer", "AccessTokensTable", TOKENS).await;
    let listed = app.run_with_cloudformation(&endpoint, &["list"]).await;
    assert!(
        text(&listed.stdout).contains("demo-erp"),
        "{}",
        text(&listed.stderr)
    );

    let endpoint = start_cloudformation("other", "AccessTokensTable", TOKENS).await;
    let listed = app
        .run_with_cloudformation(&endpoint, &["--stack", "other", "list"])
        .await;
    assert!(listed.status.success(), "{}", text(&listed.stderr));
}

#[tokio::test]
async fn stack_without_the_output_is_a_clear_error() {
    let app = TestApp::new().await;
    let endpoint = start_cloudformation("update-customer", "Url", "https://api.example.com").await;
    let listed = app.run_with_cloudformation(&endpoint, &["list"]).await;
    assert_eq!(listed.status.code(), Some(1));
    let expected = "error: stack update-customer has no output AccessTokensTable; give --table";
    assert_eq!(text(&listed.stderr), expected);
}
