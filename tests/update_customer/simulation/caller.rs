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
#[derive(Debug, Clone)]
pub struct IfMatch {
    pub header: Option<String>,
    pub versions: Option<Vec<u64>>,
}

/// An update whose optional values contain `number`, so that they are unique.
pub fn update(rng: &mut Rng, number: usize) -> Update {
    const FIRST_NAMES: [&str; 2] = ["John", "Jon"];
    const EMAILS: [&str; 3] = [
        "john.doe@aximcommerce.com",
        "John.Doe@AximCommerce.com",
        "john@aximcommerce.com",
    ];
    let mut update = Update {
        body: json!({}),
        changes: Changes::new(),
    };
    update.set("firstName", json!(pick(rng, &FIRST_NAMES)));
    update.set("lastName", json!("Doe"));
    // Usually the stored one.
    let email = if rng.u8(..) < 100 {
        pick(rng, &EMAILS)
    } else {
        EMAILS[0]
    };
    update.set("email", json!(email));
    let optional = [
        (
            "phoneNumber",
            json!(format!("555 {number:04}")),
            Some(json!("")),
        ),
        ("status", json!(format!("status {number}")), None),
        (
            "company",
            json!(format!("company {number}")),
            Some(json!(null)),
        ),
        ("notes", json!(format!("notes\n{number}")), Some(json!(""))),
        (
            "address",
            json!([{"city": format!("city {number}"), "country": ""}]),
            Some(json!([])),
        ),
        (
            "metaFields",
            json!([{"code": "n", "value": {"n": number, "none": null}}]),
            Some(json!(null)),
        ),
    ];
    for (name, value, cleared) in optional {
        match cleared {
            _ if rng.u8(..) < 150 => {}
            Some(cleared) if rng.u8(..) < 60 => update.clear(name, cleared),
            _ => update.set(name, value),
        }
    }
    if rng.u8(..) < 40 {
        update.body["isB2B"] = json!(rng.bool());
        update.body["newsletter"] = json!(rng.bool());
        update.body["verifiedEmail"] = json!(true);
    }
    update
}

/// An `If-Match` of a caller that last received the version `seen`.
pub fn if_match(rng: &mut Rng, seen: u64) -> IfMatch {
    let older = seen.saturating_sub(1);
    let listed = |versions: &[u64]| {
        let tags: Vec<_> = versions
            .iter()
            .map(|version| format!("\"{version}\""))
            .collect();
        IfMatch {
            header: Some(tags.join(", ")),
            versions: Some(versions.to_vec()),
        }
    };
    match rng.u8(..100) {
        0..45 => IfMatch {
            header: None,
            versions: None,
        },
        45..50 => IfMatch {
            header: Some("*".to_owned()),
            versions: None,
        },
        50..75 => listed(&[seen]),
        75..82 => listed(&[seen + 1]),
        82..89 => listed(&[older]),
        89..97 => listed(&[older, seen, seen + 2]),
        _ => IfMatch {
            header: Some(format!("W/\"{seen}\"")),
            versions: Some(Vec::new()),
        },
    }
}

fn pick<'a>(rng: &mut Rng, list: &[&'a str]) -> &'a str {
    list[rng.usize(..list.len())]
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
