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
    /// The pointer to a member of the object at `self`.
    pub(crate) fn member(&'a self, key: &'a str) -> Self {
        Self::Member(self, key)
    }

    /// The pointer to an element of the array at `self`.
    pub(crate) fn element(&'a self, index: usize) -> Self {
        Self::Element(self, index)
    }

    /// The entry of a list in a message: "entry 0 of `address`".
    pub(crate) fn entry_name(&self) -> String {
        match self {
            Self::Element(Self::Member(_, list), index) => format!("entry {index} of `{list}`"),
            other => other.to_string(),
        }
    }

    /// Appends the steps in order. Returns false when one of them does not fit.
    fn append_to(&self, text: &mut String) -> bool {
        match self {
            Self::Root => true,
            Self::Member(parent, key) => {
                parent.append_to(text)
                    && key.len() < MAX_BYTES
                    && append_if_it_fits(text, &key.replace('~', "~0").replace('/', "~1"))
            }
            Self::Element(parent, index) => {
                parent.append_to(text) && append_if_it_fits(text, &index.to_string())
            }
        }
    }
}

fn append_if_it_fits(text: &mut String, segment: &str) -> bool {
    let fits = text.len() + 1 + segment.len() <= MAX_BYTES;
    if fits {
        text.push('/');
        text.push_str(segment);
    }
    fits
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
