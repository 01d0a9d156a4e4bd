//! A customer as an answer shows it: every documented key of `data`, always with its type.

use serde::Serialize;
use serde_json::{Map, Value};

/// The `data` of an answer (contract, part 1), with `notes`, in the documented order.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Customer {
    id: String,
    email: String,
    first_name: String,
    last_name: String,
    phone_number: String,
    role: String,
    verified_email: bool,
    company: String,
    status: String,
    newsletter: bool,
    meta_fields: Vec<Value>,
    #[serde(rename = "isB2B")]
    is_b2b: bool,
    created_by: Map<String, Value>,
    created_at: String,
    updated_at: String,
    address: Vec<Value>,
    notes: String,
    #[serde(skip)]
    version: u64,
}

/// A stored attribute has another type than the contract gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrongType {
    pub attribute: &'static str,
    pub expected: &'static str,
}

impl Customer {
    /// Builds a customer from its stored attributes; `take` gives the value of one, if it is stored.
    /// What is not stored, or stored as null, is `""`, `[]`, `{}` or `false`.
    ///
    /// # Errors
    ///
    /// [`WrongType`] for an attribute of another type. Showing it as empty would invite the caller to
    /// send the emptiness back.
    pub fn from_stored(mut take: impl FnMut(&str) -> Option<Value>) -> Result<Self, WrongType> {
        let version = version(take("version"))?;
        let mut stored = |attribute| (attribute, take(attribute).unwrap_or_default());
        Ok(Self {
            id: text(stored("id"))?,
            email: text(stored("email"))?,
            first_name: text(stored("firstName"))?,
            last_name: text(stored("lastName"))?,
            phone_number: text(stored("phoneNumber"))?,
            role: text(stored("role"))?,
            verified_email: boolean(stored("verifiedEmail"))?,
            company: text(stored("company"))?,
            status: text(stored("status"))?,
            newsletter: boolean(stored("newsletter"))?,
            meta_fields: list(stored("metaFields"))?,
            is_b2b: boolean(stored("isB2B"))?,
            created_by: object(stored("createdBy"))?,
            created_at: text(stored("createdAt"))?,
            updated_at: text(stored("updatedAt"))?,
            address: list(stored("address"))?,
            notes: text(stored("notes"))?,
            version,
        })
    }

    /// How many writes have changed the customer.
    pub fn version(&self) -> u64 {
        self.version
    }
}

/// Reads a stored version; absent means 0 (contract, part 3).
///
/// # Errors
///
/// [`WrongType`] for what is no whole number.
pub fn version(stored: Option<Value>) -> Result<u64, WrongType> {
    let version = stored.map_or(Some(0), |value| value.as_u64());
    version.ok_or(WrongType {
        attribute: "version",
        expected: "a whole number",
    })
}

type Stored = (&'static str, Value);

fn text((attribute, value): Stored) -> Result<String, WrongType> {
    match value {
        Value::Null => Ok(String::new()),
        Value::String(text) => Ok(text),
        _ => Err(WrongType {
            attribute,
            expected: "a string",
        }),
    }
}

fn boolean((attribute, value): Stored) -> Result<bool, WrongType> {
    match value {
        Value::Null => Ok(false),
        Value::Bool(value) => Ok(value),
        _ => Err(WrongType {
            attribute,
            expected: "a boolean",
        }),
    }
}

fn list((attribute, value): Stored) -> Result<Vec<Value>, WrongType> {
    match value {
        Value::Null => Ok(Vec::new()),
        Value::Array(elements) if elements.iter().all(Value::is_object) => Ok(elements),
        _ => Err(WrongType {
            attribute,
            expected: "a list of maps",
        }),
    }
}

fn object((attribute, value): Stored) -> Result<Map<String, Value>, WrongType> {
    match value {
        Value::Null => Ok(Map::new()),
        Value::Object(members) => Ok(members),
        _ => Err(WrongType {
            attribute,
            expected: "a map",
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn customer(stored: Value) -> Result<Customer, WrongType> {
        Customer::from_stored(|name| stored.get(name).cloned())
    }

    #[test]
    fn what_was_never_stored_is_empty_and_has_its_documented_type() {
        let expected = json!({
            "id": "c-1", "email": "", "firstName": "", "lastName": "", "phoneNumber": "", "role": "",
            "verifiedEmail": false, "company": "", "status": "", "newsletter": false, "metaFields": [],
            "isB2B": false, "createdBy": {}, "createdAt": "", "updatedAt": "", "address": [], "notes": ""
        });
        for stored in [
            json!({"id": "c-1"}),
            json!({"id": "c-1", "role": null, "address": null}),
        ] {
            let customer = customer(stored).unwrap();
            assert_eq!(serde_json::to_value(&customer).unwrap(), expected);
            assert_eq!(customer.version(), 0);
        }
    }

    #[test]
    fn an_attribute_of_another_type_is_named_not_shown_as_empty() {
        for (attribute, value, expected) in [
            ("email", json!(1), "a string"),
            ("verifiedEmail", json!("true"), "a boolean"),
            ("address", json!({}), "a list of maps"),
            (
                "metaFields",
                json!([{"code": "c", "value": 1}, "c"]),
                "a list of maps",
            ),
            ("createdBy", json!("me"), "a map"),
            ("version", json!("7"), "a whole number"),
            ("version", json!(7.5), "a whole number"),
        ] {
            let refused = customer(json!({ attribute: value })).unwrap_err();
            assert_eq!(
                refused,
                WrongType {
                    attribute,
                    expected
                }
            );
        }
    }
}
