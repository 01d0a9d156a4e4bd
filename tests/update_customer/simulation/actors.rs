//! What changes a customer in a simulation: random requests with unique values, and another writer that changes
//! the stored customer without incrementing versions.

use fastrand::Rng;
use serde_json::{Value, json};

use super::history::{Changes, State, version};
use crate::support::{TestApp, sample_customer};

/// `If-Match`: the header's value, and the versions that it lists; `None` when every version matches.
pub type IfMatch = (Option<String>, Option<Vec<u64>>);

/// A body whose optional values contain `number`, so that they are unique.
pub fn body(rng: &mut Rng, number: usize) -> Value {
    // Usually the stored one.
    let email = match rng.u8(..5) {
        0 => "john@aximcommerce.com",
        1 => "John.Doe@AximCommerce.com",
        _ => "john.doe@aximcommerce.com",
    };
    let first_name = rng.choice(["John", "Jon"]);
    let mut body = json!({"firstName": first_name, "lastName": "Doe", "email": email});
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
            6 => body[name] = empty,
            _ => body[name] = value,
        }
    }
    if rng.u8(..10) < 2 {
        // Ignored.
        body["newsletter"] = json!(rng.bool());
        body["verifiedEmail"] = json!(true);
    }
    body
}

/// The changes that a body requests.
pub fn changes(body: &Value) -> Changes {
    let members = body.as_object().into_iter().flatten();
    let members = members.filter(|(name, _)| !["newsletter", "verifiedEmail"].contains(&&***name));
    let change =
        |value: &Value| (*value != json!("") && *value != json!([])).then(|| value.clone());
    members
        .map(|(name, value)| (name.clone(), change(value)))
        .collect()
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

/// The stored customer of one run, as the simulation last saw it.
pub struct Stored<'a> {
    app: &'a TestApp,
    id: String,
    /// The customer before the run.
    start: State,
    pub now: State,
    /// The highest version so far.
    highest: u64,
}

impl<'a> Stored<'a> {
    /// Stores the sample customer with this id, without some attributes and with some that the function
    /// does not know.
    pub async fn new(app: &'a TestApp, rng: &mut Rng, id: &str) -> Self {
        let mut customer = sample_customer();
        customer["id"] = json!(id);
        customer["loyaltyPoints"] = json!(0);
        customer["erp"] = json!({"ids": ["e-1", 2], "checked": null});
        let optional = "version verifiedEmail phoneNumber address notes newsletter";
        let optional: Vec<_> = optional.split(' ').collect();
        let members = customer.as_object_mut().expect("an object");
        members.retain(|name, _| !optional.contains(&&**name) || rng.u8(..) >= 40);
        let stored = Self {
            app,
            id: id.to_owned(),
            start: Some(members.clone()),
            now: Some(members.clone()),
            highest: version(members),
        };
        stored.store().await;
        stored
    }

    pub fn version(&self) -> u64 {
        self.now.as_ref().map_or(0, version)
    }

    /// The stored customer after a write, read from the table if DynamoDB applied the write.
    pub async fn after(&mut self, applied: bool) -> State {
        if applied {
            let stored = self.app.stored_with_id(&self.id).await;
            self.now = stored.and_then(|stored| stored.as_object().cloned());
            self.highest = self.highest.max(self.version());
        }
        self.now.clone()
    }

    /// Makes a change as another writer, such as a loyalty programme or an email verification service.
    /// Returns what it changed.
    pub async fn change(&mut self, rng: &mut Rng) -> &'static str {
        let change = match (&mut self.now, rng.u8(..16)) {
            (None, _) => {
                // With a version above all previous ones, so that versions stay unique.
                let mut customer = self.start.clone().expect("a customer at the start");
                customer.insert("version".to_owned(), json!(self.highest + 10));
                self.now = Some(customer);
                "recreated"
            }
            (Some(_), 0) => {
                self.now = None;
                self.app.tables.delete(&self.id).await;
                "deleted"
            }
            (Some(customer), 1..4) => {
                let points = customer.get("loyaltyPoints").and_then(Value::as_u64);
                customer.insert("loyaltyPoints".to_owned(), json!(points.unwrap_or(0) + 1));
                "more loyalty points"
            }
            (Some(customer), 4..7) => {
                customer.insert(format!("shop{}", rng.u8(..3)), json!({"seen": true}));
                "another attribute"
            }
            (Some(customer), 7..10) => {
                customer.insert("newsletter".to_owned(), json!(rng.bool()));
                "newsletter"
            }
            (Some(customer), _) => {
                customer.insert("verifiedEmail".to_owned(), json!(true));
                "email verified"
            }
        };
        self.store().await;
        change
    }

    async fn store(&self) {
        if let Some(customer) = self.now.clone() {
            self.app.store(&Value::Object(customer)).await;
        }
    }
}
