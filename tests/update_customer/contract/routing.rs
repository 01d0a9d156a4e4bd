//! Method, path, customer id, content type and query string of a request.

use serde_json::{Value, json};

use crate::support::assertions::{assert_code, assert_invalid_request, assert_not_found};
use crate::support::{CUSTOMER_ID, PutRequest, READ_TOKEN, TestApp, WRITE_TOKEN, put, shortened};

/// An HTTP API's event for its `$default` route: it has no path parameters.
fn unrouted(method: &str, path: &str) -> Value {
    let mut event = put().http_api_event();
    event["rawPath"] = json!(path);
    event["requestContext"]["http"]["method"] = json!(method);
    event["requestContext"]["http"]["path"] = json!(path);
    event.as_object_mut().unwrap().remove("pathParameters");
    event
}

#[tokio::test]
async fn other_methods_get_405_and_other_paths_404() {
    let app = TestApp::new().await;
    for method in ["GET", "POST", "PATCH", "DELETE", "HEAD", "OPTIONS"] {
        let response = app.send_event(&unrouted(method, "/customers/a")).await;
        assert_code(method, &response, 405, "method_not_allowed");
        assert_eq!(response.header("allow"), Some("PUT"));
    }
    for path in ["/", "/customers", "/customers/a/b", "/orders/a"] {
        let response = app.send_event(&unrouted("PUT", path)).await;
        assert_code(path, &response, 404, "not_found");
    }
    assert!(app.recorded_requests().is_empty());
}

/// Stores a customer of each id, and sends each event. The customer of the id beside it is updated.
async fn assert_updates<const N: usize>(cases: [(Value, &str); N]) {
    let app = TestApp::new().await;
    for (event, id) in cases {
        app.store(&json!({"id": id})).await;
        let response = app.send_event(&event).await;
        let (event, shown) = (shortened(&event), shortened(&response.body));
        assert_eq!(response.body["data"]["id"], id, "{event}: {shown}");
    }
}

fn without_parameter(mut event: Value) -> Value {
    event["pathParameters"] = Value::Null;
    event
}

#[tokio::test]
async fn id_of_a_rest_api_is_decoded_once() {
    let parameter = |parameter: &str| {
        let mut event = put().rest_api_event();
        event["pathParameters"]["customer_id"] = json!(parameter);
        event
    };
    let mut path = without_parameter(put().rest_api_event());
    path["path"] = json!("/customers/a%2Fb%20%2541");
    assert_updates([
        (parameter("a%40b.co"), "a@b.co"),
        (parameter("%C3%A9"), "é"),
        (parameter("a%2541b"), "a%41b"),
        (parameter("a%2Fb%20c+d"), "a/b c+d"),
        (path, "a/b %41"),
    ])
    .await;
}

#[tokio::test]
async fn id_of_an_http_api_is_used_unchanged() {
    let payload_1 = |id| without_parameter(put().id(id).http_api_1_event());
    assert_updates([
        (put().id("a%40b.co").http_api_event(), "a%40b.co"),
        (put().id("%ff").http_api_1_event(), "%ff"),
        (unrouted("PUT", "/customers/a%41b"), "a%41b"),
        (unrouted("PUT", "/customers/é b"), "é b"),
        (payload_1("a%41b"), "a%41b"),
    ])
    .await;
}

#[tokio::test]
async fn id_of_a_function_url_is_decoded_once() {
    let function_url = |path: &str| {
        let mut event = unrouted("PUT", path);
        event["requestContext"]["domainName"] = json!("abc123.lambda-url.us-east-1.on.aws");
        event
    };
    assert_updates([
        (function_url("/customers/a%40b.co"), "a@b.co"),
        (function_url("/customers/a%2541b"), "a%41b"),
        (function_url("/customers/a%2Fb+c"), "a/b+c"),
        (function_url("/customers/plain"), "plain"),
    ])
    .await;
    let app = TestApp::new().await;
    app.store(&json!({"id": "a%40b.co"})).await;
    let response = app.send_event(&function_url("/customers/a%40b.co")).await;
    assert_not_found("a customer of the undecoded id", &response);
}

#[tokio::test]
async fn id_is_compared_exactly() {
    let app = TestApp::new().await;
    let longest = "i".repeat(2_048);
    let ids = [
        "a%20b",
        "a b",
        "A B",
        "é",
        "e\u{301}",
        "\u{1f600}",
        "a+b",
        "..",
        "'; --",
        &longest,
    ];
    for id in ids {
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
    let mut not_utf_8_path = without_parameter(put().rest_api_event());
    not_utf_8_path["path"] = json!("/customers/a%C3");
    let mut events = vec![not_utf_8, not_utf_8_path];
    for id in ["", &"i".repeat(2_049), &"é".repeat(1_025)] {
        events.extend([put().id(id).http_api_event(), put().id(id).rest_api_event()]);
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
    let operations = app.operations();
    assert_eq!(
        operations[operations.len() - 4..],
        ["GetItem", "UpdateItem", "GetItem", "UpdateItem"]
    );
    let writes = operations.iter().filter(|name| *name == "UpdateItem");
    assert_eq!(
        writes.count(),
        2,
        "only the last two requests reach the customers table"
    );
}

#[tokio::test]
async fn content_headers_are_checked() {
    let app = TestApp::new().await;
    let other = "Content-Type must be application/json";
    let comma = "Content-Type has a comma; send one media type: application/json";
    let coding = "The Content-Encoding `br` is not supported; send the body without one";
    for (name, value, message) in [
        (
            "content-type",
            "APPLICATION/JSON ; charset=\"UTF-8\"; q",
            None,
        ),
        ("content-type", "application/merge-patch+json", Some(other)),
        ("content-type", "application/json, text/plain", Some(comma)),
        ("content-encoding", "identity, IDENTITY", None),
        ("content-encoding", "identity, br", Some(coding)),
    ] {
        for response in app.send_as_every_event(&put().header(name, value)).await {
            match message {
                Some(message) => assert_invalid_request(value, &response, message),
                None => assert_eq!(response.status, 200, "{value}"),
            }
        }
    }
    let twice = put().and_header("content-type", "application/json");
    for response in app.send_as_every_event(&twice).await {
        assert_invalid_request("twice", &response, comma);
    }
    let missing = app.send(put().without_header("content-type")).await;
    let message = "The Content-Type header is missing; send application/json";
    assert_invalid_request("missing", &missing, message);
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
