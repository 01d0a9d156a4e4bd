//! Many writers at once.

use std::sync::Arc;

use serde_json::json;
use tokio::task::JoinSet;

use crate::support::{TestApp, put};

#[tokio::test(flavor = "multi_thread")]
async fn writers_of_different_fields_all_succeed() {
    let app = Arc::new(TestApp::new().await);
    let fields = [
        ("phoneNumber", json!("65161899")),
        ("status", json!("blocked")),
        ("company", json!("another")),
        ("notes", json!("from the shop")),
        ("address", json!([{"city": "Newark"}])),
        ("metaFields", json!([{"code": "erp", "value": 1}])),
    ];
    let mut writers = JoinSet::new();
    for round in 0..5 {
        for (name, value) in fields.clone() {
            let app = Arc::clone(&app);
            writers.spawn(async move {
                let response = app.send(put().with(json!({name: value}))).await;
                assert_eq!(response.status, 200, "{round} {name}: {}", response.body);
            });
        }
    }
    writers.join_all().await;
    let stored = app.stored().await;
    for (name, value) in fields {
        assert_eq!(stored[name], value, "{name}");
    }
    assert_eq!(stored["version"], 36, "each of 30 writes raised it by one");
}

#[tokio::test(flavor = "multi_thread")]
async fn same_if_match_has_exactly_one_winner() {
    let app = Arc::new(TestApp::new().await);
    let mut writers = JoinSet::new();
    for number in 0..30 {
        let app = Arc::clone(&app);
        writers.spawn(async move {
            let notes = format!("writer {number}");
            let response = app
                .send(put().with(json!({"notes": notes})).if_match("\"6\""))
                .await;
            (response.status, notes)
        });
    }
    let outcomes = writers.join_all().await;
    let winners: Vec<_> = outcomes
        .iter()
        .filter(|(status, _)| *status == 200)
        .collect();
    assert_eq!(winners.len(), 1);
    assert!(
        outcomes
            .iter()
            .all(|(status, _)| matches!(status, 200 | 412))
    );
    let stored = app.stored().await;
    assert_eq!(
        (&stored["notes"], &stored["version"]),
        (&json!(winners[0].1), &json!(7))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn changed_email_is_never_left_verified() {
    let app = Arc::new(TestApp::new().await);
    let mut writers = JoinSet::new();
    for number in 0..10 {
        let app = Arc::clone(&app);
        writers.spawn(async move {
            let email = format!("writer-{number}@aximcommerce.com");
            let response = app.send(put().with(json!({"email": email}))).await;
            // Whoever loses the first race meets an address that is no longer verified.
            assert_eq!(
                (response.status, &response.body["data"]["verifiedEmail"]),
                (200, &json!(false))
            );
        });
    }
    writers.join_all().await;
    assert_eq!(app.stored().await["verifiedEmail"], false);
}
