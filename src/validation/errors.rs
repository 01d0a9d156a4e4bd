//! What is wrong with a body: a JSON Pointer, a code and a message for each error.
//!
//! No error holds a value that the caller sent: values are personal data.

use serde::Serialize;
use strum::{IntoStaticStr, VariantArray};
use thiserror::Error;

use super::JsonPointer;

/// A response lists at most this many errors; further ones are only counted.
const MAX_LISTED: usize = 100;

/// The stable code of a field error (`docs/API.md#field-error-codes`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, IntoStaticStr, VariantArray)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ErrorCode {
    Required,
    InvalidType,
    TooLong,
    InvalidCharacters,
    InvalidEmail,
    InvalidPhone,
    InvalidCountry,
    EmptyObject,
    MultipleDefaults,
    DuplicateCode,
    DuplicateKey,
    UnknownField,
    TooDeep,
    NumberOutOfRange,
}

/// One broken rule of the request body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ValidationError {
    /// JSON Pointer (RFC 6901) into the request body, at most 1,024 bytes long.
    pub pointer: String,
    pub code: ErrorCode,
    /// What the caller must change, as one sentence.
    pub message: String,
}

/// All errors of one body, in the order in which they were found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Error)]
#[error("{}", self.summary())]
pub struct ValidationErrors {
    listed: Vec<ValidationError>,
    total: usize,
}

impl ValidationErrors {
    /// Counts an error, and lists it unless 100 are listed already. Only a listed error needs its message: a body
    /// can have ten thousand errors, and some messages cost a scan of the body.
    pub(crate) fn add(
        &mut self,
        at: &JsonPointer<'_>,
        code: ErrorCode,
        message: impl FnOnce() -> String,
    ) {
        self.total += 1;
        if self.listed.len() < MAX_LISTED {
            self.listed.push(ValidationError {
                pointer: at.to_string(),
                code,
                message: message(),
            });
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// The first 100 errors.
    pub fn as_slice(&self) -> &[ValidationError] {
        &self.listed
    }

    /// The only error's message, or how many errors there are and the first one's message.
    fn summary(&self) -> String {
        let first = self.listed.first().map_or("", |error| &error.message);
        let listed = match self.total {
            0 | 1 => return first.to_owned(),
            2..=MAX_LISTED => String::new(),
            _ => format!(", the first {MAX_LISTED} are listed"),
        };
        let total = self.total;
        format!("The request body has {total} errors{listed}; first: {first}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_a_hundred_errors_and_counts_all() {
        let mut errors = ValidationErrors::default();
        for index in 0..250 {
            let at = JsonPointer::Root.element(index);
            errors.add(&at, ErrorCode::InvalidType, || {
                assert!(index < 100, "only a listed error needs its message");
                format!("error {index}")
            });
        }
        assert_eq!(errors.as_slice().len(), 100);
        assert_eq!(errors.as_slice()[99].pointer, "/99");
        assert_eq!(
            errors.to_string(),
            "The request body has 250 errors, the first 100 are listed; first: error 0"
        );
    }

    #[test]
    fn message_is_the_only_error_or_the_count_and_the_first() {
        let mut errors = ValidationErrors::default();
        let mut add = |name| {
            let at = JsonPointer::Root.member(name);
            errors.add(&at, ErrorCode::Required, || format!("`{name}` is required"));
            errors.to_string()
        };
        assert_eq!(add("email"), "`email` is required");
        assert_eq!(
            add("lastName"),
            "The request body has 2 errors; first: `email` is required"
        );
    }
}
