//! The sample events in `events/`. Each file name ends with the status of the response.

use std::collections::BTreeSet;

use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use crate::support::{CUSTOMER_ID, SAMPLE_REQUEST, TestApp, put, shortened};

/// Each event with its file name without extension.
fn events() -> Vec<(String, Value)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/events");
    let files = std::fs::read_dir(folder).unwrap();
    let read = |path: std::path::PathBuf| {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let text = std::fs::read_to_string(path).unwrap();
        (name, serde_json::from_str(&text).unwrap())
    };
    files.map(|entry| read(entry.unwrap().path())).collect()
}

#[tokio::test]
async fn every_event_gets_the_status_in_its_name() {
    for (name, event) in events() {
        let response = TestApp::new().await.send_event(&event).await;
        let shown = shortened(&response.body);
        let ending = format!("-{}", response.status);
        assert!(
            name.ends_with(&ending),
            "{name}: {} {shown}",
            response.status
        );
    }
}

#[test]
fn events_cover_every_status_and_every_kind_of_event() {
    let events = events();
    let statuses: BTreeSet<_> = events
        .iter()
        .map(|(name, _)| &name[name.len() - 3..])
        .collect();
    assert!(
        statuses.is_superset(&["200", "400", "401", "404", "405", "412"].into()),
        "{statuses:?}"
    );
    let kinds: BTreeSet<_> = events
        .iter()
        .map(|(_, event)| event["version"].as_str())
        .collect();
    assert_eq!(kinds, [Some("2.0"), Some("1.0"), None].into());
    for (name, event) in events {
        let is_rest_api = name.starts_with("rest-api-");
        assert_eq!(event.get("version").is_none(), is_rest_api, "{name}");
    }
}

#[test]
fn events_include_the_published_sample() {
    let mut events = events().into_iter();
    let (_, event) = events
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
