//! Method, path, customer id, content type and query string of a request.

use serde_json::{Value, json};
use testkit::response::shortened;

use crate::dynamodb::errors::assert_error;
use crate::support::{READ_TOKEN, TestApp, put};

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
async fn other_methods_get_405_with_allow() {
    let app = TestApp::new().await;
    for method in ["GET", "POST", "PATCH", "DELETE", "HEAD", "OPTIONS"] {
        let response = app
            .send_event(&unrouted(method, "/customers/638df9e713920facde1a1cfa"))
            .await;
        assert_eq!(
            (response.status, &response.body["code"]),
            (405, &json!("method_not_allowed")),
            "{method}"
        );
        assert_eq!(response.header("allow"), Some("PUT"));
        assert_eq!(response.body["message"], "Only PUT is allowed");
    }
    assert!(app.recorded_requests().is_empty());
}

#[tokio::test]
async fn other_paths_get_404() {
    let app = TestApp::new().await;
    for path in ["/", "/customers", "/customers/a/b", "/orders/a"] {
        let response = app.send_event(&unrouted("PUT", path)).await;
        assert_eq!(
            (response.status, &response.body["code"]),
            (404, &json!("not_found")),
            "{path}"
        );
    }
    assert!(app.recorded_requests().is_empty());
}

#[tokio::test]
async fn rest_api_path_parameter_is_decoded_once() {
    let app = TestApp::new().await;
    for (parameter, id) in [
        ("a%40b.co", "a@b.co"),
        ("%C3%A9", "é"),
        ("C%2312", "C#12"),
        ("a%2541b", "a%41b"),
        ("a%2Fb%20c+d", "a/b c+d"),
    ] {
        app.store(&json!({"id": id})).await;
        let mut event = put().rest_api_event();
        event["pathParameters"]["customer_id"] = json!(parameter);
        assert_eq!(app.send_event(&event).await.data()["id"], id);
    }
}

#[tokio::test]
async fn http_api_path_parameter_is_used_unchanged() {
    let app = TestApp::new().await;
    for id in ["a%40b.co", "%C3%A9", "a@b.co", "%ff", "%"] {
        app.store(&json!({"id": id})).await;
        for event in [
            put().id(id).http_api_event(),
            put().id(id).http_api_1_event(),
        ] {
            assert_eq!(app.send_event(&event).await.data()["id"], id);
        }
    }
    let decoded = app.send(put().id("a%40b%2Eco")).await;
    assert_eq!(decoded.status, 404);
}

#[tokio::test]
async fn path_of_an_http_api_is_used_unchanged() {
    let app = TestApp::new().await;
    for id in ["a%41b", "aAb", "é b"] {
        app.store(&json!({"id": id})).await;
    }
    for id in ["a%41b", "é b"] {
        let mut payload_1 = put().id(id).http_api_1_event();
        payload_1["pathParameters"] = Value::Null;
        for event in [unrouted("PUT", &format!("/customers/{id}")), payload_1] {
            assert_eq!(app.send_event(&event).await.data()["id"], id);
        }
    }
}

#[tokio::test]
async fn path_of_another_event_source_is_decoded_once() {
    let app = TestApp::new().await;
    app.store(&json!({"id": "a/b %41"})).await;
    let mut event = put().id("a/b %41").rest_api_event();
    event["pathParameters"] = Value::Null;
    assert_eq!(event["path"], "/customers/a%2Fb%20%2541");
    assert_eq!(app.send_event(&event).await.data()["id"], "a/b %41");
}

#[tokio::test]
async fn path_parameter_is_compared_exactly() {
    let app = TestApp::new().await;
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
        &"i".repeat(2_048),
    ];
    for id in ids {
        app.store(&json!({"id": id})).await;
    }
    for id in ids {
        let request = put().id(id);
        for event in [
            request.http_api_event(),
            request.http_api_1_event(),
            request.rest_api_event(),
        ] {
            assert_eq!(app.send_event(&event).await.data()["id"], id);
        }
    }
    assert_eq!(app.send(put().id("a%20B")).await.status, 404);
}

#[tokio::test]
async fn invalid_id_gets_404_without_a_table_call() {
    let app = TestApp::new().await;
    let mut not_utf_8 = put().rest_api_event();
    not_utf_8["pathParameters"]["customer_id"] = json!("%ff");
    let mut not_utf_8_path = put().rest_api_event();
    not_utf_8_path["pathParameters"] = Value::Null;
    not_utf_8_path["path"] = json!("/customers/a%C3");
    let mut events = vec![not_utf_8, not_utf_8_path];
    for id in ["", &"i".repeat(2_049), &"é".repeat(1_025)] {
        events.push(put().id(id).http_api_event());
        events.push(put().id(id).rest_api_event());
    }
    for event in events {
        let response = app.send_event(&event).await;
        let name = shortened(&event["pathParameters"]);
        let message = "Customer not found";
        assert_error(&name, &response, 404, "customer_not_found", message);
    }
    assert!(
        app.recorded_requests()
            .iter()
            .all(|sent| sent.operation == "GetItem")
    );
}

#[tokio::test]
async fn checks_run_in_the_documented_order() {
    let app = TestApp::new().await;
    let everything_wrong = put()
        .id("")
        .without_header("content-type")
        .body("{")
        .if_match("x");
    assert_eq!(
        app.send(everything_wrong.clone().token("unknown"))
            .await
            .status,
        401
    );
    assert_eq!(
        app.send(everything_wrong.clone().token(READ_TOKEN))
            .await
            .status,
        401
    );
    assert_eq!(app.send(everything_wrong).await.status, 400);
    let no_json = put().id("").without_header("content-type").body("{}");
    assert_eq!(
        app.send(no_json).await.body["message"],
        "The Content-Type header is missing; send application/json"
    );
    let coded_and_too_large = put()
        .id("")
        .header("content-encoding", "gzip")
        .body(" ".repeat(409_601));
    assert_eq!(
        app.send(coded_and_too_large).await.body["message"],
        "The Content-Encoding `gzip` is not supported; send the body without a Content-Encoding"
    );
    let wrong_fields = put().id("").body("{}");
    assert_eq!(app.send(wrong_fields).await.validation_errors().len(), 3);
    let unknown_and_stale = put().id("nobody").if_match("\"1\"");
    assert_eq!(app.send(unknown_and_stale).await.status, 404);
}

#[tokio::test]
async fn status_400_makes_no_customers_table_call() {
    let app = TestApp::new().await;
    for request in [
        put().body(""),
        put().body("{}"),
        put().body("[]"),
        put().header("content-type", "text/plain"),
        put().header("content-encoding", "gzip"),
        put().if_match("7"),
        put().with(json!({"address": [{"country": "XX"}]})),
    ] {
        assert_eq!(app.send(request).await.status, 400);
    }
    assert!(
        app.recorded_requests()
            .iter()
            .all(|sent| sent.operation == "GetItem")
    );
}

#[tokio::test]
async fn every_spelling_of_the_content_type_passes() {
    let app = TestApp::new().await;
    for value in [
        "application/json",
        "APPLICATION/JSON",
        "application/json;charset=utf-8",
        "application/json; charset=UTF-8",
        "application/json ; charset=utf-8",
        "application/json; charset=utf8",
        "application/json; charset=\"utf-8\"",
        "application/json;",
        "application/json;; profile=\"a;b\"",
    ] {
        let request = put().header("content-type", value);
        for event in [request.http_api_event(), request.rest_api_event()] {
            assert_eq!(app.send_event(&event).await.status, 200, "{value}");
        }
    }
}

#[tokio::test]
async fn other_content_type_gets_400_and_the_cause() {
    let app = TestApp::new().await;
    let other = "Content-Type must be application/json";
    let malformed = "Content-Type is not a valid media type; send application/json";
    let charset = "The body must be UTF-8; omit the charset or set it to utf-8";
    for (value, message) in [
        ("text/plain", other),
        ("application/merge-patch+json", other),
        ("application/x-www-form-urlencoded", other),
        ("*/*", other),
        ("", malformed),
        ("json", malformed),
        ("application/json; charset", malformed),
        ("application/json; charset=iso-8859-1", charset),
        ("application/json; charset=utf-8; charset=utf-16", charset),
        ("application/json; charset=\"utf-16\"", charset),
    ] {
        let request = put().header("content-type", value);
        for event in [request.http_api_event(), request.rest_api_event()] {
            let response = app.send_event(&event).await;
            assert_error(value, &response, 400, "invalid_request", message);
        }
    }
    let missing = app.send(put().without_header("content-type")).await;
    let message = "The Content-Type header is missing; send application/json";
    assert_error("missing", &missing, 400, "invalid_request", message);
}

#[tokio::test]
async fn two_content_type_headers_get_400() {
    let app = TestApp::new().await;
    let twice = put().and_header("content-type", "application/json");
    for event in [
        twice.http_api_event(),
        twice.http_api_1_event(),
        twice.rest_api_event(),
    ] {
        let response = app.send_event(&event).await;
        let message = "The request has two Content-Type headers; send one: application/json";
        assert_error("twice", &response, 400, "invalid_request", message);
    }
}

#[tokio::test]
async fn content_encoding_must_be_identity() {
    let app = TestApp::new().await;
    for value in ["identity", "Identity", "identity, IDENTITY", ""] {
        let response = app.send(put().header("content-encoding", value)).await;
        assert_eq!(response.status, 200, "{value}");
    }
    let long = "x".repeat(65);
    for (value, name) in [
        ("gzip", " `gzip`"),
        ("GZIP", " `GZIP`"),
        ("identity, br", " `br`"),
        ("deflate,gzip", " `deflate`"),
        ("pack200-gzip", " `pack200-gzip`"),
        ("compress_foo", " `compress_foo`"),
        (&long[1..], &format!(" `{}`", &long[1..])),
        ("gz ip", ""),
        ("gzip;q=1", ""),
        ("gzíp", ""),
        (&long, ""),
    ] {
        let request = put().header("content-encoding", value);
        for event in [request.http_api_event(), request.rest_api_event()] {
            let response = app.send_event(&event).await;
            let message = format!(
                "The Content-Encoding{name} is not supported; send the body without a Content-Encoding"
            );
            assert_error(value, &response, 400, "invalid_request", &message);
        }
    }
    let twice = put()
        .header("content-encoding", "identity")
        .and_header("content-encoding", "zstd");
    let response = app.send_event(&twice.rest_api_event()).await;
    assert_eq!(
        response.body["message"],
        "The Content-Encoding `zstd` is not supported; send the body without a Content-Encoding"
    );
}

#[tokio::test]
async fn query_string_is_ignored() {
    let app = TestApp::new().await;
    for query in ["a=b", "a=%zz", "<\"{}|\\^`>", "é", "a b", "&&=", "#"] {
        let mut event = put().http_api_event();
        event["rawQueryString"] = json!(query);
        assert_eq!(app.send_event(&event).await.status, 200, "{query}");
    }
}

#[tokio::test]
async fn headers_that_make_no_uri_are_ignored() {
    let app = TestApp::new().await;
    for (name, value) in [
        ("host", "api.example.co]m"),
        ("host", ""),
        ("x-forwarded-proto", "ht tp, https"),
    ] {
        let request = put().header("host", "api.example.com").header(name, value);
        let mut headers_once = request.rest_api_event();
        headers_once
            .as_object_mut()
            .unwrap()
            .remove("multiValueHeaders");
        for event in [
            request.http_api_event(),
            request.rest_api_event(),
            headers_once,
        ] {
            assert_eq!(app.send_event(&event).await.status, 200, "{name}: {value}");
        }
    }
}

#[tokio::test]
async fn malformed_event_gets_the_documented_500() {
    let app = TestApp::new().await;
    for mut event in [put().http_api_event(), put().rest_api_event()] {
        event["isBase64Encoded"] = json!(true);
        event["body"] = json!("this is not base64!");
        let response = app.send_event(&event).await;
        assert_eq!(
            (response.status, &response.body["code"]),
            (500, &json!("internal_error"))
        );
        assert_eq!(response.body["message"], "An internal error occurred");
    }
}
