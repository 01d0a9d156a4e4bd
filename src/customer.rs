//! The customer: its fields, and what an update may change.
//!
//! Knows nothing of HTTP or DynamoDB. `fields` has one row for each field; everything else follows
//! from it.

pub mod address;
mod characters;
mod country;
mod email;
pub mod expected_version;
pub mod field_reader;
pub mod fields;
pub mod id;
pub mod meta_fields;
mod phone_number;
pub mod rules;
mod suggestion;
pub mod update;

pub use email::emails_eq_ignore_case;
pub use expected_version::ExpectedVersion;
pub use field_reader::Change;
pub use id::CustomerId;
pub use update::CustomerUpdate;
