//! Reference implementation of the field rules (`docs/API.md#field-rules`). It shares the error
//! codes with the function, and nothing else.
//!
//! Some rules are looser than the function's: an email address may have most characters outside ASCII,
//! a country code any two capitals, and a phone number characters that are newer than this crate's
//! Unicode data.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use unicode_general_category::{GeneralCategory, get_general_category};
use update_customer::validation::{ErrorCode, ValidationError};

use Kind::{Any, Boolean, List, Object, Text};
use Write::{Optional, ReadOnly, Required};
use testkit::json::{self, Json};

/// The members of an object: name, type and what a request may do with it.
type Members = &'static [(&'static str, Kind, Write)];

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// A string of up to this many characters. For `email`, they are bytes.
    Text(usize),
    Boolean,
    Object,
    /// An array of objects with these members.
    List(Members),
    /// Any JSON value that DynamoDB can store.
    Any,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Write {
    /// Any value is accepted and ignored.
    ReadOnly,
    /// Must be sent; a string must have a visible character.
    Required,
    /// May be omitted; a string or a list may be null.
    Optional,
}

/// The length of a read-only text is not limited.
const UNLIMITED: usize = usize::MAX;

pub const CUSTOMER: Members = &[
    ("id", Text(UNLIMITED), ReadOnly),
    ("firstName", Text(255), Required),
    ("lastName", Text(255), Required),
    ("email", Text(254), Required),
    ("phoneNumber", Text(64), Optional),
    ("status", Text(64), Optional),
    ("company", Text(255), Optional),
    ("notes", Text(10_000), Optional),
    ("address", List(ADDRESS), Optional),
    ("metaFields", List(META_FIELD), Optional),
    ("role", Text(UNLIMITED), ReadOnly),
    ("verifiedEmail", Boolean, ReadOnly),
    ("newsletter", Boolean, ReadOnly),
    ("isB2B", Boolean, ReadOnly),
    ("createdBy", Object, ReadOnly),
    ("createdAt", Text(UNLIMITED), ReadOnly),
    ("updatedAt", Text(UNLIMITED), ReadOnly),
];
const ADDRESS: Members = &[
    ("firstName", Text(255), Optional),
    ("lastName", Text(255), Optional),
    ("phoneNumber", Text(64), Optional),
    ("address1", Text(255), Optional),
    ("address2", Text(255), Optional),
    ("city", Text(255), Optional),
    ("state", Text(255), Optional),
    ("country", Text(2), Optional),
    ("zipcode", Text(32), Optional),
    ("isDefaultAddress", Boolean, Optional),
];
const META_FIELD: Members = &[("code", Text(255), Required), ("value", Any, Required)];

/// The pointers to all values that break a rule, repeated keys aside.
pub fn violations(body: &Json) -> Violations {
    let mut violations = Violations::default();
    violations.check_members(body, CUSTOMER, "");
    violations
}

/// Whether a request can change the field of this name.
pub fn is_writable(name: &str) -> bool {
    find(CUSTOMER, name).is_some_and(|(_, write)| write != ReadOnly)
}

impl Kind {
    /// The value in a response when the attribute is not stored.
    pub fn empty(self) -> Json {
        match self {
            Text(_) => Json::String(String::new()),
            Boolean => Json::Bool(false),
            Object => Json::Object(vec![]),
            List(_) => Json::Array(vec![]),
            Any => Json::Null,
        }
    }

    /// Whether the value has this type. Null passes as a string and as a list.
    fn has_type(self, value: &Json) -> bool {
        match self {
            Text(_) => matches!(value, Json::String(_) | Json::Null),
            Boolean => matches!(value, Json::Bool(_)),
            Object => matches!(value, Json::Object(_)),
            List(_) => matches!(value, Json::Array(_) | Json::Null),
            Any => true,
        }
    }
}

fn find(members: Members, name: &str) -> Option<(Kind, Write)> {
    let member = members.iter().find(|(known, ..)| *known == name);
    member.map(|&(_, kind, write)| (kind, write))
}

/// JSON Pointers of unlimited length.
#[derive(Debug, Default)]
pub struct Violations(pub BTreeSet<String>);

impl Violations {
    fn add_if(&mut self, broken: bool, at: &str) {
        if broken {
            self.0.insert(at.to_owned());
        }
    }

    fn check_members(&mut self, object: &Json, members: Members, at: &str) {
        if !Object.has_type(object) {
            return self.add_if(true, at);
        }
        for (name, value) in object.first_members() {
            let at = member(at, name);
            match find(members, name) {
                Some((_, ReadOnly)) => {}
                Some((kind, write)) => self.check_value(name, kind, write, value, &at),
                None => self.add_if(true, &at),
            }
        }
        for (name, _, write) in members {
            let is_missing = *write == Required && object.get(name).is_none();
            self.add_if(is_missing, &member(at, name));
        }
    }

    fn check_value(&mut self, name: &str, kind: Kind, write: Write, value: &Json, at: &str) {
        self.add_if(!kind.has_type(value), at);
        match kind {
            Text(max) => {
                let text = value.text().unwrap_or_default();
                self.add_if(write != Optional && is_blank(value), at);
                self.add_if(length(name, text) > max, at);
                self.add_if(!text.is_empty() && !is_valid(name, text), at);
            }
            List(members) => {
                for (index, entry) in value.elements().iter().enumerate() {
                    self.check_members(entry, members, &format!("{at}/{index}"));
                }
                self.check_entries(name, value.elements(), at);
            }
            Any => self.check_storable(value, at),
            Boolean | Object => {}
        }
    }

    /// The rules for whole entries and for several entries together.
    fn check_entries(&mut self, list: &str, entries: &[Json], at: &str) {
        for (index, entry) in entries.iter().enumerate() {
            let earlier = &entries[..index];
            if list == "address" {
                let is_default = |entry: &Json| {
                    let value = entry.get("isDefaultAddress");
                    value == Some(&Json::Bool(true))
                };
                let is_second = is_default(entry) && earlier.iter().any(is_default);
                self.add_if(is_empty(entry), &format!("{at}/{index}"));
                self.add_if(is_second, &format!("{at}/{index}/isDefaultAddress"));
            } else if let Some(code) = entry.get("code") {
                let is_repeated = earlier.iter().any(|entry| entry.get("code") == Some(code));
                self.add_if(is_repeated, &format!("{at}/{index}/code"));
            }
        }
    }

    fn check_storable(&mut self, value: &Json, at: &str) {
        self.add_if(levels(value) > 30, at);
        self.check_numbers_and_keys(value, at);
    }

    fn check_numbers_and_keys(&mut self, value: &Json, at: &str) {
        if let Json::Number(text) = value {
            self.add_if(!json::can_be_stored(text), at);
        }
        for (index, element) in value.elements().iter().enumerate() {
            self.check_numbers_and_keys(element, &format!("{at}/{index}"));
        }
        for (key, value) in value.first_members() {
            let at = member(at, key);
            self.add_if(!(1..=65_535).contains(&key.len()), &at);
            self.check_numbers_and_keys(value, &at);
        }
    }
}

/// The pointer to a member of the object at a pointer.
fn member(at: &str, key: &str) -> String {
    format!("{at}/{}", json::escape_key(key))
}

/// Whether a text that is not empty follows the rule of the fields of this name.
fn is_valid(name: &str, text: &str) -> bool {
    text.chars().all(|c| may_contain(name, c))
        && match name {
            "email" => is_one_address(text),
            "phoneNumber" => is_phone_number(text),
            "country" => text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase()),
            _ => true,
        }
}

fn may_contain(name: &str, c: char) -> bool {
    let is_break = "\r\n\t\u{2028}\u{2029}".contains(c);
    let is_allowed_break = name == "notes" && is_break;
    let is_override = ('\u{202a}'..='\u{202e}').contains(&c);
    is_allowed_break || !(c.is_control() || is_break || is_override)
}

fn length(name: &str, text: &str) -> usize {
    match name {
        "email" => text.len(),
        _ => text.chars().count(),
    }
}

/// Domains may have any characters outside ASCII that are visible.
fn is_one_address(text: &str) -> bool {
    let Some((local_part, domain)) = text.rsplit_once('@') else {
        return false;
    };
    let labels: Vec<_> = domain.split('.').collect();
    let is_label =
        |label: &&str| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-');
    let is_number = |label: &&str| label.bytes().all(|byte| byte.is_ascii_digit());
    let in_domain = |c: char| match c.is_ascii() {
        true => c.is_ascii_alphanumeric() || "-.".contains(c),
        false => "\u{200c}\u{200d}".contains(c) || !(is_invisible(c) || is_without_meaning(c)),
    };
    (1..=64).contains(&local_part.len())
        && is_local_part(local_part)
        && labels.len() >= 2
        && labels.iter().all(is_label)
        && !labels.last().is_some_and(is_number)
        && domain.chars().all(in_domain)
}

fn is_local_part(text: &str) -> bool {
    let is_international = |c: char| {
        let looks_like_punctuation = LOOK_ALIKES.contains(c);
        !(c.is_ascii() || is_invisible(c) || is_without_meaning(c) || looks_like_punctuation)
    };
    let Some(quoted) = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
    else {
        let in_atom = |c: char| c.is_ascii_graphic() && !"()<>[]:;@\\,\"".contains(c);
        let has_gap = format!(".{text}.").contains("..");
        return !has_gap && text.chars().all(|c| in_atom(c) || is_international(c));
    };
    // What is left without pairs of a backslash and a character.
    let mut unpaired = String::new();
    let mut chars = quoted.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' if chars.next().is_some_and(|c| (' '..='~').contains(&c)) => {}
            '\\' => return false,
            _ => unpaired.push(c),
        }
    }
    let in_quotes = |c: char| (' '..='~').contains(&c) && c != '"';
    unpaired
        .chars()
        .all(|c| in_quotes(c) || is_international(c))
}

/// Whether no one can know what the character means.
fn is_without_meaning(c: char) -> bool {
    use GeneralCategory::{Control, PrivateUse};
    c == '\u{fffd}' || matches!(get_general_category(c), Control | PrivateUse)
}

/// Some of the characters whose compatibility form has ASCII punctuation.
const LOOK_ALIKES: &str = "＠﹫．․‥…：；\u{37e}，／＼（）［］＜＞＂＇℀℁℅℆⑴⒈";

/// Whether the address is so plain that no rule forbids it: only some ASCII characters.
fn is_plain_address(text: &str) -> bool {
    let Some((local_part, domain)) = text.split_once('@') else {
        return false;
    };
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric());
    let labels: Vec<_> = domain.split('.').collect();
    let has_letter = |label: &&str| label.bytes().any(|byte| byte.is_ascii_alphabetic());
    local_part.len() <= 64
        && local_part.split(['.', '+', '-', '_']).all(is_word)
        && labels.len() >= 2
        && labels.last().is_some_and(has_letter)
        && labels.iter().all(|label| label.len() <= 63)
        && domain.split(['.', '-']).all(is_word)
}

/// The text, with `0` for each digit and `-` for most punctuation, is cut at each of the words for an
/// extension.
fn is_phone_number(text: &str) -> bool {
    let shape: String = text.to_ascii_lowercase().chars().map(shape).collect();
    let zeros = |part: &str| part.matches('0').count();
    let is_number = |part: &str| part.chars().all(|c| "0-;".contains(c));
    let has_extension = |word: &&str| match shape.split_once(word) {
        None => false,
        Some((number, extension)) => {
            let are_numbers = is_number(number) && is_number(extension);
            are_numbers && zeros(number) >= 3 && zeros(extension) >= 1
        }
    };
    let words = [";ext=", "extension", "extn", "ext", "x"];
    (is_number(&shape) && zeros(&shape) >= 3) || words.iter().any(has_extension)
}

fn shape(c: char) -> char {
    use GeneralCategory::{DashPunctuation, DecimalNumber, SpaceSeparator, Unassigned};
    match get_general_category(c) {
        // A later version of Unicode can make any character of an unassigned code point.
        DecimalNumber | Unassigned => '0',
        DashPunctuation | SpaceSeparator => '-',
        // Dashes of other categories.
        _ if "\u{2053}\u{207b}\u{208b}\u{2212}".contains(c) => '-',
        _ if "+.()/,#*".contains(c) => '-',
        _ => c,
    }
}

fn is_unassigned(c: char) -> bool {
    get_general_category(c) == GeneralCategory::Unassigned
}

/// Null or nothing but white space and other invisible characters.
fn is_blank(value: &Json) -> bool {
    let all_invisible = |text: &str| text.chars().all(is_invisible);
    *value == Json::Null || value.text().is_some_and(all_invisible)
}

fn is_invisible(c: char) -> bool {
    c.is_whitespace() || INVISIBLE.iter().any(|range| range.contains(&u32::from(c)))
}

/// U+2800 and the code points with the property `Default_Ignorable_Code_Point`.
const INVISIBLE: [RangeInclusive<u32>; 18] = [
    0xad..=0xad,
    0x34f..=0x34f,
    0x61c..=0x61c,
    0x115f..=0x1160,
    0x17b4..=0x17b5,
    0x180b..=0x180f,
    0x200b..=0x200f,
    0x202a..=0x202e,
    0x2060..=0x206f,
    0x2800..=0x2800,
    0x3164..=0x3164,
    0xfe00..=0xfe0f,
    0xfeff..=0xfeff,
    0xffa0..=0xffa0,
    0xfff0..=0xfff8,
    0x1_bca0..=0x1_bca3,
    0x1_d173..=0x1_d17a,
    0xe_0000..=0xe_0fff,
];

/// An object without a member that is not null.
fn is_empty(object: &Json) -> bool {
    let members = object.first_members();
    members.iter().all(|(_, value)| **value == Json::Null)
}

/// 1 for a scalar, 2 for an empty container, one more for each container around.
fn levels(value: &Json) -> usize {
    match value {
        Json::Array(_) | Json::Object(_) => 1 + value.parts().map(levels).max().unwrap_or(1),
        _ => 1,
    }
}

/// Whether the error is right: its place exists in the body, and the value there breaks that rule.
/// If not `exact`, the pointer may end before the place.
pub fn is_justified(error: &ValidationError, body: &Json, exact: bool) -> bool {
    let (parent, name) = error.pointer.rsplit_once('/').unwrap_or(("", ""));
    let is_missing = |parent: &&Json| parent.get(name).is_none();
    if error.code == ErrorCode::Required && body.at(parent).iter().any(is_missing) {
        return true;
    }
    let found = body.at(&error.pointer);
    if found.is_empty() || !exact {
        return !found.is_empty();
    }
    let members = members_at(parent);
    let kind = members.and_then(|members| find(members, name));
    let kind = kind.map(|(kind, _)| kind);
    let any = |breaks: &dyn Fn(&Json) -> bool| found.iter().any(|value| breaks(value));
    let any_text = |breaks: &dyn Fn(&str) -> bool| any(&|value| value.text().is_some_and(breaks));
    let invalid = |field| name == field && any_text(&|text| !text.is_empty());
    match error.code {
        ErrorCode::Required => any(&is_blank),
        ErrorCode::InvalidType => match kind {
            Some(kind) => any(&|value| !kind.has_type(value)),
            // An entry of a list.
            None => any(&|value| !Object.has_type(value)),
        },
        ErrorCode::TooLong => match kind {
            Some(Text(max)) => any_text(&|text| length(name, text) > max),
            _ => false,
        },
        ErrorCode::InvalidCharacters => {
            name.is_empty() || any_text(&|text| !text.chars().all(|c| may_contain(name, c)))
        }
        ErrorCode::InvalidEmail => invalid("email") && any_text(&|text| !is_plain_address(text)),
        ErrorCode::InvalidPhone => {
            let is_wrong = |text: &str| !is_phone_number(text) || text.contains(is_unassigned);
            invalid("phoneNumber") && any_text(&is_wrong)
        }
        ErrorCode::InvalidCountry => invalid("country"),
        ErrorCode::EmptyObject => any(&is_empty),
        ErrorCode::MultipleDefaults => {
            name == "isDefaultAddress" && any(&|value| *value == Json::Bool(true))
        }
        ErrorCode::DuplicateCode => invalid("code"),
        ErrorCode::DuplicateKey => {
            found.len() >= 2 || any(&|value| matches!(value, Json::Skipped(1..)))
        }
        ErrorCode::UnknownField => {
            let name = name.replace("~1", "/").replace("~0", "~");
            members.is_some_and(|members| find(members, &name).is_none())
        }
        ErrorCode::TooDeep => any(&|value| levels(value) > 30),
        ErrorCode::NumberOutOfRange => {
            any(&|value| matches!(value, Json::Number(text) if !json::can_be_stored(text)))
        }
    }
}

/// The members of the object at a pointer. `None` inside a metafield's value.
fn members_at(pointer: &str) -> Option<Members> {
    match pointer.split('/').skip(1).collect::<Vec<_>>()[..] {
        [] => Some(CUSTOMER),
        [list, _] => match find(CUSTOMER, list) {
            Some((List(members), _)) => Some(members),
            _ => None,
        },
        _ => None,
    }
}
