//! Stored item → response: the response has every attribute as stored and with its documented type,
//! or is 500.

use std::sync::{Arc, Mutex};

use aws_smithy_types::base64;
use serde_json::json;
use testkit::canned_dynamodb::{Reply, TOKEN_RECORD, condition_failed};
use testkit::json::{self, Json};
use testkit::put;

use super::app::{Call, RecordingApp};
use super::response::Response;
use super::rules::{CUSTOMER, Kind};

/// What every request sets.
const SENT: [(&str, &str); 3] = [
    ("firstName", "John"),
    ("lastName", "Doe"),
    ("email", "john@aximcommerce.com"),
];

/// What every request clears.
const CLEARED: &str = "phoneNumber";

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
        let mut body = json!({CLEARED: null});
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
    let Some(item) = json::read(item.as_bytes()) else {
        return;
    };
    let Some(stored) = members(&item) else {
        return;
    };
    let writes = calls.iter().filter(|call| matches!(call, Call::Update(_)));
    let is_contended = response.header("retry-after").is_some();
    assert_eq!(writes.count() == 3, is_contended, "{calls:?}, {response:?}");
    match letter {
        b'N' => check_shown(&response, &item, &stored),
        b'O' => {
            assert_eq!(response.status, 500);
            assert_eq!(is_contended, can_be_updated(&item, &stored));
        }
        _ => check_conflict(&response, &item, &stored),
    }
}

/// The condition of a write with `If-Match: "7"` failed on this item.
fn check_conflict(response: &Response, item: &Json, stored: &Json) {
    let version = whole_version(stored).filter(|_| can_be_updated(item, stored));
    let text = |name| {
        attribute(item, name)
            .filter(|(type_name, _)| type_name == "S")?
            .1
            .text()
    };
    let is_applied = SENT.iter().all(|(name, sent)| text(name) == Some(*sent))
        && attribute(item, CLEARED).is_none_or(is_empty);
    let expected = match version {
        None | Some(7) => 500,
        Some(_) if is_applied => 200,
        Some(_) => 412,
    };
    assert_eq!(response.status, expected, "{response:?}");
    match expected {
        500 => {
            let is_contended = response.header("retry-after").is_some();
            assert_eq!(is_contended, version.is_some());
        }
        412 => assert_eq!(response.version(), version),
        _ => {
            let mut kept = stored.clone();
            kept.remove(CLEARED);
            check_shown(response, item, &kept);
        }
    }
}

/// Whether the condition on the version and on the types of the attributes that the update keeps holds.
fn can_be_updated(item: &Json, stored: &Json) -> bool {
    let is_sent = |name: &str| name == CLEARED || SENT.iter().any(|(sent, _)| *sent == name);
    let mut kept = CUSTOMER
        .iter()
        .filter(|(name, ..)| !(is_sent(name) || ["id", "updatedAt"].contains(name)));
    whole_version(stored).is_some() && kept.all(|(name, kind, _)| has_type(item, name, *kind))
}

/// Whether a stored attribute has its documented type or is NULL or absent.
fn has_type(item: &Json, name: &str, kind: Kind) -> bool {
    let type_name = match kind {
        Kind::Text(_) => "S",
        Kind::Boolean => "BOOL",
        Kind::List(_) => "L",
        Kind::Object => "M",
        Kind::Any => unreachable!("no attribute has any type"),
    };
    attribute(item, name).is_none_or(|(stored, _)| stored == type_name || stored == "NULL")
}

/// The type and the content of a stored attribute.
fn attribute<'a>(item: &'a Json, name: &str) -> Option<&'a (String, Json)> {
    item.get(name)?.members().first()
}

fn is_empty((type_name, content): &(String, Json)) -> bool {
    match type_name.as_str() {
        "NULL" => true,
        "S" => content.text() == Some(""),
        "L" => content.elements().is_empty(),
        _ => false,
    }
}

/// The response has each documented attribute as stored, or the empty value of its type. It is 500
/// when an attribute has another type.
fn check_shown(response: &Response, item: &Json, stored: &Json) {
    let expected = |name: &'static str, kind: Kind| match stored.get(name) {
        None | Some(Json::Null) => Some((name, kind.empty())),
        Some(value) => has_type(item, name, kind).then(|| (name, value.clone())),
    };
    let fields = CUSTOMER.iter();
    let fields = fields.map(|(name, kind, _)| expected(name, *kind));
    let expected = fields.collect::<Option<Vec<_>>>();
    let (Some(expected), Some(version)) = (expected, version(stored)) else {
        assert_eq!(response.status, 500);
        return;
    };
    assert_eq!((response.status, response.version()), (200, Some(version)));
    for (name, value) in expected {
        let shown = response.data().get(name).expect("every key");
        assert!(value.same(shown), "{name} is {value:?}, shown as {shown:?}");
        for number in shown.numbers() {
            assert!(number.len() <= 64, "{name} has the number {number}");
        }
    }
}

/// The version after a write: without a fraction, 0 when there is none.
fn version(stored: &Json) -> Option<u64> {
    match stored.get("version") {
        None => Some(0),
        Some(Json::Number(text)) => match json::decimal(text) {
            (true, ..) => None,
            (_, digits, scale) if scale < 0 => {
                let whole = digits.len() as i128 + scale;
                let whole = digits.get(..usize::try_from(whole).unwrap_or(0))?;
                format!("0{whole}").parse().ok()
            }
            (_, digits, zeros) if zeros < 20 => {
                let zeros = "0".repeat(zeros as usize);
                format!("0{digits}{zeros}").parse().ok()
            }
            _ => None,
        },
        Some(_) => None,
    }
}

/// The version before a write, when the write can increment it.
fn whole_version(stored: &Json) -> Option<u64> {
    let is_whole = match stored.get("version") {
        Some(Json::Number(text)) => json::decimal(text).2 >= 0,
        _ => true,
    };
    version(stored).filter(|version| is_whole && *version < u64::MAX)
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

/// A number in JSON notation that DynamoDB can store, as it returns it.
fn number(text: &Json) -> Option<Json> {
    let text = text.text()?;
    let number = Json::Number(text.to_owned());
    json::read(text.as_bytes()).filter(|value| *value == number && json::can_be_stored(text))
}

/// Base64 text, as DynamoDB returns it.
fn binary(text: &Json) -> Option<Json> {
    let bytes = base64::decode(text.text()?).ok()?;
    (base64::encode(bytes) == text.text()?).then(|| text.clone())
}
