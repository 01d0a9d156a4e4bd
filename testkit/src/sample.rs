//! The published sample, and two tokens.

use serde_json::{Value, json};

/// The published sample's id.
pub const CUSTOMER_ID: &str = "638df9e713920facde1a1cfa";

/// A token with the scope `customers:write`.
pub const WRITE_TOKEN: &str = "demo-token-that-may-write";

/// A valid token without that scope.
pub const READ_TOKEN: &str = "demo-token-that-may-only-read";

/// The published sample request.
pub const SAMPLE_REQUEST: &str = include_str!("sample_request.json");

/// The published sample customer with every attribute, before its first update.
pub fn sample_customer() -> Value {
    json!({
        "id": CUSTOMER_ID,
        "email": "john.doe@aximcommerce.com",
        "firstName": "Jon",
        "lastName": "Doe",
        "phoneNumber": "65161860",
        "role": "customer",
        "verifiedEmail": true,
        "company": "6371cd895b77326cf992d5bb",
        "status": "active",
        "newsletter": true,
        "metaFields": [{ "code": "p21_contact_id", "value": 12547 }],
        "isB2B": true,
        "createdBy": { "id": "6371cd895b77326cf992d5ba", "name": "Axim Commerce" },
        "createdAt": "2022-12-05T14:01:43.000Z",
        "updatedAt": "2022-12-05T14:01:43.000Z",
        "address": [{
            "firstName": "Jon", "lastName": "Doe", "phoneNumber": "65161860",
            "address1": "12/3, test st", "address2": "", "city": "Elizabeth", "state": "NJ",
            "country": "US", "zipcode": "07201", "isDefaultAddress": true
        }],
        "notes": "Prefers a call before delivery.",
        "version": 6,
        "updatedBy": "import"
    })
}
