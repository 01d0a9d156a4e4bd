//! A JSON value that borrows from the text it was parsed from.

use std::borrow::Cow;

/// A value as it was sent. Strings without escapes and numbers are slices of the body.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Value<'a> {
    Null,
    Bool(bool),
    /// The number's text in the syntax of JSON, with all its digits.
    Number(&'a str),
    String(Cow<'a, str>),
    Array(Vec<Self>),
    Object(Object<'a>),
}

/// The members of an object in the order in which they were sent, without repeated keys.
pub type Object<'a> = Vec<(Cow<'a, str>, Value<'a>)>;
