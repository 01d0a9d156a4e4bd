//! The example that issues, lists and revokes tokens, on the tables of the function.

#[path = "../../examples/access-token/tokens.rs"]
mod example;

use std::process::{Output, Stdio};
use std::time::{Duration, SystemTime};

use serde_json::json;
use tokio::process::Command;

use self::example as tokens;
use self::example::NewToken;

use crate::support::{Stand, WRITE_TOKEN, put, store};

/// Whether a text has the form and the checksum of a token that the example makes, as a
/// scanner would find out.
fn is_well_formed(text: &str) -> bool {
    let Some((body, checksum)) = text
        .len()
        .checked_sub(8)
        .and_then(|at| text.split_at_checked(at))
    else {
        return false;
    };
    let secret = body.strip_prefix(tokens::PREFIX).unwrap_or_default();
    secret.len() == 64
        && secret
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        && checksum == format!("{:08x}", crc32fast::hash(body.as_bytes()))
}

fn write() -> Vec<String> {
    vec!["customers:write".to_owned()]
}

#[test]
fn a_token_has_a_prefix_256_bits_and_a_checksum() {
    let one = NewToken::generate().unwrap();
    let other = NewToken::generate().unwrap();
    assert_ne!(one.reveal(), other.reveal());
    assert!(is_well_formed(one.reveal()), "{}", one.reveal());
    assert_eq!(one.reveal().len(), "uc_live_".len() + 64 + 8);
    let mut altered = one.reveal().to_owned();
    let last = if altered.ends_with('0') { "1" } else { "0" };
    altered.replace_range(altered.len() - 1.., last);
    for text in [
        &altered,
        "",
        "uc_live_",
        "é",
        &one.reveal().to_uppercase(),
        &one.reveal()[1..],
    ] {
        assert!(!is_well_formed(text), "{text}");
    }
}

#[tokio::test]
async fn an_issued_token_works_and_a_revoked_one_does_not() {
    let stand = Stand::new().await;
    let token = NewToken::generate().unwrap();
    let record = tokens::issue(&stand.client, &stand.tokens, &token, "shop", &write(), None)
        .await
        .unwrap();
    assert_eq!(stand.send(put().token(token.reveal())).await.status, 200);
    assert_eq!(stand.stored().await["updatedBy"], "shop");

    let short = &record.hash[..tokens::SHORT_HASH];
    assert_eq!(
        tokens::revoke(&stand.client, &stand.tokens, short)
            .await
            .unwrap(),
        record
    );
    assert_eq!(
        stand.send(put().token(token.reveal())).await.body["code"],
        "token_invalid"
    );
    assert_eq!(
        stand.send(put()).await.status,
        200,
        "other tokens still work"
    );
}

#[tokio::test]
async fn only_the_hash_is_stored() {
    let stand = Stand::new().await;
    let token = NewToken::generate().unwrap();
    let day = Duration::from_secs(24 * 3_600);
    tokens::issue(
        &stand.client,
        &stand.tokens,
        &token,
        "shop",
        &write(),
        Some(day),
    )
    .await
    .unwrap();
    let scan = stand
        .client
        .scan()
        .table_name(&stand.tokens)
        .send()
        .await
        .unwrap();
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
async fn a_token_for_another_scope_cannot_write() {
    let stand = Stand::new().await;
    let token = NewToken::generate().unwrap();
    let scopes = vec!["customers:read".to_owned()];
    tokens::issue(
        &stand.client,
        &stand.tokens,
        &token,
        "report",
        &scopes,
        None,
    )
    .await
    .unwrap();
    assert_eq!(
        stand.send(put().token(token.reveal())).await.body["code"],
        "insufficient_permission"
    );
}

#[tokio::test]
async fn a_list_shows_subject_scopes_expiry_and_a_short_hash() {
    let stand = Stand::new().await;
    stand
        .issue_token("old", &["customers:write"], Some(0))
        .await;
    let shown: Vec<_> = tokens::list(&stand.client, &stand.tokens)
        .await
        .unwrap()
        .iter()
        .map(ToString::to_string)
        .collect();
    let short = |token: &str| stand.token_hash(token)[..12].to_owned();
    assert_eq!(
        shown,
        [
            format!(
                "{}  demo-erp  for ever  customers:write",
                short(WRITE_TOKEN)
            ),
            format!(
                "{}  demo-report  for ever  customers:read",
                short(store::READ_TOKEN)
            ),
            format!(
                "{}  issued  expired 1970-01-01T00:00:00Z  customers:write",
                short("old")
            ),
        ]
    );
}

#[tokio::test]
async fn a_refused_command_leaves_the_table_as_it_was() {
    let stand = Stand::new().await;
    let before = tokens::list(&stand.client, &stand.tokens).await.unwrap();
    let token = NewToken::generate().unwrap();
    let issue = |subject: &'static str, scopes: Vec<String>, time| {
        tokens::issue(
            &stand.client,
            &stand.tokens,
            &token,
            subject,
            scopes.leak(),
            time,
        )
    };
    assert_eq!(
        issue(" ", write(), None).await.unwrap_err(),
        "the subject must not be blank or hold control characters"
    );
    assert_eq!(
        issue("a\nb", write(), None).await.unwrap_err(),
        "the subject must not be blank or hold control characters"
    );
    assert_eq!(
        issue("a", vec!["".into()], None).await.unwrap_err(),
        "a scope must not be empty or hold spaces"
    );
    assert_eq!(
        issue("a", write(), Some(Duration::MAX)).await.unwrap_err(),
        "the expiry is too far away"
    );
    let revoke = |hash: &'static str| tokens::revoke(&stand.client, &stand.tokens, hash);
    assert_eq!(
        revoke("abc").await.unwrap_err(),
        "give at least the 12 characters of the hash that `list` shows"
    );
    assert_eq!(
        revoke("000000000000").await.unwrap_err(),
        "no token has a hash that starts with 000000000000"
    );
    let elsewhere = tokens::issue(&stand.client, "no-such-table", &token, "a", &write(), None)
        .await
        .unwrap_err();
    assert!(
        elsewhere.starts_with("could not store the token's record in table no-such-table: "),
        "{elsewhere}"
    );
    assert!(!elsewhere.contains(token.reveal()));
    assert_eq!(
        tokens::list(&stand.client, &stand.tokens).await.unwrap(),
        before
    );
}

/// Runs the example on the stand's table; there is no CloudFormation.
async fn access_token(stand: &Stand, arguments: &[&str]) -> Output {
    access_token_with_stacks(stand, "http://127.0.0.1:1", arguments).await
}

/// Runs the example on the stand's table, with CloudFormation at `stacks`.
async fn access_token_with_stacks(stand: &Stand, stacks: &str, arguments: &[&str]) -> Output {
    // Examples are built next to the test's own folder.
    let mut path = std::env::current_exe().unwrap();
    path.pop();
    path.pop();
    path.push("examples/access-token");
    let mut command = Command::new(path);
    command
        .args(arguments)
        .env_clear()
        .stdin(Stdio::null())
        .envs([
            ("AWS_ENDPOINT_URL_DYNAMODB", stand.endpoint.as_str()),
            ("AWS_ENDPOINT_URL_CLOUDFORMATION", stacks),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "local"),
            ("AWS_SECRET_ACCESS_KEY", "local"),
        ]);
    command.output().await.unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap().trim_end()
}

#[tokio::test]
async fn the_commands_walk_a_token_through_its_life() {
    let stand = Stand::new().await;
    let table = ["--table", &stand.tokens];
    let issued = access_token(
        &stand,
        &[
            &table[..],
            &["issue", "--subject", "erp", "--expires-in", "90d"],
        ]
        .concat(),
    )
    .await;
    assert!(issued.status.success(), "{}", text(&issued.stderr));
    let token = text(&issued.stdout);
    assert!(
        is_well_formed(token),
        "standard output holds the token alone: {token}"
    );
    assert_eq!(stand.send(put().token(token)).await.status, 200);

    let listed = access_token(&stand, &[&table[..], &["list"]].concat()).await;
    assert!(text(&listed.stdout).contains(&stand.token_hash(token)[..12]));
    assert!(!text(&listed.stdout).contains(token));

    let revoked = access_token(
        &stand,
        &[&table[..], &["revoke", "--token", token]].concat(),
    )
    .await;
    assert!(revoked.status.success(), "{}", text(&revoked.stderr));
    let answer = stand.send(put().token(token)).await;
    assert_eq!(
        (answer.status, &answer.body["code"]),
        (401, &json!("token_invalid"))
    );

    let again = access_token(
        &stand,
        &[&table[..], &["revoke", "--token", token]].concat(),
    )
    .await;
    assert_eq!(again.status.code(), Some(1));
    assert!(text(&again.stderr).starts_with("error: no token has a hash that starts with "));
}

#[tokio::test]
async fn a_stack_that_cannot_be_read_is_a_clear_error() {
    let stand = Stand::new().await;
    let listed = access_token(&stand, &["list"]).await;
    assert_eq!(listed.status.code(), Some(1));
    let error = text(&listed.stderr);
    let expected =
        "error: could not read the outputs of stack update-customer; give --table or --stack: ";
    assert!(error.starts_with(expected), "{error}");
}

/// A CloudFormation that knows one stack with one output, and answers no other question.
async fn cloudformation(stack: &'static str, output: &str, value: &str) -> String {
    let answer = format!(
        "<DescribeStacksResponse xmlns=\"http://cloudformation.amazonaws.com/doc/2010-05-15/\"><DescribeStacksResult>\
         <Stacks><member><StackName>{stack}</StackName><StackStatus>CREATE_COMPLETE</StackStatus>\
         <CreationTime>2026-01-31T12:00:00.000Z</CreationTime><Outputs><member><OutputKey>{output}</OutputKey>\
         <OutputValue>{value}</OutputValue></member></Outputs></member></Stacks></DescribeStacksResult>\
         <ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></DescribeStacksResponse>"
    );
    let describe = async move |question: String| {
        assert!(question.contains("Action=DescribeStacks"), "{question}");
        assert!(
            question.contains(&format!("StackName={stack}")),
            "{question}"
        );
        answer
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let router = axum::Router::new().fallback(describe);
    tokio::spawn(axum::serve(listener, router).into_future());
    endpoint
}

#[tokio::test]
async fn the_table_is_found_by_the_stacks_output() {
    let stand = Stand::new().await;
    let stacks = cloudformation("update-customer", "AccessTokensTable", &stand.tokens).await;
    let listed = access_token_with_stacks(&stand, &stacks, &["list"]).await;
    assert!(
        text(&listed.stdout).contains("demo-erp"),
        "{}",
        text(&listed.stderr)
    );

    let stacks = cloudformation("other", "AccessTokensTable", &stand.tokens).await;
    let listed = access_token_with_stacks(&stand, &stacks, &["--stack", "other", "list"]).await;
    assert!(listed.status.success(), "{}", text(&listed.stderr));
}

#[tokio::test]
async fn a_stack_without_the_output_is_a_clear_error() {
    let stand = Stand::new().await;
    let stacks = cloudformation("update-customer", "Url", "https://api.example.com").await;
    let listed = access_token_with_stacks(&stand, &stacks, &["list"]).await;
    assert_eq!(listed.status.code(), Some(1));
    let expected = "error: stack update-customer has no output AccessTokensTable; give --table";
    assert_eq!(text(&listed.stderr), expected);
}
