//! What the program does before its first event.

#[path = "../../benches/function/certificate.rs"]
mod certificate;
#[path = "../../benches/function/http.rs"]
#[expect(dead_code, reason = "its server needs more of a request than its head")]
mod http;

use std::io::Write;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use certificate::Authority;
use http::Request;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Notify;

use crate::support::program::Program;

/// What reached the servers, in order.
#[derive(Default)]
struct Seen {
    calls: Mutex<Vec<String>>,
    asked_for_an_event: Notify,
}

impl Seen {
    fn note(&self, call: impl Into<String>) {
        self.calls.lock().unwrap().push(call.into());
    }

    fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }
}

/// A Runtime API that never has an event, and a DynamoDB that answers each call with `status`.
async fn servers(seen: &Arc<Seen>, status: StatusCode) -> SocketAddr {
    async fn next(State(seen): State<Arc<Seen>>) {
        seen.note("next");
        seen.asked_for_an_event.notify_one();
        std::future::pending::<()>().await;
    }
    let call = move |State(seen): State<Arc<Seen>>, headers: HeaderMap, body: String| async move {
        seen.note(format!(
            "{} {body}",
            headers["x-amz-target"].to_str().unwrap()
        ));
        (status, "{}")
    };
    let router = Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/", post(call))
        .with_state(Arc::clone(seen));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(axum::serve(listener, router).into_future());
    address
}

/// Starts the program, waits until it asks for its first event, and returns its log.
async fn log_of_start(
    seen: &Seen,
    api: SocketAddr,
    dynamodb: &str,
    more: &[(&str, &str)],
) -> Vec<Value> {
    let api = api.to_string();
    let mut variables = vec![
        ("AWS_LAMBDA_RUNTIME_API", api.as_str()),
        ("AWS_ENDPOINT_URL_DYNAMODB", dynamodb),
        ("CUSTOMERS_TABLE", "the-customers"),
        ("ACCESS_TOKENS_TABLE", "the-tokens"),
    ];
    variables.extend(more);
    let mut program = Program::start(&variables);
    tokio::select! {
        () = seen.asked_for_an_event.notified() => {}
        ended = program.child.wait() => panic!("the program ended: {ended:?} {:?}", program.output().await),
    }
    program.child.start_kill().unwrap();
    let (log, error) = program.output().await;
    assert_eq!(error, "");
    log.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[tokio::test]
async fn dynamodb_is_called_once_before_the_first_event_and_nothing_is_written() {
    let seen = Arc::new(Seen::default());
    let server = servers(&seen, StatusCode::OK).await;
    let log = log_of_start(&seen, server, &format!("http://{server}"), &[]).await;
    assert_eq!(log, [] as [Value; 0]);

    let calls = seen.calls();
    let (operation, body) = calls[0].split_once(' ').unwrap();
    assert_eq!(
        (calls.len(), calls[1].as_str(), operation),
        (2, "next", "DynamoDB_20120810.GetItem")
    );
    // No token has this hash.
    let key = json!({"tokenHash": {"S": "0".repeat(64)}});
    let expected = json!({"TableName": "the-tokens", "Key": key, "ConsistentRead": true});
    assert_eq!(serde_json::from_str::<Value>(body).unwrap(), expected);
}

#[tokio::test]
async fn a_dead_dynamodb_does_not_end_the_start_and_is_told() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let refused = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    for (dynamodb, status, cause) in [
        (
            Some(silent.local_addr().unwrap()),
            StatusCode::OK,
            "no answer within 500 ms",
        ),
        (
            Some(refused),
            StatusCode::OK,
            "GetItem on the access tokens table: dispatch failure: io error",
        ),
        (
            None,
            StatusCode::BAD_REQUEST,
            "GetItem on the access tokens table: service error: ",
        ),
    ] {
        let seen = Arc::new(Seen::default());
        let server = servers(&seen, status).await;
        let log = log_of_start(
            &seen,
            server,
            &format!("http://{}", dynamodb.unwrap_or(server)),
            &[],
        )
        .await;
        assert_eq!(
            (log.len(), &log[0]["level"]),
            (1, &json!("WARN")),
            "{log:?}"
        );
        assert_eq!(log[0]["message"], "DynamoDB was not reached during start");
        assert!(
            log[0]["cause"].as_str().unwrap().starts_with(cause),
            "{log:?}"
        );
    }
}

/// Answers a call over TLS, if one comes.
fn answer_over_tls(stream: std::net::TcpStream, config: Arc<ServerConfig>, seen: &Seen) {
    let mut stream = StreamOwned::new(ServerConnection::new(config).unwrap(), stream);
    if let Some(request) = Request::read(&mut stream).unwrap() {
        seen.note(request.head.lines().next().unwrap());
        stream
            .write_all(&http::response("200 OK", &[], b"{}"))
            .unwrap();
    }
}

#[tokio::test]
async fn only_servers_are_trusted_that_the_roots_vouch_for() {
    let (folder, other_folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let authority = Authority::new(folder.path()).unwrap();
    let other = Authority::new(other_folder.path()).unwrap().path;
    let (path, other) = (authority.path.to_str().unwrap(), other.to_str().unwrap());
    for (variables, trusted) in [
        (vec![("SSL_CERT_FILE", path)], true),
        (vec![("AWS_CA_BUNDLE", path)], true),
        (
            vec![("AWS_CA_BUNDLE", path), ("SSL_CERT_FILE", other)],
            true,
        ),
        (vec![("SSL_CERT_FILE", other)], false),
        (
            vec![("AWS_CA_BUNDLE", other), ("SSL_CERT_FILE", path)],
            false,
        ),
        (vec![], false),
    ] {
        let seen = Arc::new(Seen::default());
        let api = servers(&seen, StatusCode::OK).await;
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (config, noted) = (Arc::clone(&authority.server), Arc::clone(&seen));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                answer_over_tls(stream.unwrap(), Arc::clone(&config), &noted);
            }
        });
        let log = log_of_start(&seen, api, &format!("https://localhost:{port}"), &variables).await;
        let calls = seen.calls();
        if trusted {
            assert_eq!(calls, ["POST / HTTP/1.1", "next"], "{variables:?}");
            assert_eq!(log, [] as [Value; 0]);
        } else {
            assert!(
                !calls.contains(&"POST / HTTP/1.1".to_owned()),
                "{variables:?} {calls:?}"
            );
            assert!(
                log[0]["cause"]
                    .as_str()
                    .unwrap()
                    .contains("invalid peer certificate"),
                "{log:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_bundle_that_cannot_be_read_stops_the_start() {
    let tables = [("CUSTOMERS_TABLE", "c"), ("ACCESS_TOKENS_TABLE", "t")];
    let mut variables = tables.to_vec();
    variables.extend([
        ("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:1"),
        ("AWS_CA_BUNDLE", "/no/such/file"),
    ]);
    let mut program = Program::start(&variables);
    assert_eq!(program.child.wait().await.unwrap().code(), Some(1));
    let (log, _) = program.output().await;
    let line: Value = serde_json::from_str(&log).unwrap();
    assert_eq!(
        line["message"],
        "The environment variable AWS_CA_BUNDLE must name a file of PEM certificates; \
         /no/such/file: No such file or directory (os error 2)"
    );
}
