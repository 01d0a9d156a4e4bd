//! A valid update of a customer, parsed from a request's body.

use std::borrow::Cow;

use super::field_reader::{Change, FieldReader};
use super::fields::FIELDS;
use crate::validation::json::{Object, Value};
use crate::validation::{JsonPointer, ValidationErrors};

/// The changes that one request asks for. [`CustomerUpdate::parse`] is the only constructor.
#[derive(Debug, Clone, PartialEq)]
pub struct CustomerUpdate<'a> {
    email: Cow<'a, str>,
    changes: Vec<(&'static str, Change<'a>)>,
}

impl<'a> CustomerUpdate<'a> {
    /// Checks every field of `body` (`docs/API.md#field-rules`). `errors` holds the errors that the
    /// JSON parser recorded.
    ///
    /// # Errors
    ///
    /// All errors of the body together, the parser's included.
    pub fn parse(body: Object<'a>, mut errors: ValidationErrors) -> Result<Self, ValidationErrors> {
        let mut body = FieldReader::new(body, JsonPointer::Root, &mut errors);
        let mut changes = Vec::with_capacity(FIELDS.len());
        for field in FIELDS {
            changes.extend(field.read(&mut body).map(|change| (field.name, change)));
        }
        body.reject_unknown();
        let email = changes.iter().find_map(|(name, change)| match change {
            Change::Set(Value::String(email)) if *name == "email" => Some(email.clone()),
            _ => None,
        });
        match email {
            Some(email) if errors.is_empty() => Ok(Self { email, changes }),
            _ => Err(errors),
        }
    }

    /// The customer's email address after this update.
    pub fn email(&self) -> &str {
        &self.email
    }

    /// The changes in the order of [`FIELDS`], at most one for each attribute.
    pub fn changes(&self) -> &[(&'static str, Change<'a>)] {
        &self.changes
    }
}
