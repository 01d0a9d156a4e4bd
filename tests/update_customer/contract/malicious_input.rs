//! Malicious input outside the field rules: it forges no log line and no response, and costs no write.

use pretty_assertions::assert_eq;
use serde_json::{Value, json};
use testkit::response::shortened;

use crate::dynamodb::errors::assert_error;
use crate::support::{Log, Response, TestApp, put};

/// Texts that try to end a header, a log line or a JSON string early.
const BREAKOUTS: [&str; 7] = [
    "a\r\nX-Evil: evil-value",
    "a\nx-evil:evil-value",
    "a\n{\"level\":\"ERROR\",\"message\":\"forged\"}",
    "a\",\"level\":\"ERROR",
    "a\u{0}\u{1b}[31m\u{7f}",
    "a\u{85}b\u{2028}c\u{2029}",
    "a\\u000a\\",
];

/// The log has one line in each format, without control characters. Returns the JSON line.
#[track_caller]
fn assert_one_line(log: &Log) -> Value {
    let line = log.line();
    assert!(
        !log.text().trim_end().contains(|c: char| c.is_control()),
        "{}",
        shortened(&log.text().escape_debug())
    );
    line
}

/// The injected header of [`BREAKOUTS`] is no header, and no part of its text is in one.
#[track_caller]
fn assert_no_injected_header(response: &Response) {
    for (name, value) in &response.headers {
        let header = format!("{name}: {value}");
        assert!(!header.to_lowercase().contains("evil"), "{header:?}");
        let is_visible = |c: char| c == ' ' || c.is_ascii_graphic();
        assert!(header.chars().all(is_visible), "{header:?}");
    }
}

#[test]
fn injected_headers_are_detected() {
    for (name, value) in [
        ("x-evil", "1"),
        ("X-EVIL", "1"),
        ("x", "Evil"),
        ("x", "evil-value"),
        ("x", "a\r\n"),
    ] {
        let response = Response {
            status: 200,
            headers: [(name.to_owned(), value.to_owned())].into(),
            body: Value::Null,
            text: String::new(),
        };
        let check = || assert_no_injected_header(&response);
        assert!(std::panic::catch_unwind(check).is_err(), "{name}: {value}");
    }
}

#[tokio::test]
async fn customer_id_cannot_forge_log_lines_or_headers() {
    let app = TestApp::new().await;
    for id in BREAKOUTS {
        app.store(&json!({"id": id})).await;
        let (response, log) = app.send_and_log(put().id(id)).await;
        assert_eq!(response.data()["id"], id);
        assert_no_injected_header(&response);
        assert_eq!(assert_one_line(&log)["customerId"], id);
        let (response, log) = app.send_and_log(put().id(id).token("unknown-token")).await;
        assert_eq!(response.status, 401);
        assert_no_injected_header(&response);
        assert_eq!(
            assert_one_line(&log)["customerId"],
            Value::Null,
            "an unknown caller's text is not logged"
        );
    }
}

#[tokio::test]
async fn token_subject_cannot_forge_log_lines() {
    let app = TestApp::new().await;
    for (number, subject) in BREAKOUTS.into_iter().enumerate() {
        let token = format!("token-of-subject-{number}");
        app.issue_token_to(subject, &token, &["customers:write"], None)
            .await;
        let (response, log) = app.send_and_log(put().token(&token)).await;
        assert_eq!(response.status, 200);
        assert_no_injected_header(&response);
        assert_eq!(assert_one_line(&log)["subject"], subject);
        assert_eq!(app.stored().await["updatedBy"], subject);
    }
}

#[tokio::test]
async fn field_names_cannot_forge_responses_or_logs() {
    let app = TestApp::new().await;
    for name in BREAKOUTS {
        let body =
            json!({name: 1, "metaFields": [{"code": name, "value": {name: 1e300}, name: 2}]});
        let (response, log) = app.send_and_log(put().with(body)).await;
        assert_eq!(response.status, 400);
        assert_no_injected_header(&response);
        let pointers = response.body["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|error| error["pointer"].as_str().unwrap());
        let unknown = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
        assert_eq!(pointers.filter(|pointer| **pointer == unknown).count(), 1);
        let line = assert_one_line(&log).to_string().to_lowercase();
        assert!(!line.contains("evil"), "{line}");
    }
}

#[tokio::test]
async fn body_of_10_mb_gets_400_without_a_write() {
    let app = TestApp::new().await;
    let bodies = [
        " ".repeat(10 << 20),
        "[".repeat(10 << 20),
        format!("{{\"notes\": \"{}\"}}", "n".repeat(10 << 20)),
        "{\"a\":".repeat(2 << 20),
        "\u{0}".repeat(10 << 20),
    ];
    for body in bodies {
        let case = format!("{:?} and so on", &body[..12]);
        for event in [
            put().body(&body).http_api_event(),
            put().body(&body).rest_api_event(),
        ] {
            let response = app.send_event(&event).await;
            let message = "The body is larger than 400 KB (409,600 bytes)";
            assert_error(&case, &response, 400, "invalid_request", message);
        }
    }
    assert!(
        app.recorded_requests()
            .iter()
            .all(|sent| sent.operation == "GetItem")
    );
}

#[tokio::test]
async fn many_and_long_headers_are_ignored() {
    let app = TestApp::new().await;
    let mut many = put();
    for number in 0..5_000 {
        many = many.and_header(&format!("x-header-{number}"), "value");
    }
    let long = put()
        .header("x-long", &"v".repeat(100_000))
        .header("user-agent", &"é".repeat(50_000));
    for request in [many, long] {
        for event in [request.http_api_event(), request.rest_api_event()] {
            assert_eq!(app.send_event(&event).await.status, 200);
        }
    }
}

#[tokio::test]
async fn long_values_of_known_headers_never_get_500() {
    let app = TestApp::new().await;
    for (name, value, status) in [
        ("accessToken", "t".repeat(100_000), 401),
        (
            "accessToken",
            format!("Bearer{}x", " ".repeat(100_000)),
            401,
        ),
        (
            "content-type",
            format!("application/json; a={}", "b".repeat(100_000)),
            200,
        ),
        ("content-type", ";".repeat(100_000), 400),
        ("if-match", "\"1\",".repeat(25_000), 412),
        (
            "if-match",
            (0..25_000)
                .map(|version| format!("\"{version}\","))
                .collect(),
            400,
        ),
        ("if-match", ",".repeat(100_000), 400),
        ("host", "h".repeat(100_000), 200),
        ("host", "not a host".to_owned(), 200),
    ] {
        // New notes, because a stale request that changes nothing counts as a retry and gets 200.
        app.store_sample(|_| ()).await;
        let request = put()
            .with(json!({"notes": "something new"}))
            .header(name, &value);
        for event in [request.http_api_event(), request.rest_api_event()] {
            assert_eq!(
                app.send_event(&event).await.status,
                status,
                "{name}: {:.20}",
                value
            );
        }
    }
}

#[tokio::test]
async fn id_of_a_megabyte_gets_404_and_is_not_logged() {
    let app = TestApp::new().await;
    for id in [
        "i".repeat(1 << 20),
        "é".repeat(1 << 19),
        "\n".repeat(1 << 20),
    ] {
        let (response, log) = app.send_and_log(put().id(&id)).await;
        let (name, message) = (shortened(&id.escape_debug()), "Customer not found");
        assert_error(&name, &response, 404, "customer_not_found", message);
        assert!(log.text().len() < 1_000, "{} bytes", log.text().len());
        assert_eq!(
            app.send_event(&put().id(&id).rest_api_event()).await.status,
            404
        );
        for mut event in [
            put().id(&id).http_api_event(),
            put().id(&id).rest_api_event(),
        ] {
            event.as_object_mut().unwrap().remove("pathParameters");
            assert_eq!(
                app.send_event(&event).await.status,
                404,
                "from the path alone"
            );
        }
    }
    assert!(
        app.recorded_requests()
            .iter()
            .all(|sent| sent.operation == "GetItem")
    );
}
