//! Faults in a body: where each one is, which rule it breaks, and what the caller should change.
//!
//! Nothing here holds a value that the caller sent: values are personal data.

use serde::Serialize;

/// At most this many faults are listed in an answer; the others are only counted.
const MAX_LISTED: usize = 100;

/// A pointer ends at the last ancestor that fits into this many bytes, so that keys of any length
/// cannot make an answer larger than Lambda may return.
const MAX_POINTER_BYTES: usize = 1_024;

/// Why a field was refused; a stable word that callers may match on (contract, part 2, "Answer").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultCode {
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
    CannotBeCleared,
}

impl FaultCode {
    /// Every code there is.
    pub const ALL: [Self; 15] = [
        Self::Required,
        Self::InvalidType,
        Self::TooLong,
        Self::InvalidCharacters,
        Self::InvalidEmail,
        Self::InvalidPhone,
        Self::InvalidCountry,
        Self::EmptyObject,
        Self::MultipleDefaults,
        Self::DuplicateCode,
        Self::DuplicateKey,
        Self::UnknownField,
        Self::TooDeep,
        Self::NumberOutOfRange,
        Self::CannotBeCleared,
    ];

    /// The word in an answer.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::InvalidType => "invalid_type",
            Self::TooLong => "too_long",
            Self::InvalidCharacters => "invalid_characters",
            Self::InvalidEmail => "invalid_email",
            Self::InvalidPhone => "invalid_phone",
            Self::InvalidCountry => "invalid_country",
            Self::EmptyObject => "empty_object",
            Self::MultipleDefaults => "multiple_defaults",
            Self::DuplicateCode => "duplicate_code",
            Self::DuplicateKey => "duplicate_key",
            Self::UnknownField => "unknown_field",
            Self::TooDeep => "too_deep",
            Self::NumberOutOfRange => "number_out_of_range",
            Self::CannotBeCleared => "cannot_be_cleared",
        }
    }
}

impl Serialize for FaultCode {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// One broken rule: a JSON Pointer (RFC 6901) into the body, a code, and a sentence to act on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    pub pointer: String,
    pub code: FaultCode,
    pub message: String,
}

/// All faults of one body, in the order in which they were found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults {
    listed: Vec<Fault>,
    total: usize,
}

impl Faults {
    /// Counts a fault, and lists it unless 100 are listed already.
    pub fn add(&mut self, at: &Pointer<'_>, code: FaultCode, message: impl Into<String>) {
        self.total += 1;
        if self.listed.len() < MAX_LISTED {
            self.listed.push(Fault {
                pointer: at.to_string(),
                code,
                message: message.into(),
            });
        }
    }

    /// Whether a further fault would still be listed, and so is worth wording with care.
    pub fn has_room(&self) -> bool {
        self.listed.len() < MAX_LISTED
    }

    pub fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// The first 100 faults.
    pub fn listed(&self) -> &[Fault] {
        &self.listed
    }

    /// The only fault's sentence, or how many there are and the first one's sentence.
    pub fn summary(&self) -> String {
        let first = self
            .listed
            .first()
            .map_or("", |fault| fault.message.as_str());
        match self.total {
            0 | 1 => first.to_owned(),
            total if total > self.listed.len() => {
                format!(
                    "{total} faults in the body, the first {} listed. The first: {first}",
                    self.listed.len()
                )
            }
            total => format!("{total} faults in the body. The first: {first}"),
        }
    }
}

/// A place in a body. Building one costs nothing; only a fault turns it into text.
#[derive(Debug, Clone, Copy)]
pub enum Pointer<'a> {
    Root,
    Member(&'a Pointer<'a>, &'a str),
    Element(&'a Pointer<'a>, usize),
}

impl<'a> Pointer<'a> {
    pub fn member(&'a self, key: &'a str) -> Self {
        Self::Member(self, key)
    }

    pub fn element(&'a self, index: usize) -> Self {
        Self::Element(self, index)
    }

    /// Appends this place to `text`; false when it had to end at an ancestor.
    fn append_to(&self, text: &mut String) -> bool {
        match self {
            Self::Root => true,
            // A key that is too long unescaped is not worth escaping.
            Self::Member(parent, key) => {
                parent.append_to(text)
                    && key.len() < MAX_POINTER_BYTES
                    && append_if_it_fits(text, &key.replace('~', "~0").replace('/', "~1"))
            }
            Self::Element(parent, index) => {
                parent.append_to(text) && append_if_it_fits(text, &index.to_string())
            }
        }
    }
}

/// Appends `/` and a segment; false when they do not fit.
fn append_if_it_fits(text: &mut String, segment: &str) -> bool {
    let fits = text.len() + 1 + segment.len() <= MAX_POINTER_BYTES;
    if fits {
        text.push('/');
        text.push_str(segment);
    }
    fits
}

impl std::fmt::Display for Pointer<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut text = String::new();
        self.append_to(&mut text);
        f.write_str(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_escapes_tilde_and_slash_as_rfc_6901_says() {
        let address = Pointer::Root.member("address");
        assert_eq!(
            address.element(0).member("a/b~c").to_string(),
            "/address/0/a~1b~0c"
        );
        assert_eq!(Pointer::Root.to_string(), "");
        assert_eq!(Pointer::Root.member("").to_string(), "/");
    }

    #[test]
    fn a_pointer_with_an_overlong_key_ends_at_that_keys_object() {
        let value = Pointer::Root.member("value");
        let long = "k".repeat(MAX_POINTER_BYTES);
        let longer = "k".repeat(MAX_POINTER_BYTES + 1);
        assert_eq!(value.member(&long).member("x").to_string(), "/value");
        assert_eq!(value.member(&longer).element(3).to_string(), "/value");
    }

    #[test]
    fn a_pointer_is_up_to_1_024_bytes_long() {
        let value = Pointer::Root.member("value");
        let longest = "k".repeat(1_017);
        assert_eq!(
            value.member(&longest).to_string(),
            format!("/value/{longest}")
        );
        assert_eq!(value.member(&format!("{longest}k")).to_string(), "/value");
        assert_eq!(
            value.member(&longest).element(0).to_string(),
            format!("/value/{longest}")
        );
    }

    #[test]
    fn a_hundred_faults_are_listed_and_all_are_counted() {
        let mut faults = Faults::default();
        for index in 0..250 {
            assert_eq!(faults.has_room(), index < 100);
            faults.add(
                &Pointer::Root.element(index),
                FaultCode::InvalidType,
                format!("fault {index}"),
            );
        }
        assert_eq!(faults.listed().len(), 100);
        assert_eq!(faults.listed()[99].pointer, "/99");
        assert_eq!(
            faults.summary(),
            "250 faults in the body, the first 100 listed. The first: fault 0"
        );
    }

    #[test]
    fn the_summary_is_the_only_fault_or_the_count_and_the_first() {
        let mut faults = Faults::default();
        faults.add(
            &Pointer::Root.member("email"),
            FaultCode::Required,
            "`email` is required",
        );
        assert_eq!(faults.summary(), "`email` is required");
        faults.add(
            &Pointer::Root.member("lastName"),
            FaultCode::Required,
            "`lastName` is required",
        );
        assert_eq!(
            faults.summary(),
            "2 faults in the body. The first: `email` is required"
        );
    }
}
