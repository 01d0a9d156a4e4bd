//! The requests of the benchmark, DynamoDB's responses to them, and the expected results.

use std::sync::Arc;

use serde_json::{Value, json};
use testkit::canned_dynamodb::attributes;
use testkit::servers::dynamodb::{CallCounts, Responses, condition_failed, success};
use testkit::{SAMPLE_REQUEST, bodies, put, sample_customer};

/// The requests of growing size, as tables and charts name them.
pub const BY_SIZE: [&str; 6] = [
    "minimal body",
    "sample",
    "1 KB",
    "10 KB",
    "100 KB",
    "390 KB",
];

#[derive(Clone)]
pub struct Case {
    pub name: &'static str,
    pub body: String,
    pub event: Arc<[u8]>,
    pub responses: Responses,
    pub status: u16,
    pub calls: CallCounts,
}

impl Case {
    /// The published sample request, for a program that makes these calls.
    pub fn sample(calls: CallCounts) -> Self {
        Self {
            calls,
            ..Self::valid("sample", SAMPLE_REQUEST)
        }
    }

    /// All requests except the sample, for a function that has cached the token.
    pub fn others() -> Vec<Self> {
        let minimal = r#"{"firstName":"John","lastName":"Doe","email":"john@aximcommerce.com"}"#;
        // Most fields are invalid.
        let rejected = json!({
            "firstName": "", "lastName": 1, "email": "john@", "phoneNumber": "none", "status": "",
            "emial": "john@aximcommerce.com", "company": "x".repeat(256),
            "address": [{"country": "us"}, {}, {"isDefaultAddress": null}],
            "metaFields": [{"code": "a"}, {"code": "a", "value": 1}]
        });
        let missing = vec![condition_failed(None)];
        // The change of a verified address takes a second write.
        let changed_email = vec![
            condition_failed(Some(&sample_customer())),
            updated(SAMPLE_REQUEST),
        ];
        vec![
            Self::valid("minimal body", minimal),
            Self::valid("1 KB", &bodies::of_size(1_000)),
            Self::valid("10 KB", &bodies::of_size(10_000)),
            Self::valid("100 KB", &bodies::of_size(100_000)),
            Self::valid("390 KB", &bodies::of_size(390_000)),
            Self::new("rejected body", &rejected.to_string(), 400, Vec::new()),
            Self::new("missing customer", SAMPLE_REQUEST, 404, missing),
            Self::new("changed email", SAMPLE_REQUEST, 200, changed_email),
        ]
    }

    fn valid(name: &'static str, body: &str) -> Self {
        Self::new(name, body, 200, vec![updated(body)])
    }

    fn new(name: &'static str, body: &str, status: u16, responses: Vec<Vec<u8>>) -> Self {
        let event = put().body(body).http_api_event_text();
        let calls = CallCounts {
            token: 0,
            update: responses.len(),
        };
        Self {
            name,
            body: body.to_owned(),
            event: event.into_bytes().into(),
            responses: Responses::new(responses),
            status,
            calls,
        }
    }
}

/// DynamoDB's response to an update: the sample customer with the values of the body.
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
