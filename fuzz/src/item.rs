//! Stored item → response: the response has every attribute as stored and with its documented type,
//! or is 500.

use std::mem::discriminant;
use std::sync::{Arc, Mutex};

use aws_smithy_types::base64;
use serde_json::json;
use testkit::canned_dynamodb::{Reply, TOKEN_RECORD, condition_failed};
use testkit::put;

use super::app::{Call, RecordingApp};
use super::json::{self, Json};
use super::response::Response;
use super::rules::CUSTOMER;

/// What every request sets. It also clears the phone number.
const SENT: [(&str, &str); 3] = [
    ("firstName", "John"),
    ("lastName", "Doe"),
    ("email", "john@aximcommerce.com"),
];

/// The function on a DynamoDB that responds to every `UpdateItem` with `update`.
struct Target {
    app: RecordingApp,
    update: Arc<Mutex<Reply>>,
    event: String,
    event_with_if_match: String,
}

thread_local! {
    static TARGET: Target = Target::new();
}

impl Target {
    fn new() -> Self {
        let update = Arc::new(Mutex::<Reply>::default());
        let reply = Arc::clone(&update);
        let app = RecordingApp::new(move |call| match call {
            Call::Get(_) => (200, TOKEN_RECORD.to_owned()),
            Call::Update(_) => reply.lock().unwrap().clone(),
        });
        let mut body = json!({"phoneNumber": null});
        for (name, text) in SENT {
            body[name] = json!(text);
        }
        let request = put().json(&body);
        Self {
            app,
            update,
            event: request.http_api_event().to_string(),
            event_with_if_match: request.if_match("\"7\"").http_api_event().to_string(),
        }
    }

    fn invoke(&self, update: Reply, with_if_match: bool) -> (Response, Vec<Call>) {
        *self.update.lock().unwrap() = update;
        let event = match with_if_match {
            true => &self.event_with_if_match,
            false => &self.event,
        };
        self.app.invoke(event).expect("an event")
    }
}

/// Takes `data` as a letter and an item in DynamoDB's JSON. `N` is the item after the write. `O` is
/// the stored item when the write's condition failed, and `V` the same with `If-Match: "7"`.
pub fn check(data: &[u8]) {
    let Some((letter, item)) = data.split_first() else {
        return;
    };
    let Ok(item) = std::str::from_utf8(item) else {
        return;
    };
    let update = match letter {
        b'N' => (200, format!(r#"{{"Attributes":{item}}}"#)),
        b'O' | b'V' => condition_failed(&format!(r#","Item":{item}"#)),
        _ => return,
    };
    let (response, calls) = TARGET.with(|target| target.invoke(update, *letter == b'V'));
    let writes = calls.iter().filter(|call| matches!(call, Call::Update(_)));
    let is_contended = response.header("retry-after").is_some();
    assert_eq!(writes.count() == 3, is_contended, "{calls:?}, {response:?}");
    let Some(stored) = json::read(item.as_bytes()).and_then(|item| members(&item)) else {
        return;
    };
    match letter {
        b'N' => check_shown(&response, &stored),
        b'O' => {
            assert_eq!(response.status, 500);
            assert_eq!(is_contended, version(&stored).is_some());
        }
        _ => check_conflict(&response, &stored),
    }
}

/// The condition of a write with `If-Match: "7"` failed on this item.
fn check_conflict(response: &Response, stored: &Json) {
    match (response.status, version(stored)) {
        (412, Some(current)) => {
            assert_ne!(current, 7);
            assert_eq!(response.version(), Some(current));
            let text = |name| stored.get(name).and_then(Json::text);
            let is_applied = SENT.iter().all(|(name, sent)| text(name) == Some(*sent))
                && stored.get("phoneNumber").is_none();
            assert!(!is_applied, "the update is already applied: {stored:?}");
        }
        (200, Some(current)) => {
            assert_ne!(current, 7);
            check_shown(response, stored);
            assert_eq!(stored.get("phoneNumber"), None);
            for (name, sent) in SENT {
                assert_eq!(response.data().get(name).and_then(Json::text), Some(sent));
            }
        }
        (500, current) => {
            let is_contended = response.header("retry-after").is_some();
            assert_eq!(is_contended, current == Some(7), "{response:?}");
        }
        _ => panic!("{response:?}"),
    }
}

/// The response has each documented attribute as stored, or the empty value of its type. It is 500
/// when an attribute has another type.
fn check_shown(response: &Response, stored: &Json) {
    let expected = |name: &'static str, empty: Json| match stored.get(name) {
        None | Some(Json::Null) => Some((name, empty)),
        Some(value) => {
            let same_type = discriminant(value) == discriminant(&empty);
            let is_object = |entry: &Json| matches!(entry, Json::Object(_));
            let is_valid = same_type && value.elements().iter().all(is_object);
            is_valid.then(|| (name, value.clone()))
        }
    };
    let fields = CUSTOMER.iter();
    let fields = fields.map(|(name, kind, _)| expected(name, kind.empty()));
    let expected = fields.collect::<Option<Vec<_>>>();
    let (Some(expected), Some(version)) = (expected, version(stored)) else {
        assert_eq!(response.status, 500);
        return;
    };
    assert_eq!((response.status, response.version()), (200, Some(version)));
    for (name, value) in expected {
        let shown = response.data().get(name).expect("every key");
        assert!(value.same(shown), "{name} is {value:?}, shown as {shown:?}");
    }
}

fn version(stored: &Json) -> Option<u64> {
    match stored.get("version") {
        None => Some(0),
        Some(Json::Number(text)) => text.parse().ok(),
        Some(_) => None,
    }
}

/// The attributes of an item as JSON. `None` when DynamoDB would not return such an item.
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
    let [(kind, content)] = attribute.members() else {
        return None;
    };
    let elements = |each: fn(&Json) -> Option<Json>| {
        let Json::Array(elements) = content else {
            return None;
        };
        Some(Json::Array(
            elements.iter().map(each).collect::<Option<_>>()?,
        ))
    };
    match kind.as_str() {
        "S" => content.text().map(|_| content.clone()),
        "N" => number(content),
        "B" => binary(content),
        "BOOL" => matches!(content, Json::Bool(_)).then(|| content.clone()),
        "NULL" => (*content == Json::Bool(true)).then_some(Json::Null),
        "L" => elements(value),
        "M" => members(content),
        "SS" => elements(|text| text.text().map(|_| text.clone())),
        "NS" => elements(number),
        "BS" => elements(binary),
        _ => None,
    }
}

/// A number in JSON notation, as DynamoDB returns it.
fn number(text: &Json) -> Option<Json> {
    let text = text.text()?;
    json::read(text.as_bytes()).filter(|value| *value == Json::Number(text.to_owned()))
}

/// Base64 text, as DynamoDB returns it.
fn binary(text: &Json) -> Option<Json> {
    let bytes = base64::decode(text.text()?).ok()?;
    (base64::encode(bytes) == text.text()?).then(|| text.clone())
}
