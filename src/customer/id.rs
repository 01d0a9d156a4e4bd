//! The customer's id.

use thiserror::Error;

/// DynamoDB's limit for a partition key, in bytes.
const MAX_BYTES: usize = 2_048;

/// An opaque id that can be a key of the customers table: 1 to 2,048 bytes of UTF-8, compared
/// byte by byte (`docs/API.md#customer-id`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerId(String);

/// The text cannot be a key of the customers table, so no customer has this id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the customer id is not 1 to {MAX_BYTES} bytes of UTF-8")]
pub struct InvalidCustomerId;

impl CustomerId {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for CustomerId {
    type Error = InvalidCustomerId;

    fn try_from(text: String) -> Result<Self, InvalidCustomerId> {
        if text.is_empty() || text.len() > MAX_BYTES {
            return Err(InvalidCustomerId);
        }
        Ok(Self(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_1_to_2048_bytes_long() {
        let id = |length| CustomerId::try_from("i".repeat(length));
        assert_eq!(id(0), Err(InvalidCustomerId));
        assert_eq!(id(1).unwrap().as_str(), "i");
        assert!(id(2_048).is_ok());
        assert_eq!(id(2_049), Err(InvalidCustomerId));
        assert_eq!(
            CustomerId::try_from("é".repeat(1_025)),
            Err(InvalidCustomerId)
        );
    }
}
