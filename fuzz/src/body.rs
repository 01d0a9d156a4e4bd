//! Body bytes → parser: a second reading of JSON and of the contract's rules agrees with the function's.

use serde_json::{Map, Value};
use update_customer::error::Error;
use update_customer::fault::{FaultCode, Faults};
use update_customer::json::parse;
use update_customer::update::{Change, CustomerUpdate};

use super::json::{self, Json};
use super::rules;

/// Takes `data` as a request's body.
pub fn holds(data: &[u8]) {
    let body = json::read(data);
    let (object, faults) = match parse(data) {
        Ok(read) => read,
        Err(error) => return unreadable(&error, body.as_ref(), data),
    };
    let body = body.expect("what is read is JSON");
    assert!(
        body.reads_as(&Value::Object(object.clone())),
        "read as {object:?}"
    );
    assert_eq!(total(&faults), body.duplicates(), "keys that come twice");
    echoes_nothing(object.clone());
    match CustomerUpdate::parse(object, faults) {
        Ok(update) => {
            rules::kept(&body);
            says_what_was_sent(&update, &body);
            is_accepted_again(&update);
        }
        Err(faults) => {
            assert_ne!(total(&faults), 0, "refused for no reason");
            explains(&faults, &body, data.len());
        }
    }
}

fn unreadable(error: &Error, body: Option<&Json>, data: &[u8]) {
    match error {
        Error::InvalidRequest(sentence) => {
            assert!(
                !matches!(body, Some(Json::Object(_))),
                "an object is refused: {sentence}"
            );
            assert!(sentence.is_ascii() && sentence.len() < 120, "{sentence}");
        }
        Error::InvalidBody(faults) => {
            let openings = data.iter().filter(|byte| b"[{".contains(byte)).count();
            let longest = data
                .split(|byte| !b"0123456789.eE+-".contains(byte))
                .map(<[u8]>::len)
                .max();
            match faults.listed().last().map(|fault| fault.code) {
                Some(FaultCode::TooDeep) => {
                    assert!(openings > 128 && body.is_none_or(|body| body.depth() > 128))
                }
                Some(FaultCode::NumberOutOfRange) => assert!(longest > Some(4_300)),
                code => assert!(!faults.has_room(), "reading ended with {code:?}"),
            }
        }
        other => panic!("a body is never a reason for {other:?}"),
    }
}

/// Nothing is rewritten, dropped or invented: each change is the member that was sent.
fn says_what_was_sent(update: &CustomerUpdate, body: &Json) {
    assert_eq!(Some(update.email()), body.get("email").and_then(Json::text));
    let writable = |name: &&str| rules::WRITABLE.contains(name);
    let sent: Vec<_> = body
        .members()
        .iter()
        .map(|(name, _)| name.as_str())
        .filter(writable)
        .collect();
    assert_eq!(
        sent.len(),
        update.changes().len(),
        "{sent:?} became {:?}",
        update.changes()
    );
    for (name, change) in update.changes() {
        let sent = body.get(name).expect("only what is sent changes");
        let cleared =
            *sent == Json::Null || sent.text() == Some("") || *sent == Json::Array(vec![]);
        match change {
            Change::Clear => assert!(cleared, "{name} is cleared"),
            Change::Set(_) if cleared => panic!("{name} is not cleared"),
            Change::Set(value) if *name == "address" => {
                assert!(without_nulls(sent).reads_as(value))
            }
            Change::Set(value) => assert!(sent.reads_as(value), "{name} became {value}"),
        }
    }
}

/// Null leaves a member of an address out.
fn without_nulls(addresses: &Json) -> Json {
    let entry = |entry: &Json| {
        let members = entry
            .members()
            .iter()
            .filter(|(_, value)| *value != Json::Null);
        Json::Object(members.cloned().collect())
    };
    Json::Array(addresses.elements().iter().map(entry).collect())
}

fn is_accepted_again(update: &CustomerUpdate) {
    let member = |(name, change): &(&str, Change)| match change {
        Change::Set(value) => ((*name).to_owned(), value.clone()),
        Change::Clear => ((*name).to_owned(), Value::Null),
    };
    let body =
        Value::Object(update.changes().iter().map(member).collect::<Map<_, _>>()).to_string();
    let (object, faults) = parse(body.as_bytes()).expect("an update is JSON");
    assert_eq!(CustomerUpdate::parse(object, faults).as_ref(), Ok(update));
}

/// At most 100 faults are listed, all are counted, and each is one of the body.
fn explains(faults: &Faults, body: &Json, length: usize) {
    let listed = faults.listed();
    assert_eq!(listed.len(), total(faults).min(100));
    let first = &listed[0].message;
    let summary = match total(faults) {
        1 => first.clone(),
        total if total > 100 => {
            format!("{total} faults in the body, the first 100 listed. The first: {first}")
        }
        total => format!("{total} faults in the body. The first: {first}"),
    };
    assert_eq!(faults.summary(), summary);
    for fault in listed {
        // A pointer over 1,024 bytes, `~` written as `~0`, ends at an ancestor of the place.
        let exact = length < 512;
        assert!(rules::broken(fault, body, exact), "{fault:?}");
    }
}

/// No sentence tells a text of the body: a mark in every text would show.
///
/// Sentences are not searched for the texts themselves: libFuzzer learns from what is compared, and would
/// write our sentences into the body.
fn echoes_nothing(mut object: Map<String, Value>) {
    object.values_mut().for_each(mark);
    if let Err(faults) = CustomerUpdate::parse(object, Faults::default()) {
        for sentence in faults
            .listed()
            .iter()
            .map(|fault| &fault.message)
            .chain([&faults.summary()])
        {
            assert!(!sentence.contains(MARK), "{sentence}");
        }
    }
}

const MARK: char = '🔑';

fn mark(value: &mut Value) {
    match value {
        Value::String(text) => text.insert(text.len(), MARK),
        Value::Array(elements) => elements.iter_mut().for_each(mark),
        Value::Object(members) => members.values_mut().for_each(mark),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// How many faults there are, as the summary tells.
fn total(faults: &Faults) -> usize {
    let summary = faults.summary();
    let counted = summary
        .split_once(" faults in the body")
        .and_then(|(count, _)| count.parse().ok());
    counted.unwrap_or(faults.listed().len())
}
