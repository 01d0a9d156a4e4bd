//! What is asked of the function: an event, DynamoDB's answers to it, and what must come of it.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::attributes::attributes;
use crate::bodies;
use crate::dynamodb::{Answers, Asked, condition_failed, success};
use crate::store::{SAMPLE_REQUEST, sample_customer};

const EVENT: &str = include_str!("../../events/http-api-sample-200.json");

/// Sizes of bodies in KB, as the tables show them.
pub const SIZES: [usize; 3] = [10, 100, 390];

pub struct Case {
    pub name: String,
    /// Of the request's body.
    pub bytes: usize,
    pub event: Arc<[u8]>,
    pub answers: Answers,
    pub status: u16,
    pub asks: Asked,
}

impl Case {
    /// The published sample.
    pub fn sample() -> Self {
        Self::accepted("sample", SAMPLE_REQUEST)
    }

    /// The published sample with a token that has to be looked up.
    pub fn sample_with_lookup() -> Self {
        let case = Self::sample();
        Self {
            name: "sample, token looked up".to_owned(),
            asks: Asked {
                token: 1,
                ..case.asks
            },
            ..case
        }
    }

    /// The published sample for a baseline that asks DynamoDB so often.
    pub fn for_baseline(updates: usize) -> Self {
        Self {
            asks: Asked {
                token: 0,
                update: updates,
            },
            ..Self::sample()
        }
    }

    pub fn minimal() -> Self {
        Self::accepted(
            "minimal body",
            r#"{"firstName":"John","lastName":"Doe","email":"john@aximcommerce.com"}"#,
        )
    }

    /// A body of so many KB.
    pub fn of_size(kilobytes: usize) -> Self {
        Self::accepted(
            &format!("{kilobytes} KB"),
            &bodies::of_size(kilobytes * 1_000),
        )
    }

    /// A body with a fault in most of its fields.
    pub fn refused() -> Self {
        let body = json!({
            "firstName": "", "lastName": 1, "email": "john@", "phoneNumber": "none", "status": "",
            "emial": "john@aximcommerce.com", "company": "x".repeat(256),
            "address": [{"country": "us"}, {}, {"isDefaultAddress": null}],
            "metaFields": [{"code": "a"}, {"code": "a", "value": 1}]
        });
        Self::new("refused body", &body.to_string(), 400, Vec::new())
    }

    pub fn missing_customer() -> Self {
        Self::new(
            "missing customer",
            SAMPLE_REQUEST,
            404,
            vec![condition_failed(None)],
        )
    }

    /// A verified address changes, which takes a second write.
    pub fn changed_email() -> Self {
        let answers = vec![
            condition_failed(Some(&sample_customer())),
            updated(SAMPLE_REQUEST),
        ];
        Self::new("changed email", SAMPLE_REQUEST, 200, answers)
    }

    fn accepted(name: &str, body: &str) -> Self {
        Self::new(name, body, 200, vec![updated(body)])
    }

    fn new(name: &str, body: &str, status: u16, answers: Vec<Vec<u8>>) -> Self {
        let asks = Asked {
            token: 0,
            update: answers.len(),
        };
        let event = event(body).to_string().into_bytes().into();
        Self {
            name: name.to_owned(),
            bytes: body.len(),
            event,
            answers: Answers::new(answers),
            status,
            asks,
        }
    }
}

fn event(body: &str) -> Value {
    let mut event: Value = serde_json::from_str(EVENT).unwrap_or_default();
    event["body"] = json!(body);
    event
}

/// DynamoDB's answer: the sample customer with the body's values.
fn updated(body: &str) -> Vec<u8> {
    let mut customer = sample_customer();
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    for (name, value) in body.as_object().into_iter().flatten() {
        customer[name] = value.clone();
    }
    customer["version"] = json!(7);
    customer["updatedBy"] = json!("demo-erp");
    success(&json!({"Attributes": attributes(&customer)}))
}
