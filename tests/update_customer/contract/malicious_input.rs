//! Malicious input outside the field rules: it forges no log line and no response, and costs no write.

use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use crate::support::assertions::assert_not_found;
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
    let text = log.text().trim_end();
    assert!(!text.contains(char::is_control), "{text:?}");
    log.line()
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

#[tokio::test]
async fn customer_id_cannot_forge_log_lines_or_headers() {
    let app = TestApp::new().await;
    for id in BREAKOUTS {
        app.store(&json!({"id": id})).await;
        for (token, status, logged) in [
            ("demo-token-that-may-write", 200, json!(id)),
            ("unknown-token", 401, Value::Null),
        ] {
            let (response, log) = app.send_and_log(put().id(id).token(token)).await;
            assert_eq!(response.status, status);
            assert_no_injected_header(&response);
            assert_eq!(assert_one_line(&log)["customerId"], logged, "{status}");
        }
    }
}

#[tokio::test]
async fn token_subject_and_field_names_cannot_forge_responses_or_logs() {
    let app = TestApp::new().await;
    for name in BREAKOUTS {
        app.issue_token_to(name, "token").await;
        let (response, log) = app.send_and_log(put().token("token")).await;
        assert_eq!(response.status, 200);
        assert_no_injected_header(&response);
        assert_eq!(assert_one_line(&log)["subject"], name);
        assert_eq!(app.stored().await["updatedBy"], name);

        let body =
            json!({name: 1, "metaFields": [{"code": name, "value": {name: 1e300}, name: 2}]});
        let (response, log) = app.send_and_log(put().with(body)).await;
        assert_no_injected_header(&response);
        let unknown = format!("/{name} unknown_field");
        assert!(response.validation_errors().contains(&unknown), "{unknown}");
        let line = assert_one_line(&log).to_string().to_lowercase();
        assert!(!line.contains("evil"), "{line}");
    }
}

#[tokio::test]
async fn many_and_long_headers_never_get_500() {
    let app = TestApp::new().await;
    let versions = (0..25_000).map(|version| format!("\"{version}\","));
    let versions: String = versions.collect();
    let long = "x".repeat(100_000);
    for (name, value, status) in [
        ("x-long", &long, 200),
        ("user-agent", &"é".repeat(50_000), 200),
        ("accessToken", &long, 401),
        ("content-type", &format!("application/json; a={long}"), 200),
        ("content-type", &";".repeat(100_000), 400),
        ("if-match", &"\"1\",".repeat(25_000), 412),
        ("if-match", &versions, 400),
        ("if-match", &",".repeat(100_000), 400),
        ("host", &long, 200),
        ("host", &"not a host".to_owned(), 200),
    ] {
        // New notes, because a stale request that changes nothing counts as a retry and gets 200.
        app.store_sample(|_| ()).await;
        let request = put().with(json!({"notes": "something new"}));
        let request = request.header(name, value);
        for response in app.send_as_every_event(&request).await {
            assert_eq!(response.status, status, "{name}: {value:.20}");
        }
    }
    let many = (0..5_000).fold(put(), |request, number| {
        request.and_header(&format!("x-header-{number}"), "value")
    });
    for response in app.send_as_every_event(&many).await {
        assert_eq!(response.status, 200);
    }
}

#[tokio::test]
async fn id_of_a_megabyte_gets_404_and_is_not_logged() {
    let app = TestApp::new().await;
    for id in ["é".repeat(1 << 19), "\n".repeat(1 << 20)] {
        let request = put().id(&id);
        for mut event in [request.http_api_event(), request.rest_api_event()] {
            event.as_object_mut().unwrap().remove("pathParameters");
            assert_not_found("from the path", &app.send_event(&event).await);
        }
        let (response, log) = app.send_and_log(request).await;
        assert_not_found("from the parameter", &response);
        assert!(log.text().len() < 1_000, "{} bytes", log.text().len());
    }
    assert!(!app.operations().contains(&"UpdateItem".to_owned()));
}
