//! How a request reaches the function: the kind of event, method, path, customer id, content headers and query.
//! `src/lambda.rs` and `src/http/request.rs` have the cases.

use std::collections::BTreeSet;

use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use crate::support::assertions::{assert_error, assert_invalid_request, assert_not_found};
use crate::support::{
    CUSTOMER_ID, PutRequest, READ_TOKEN, SAMPLE_REQUEST, TestApp, WRITE_TOKEN, put, shortened,
};

/// An HTTP API's event for its `$default` route: it has no path parameters.
fn unrouted(method: &str, path: &str) -> Value {
    let mut event = put().http_api_event();
    event["rawPath"] = json!(path);
    event["requestContext"]["http"]["method"] = json!(method);
    event["requestContext"]["http"]["path"] = json!(path);
    event.as_object_mut().unwrap().remove("pathParameters");
    event
}

/// The files of `events/`: each name ends with the status of the response.
#[tokio::test]
async fn sample_events_get_the_status_in_their_names() {
    let mut statuses = BTreeSet::new();
    let mut kinds = BTreeSet::new();
    for file in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/events")).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let event: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let response = TestApp::new().await.send_event(&event).await;
        let (_, status) = name.rsplit_once('-').unwrap();
        let shown = shortened(&response.body);
        assert_eq!(response.status.to_string(), status, "{name}: {shown}");
        statuses.insert(response.status);
        let version = event["version"].as_str().unwrap_or("none");
        assert_eq!(name.starts_with("rest-api-"), version == "none", "{name}");
        kinds.insert(version.to_owned());
        if name == "http-api-sample-200" {
            assert_eq!(event["pathParameters"], json!({"customer_id": CUSTOMER_ID}));
            let body: Value = serde_json::from_str(event["body"].as_str().unwrap()).unwrap();
            let sample: Value = serde_json::from_str(SAMPLE_REQUEST).unwrap();
            assert_eq!(body, sample, "the published sample");
        }
    }
    let expected = [200, 400, 401, 404, 405, 412].into();
    assert!(statuses.is_superset(&expected), "{statuses:?}");
    assert_eq!(kinds, ["1.0", "2.0", "none"].map(str::to_owned).into());
}

#[tokio::test]
async fn event_version_may_be_anywhere_or_absent() {
    let app = TestApp::new().await;
    for change in [
        |event: &mut Value| drop(event.as_object_mut().unwrap().remove("version")),
        |event: &mut Value| event["version"] = Value::Null,
        // `cargo lambda watch` sends another order, and members of the other payload version.
        |event: &mut Value| {
            let members = std::mem::take(event.as_object_mut().unwrap());
            let event = event.as_object_mut().unwrap();
            event.insert("resource".to_owned(), Value::Null);
            event.extend(members.into_iter().rev());
        },
    ] {
        for mut event in put().every_event() {
            change(&mut event);
            let response = app.send_event(&event).await;
            assert_eq!(response.status, 200, "{}", shortened(&event));
        }
    }
}

#[tokio::test]
async fn other_methods_get_405_and_other_paths_404() {
    let app = TestApp::new().await;
    for method in ["GET", "POST", "PATCH", "DELETE", "HEAD", "OPTIONS"] {
        let response = app.send_event(&unrouted(method, "/customers/a")).await;
        let message = "Only PUT is allowed";
        assert_error(method, &response, 405, "method_not_allowed", message);
        assert_eq!(response.header("allow"), Some("PUT"));
    }
    for path in ["/", "/customers", "/customers/a/b", "/orders/a"] {
        let response = app.send_event(&unrouted("PUT", path)).await;
        let message = "Not found; use PUT /customers/{customer_id}";
        assert_error(path, &response, 404, "not_found", message);
    }
    assert!(app.recorded_requests().is_empty());
}

#[tokio::test]
async fn id_is_decoded_once_by_the_gateway_or_the_function() {
    let app = TestApp::new().await;
    let rest_api = |path: &str, parameters: Value| {
        let mut event = put().rest_api_event();
        event["path"] = json!(path);
        event["pathParameters"] = parameters;
        event
    };
    let mut http_api_1 = put().id("a%41b").http_api_1_event();
    http_api_1["pathParameters"] = Value::Null;
    let mut function_url = unrouted("PUT", "/customers/a%2541b");
    function_url["requestContext"]["domainName"] = json!("a.lambda-url.us-east-1.on.aws");
    let encoded = json!({"customer_id": "a%2Fb%20c+d"});
    for (event, id) in [
        (rest_api("/other", encoded), "a/b c+d"),
        (rest_api("/customers/a%2Fb%20%2541", Value::Null), "a/b %41"),
        (put().id("a%40b.co").http_api_event(), "a%40b.co"),
        (put().id("%ff").http_api_1_event(), "%ff"),
        (unrouted("PUT", "/customers/é b"), "é b"),
        (http_api_1, "a%41b"),
        (function_url, "a%41b"),
    ] {
        app.store(&json!({"id": id})).await;
        let response = app.send_event(&event).await;
        let (event, shown) = (shortened(&event), shortened(&response.body));
        assert_eq!(response.body["data"]["id"], id, "{event}: {shown}");
        app.tables.delete(id).await;
    }
}

#[tokio::test]
async fn id_is_compared_exactly() {
    let app = TestApp::new().await;
    let longest = "i".repeat(2_048);
    let ids = "a%20b|a b|A B|é|e\u{301}|\u{1f600}|a+b|..|'; --".split('|');
    let ids: Vec<_> = ids.chain([&*longest]).collect();
    for id in &ids {
        app.store(&json!({"id": id})).await;
    }
    for id in ids {
        for response in app.send_as_every_event(&put().id(id)).await {
            assert_eq!(response.data()["id"], id);
        }
    }
    assert_not_found("another case", &app.send(put().id("a%20B")).await);
}

#[tokio::test]
async fn id_that_cannot_be_a_key_gets_404_without_a_table_call() {
    let app = TestApp::new().await;
    let mut not_utf_8 = put().rest_api_event();
    not_utf_8["pathParameters"]["customer_id"] = json!("%ff");
    let mut events = vec![not_utf_8];
    for id in ["", &"é".repeat(1_025)] {
        events.extend(put().id(id).every_event());
    }
    for event in events {
        let response = app.send_event(&event).await;
        assert_not_found(&shortened(&event["pathParameters"]), &response);
    }
    assert!(!app.operations().contains(&"UpdateItem".to_owned()));
}

#[tokio::test]
async fn checks_run_in_the_documented_order() {
    let app = TestApp::new().await;
    let corrections: [fn(PutRequest) -> PutRequest; 10] = [
        |request| request.token("unknown"),
        |request| request.token(READ_TOKEN),
        |request| request.token(WRITE_TOKEN),
        |request| request.id("nobody"),
        |request| request.if_match("\"1\""),
        |request| request.header("content-type", "application/json"),
        |request| request.without_header("content-encoding"),
        |request| request.body("{}"),
        |request| request.with(json!({})),
        |request| request.id(CUSTOMER_ID),
    ];
    let responses = [
        (401, "The access token is invalid or expired"),
        (401, "The access token lacks the scope"),
        (404, "Customer not found"),
        (400, "If-Match must be"),
        (400, "Content-Type must be"),
        (400, "The Content-Encoding"),
        (400, "The body is not valid JSON"),
        (400, "The request body has 3 errors"),
        (404, "Customer not found"),
        (412, "If-Match does not match"),
    ];
    // Everything is wrong at first. Each step corrects what the one before reported.
    let mut request = put().id("").if_match("x").body("{");
    request = request.header("content-type", "text/plain");
    request = request.header("content-encoding", "gzip");
    for (correct, (status, message)) in corrections.into_iter().zip(responses) {
        request = correct(request);
        let response = app.send(request.clone()).await;
        let found = response.body["message"].as_str().unwrap();
        assert!(found.starts_with(message), "{found} instead of {message}");
        assert_eq!(response.status, status, "{message}");
    }
    let mut operations = app.operations();
    let last = operations.split_off(operations.len() - 4);
    assert_eq!(last, ["GetItem", "UpdateItem", "GetItem", "UpdateItem"]);
    // Only the last two requests reach the customers table.
    assert!(!operations.contains(&"UpdateItem".to_owned()));
}

#[tokio::test]
async fn content_headers_are_checked() {
    let app = TestApp::new().await;
    let comma = "Content-Type has a comma; send one media type: application/json";
    let missing = "The Content-Type header is missing; send application/json";
    let with = |name, value| put().header(name, value);
    for (request, message) in [
        (
            with("content-type", "APPLICATION/JSON ; charset=\"UTF-8\"; q"),
            None,
        ),
        (
            with("content-type", "application/merge-patch+json"),
            Some("Content-Type must be application/json"),
        ),
        (
            put().and_header("content-type", "application/json"),
            Some(comma),
        ),
        (put().without_header("content-type"), Some(missing)),
        (with("content-encoding", "identity, IDENTITY"), None),
        (
            with("content-encoding", "identity, br"),
            Some("The Content-Encoding `br` is not supported; send the body without one"),
        ),
    ] {
        for response in app.send_as_every_event(&request).await {
            match message {
                Some(message) => assert_invalid_request(message, &response, message),
                None => _ = response.data(),
            }
        }
    }
}

#[tokio::test]
async fn query_string_and_headers_that_make_no_uri_are_ignored() {
    let app = TestApp::new().await;
    for query in ["a=b", "a=%zz", "<\"{}|\\^`>", "é", "a b", "&&=", "#"] {
        let mut event = put().http_api_event();
        event["rawQueryString"] = json!(query);
        assert_eq!(app.send_event(&event).await.status, 200, "{query}");
    }
    for (name, value) in [
        ("host", "api.example.co]m"),
        ("host", ""),
        ("x-forwarded-proto", "ht tp, https"),
    ] {
        let request = put().header("host", "api.example.com").header(name, value);
        for response in app.send_as_every_event(&request).await {
            assert_eq!(response.status, 200, "{name}: {value}");
        }
        let mut headers_once = request.rest_api_event();
        headers_once["multiValueHeaders"] = Value::Null;
        assert_eq!(app.send_event(&headers_once).await.status, 200, "{name}");
    }
}
