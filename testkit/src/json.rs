//! JSON whose numbers keep all digits, to compare what was sent with what is stored. `serde_json::Value` rounds them.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::value::RawValue;

#[derive(Debug, Clone, PartialEq)]
pub enum Json {
    /// `null`, `true` or `false`.
    Literal(String),
    Number(String),
    String(String),
    Array(Vec<Json>),
    Object(BTreeMap<String, Json>),
}

/// `None` when the text is not JSON or nested too deeply for `serde_json`.
pub fn read(text: &[u8]) -> Option<Json> {
    let text = serde_json::from_slice::<&RawValue>(text).ok()?.get();
    let read = |raw: &RawValue| read(raw.get().as_bytes());
    Some(match text.as_bytes()[0] {
        b'{' => {
            let members: BTreeMap<String, &RawValue> = serde_json::from_str(text).ok()?;
            let members = members
                .into_iter()
                .map(|(name, raw)| Some((name, read(raw)?)));
            Json::Object(members.collect::<Option<_>>()?)
        }
        b'[' => {
            let elements: Vec<&RawValue> = serde_json::from_str(text).ok()?;
            Json::Array(elements.into_iter().map(read).collect::<Option<_>>()?)
        }
        b'"' => Json::String(serde_json::from_str(text).ok()?),
        b't' | b'f' | b'n' => Json::Literal(text.to_owned()),
        _ => Json::Number(text.to_owned()),
    })
}

impl Json {
    /// Whether both are equal, except for the notation of numbers and the order of members.
    pub fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Number(one), Self::Number(other)) => decimal(one) == decimal(other),
            (Self::Array(one), Self::Array(other)) => {
                one.len() == other.len()
                    && one.iter().zip(other).all(|(one, other)| one.same(other))
            }
            (Self::Object(one), Self::Object(other)) => {
                let same =
                    |(name, one): (_, &Self)| other.get(name).is_some_and(|other| one.same(other));
                one.len() == other.len() && one.iter().all(same)
            }
            _ => self == other,
        }
    }

    pub fn get(&self, name: &str) -> Option<&Self> {
        self.members()
            .find_map(|(known, value)| (known == name).then_some(value))
    }

    /// The value at a path of names and indexes, such as `/metaFields/0/value`.
    pub fn at(&self, path: &str) -> Option<&Self> {
        let mut steps = path.split('/').skip(1);
        steps.try_fold(self, |value, step| match value {
            Self::Array(elements) => elements.get(step.parse::<usize>().ok()?),
            _ => value.get(step),
        })
    }

    /// The members of an object. Empty for another value.
    pub fn members(&self) -> impl Iterator<Item = (&String, &Self)> {
        let members = match self {
            Self::Object(members) => Some(members),
            _ => None,
        };
        members.into_iter().flatten()
    }
}

/// Sign, digits and power of ten: `-1.50e3` is `(true, "15", 2)`, zero is `(false, "", 0)`.
fn decimal(number: &str) -> (bool, String, i64) {
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{}{fraction}", whole.trim_start_matches('-'));
    let significant = digits.trim_end_matches('0');
    let zeros = (digits.len() - significant.len()) as i64;
    let exponent = exponent
        .parse::<i64>()
        .expect("an exponent that can be stored");
    match significant.trim_start_matches('0') {
        "" => (false, String::new(), 0),
        significant => {
            let scale = exponent - fraction.len() as i64 + zeros;
            (number.starts_with('-'), significant.to_owned(), scale)
        }
    }
}

/// JSON without white space.
impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let string = |text: &str| serde_json::Value::from(text).to_string();
        match self {
            Self::Literal(text) | Self::Number(text) => f.write_str(text),
            Self::String(text) => f.write_str(&string(text)),
            Self::Array(elements) => {
                let elements: Vec<_> = elements.iter().map(Self::to_string).collect();
                write!(f, "[{}]", elements.join(","))
            }
            Self::Object(members) => {
                let members = members
                    .iter()
                    .map(|(name, value)| format!("{}:{value}", string(name)));
                write!(f, "{{{}}}", members.collect::<Vec<_>>().join(","))
            }
        }
    }
}
