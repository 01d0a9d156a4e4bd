//! Many writers at once.

use std::sync::Arc;

use serde_json::json;
use tokio::task::JoinSet;

use crate::support::{Stand, put};

#[tokio::test(flavor = "multi_thread")]
async fn writers_of_different_fields_all_survive() {
    let stand = Arc::new(Stand::new().await);
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
            let stand = Arc::clone(&stand);
            writers.spawn(async move {
                let answer = stand.send(put().with(json!({name: value}))).await;
                assert_eq!(answer.status, 200, "{round} {name}: {}", answer.body);
            });
        }
    }
    writers.join_all().await;
    let stored = stand.stored().await;
    for (name, value) in fields {
        assert_eq!(stored[name], value, "{name}");
    }
    assert_eq!(stored["version"], 36, "each of 30 writes raised it by one");
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_with_the_same_if_match_have_exactly_one_winner() {
    let stand = Arc::new(Stand::new().await);
    let mut writers = JoinSet::new();
    for number in 0..30 {
        let stand = Arc::clone(&stand);
        writers.spawn(async move {
            let notes = format!("writer {number}");
            let answer = stand
                .send(put().with(json!({"notes": notes})).if_match("\"6\""))
                .await;
            (answer.status, notes)
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
    let stored = stand.stored().await;
    assert_eq!(
        (&stored["notes"], &stored["version"]),
        (&json!(winners[0].1), &json!(7))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_of_emails_never_leave_a_new_one_verified() {
    let stand = Arc::new(Stand::new().await);
    let mut writers = JoinSet::new();
    for number in 0..10 {
        let stand = Arc::clone(&stand);
        writers.spawn(async move {
            let email = format!("writer-{number}@aximcommerce.com");
            let answer = stand.send(put().with(json!({"email": email}))).await;
            // Whoever loses the first race meets an address that is no longer verified.
            assert_eq!(
                (answer.status, &answer.body["data"]["verifiedEmail"]),
                (200, &json!(false))
            );
        });
    }
    writers.join_all().await;
    assert_eq!(stand.stored().await["verifiedEmail"], false);
}
