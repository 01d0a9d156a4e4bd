//! Method, path, id, content type: what stands around the body.

use serde_json::{Value, json};

use crate::support::{READ_TOKEN, Stand, put};

/// An event as a front door without routes sends it.
fn unrouted(method: &str, path: &str) -> Value {
    let mut event = put().http_api_event();
    event["rawPath"] = json!(path);
    event["requestContext"]["http"]["method"] = json!(method);
    event["requestContext"]["http"]["path"] = json!(path);
    event.as_object_mut().unwrap().remove("pathParameters");
    event
}

#[tokio::test]
async fn another_method_is_405_with_allow() {
    let stand = Stand::new().await;
    for method in ["GET", "POST", "PATCH", "DELETE", "HEAD", "OPTIONS"] {
        let answer = stand
            .send_event(&unrouted(method, "/customers/638df9e713920facde1a1cfa"))
            .await;
        assert_eq!(
            (answer.status, &answer.body["code"]),
            (405, &json!("method_not_allowed")),
            "{method}"
        );
        assert_eq!(answer.header("allow"), Some("PUT"));
        assert_eq!(answer.body["message"], "This path takes PUT only");
    }
    assert!(stand.sent().is_empty());
}

#[tokio::test]
async fn another_path_is_404_not_found() {
    let stand = Stand::new().await;
    for path in ["/", "/customers", "/customers/a/b", "/orders/a"] {
        let answer = stand.send_event(&unrouted("PUT", path)).await;
        assert_eq!(
            (answer.status, &answer.body["code"]),
            (404, &json!("not_found")),
            "{path}"
        );
    }
    assert!(stand.sent().is_empty());
}

#[tokio::test]
async fn without_a_path_parameter_the_segment_is_decoded_once() {
    let stand = Stand::new().await;
    stand.store(&json!({"id": "a/b %41"})).await;
    let answer = stand
        .send_event(&unrouted("PUT", "/customers/a%2Fb%20%2541"))
        .await;
    assert_eq!(answer.data()["id"], "a/b %41");
}

#[tokio::test]
async fn the_path_parameter_is_compared_exactly() {
    let stand = Stand::new().await;
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
        stand.store(&json!({"id": id})).await;
    }
    for id in ids {
        let answer = stand.send(put().id(id)).await;
        assert_eq!(answer.data()["id"], id);
    }
    assert_eq!(stand.send(put().id("a%20B")).await.status, 404);
}

#[tokio::test]
async fn an_id_that_cannot_be_a_key_is_404_without_a_call_to_the_table() {
    let stand = Stand::new().await;
    for id in ["", &"i".repeat(2_049), &"é".repeat(1_025)] {
        let answer = stand.send(put().id(id)).await;
        assert_eq!(
            (answer.status, &answer.body["code"]),
            (404, &json!("customer_not_found"))
        );
    }
    assert!(stand.sent().iter().all(|sent| sent.operation == "GetItem"));
}

#[tokio::test]
async fn the_checks_come_in_the_contracts_order() {
    let stand = Stand::new().await;
    let everything_wrong = put()
        .id("")
        .without_header("content-type")
        .body("{")
        .if_match("x");
    assert_eq!(
        stand
            .send(everything_wrong.clone().token("unknown"))
            .await
            .status,
        401
    );
    assert_eq!(
        stand
            .send(everything_wrong.clone().token(READ_TOKEN))
            .await
            .status,
        401
    );
    assert_eq!(stand.send(everything_wrong).await.status, 400);
    let no_json = put().id("").without_header("content-type").body("{}");
    assert_eq!(
        stand.send(no_json).await.body["message"],
        "Send exactly one Content-Type header, with the value application/json"
    );
    let wrong_fields = put().id("").body("{}");
    assert_eq!(stand.send(wrong_fields).await.faults().len(), 3);
    let unknown_and_stale = put().id("nobody").if_match("\"1\"");
    assert_eq!(stand.send(unknown_and_stale).await.status, 404);
}

#[tokio::test]
async fn a_request_refused_with_400_costs_no_customer_table_call() {
    let stand = Stand::new().await;
    for request in [
        put().body(""),
        put().body("{}"),
        put().body("[]"),
        put().header("content-type", "text/plain"),
        put().if_match("7"),
        put().with(json!({"address": [{"country": "XX"}]})),
    ] {
        assert_eq!(stand.send(request).await.status, 400);
    }
    assert!(stand.sent().iter().all(|sent| sent.operation == "GetItem"));
}

#[tokio::test]
async fn the_content_type_must_be_json_in_utf_8() {
    let stand = Stand::new().await;
    for value in [
        "application/json",
        "APPLICATION/JSON",
        "application/json;charset=utf-8",
        "application/json; charset=UTF-8",
    ] {
        assert_eq!(
            stand.send(put().header("content-type", value)).await.status,
            200,
            "{value}"
        );
    }
    for value in [
        "text/plain",
        "application/xml",
        "application/merge-patch+json",
        "application/x-www-form-urlencoded",
        "*/*",
        "",
    ] {
        let answer = stand.send(put().header("content-type", value)).await;
        assert_eq!(answer.status, 400, "{value}");
    }
    let answer = stand
        .send(put().header("content-type", "application/json; charset=iso-8859-1"))
        .await;
    assert_eq!(
        answer.body["message"],
        "The body must be in UTF-8; leave the charset out of Content-Type or set it to utf-8"
    );
    assert_eq!(
        stand
            .send(put().without_header("content-type"))
            .await
            .status,
        400
    );
    let twice = put().and_header("content-type", "application/json");
    assert_eq!(stand.send_event(&twice.rest_api_event()).await.status, 400);
}

#[tokio::test]
async fn a_query_changes_nothing_whatever_is_in_it() {
    let stand = Stand::new().await;
    for query in ["a=b", "a=%zz", "<\"{}|\\^`>", "é", "a b", "&&=", "#"] {
        let mut event = put().http_api_event();
        event["rawQueryString"] = json!(query);
        assert_eq!(stand.send_event(&event).await.status, 200, "{query}");
    }
}

#[tokio::test]
async fn headers_that_make_no_uri_change_nothing() {
    let stand = Stand::new().await;
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
            .shift_remove("multiValueHeaders");
        for event in [
            request.http_api_event(),
            request.rest_api_event(),
            headers_once,
        ] {
            assert_eq!(
                stand.send_event(&event).await.status,
                200,
                "{name}: {value}"
            );
        }
    }
}

#[tokio::test]
async fn an_event_that_no_gateway_sends_still_gets_the_contracts_500() {
    let stand = Stand::new().await;
    for mut event in [put().http_api_event(), put().rest_api_event()] {
        event["isBase64Encoded"] = json!(true);
        event["body"] = json!("this is not base64!");
        let answer = stand.send_event(&event).await;
        assert_eq!(
            (answer.status, &answer.body["code"]),
            (500, &json!("internal_error"))
        );
        assert_eq!(answer.body["message"], "An internal error occurred");
    }
}
