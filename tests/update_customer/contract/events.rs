//! The sample events in `events/`. Each file name ends with the status of the response.

use pretty_assertions::assert_eq;
use serde_json::{Value, json};
use testkit::response::shortened;

use crate::support::{CUSTOMER_ID, SAMPLE_REQUEST, TestApp, put};

/// Each event with its file name without extension, sorted by name.
fn events() -> Vec<(String, Value)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/events");
    let mut events: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (
                name,
                serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap(),
            )
        })
        .collect();
    events.sort_by(|one, other| one.0.cmp(&other.0));
    events
}

#[tokio::test]
async fn every_event_gets_the_status_in_its_name() {
    let events = events();
    assert!(events.len() >= 15, "only {} events", events.len());
    for (name, event) in events {
        let app = TestApp::new().await;
        let response = app.send_event(&event).await;
        assert!(
            name.ends_with(&format!("-{}", response.status)),
            "{name}: {} {}",
            response.status,
            shortened(&response.body)
        );
    }
}

#[tokio::test]
async fn events_cover_every_status_and_every_kind_of_event() {
    let events = events();
    for status in ["200", "400", "401", "404", "405", "412"] {
        assert!(
            events.iter().any(|(name, _)| name.ends_with(status)),
            "{status}"
        );
    }
    // A REST API's event has no version.
    for version in [json!("2.0"), json!("1.0"), Value::Null] {
        assert!(
            events.iter().any(|(_, event)| event["version"] == version),
            "{version}"
        );
    }
}

#[tokio::test]
async fn rest_api_events_have_no_version() {
    for (name, event) in events() {
        let is_rest_api = name.starts_with("rest-api-");
        assert_eq!(event.get("version").is_none(), is_rest_api, "{name}");
    }
}

#[tokio::test]
async fn events_include_the_published_sample() {
    let (_, event) = events()
        .into_iter()
        .find(|(name, _)| name == "http-api-sample-200")
        .unwrap();
    assert_eq!(event["pathParameters"], json!({"customer_id": CUSTOMER_ID}));
    let body: Value = serde_json::from_str(event["body"].as_str().unwrap()).unwrap();
    let sample: Value = serde_json::from_str(SAMPLE_REQUEST).unwrap();
    assert_eq!(body, sample);
}

#[tokio::test]
async fn event_version_may_be_anywhere_or_absent() {
    let app = TestApp::new().await;
    for change in [
        |_: &mut Value| {},
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
        for mut event in [
            put().http_api_event(),
            put().http_api_1_event(),
            put().rest_api_event(),
        ] {
            change(&mut event);
            let response = app.send_event(&event).await;
            assert_eq!(response.status, 200, "{}", shortened(&event));
        }
    }
}
