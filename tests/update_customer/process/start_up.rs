//! What the program does before its first event.

use std::sync::{Arc, Mutex};

use pretty_assertions::assert_eq;
use serde_json::{Value, json};
use testkit::canned_dynamodb;
use testkit::server::{AUTHORITY, Server};

use crate::support::program::{Environment, Program, json_lines};

/// A DynamoDB that records each request and responds to it with `{}`.
struct EmptyDynamoDb {
    requests: Arc<Mutex<Vec<(String, Value)>>>,
    server: Server,
}

impl EmptyDynamoDb {
    fn start(status: u16, tls: bool) -> Self {
        let requests = Arc::new(Mutex::new(Vec::new()));
        let record = Arc::clone(&requests);
        let server = canned_dynamodb::serve(tls, move |operation, body| {
            let body = serde_json::from_slice(body).unwrap();
            record.lock().unwrap().push((operation.to_owned(), body));
            (status, "{}".to_owned())
        });
        Self { requests, server }
    }

    fn requests(&self) -> Vec<(String, Value)> {
        self.requests.lock().unwrap().clone()
    }
}

/// Starts the program until it requests its first event, and returns its log.
async fn start_up_log(dynamodb: &str, variables: &[(&str, &str)]) -> Vec<Value> {
    let mut all = vec![
        ("AWS_ENDPOINT_URL_DYNAMODB", dynamodb),
        ("CUSTOMERS_TABLE", "the-customers"),
        ("ACCESS_TOKENS_TABLE", "the-tokens"),
    ];
    all.extend(variables);
    json_lines(&Environment::start(&all).await.stop().await)
}

#[tokio::test]
async fn start_up_makes_one_lookup_and_no_write() {
    let dynamodb = EmptyDynamoDb::start(200, false);
    let log = start_up_log(&format!("http://{}", dynamodb.server.address), &[]).await;
    assert_eq!(log, [] as [Value; 0]);
    // No token has this hash.
    let key = json!({"tokenHash": {"S": "0".repeat(64)}});
    let lookup = json!({"TableName": "the-tokens", "Key": key, "ConsistentRead": true});
    let expected = [("GetItem".to_owned(), lookup)];
    assert_eq!(dynamodb.requests(), expected);
}

#[tokio::test]
async fn dead_dynamodb_at_start_up_is_a_warning() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    // The listener is closed at once, so nothing listens on this port any more.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").map(|closed| closed.local_addr());
    let failing = EmptyDynamoDb::start(400, false);
    let lookup = "GetItem on the access tokens table: ";
    let refused = format!("{lookup}dispatch failure: io error");
    for (address, cause) in [
        (silent.local_addr().unwrap(), "no response within 500ms"),
        (closed.unwrap().unwrap(), &refused),
        (failing.server.address, &format!("{lookup}status 400")),
    ] {
        let log = start_up_log(&format!("http://{address}"), &[]).await;
        assert_eq!(log.len(), 1, "{log:?}");
        assert_eq!(log[0]["level"], "WARN");
        let message = "DynamoDB was not reached during start-up";
        assert_eq!(log[0]["message"], message);
        let found = log[0]["cause"].as_str().unwrap();
        assert!(found.starts_with(cause), "{found}");
    }
}

/// The file of authorities that did not sign the test's certificate.
const AMAZON_ROOTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/dynamodb/amazon_roots.pem");

#[tokio::test]
async fn rejects_untrusted_certificates() {
    for (aws_bundle, system_bundle, trusted) in [
        (None, Some(AUTHORITY), true),
        (Some(AUTHORITY), None, true),
        (Some(AUTHORITY), Some(AMAZON_ROOTS), true),
        (None, Some(AMAZON_ROOTS), false),
        (Some(AMAZON_ROOTS), Some(AUTHORITY), false),
        (None, None, false),
    ] {
        let dynamodb = EmptyDynamoDb::start(200, true);
        let endpoint = format!("https://localhost:{}", dynamodb.server.address.port());
        let aws_bundle = aws_bundle.map(|file| ("AWS_CA_BUNDLE", file));
        let system_bundle = system_bundle.map(|file| ("SSL_CERT_FILE", file));
        let variables: Vec<_> = aws_bundle.into_iter().chain(system_bundle).collect();
        let log = start_up_log(&endpoint, &variables).await;
        let found = (dynamodb.requests().len(), log.len());
        let expected = if trusted { (1, 0) } else { (0, 1) };
        assert_eq!(found, expected, "{variables:?}");
        if !trusted {
            let cause = log[0]["cause"].as_str().unwrap();
            assert!(cause.contains("invalid peer certificate"), "{cause}");
        }
    }
}

#[tokio::test]
async fn missing_or_malformed_variable_stops_start_up_with_its_name() {
    let required = [
        ("CUSTOMERS_TABLE", "c"),
        ("ACCESS_TOKENS_TABLE", "t"),
        ("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:1"),
    ];
    let table = "is missing or empty; set it to the table's name";
    let seconds = "must be a whole number of seconds, such as 60";
    let region = "is missing or empty; set it to the tables' region";
    let url = "must be a URL, such as http://localhost:8000";
    let bundle = "must name a file of PEM certificates; \
                  /no/such/file: No such file or directory (os error 2)";
    for (name, value, cause) in [
        ("CUSTOMERS_TABLE", "", table),
        ("ACCESS_TOKEN_CACHE_SECONDS", "soon", seconds),
        ("AWS_LAMBDA_RUNTIME_API", "", ""),
        ("AWS_REGION", "", region),
        ("AWS_ENDPOINT_URL_DYNAMODB", "not a url", url),
        ("AWS_CA_BUNDLE", "/no/such/file", bundle),
    ] {
        let mut variables = required.to_vec();
        variables.push((name, value));
        let (code, log) = Program::start(&variables).failed_start_up().await;
        assert_eq!((code, log.len()), (Some(1), 1), "{log:?}");
        assert_eq!(log[0]["level"], "ERROR");
        let message = match name {
            "AWS_LAMBDA_RUNTIME_API" => "This program runs in AWS Lambda; to try it locally, use \
                                         `cargo run --example local`"
                .to_owned(),
            _ => format!("The environment variable {name} {cause}"),
        };
        assert_eq!(log[0]["message"], message);
    }
}
