//! The customer: its fields, and what an update may change.
//!
//! Knows nothing of HTTP or DynamoDB. `fields` has one row for each field; everything else follows
//! from it.

pub mod address;
mod country;
mod email;
mod field_reader;
pub mod fields;
pub(crate) mod id;
pub mod meta_fields;
mod phone_number;
pub mod rules;
mod suggestion;
mod update;
mod version;
mod view;

pub use id::CustomerId;
pub use update::{Change, CustomerUpdate};
pub use version::{ExpectedVersion, Version};
pub use view::Customer;
