//! JSON Pointers (RFC 6901).

use std::fmt;

/// A pointer ends at the last ancestor that fits into this many bytes. Keys of any length can
/// therefore not make a response larger than Lambda's limit.
const MAX_BYTES: usize = 1_024;

/// The path to a value, as a chain of steps. It becomes text only when an error is recorded.
#[derive(Debug, Clone, Copy)]
pub(crate) enum JsonPointer<'a> {
    Root,
    Member(&'a JsonPointer<'a>, &'a str),
    Element(&'a JsonPointer<'a>, usize),
}

impl<'a> JsonPointer<'a> {
    pub(crate) fn member(&'a self, key: &'a str) -> Self {
        Self::Member(self, key)
    }

    pub(crate) fn element(&'a self, index: usize) -> Self {
        Self::Element(self, index)
    }

    /// Appends the steps in order. Returns false when one of them does not fit.
    fn append_to(&self, text: &mut String) -> bool {
        let (parent, step) = match self {
            Self::Root => return true,
            Self::Element(parent, index) => (parent, index.to_string()),
            Self::Member(parent, key) => {
                // As much of the key does not fit either.
                let start: String = key.chars().take(MAX_BYTES).collect();
                (parent, start.replace('~', "~0").replace('/', "~1"))
            }
        };
        let fits = parent.append_to(text) && text.len() + step.len() < MAX_BYTES;
        if fits {
            *text += &format!("/{step}");
        }
        fits
    }
}

impl fmt::Display for JsonPointer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        self.append_to(&mut text);
        f.write_str(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_tilde_and_slash() {
        let address = JsonPointer::Root.member("address");
        assert_eq!(
            address.element(0).member("a/b~c").to_string(),
            "/address/0/a~1b~0c"
        );
        assert_eq!(JsonPointer::Root.to_string(), "");
        assert_eq!(JsonPointer::Root.member("").to_string(), "/");
    }

    #[test]
    fn ends_at_the_parent_of_an_overlong_key() {
        let value = JsonPointer::Root.member("value");
        let long = "k".repeat(MAX_BYTES);
        let longer = "k".repeat(MAX_BYTES + 1);
        assert_eq!(value.member(&long).member("x").to_string(), "/value");
        assert_eq!(value.member(&longer).element(3).to_string(), "/value");
    }

    #[test]
    fn is_up_to_1024_bytes_long() {
        let value = JsonPointer::Root.member("value");
        let longest = "k".repeat(1_017);
        let expected = format!("/value/{longest}");
        assert_eq!(value.member(&longest).to_string(), expected);
        assert_eq!(value.member(&longest).element(0).to_string(), expected);
        assert_eq!(value.member(&format!("{longest}k")).to_string(), "/value");
    }
}
