//! Reference implementation of JSON, by another parser than the function's. Keeps repeated keys, the
//! order of members and the text of numbers.

use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use update_customer::validation::json::Value;

#[derive(Debug, Clone, PartialEq)]
pub enum Json {
    Null,
    Bool(bool),
    Number(String),
    String(String),
    Array(Vec<Json>),
    Object(Vec<(String, Json)>),
    /// A container inside `MAX_DEPTH` others, which is read as null. It has this many repeated keys.
    Skipped(usize),
}

/// A container inside this many others is skipped, as the function does.
pub const MAX_DEPTH: usize = 128;

/// `None` when the text is not JSON.
pub fn read(text: &[u8]) -> Option<Json> {
    value(serde_json::from_slice::<&RawValue>(text).ok()?, MAX_DEPTH)
}

fn value(raw: &RawValue, depth: usize) -> Option<Json> {
    let text = raw.get();
    let first = text.as_bytes().first()?;
    if depth == 0 && b"{[".contains(first) {
        return count_duplicates(text).map(Json::Skipped);
    }
    let within = |raw| value(raw, depth - 1);
    Some(match first {
        b'{' => {
            let Members(members) = serde_json::from_str(text).ok()?;
            let read = |(key, raw)| Some((key, within(raw)?));
            Json::Object(members.into_iter().map(read).collect::<Option<_>>()?)
        }
        b'[' => {
            let elements: Vec<&RawValue> = serde_json::from_str(text).ok()?;
            Json::Array(elements.into_iter().map(within).collect::<Option<_>>()?)
        }
        b'"' => Json::String(serde_json::from_str(text).ok()?),
        b't' | b'f' => Json::Bool(text == "true"),
        b'n' => Json::Null,
        _ => Json::Number(text.to_owned()),
    })
}

/// The number of repeated keys in a JSON text. `None` when a string is no Unicode: `RawValue` also takes
/// half of a surrogate pair. Without recursion, because the text may have any depth.
fn count_duplicates(text: &str) -> Option<usize> {
    let (mut rest, mut duplicates) = (text, 0);
    let mut open = Vec::new();
    while let Some(at) = rest.find(['{', '[', '}', ']', '"']) {
        rest = &rest[at..];
        let mut length = 1;
        match rest.as_bytes()[0] {
            b'{' | b'[' => open.push(HashSet::new()),
            b'}' | b']' => drop(open.pop()),
            _ => {
                let mut strings = serde_json::Deserializer::from_str(rest).into_iter::<String>();
                let string = strings.next()?.ok()?;
                length = strings.byte_offset();
                let is_key = rest[length..].trim_start().starts_with(':');
                if is_key && !open.last_mut()?.insert(string) {
                    duplicates += 1;
                }
            }
        }
        rest = &rest[length..];
    }
    Some(duplicates)
}

struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

impl Json {
    /// Whether the function must read this as `value`: numbers digit for digit, and the first of
    /// equal keys.
    pub fn reads_as(&self, value: &Value<'_>) -> bool {
        self.as_read().same(&Self::from(value))
    }

    fn as_read(&self) -> Self {
        match self {
            Self::Skipped(_) => Self::Null,
            Self::Array(elements) => Self::Array(elements.iter().map(Self::as_read).collect()),
            Self::Object(_) => {
                let members = self.first_members().into_iter();
                let members = members.map(|(key, value)| (key.to_owned(), value.as_read()));
                Self::Object(members.collect())
            }
            scalar => scalar.clone(),
        }
    }

    /// Whether both are equal except for the notation of numbers and the order of members.
    pub fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Number(one), Self::Number(other)) => decimal(one) == decimal(other),
            (Self::Array(one), Self::Array(other)) => {
                one.len() == other.len()
                    && one.iter().zip(other).all(|(one, other)| one.same(other))
            }
            (Self::Object(one), Self::Object(members)) => {
                let same = |(key, one): &(String, Self)| {
                    other.get(key).is_some_and(|other| one.same(other))
                };
                one.len() == members.len() && one.iter().all(same)
            }
            _ => self == other,
        }
    }

    /// The members of an object without repeated keys. Empty for another value.
    pub fn first_members(&self) -> Vec<(&str, &Self)> {
        let mut seen = HashSet::new();
        let members = self.members().iter().filter(|(key, _)| seen.insert(key));
        members.map(|(key, value)| (key.as_str(), value)).collect()
    }

    /// The first member of that name.
    pub fn get(&self, name: &str) -> Option<&Self> {
        self.members()
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
    }

    /// Removes the members of that name.
    pub fn remove(&mut self, name: &str) {
        if let Self::Object(members) = self {
            members.retain(|(key, _)| key != name);
        }
    }

    pub fn members(&self) -> &[(String, Self)] {
        if let Self::Object(members) = self {
            members
        } else {
            &[]
        }
    }

    pub fn elements(&self) -> &[Self] {
        if let Self::Array(elements) = self {
            elements
        } else {
            &[]
        }
    }

    pub fn text(&self) -> Option<&str> {
        if let Self::String(text) = self {
            Some(text)
        } else {
            None
        }
    }

    /// All values that a JSON Pointer (RFC 6901) can refer to; several where keys are repeated.
    pub fn at(&self, pointer: &str) -> Vec<&Self> {
        let mut places = vec![self];
        for segment in pointer.split('/').skip(1) {
            let name = segment.replace("~1", "/").replace("~0", "~");
            places = places
                .into_iter()
                .flat_map(|place| place.children(&name))
                .collect();
        }
        places
    }

    fn children(&self, name: &str) -> Vec<&Self> {
        let members = self
            .members()
            .iter()
            .filter(|(key, _)| key == name)
            .map(|(_, value)| value);
        let element = name
            .parse::<usize>()
            .ok()
            .and_then(|index| self.elements().get(index));
        members.chain(element).collect()
    }

    /// The number of keys that repeat an earlier one in their object, at any depth.
    pub fn duplicates(&self) -> usize {
        if let Self::Skipped(duplicates) = self {
            return *duplicates;
        }
        let within: usize = self.parts().map(Self::duplicates).sum();
        within + self.members().len() - self.first_members().len()
    }

    /// The number of arrays and objects around the innermost value.
    pub fn depth(&self) -> usize {
        let container = matches!(self, Self::Array(_) | Self::Object(_));
        self.parts().map(Self::depth).max().unwrap_or(0) + usize::from(container)
    }

    /// The length in bytes of the longest JSON Pointer to a value.
    pub fn longest_pointer(&self) -> usize {
        let elements = self.elements().iter().enumerate();
        let elements = elements.map(|(index, value)| (index.to_string().len(), value));
        let members = self.members().iter();
        let members = members.map(|(key, value)| (escape_key(key).len(), value));
        let steps = elements.chain(members);
        let pointers = steps.map(|(length, value)| 1 + length + value.longest_pointer());
        pointers.max().unwrap_or(0)
    }

    /// The text of every number, at any depth.
    pub fn numbers(&self) -> Vec<&str> {
        let own = if let Self::Number(text) = self {
            Some(text.as_str())
        } else {
            None
        };
        own.into_iter()
            .chain(self.parts().flat_map(Self::numbers))
            .collect()
    }

    /// The elements or the members' values.
    pub fn parts(&self) -> impl Iterator<Item = &Self> {
        self.elements()
            .iter()
            .chain(self.members().iter().map(|(_, value)| value))
    }
}

impl From<&Value<'_>> for Json {
    fn from(value: &Value<'_>) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(*value),
            Value::Number(text) => Self::Number(text.clone().into_owned()),
            Value::String(text) => Self::String(text.clone().into_owned()),
            Value::Array(elements) => Self::Array(elements.iter().map(Self::from).collect()),
            Value::Object(members) => {
                let members = members.iter();
                let members = members.map(|(key, value)| (key.clone().into_owned(), value.into()));
                Self::Object(members.collect())
            }
        }
    }
}

/// JSON without white space.
impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let string = |text: &String| serde_json::Value::from(text.as_str()).to_string();
        match self {
            Self::Null | Self::Skipped(_) => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Number(text) => f.write_str(text),
            Self::String(text) => f.write_str(&string(text)),
            Self::Array(elements) => {
                let elements: Vec<_> = elements.iter().map(Self::to_string).collect();
                write!(f, "[{}]", elements.join(","))
            }
            Self::Object(members) => {
                let member = |(key, value): &(String, Self)| format!("{}:{value}", string(key));
                let members: Vec<_> = members.iter().map(member).collect();
                write!(f, "{{{}}}", members.join(","))
            }
        }
    }
}

/// A key as a step of a JSON Pointer.
pub fn escape_key(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// Sign, digits and power of ten: `-1.50e3` is `(true, "15", 2)`, zero is `(false, "", 0)`. Equal
/// numbers have equal values of this type.
pub type Decimal = (bool, String, i128);

/// The value of a JSON number.
pub fn decimal(number: &str) -> Decimal {
    let (negative, unsigned) = number
        .strip_prefix('-')
        .map_or((false, number), |rest| (true, rest));
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = [whole, fraction].concat();
    let digits = digits.trim_start_matches('0');
    let significant = digits.trim_end_matches('0');
    if significant.is_empty() {
        return (false, String::new(), 0);
    }
    // An exponent with more digits is as far out of range as this one.
    let out_of_range = if exponent.starts_with('-') {
        -i128::from(i64::MAX)
    } else {
        i128::from(i64::MAX)
    };
    let exponent = exponent.parse::<i64>().map_or(out_of_range, i128::from);
    let scale = exponent - fraction.len() as i128 + (digits.len() - significant.len()) as i128;
    (negative, significant.to_owned(), scale)
}

/// Whether DynamoDB can store the number exactly (`docs/API.md#metafield-values`).
pub fn can_be_stored(number: &str) -> bool {
    let (_, digits, scale) = decimal(number);
    let magnitude = scale + digits.len() as i128 - 1;
    digits.is_empty() || (digits.len() <= 38 && (-130..=125).contains(&magnitude))
}
