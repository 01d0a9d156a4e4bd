//! Random requests: updates with unique values, with or without `If-Match`.

use fastrand::Rng;
use serde_json::{Value, json};

use super::history::Changes;

/// A body and the changes that it requests.
#[derive(Debug, Clone)]
pub struct Update {
    pub body: Value,
    pub changes: Changes,
}

/// The header's value, and the versions that it lists; `None` when every version matches.
pub type IfMatch = (Option<String>, Option<Vec<u64>>);

/// An update whose optional values contain `number`, so that they are unique.
pub fn update(rng: &mut Rng, number: usize) -> Update {
    const FIRST_NAMES: [&str; 2] = ["John", "Jon"];
    // Usually the stored one.
    const EMAILS: [&str; 5] = [
        "john.doe@aximcommerce.com",
        "john.doe@aximcommerce.com",
        "john.doe@aximcommerce.com",
        "John.Doe@AximCommerce.com",
        "john@aximcommerce.com",
    ];
    let (body, changes) = (json!({}), Changes::new());
    let mut update = Update { body, changes };
    update.set("firstName", json!(rng.choice(FIRST_NAMES)));
    update.set("lastName", json!("Doe"));
    update.set("email", json!(rng.choice(EMAILS)));
    let address = json!([{"city": format!("city {number}"), "country": ""}]);
    let meta_fields = json!([{"code": "n", "value": {"n": number, "none": null}}]);
    for (name, value, empty) in [
        ("phoneNumber", json!(format!("555 {number:04}")), json!("")),
        ("status", json!(format!("status {number}")), json!("")),
        ("company", json!(format!("company {number}")), json!("")),
        ("notes", json!(format!("notes\n{number}")), json!("")),
        ("address", address, json!([])),
        ("metaFields", meta_fields, json!([])),
    ] {
        match rng.u8(..10) {
            0..6 => {}
            6 => update.clear(name, empty),
            _ => update.set(name, value),
        }
    }
    if rng.u8(..10) < 2 {
        // Ignored.
        update.body["newsletter"] = json!(rng.bool());
        update.body["verifiedEmail"] = json!(true);
    }
    update
}

/// An `If-Match` of a caller that last received the version `seen`.
pub fn if_match(rng: &mut Rng, seen: u64) -> IfMatch {
    let older = seen.saturating_sub(1);
    let listed = |versions: &[u64]| {
        let tags = versions.iter().map(|version| format!("\"{version}\""));
        let tags: Vec<_> = tags.collect();
        (Some(tags.join(", ")), Some(versions.to_vec()))
    };
    match rng.u8(..100) {
        0..45 => (None, None),
        45..50 => (Some("*".to_owned()), None),
        50..75 => listed(&[seen]),
        75..82 => listed(&[seen + 1]),
        82..89 => listed(&[older]),
        89..97 => listed(&[older, seen, seen + 2]),
        _ => (Some(format!("W/\"{seen}\"")), Some(Vec::new())),
    }
}

impl Update {
    fn set(&mut self, name: &'static str, value: Value) {
        self.body[name] = value.clone();
        self.changes.insert(name, Some(value));
    }

    fn clear(&mut self, name: &'static str, value: Value) {
        self.body[name] = value;
        self.changes.insert(name, None);
    }
}
