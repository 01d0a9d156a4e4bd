//! A second reading of the contract's rules on a body ("Body" and "Field rules").

use update_customer::fault::{Fault, FaultCode};

use super::decimal;
use super::json::Json;

pub const WRITABLE: [&str; 9] = [
    "firstName",
    "lastName",
    "email",
    "phoneNumber",
    "status",
    "company",
    "notes",
    "address",
    "metaFields",
];
const READ_ONLY: [&str; 8] = [
    "id",
    "role",
    "verifiedEmail",
    "newsletter",
    "isB2B",
    "createdBy",
    "createdAt",
    "updatedAt",
];
const ADDRESS: [&str; 10] = [
    "firstName",
    "lastName",
    "phoneNumber",
    "address1",
    "address2",
    "city",
    "state",
    "country",
    "zipcode",
    "isDefaultAddress",
];
const META_FIELD: [&str; 2] = ["code", "value"];

/// Panics when an accepted body breaks a rule.
pub fn kept(body: &Json) {
    for (name, value) in body.members() {
        match name.as_str() {
            "address" => addresses(value.elements()),
            "metaFields" => meta_fields(value.elements()),
            name if READ_ONLY.contains(&name) => {}
            name => {
                assert!(WRITABLE.contains(&name), "{name} is unknown");
                assert!(text_fits(name, value), "{name} is {value:?}");
            }
        }
    }
    for name in ["firstName", "lastName", "email"] {
        assert!(
            body.get(name).is_some_and(|value| !is_blank(value)),
            "{name} is required"
        );
    }
    assert!(
        body.get("status").is_none_or(|value| !is_blank(value)),
        "status is cleared"
    );
    assert_eq!(body.duplicates(), 0);
}

fn addresses(entries: &[Json]) {
    for entry in entries {
        assert!(
            entry
                .members()
                .iter()
                .any(|(_, value)| *value != Json::Null),
            "an empty address"
        );
        for (name, value) in entry.members() {
            assert!(ADDRESS.contains(&name.as_str()), "{name} is unknown");
            match name.as_str() {
                "isDefaultAddress" => assert!(matches!(value, Json::Bool(_)), "{value:?}"),
                name => assert!(text_fits(name, value), "{name} is {value:?}"),
            }
        }
    }
    let default = |entry: &&Json| entry.get("isDefaultAddress") == Some(&Json::Bool(true));
    assert!(
        entries.iter().filter(default).count() <= 1,
        "two default addresses"
    );
}

fn meta_fields(entries: &[Json]) {
    for (index, entry) in entries.iter().enumerate() {
        assert_eq!(entry.members().len(), 2, "{entry:?}");
        let code = entry.get("code").expect("a code");
        assert!(text_fits("code", code) && !is_blank(code), "{code:?}");
        assert!(
            entries[..index]
                .iter()
                .all(|other| other.get("code") != Some(code)),
            "{code:?} again"
        );
        let value = entry.get("value").expect("a value");
        assert!(levels(value) <= 30, "{} levels", levels(value));
        assert!(
            value
                .numbers()
                .iter()
                .all(|number| decimal::can_be_stored(number))
        );
        assert!(
            value
                .keys()
                .iter()
                .all(|key| !key.is_empty() && key.len() <= 65_535)
        );
    }
}

/// Whether a text, or null in its place, keeps the rule of the field of that name.
fn text_fits(name: &str, value: &Json) -> bool {
    let text = match value {
        Json::Null => return true,
        Json::String(text) => text.as_str(),
        _ => return false,
    };
    let most = match name {
        "phoneNumber" | "state" | "zipcode" => 32,
        "status" => 64,
        "notes" => 10_000,
        _ => 255,
    };
    let allowed = |c: char| !c.is_control() || (name == "notes" && "\r\n\t".contains(c));
    let of_its_kind = match name {
        "email" => is_one_address(text),
        "phoneNumber" => text.is_empty() || is_phone_number(text),
        "country" => {
            text.is_empty()
                || (text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase()))
        }
        _ => true,
    };
    text.chars().count() <= most && text.chars().all(allowed) && of_its_kind
}

fn is_one_address(text: &str) -> bool {
    let Some((local_part, domain)) = text.rsplit_once('@') else {
        return false;
    };
    let labels: Vec<_> = domain.split('.').collect();
    let label =
        |label: &&str| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-');
    let quoted = local_part.starts_with('"') && local_part.ends_with('"');
    text.len() <= 254
        && (1..=64).contains(&local_part.len())
        && labels.len() >= 2
        && labels.iter().all(label)
        && !domain
            .contains(|c: char| c.is_ascii() && !c.is_ascii_alphanumeric() && !"-.".contains(c))
        && (quoted
            || !local_part.contains(|c: char| c.is_whitespace() || "()<>[]:;@\\,\"".contains(c)))
}

fn is_phone_number(text: &str) -> bool {
    text.chars().filter(char::is_ascii_digit).count() >= 3
        && text
            .chars()
            .all(|c| c.is_ascii_digit() || " +-.()/eExXtT".contains(c))
}

/// Null or nothing but white space.
fn is_blank(value: &Json) -> bool {
    *value == Json::Null || value.text().is_some_and(|text| text.trim().is_empty())
}

/// 1 for a scalar or an empty container, one more for each container around.
fn levels(value: &Json) -> usize {
    let empty =
        matches!(value, Json::Array(list) if list.is_empty()) || *value == Json::Object(vec![]);
    1 + if empty {
        0
    } else {
        value.parts().map(levels).max().unwrap_or(0)
    }
}

/// Whether the fault is one: its place exists in the body, and what stands there breaks that rule.
/// Not `exact` is a pointer that may end before the place.
pub fn broken(fault: &Fault, body: &Json, exact: bool) -> bool {
    let (parent, name) = fault.pointer.rsplit_once('/').unwrap_or(("", ""));
    let missing = || {
        body.at(parent)
            .iter()
            .any(|parent| parent.get(name).is_none())
    };
    if fault.code == FaultCode::Required && missing() {
        return true;
    }
    let found = body.at(&fault.pointer);
    if found.is_empty() {
        return false;
    }
    if !exact {
        return true;
    }
    let any = |breaks: &dyn Fn(&Json) -> bool| found.iter().any(|value| breaks(value));
    let text = |breaks: &dyn Fn(&str) -> bool| any(&|value| value.text().is_some_and(breaks));
    match fault.code {
        FaultCode::Required => any(&is_blank),
        FaultCode::InvalidType => any(&|value| !has_type_of(&fault.pointer, value)),
        FaultCode::TooLong => text(&|text| {
            text.len() > 254
                || (text.chars().count() > 32 && !text_fits(name, &Json::String(text.to_owned())))
        }),
        FaultCode::InvalidCharacters => {
            name.is_empty() || text(&|text| text.contains(char::is_control))
        }
        FaultCode::InvalidEmail => fault.pointer == "/email" && text(&|text| !text.is_empty()),
        FaultCode::InvalidPhone => name == "phoneNumber" && text(&|text| !text.is_empty()),
        FaultCode::InvalidCountry => name == "country" && text(&|text| !text.is_empty()),
        FaultCode::EmptyObject => any(&|value| {
            value
                .members()
                .iter()
                .all(|(_, value)| *value == Json::Null)
        }),
        FaultCode::MultipleDefaults => {
            name == "isDefaultAddress" && any(&|value| *value == Json::Bool(true))
        }
        FaultCode::DuplicateCode => name == "code" && text(&|text| !text.is_empty()),
        FaultCode::DuplicateKey => found.len() >= 2,
        FaultCode::UnknownField => {
            !known(&fault.pointer).contains(&name.replace("~1", "/").replace("~0", "~").as_str())
        }
        FaultCode::TooDeep => any(&|value| levels(value) > 30),
        FaultCode::NumberOutOfRange => {
            any(&|value| matches!(value, Json::Number(text) if !decimal::can_be_stored(text)))
        }
        FaultCode::CannotBeCleared => fault.pointer == "/status" && any(&is_blank),
    }
}

/// The names of the object that the pointer's place is a member of.
fn known(pointer: &str) -> Vec<&'static str> {
    match pointer.split('/').skip(1).collect::<Vec<_>>()[..] {
        [_] => [&WRITABLE[..], &READ_ONLY].concat(),
        ["address", _, _] => ADDRESS.to_vec(),
        ["metaFields", _, _] => META_FIELD.to_vec(),
        _ => panic!("{pointer} is the caller's own"),
    }
}

fn has_type_of(pointer: &str, value: &Json) -> bool {
    match pointer.split('/').skip(1).collect::<Vec<_>>()[..] {
        ["address" | "metaFields"] => matches!(value, Json::Array(_) | Json::Null),
        ["address" | "metaFields", _] => matches!(value, Json::Object(_)),
        ["address", _, "isDefaultAddress"] => matches!(value, Json::Bool(_)),
        _ => matches!(value, Json::String(_) | Json::Null),
    }
}
