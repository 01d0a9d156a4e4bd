//! The stored customer of one run, and another writer that changes it without incrementing versions.

use fastrand::Rng;
use serde_json::{Value, json};

use super::history::{State, version};
use crate::support::{TestApp, sample_customer};

/// The stored customer as the simulation last saw it.
pub struct Stored<'a> {
    app: &'a TestApp,
    id: String,
    /// The customer before the run.
    start: State,
    now: State,
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
        let optional = [
            "version",
            "verifiedEmail",
            "phoneNumber",
            "address",
            "notes",
            "newsletter",
        ];
        let members = customer.as_object_mut().expect("an object");
        members.retain(|name, _| !optional.contains(&&**name) || rng.u8(..) >= 40);
        let start = Some(members.clone());
        let highest = version(members);
        let (id, now) = (id.to_owned(), start.clone());
        let stored = Self {
            app,
            id,
            start,
            now,
            highest,
        };
        stored.store().await;
        stored
    }

    pub fn now(&self) -> State {
        self.now.clone()
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
        self.now()
    }

    /// Makes a change as another writer, such as a loyalty programme or an email verification service.
    /// Returns what it changed.
    pub async fn change(&mut self, rng: &mut Rng) -> &'static str {
        let Some(customer) = &mut self.now else {
            // With a version above all previous ones, so that versions stay unique.
            let mut customer = self.start.clone().expect("a customer at the start");
            customer.insert("version".to_owned(), json!(self.highest + 10));
            self.now = Some(customer);
            self.store().await;
            return "recreated";
        };
        let change = match rng.u8(..16) {
            0 => {
                self.now = None;
                self.app.delete(&self.id).await;
                return "deleted";
            }
            1..4 => {
                let points = customer.get("loyaltyPoints").and_then(Value::as_u64);
                customer.insert("loyaltyPoints".to_owned(), json!(points.unwrap_or(0) + 1));
                "more loyalty points"
            }
            4..7 => {
                customer.insert(format!("shop{}", rng.u8(..3)), json!({"seen": true}));
                "another attribute"
            }
            7..10 => {
                customer.insert("newsletter".to_owned(), json!(rng.bool()));
                "newsletter"
            }
            _ => {
                customer.insert("verifiedEmail".to_owned(), json!(true));
                "email verified"
            }
        };
        self.store().await;
        change
    }

    async fn store(&self) {
        if let Some(customer) = self.now() {
            self.app.store(&Value::Object(customer)).await;
        }
    }
}
