//! Stored item → answer: whatever another writer stored, the answer shows it with the documented types, or
//! is 500.

use std::sync::{Arc, Mutex};

use aws_smithy_types::base64;
use serde_json::json;
use update_customer::event::Event;

use super::answer::{Answer, empty_data};
use super::json::{self, Json};
use super::stand::{Call, Reply, Stand, condition_failed};

const TOKEN: &str = r#"{"Item":{"subject":{"S":"erp"},"scopes":{"SS":["customers:write"]}}}"#;

/// What DynamoDB answers to every `UpdateItem`.
type Outcome = Arc<Mutex<Reply>>;

thread_local! {
    static STAND: (Stand, Outcome) = {
        let outcome = Outcome::default();
        let next = Arc::clone(&outcome);
        let reply = move |call: &Call| match call {
            Call::Get(_) => (200, TOKEN.to_owned()),
            Call::Update(_) => next.lock().unwrap().clone(),
        };
        (Stand::new(reply), outcome)
    };
}

/// Takes `data` as an item in DynamoDB's JSON after a letter: `N` for the item as written, `O` for the
/// item that refuses a write, `V` for one that refuses a write under `If-Match: "7"`.
pub fn holds(data: &[u8]) {
    let Some((letter, item)) = data.split_first() else {
        return;
    };
    let Ok(item) = std::str::from_utf8(item) else {
        return;
    };
    let reply = match letter {
        b'N' => (200, format!(r#"{{"Attributes":{item}}}"#)),
        b'O' | b'V' => condition_failed(&format!(r#","Item":{item}"#)),
        _ => return,
    };
    let (answer, calls) = STAND.with(|(stand, outcome)| {
        *outcome.lock().unwrap() = reply;
        stand.answer(event(*letter == b'V'))
    });
    assert!(!calls.is_empty(), "{answer:?}");
    let writes = calls.len() - 1;
    let unsettled = answer.header("retry-after").is_some();
    assert_eq!(writes == 3, unsettled, "{writes} writes, then {answer:?}");
    let Some(stored) = json::read(item.as_bytes()).and_then(|item| members(&item)) else {
        return;
    };
    match letter {
        b'N' => shows(&answer, &stored),
        b'O' => assert!(
            answer.status == 500 && unsettled == version(&stored).is_some(),
            "{answer:?}"
        ),
        _ => is_settled(&answer, &stored),
    }
}

/// A write with `If-Match: "7"` was refused by this item.
fn is_settled(answer: &Answer, stored: &Json) {
    match (answer.status, version(stored)) {
        (412, Some(current)) => {
            assert!(
                current != 7 && answer.version() == Some(current),
                "{answer:?}"
            );
            let held = SENT
                .iter()
                .all(|(name, text)| stored.get(name).and_then(Json::text) == Some(text));
            assert!(
                !held || stored.get("phoneNumber").is_some(),
                "what was asked for is stored: {stored:?}"
            );
        }
        (200, Some(current)) => {
            assert_ne!(current, 7);
            shows(answer, stored);
            for (name, text) in SENT {
                assert_eq!(answer.data().get(name).and_then(Json::text), Some(text));
            }
        }
        (500, current) => {
            assert_eq!(
                answer.header("retry-after").is_some(),
                current == Some(7),
                "{answer:?}"
            )
        }
        _ => panic!("{answer:?}"),
    }
}

/// Each documented attribute as stored, the empty value of its type where there is none, and 500 where it
/// has another type.
fn shows(answer: &Answer, stored: &Json) {
    let expected = |(key, empty): (&'static str, Json)| match stored.get(key) {
        None | Some(Json::Null) => Some((key, empty)),
        Some(value) => {
            let same_type = std::mem::discriminant(value) == std::mem::discriminant(&empty);
            let of_maps = match value {
                Json::Array(entries) => {
                    entries.iter().all(|entry| matches!(entry, Json::Object(_)))
                }
                _ => true,
            };
            (same_type && of_maps).then(|| (key, value.clone()))
        }
    };
    let expected: Option<Vec<_>> = empty_data().into_iter().map(expected).collect();
    let (Some(expected), Some(version)) = (expected, version(stored)) else {
        assert_eq!(answer.status, 500);
        return;
    };
    assert_eq!((answer.status, answer.version()), (200, Some(version)));
    for (key, value) in expected {
        let shown = answer.data().get(key).expect("every key");
        assert!(value.same(shown), "{key} is {value:?}, shown as {shown:?}");
    }
}

fn version(stored: &Json) -> Option<u64> {
    match stored.get("version") {
        None => Some(0),
        Some(Json::Number(text)) => text.parse().ok(),
        Some(_) => None,
    }
}

/// The attributes of an item as JSON. `None` where DynamoDB would not answer so.
fn members(item: &Json) -> Option<Json> {
    let Json::Object(members) = item else {
        return None;
    };
    if members.len() != item.first_members().len() {
        return None;
    }
    let member = |(name, attribute): &(String, Json)| Some((name.clone(), value(attribute)?));
    Some(Json::Object(
        members.iter().map(member).collect::<Option<_>>()?,
    ))
}

fn value(attribute: &Json) -> Option<Json> {
    let [(kind, held)] = attribute.members() else {
        return None;
    };
    let elements = |each: fn(&Json) -> Option<Json>| {
        let Json::Array(elements) = held else {
            return None;
        };
        Some(Json::Array(
            elements.iter().map(each).collect::<Option<_>>()?,
        ))
    };
    match kind.as_str() {
        "S" => held.text().map(|_| held.clone()),
        "N" => number(held),
        "B" => binary(held),
        "BOOL" => matches!(held, Json::Bool(_)).then(|| held.clone()),
        "NULL" => (*held == Json::Bool(true)).then_some(Json::Null),
        "L" => elements(value),
        "M" => members(held),
        "SS" => elements(|text| text.text().map(|_| text.clone())),
        "NS" => elements(number),
        "BS" => elements(binary),
        _ => None,
    }
}

/// A number's text in JSON's own notation.
fn number(text: &Json) -> Option<Json> {
    let text = text.text()?;
    json::read(text.as_bytes()).filter(|value| *value == Json::Number(text.to_owned()))
}

/// Base64 text as DynamoDB writes it.
fn binary(text: &Json) -> Option<Json> {
    let bytes = base64::decode(text.text()?).ok()?;
    (base64::encode(bytes) == text.text()?).then(|| text.clone())
}

/// What every request asks for, and that the phone number goes.
const SENT: [(&str, &str); 3] = [
    ("firstName", "John"),
    ("lastName", "Doe"),
    ("email", "john@aximcommerce.com"),
];

fn event(with_if_match: bool) -> Event {
    let mut body = json!({"phoneNumber": null});
    for (name, text) in SENT {
        body[name] = json!(text);
    }
    let mut event = json!({
        "version": "2.0",
        "rawPath": "/customers/c-1",
        "headers": {"accesstoken": "t", "content-type": "application/json"},
        "requestContext": {"http": {"method": "PUT"}},
        "pathParameters": {"customer_id": "c-1"},
        "body": body.to_string(),
        "isBase64Encoded": false
    });
    if with_if_match {
        event["headers"]["if-match"] = json!("\"7\"");
    }
    serde_json::from_str(&event.to_string()).expect("an event")
}
