//! Request body → update: the reference implementations of JSON and of the rules agree with the
//! function.

use testkit::json::{self, Json};
use update_customer::customer::{Change, CustomerUpdate};
use update_customer::validation::ValidationErrors;
use update_customer::validation::json::{Object, ParseError, Value, parse};

use super::rules::{self, Violations};

const MAX_POINTER_BYTES: usize = 1_024;

/// Takes `data` as the body of a request.
pub fn check(data: &[u8]) {
    let body = json::read(data);
    let (object, errors) = match parse(data) {
        Ok(parsed) => parsed,
        Err(error) => return check_parse_error(&error, body.as_ref(), data),
    };
    let body = body.expect("a parsed body is JSON");
    let same = body.reads_as(&Value::Object(object.clone()));
    assert!(same, "parsed as {object:?}");
    assert_eq!(total(&errors), body.duplicates(), "repeated keys");
    check_messages_without_values(object.clone());
    match CustomerUpdate::parse(object, errors) {
        Ok(update) => {
            assert_eq!(body.duplicates(), 0, "a repeated key");
            let Violations(violations) = rules::violations(&body);
            assert_eq!(violations.first(), None, "an accepted violation");
            check_changes(&update, &body);
            check_accepted_again(&update);
        }
        Err(errors) => {
            assert_ne!(total(&errors), 0, "rejected without an error");
            check_errors(&errors, &body);
        }
    }
}

fn check_parse_error(error: &ParseError, body: Option<&Json>, data: &[u8]) {
    let is_object = matches!(body, Some(Json::Object(_)));
    assert!(!is_object, "an object is rejected: {error}");
    let message = error.to_string();
    assert!(message.is_ascii() && message.len() < 120, "{message}");
    let is_utf_8 = std::str::from_utf8(data).is_ok();
    match error {
        ParseError::ByteOrderMark => assert!(data.starts_with("\u{feff}".as_bytes())),
        ParseError::NotUtf8 { .. } => assert!(!is_utf_8),
        ParseError::Syntax { .. } => assert!(is_utf_8, "{error}"),
        _ => {}
    }
}

/// Each change is a member as it was sent, and each writable member is a change.
fn check_changes(update: &CustomerUpdate<'_>, body: &Json) {
    assert_eq!(Some(update.email()), body.get("email").and_then(Json::text));
    let names = body.members().iter().map(|(name, _)| name.as_str());
    let sent = names.filter(|name| rules::is_writable(name)).count();
    assert_eq!(sent, update.changes().len(), "{:?}", update.changes());
    for (name, change) in update.changes() {
        let sent = body.get(name).expect("only what is sent changes");
        let is_empty =
            *sent == Json::Null || sent.text() == Some("") || *sent == Json::Array(vec![]);
        match change {
            Change::Clear => assert!(is_empty, "{name} is cleared"),
            Change::Set(_) if is_empty => panic!("{name} is not cleared"),
            Change::Set(value) if *name == "address" => {
                assert!(without_nulls(sent).reads_as(value));
            }
            Change::Set(value) => assert!(sent.reads_as(value), "{name} became {value:?}"),
        }
    }
}

/// A null member of an address is not stored.
fn without_nulls(addresses: &Json) -> Json {
    let entry = |entry: &Json| {
        let members = entry.members().iter();
        let members = members.filter(|(_, value)| *value != Json::Null);
        Json::Object(members.cloned().collect())
    };
    Json::Array(addresses.elements().iter().map(entry).collect())
}

/// An update, serialised and parsed again, is the same update.
fn check_accepted_again(update: &CustomerUpdate<'_>) {
    let member = |(name, change): &(&str, Change<'_>)| match change {
        Change::Set(value) => ((*name).to_owned(), Json::from(value)),
        Change::Clear => ((*name).to_owned(), Json::Null),
    };
    let body = Json::Object(update.changes().iter().map(member).collect()).to_string();
    let (object, errors) = parse(body.as_bytes()).expect("an update is JSON");
    assert_eq!(CustomerUpdate::parse(object, errors).as_ref(), Ok(update));
}

/// Every violation is an error, every error is justified by the body, and at most 100 are listed.
fn check_errors(errors: &ValidationErrors, body: &Json) {
    let listed = errors.as_slice();
    assert_eq!(listed.len(), total(errors).min(100));
    let first = &listed[0].message;
    let message = match total(errors) {
        1 => first.clone(),
        total if total > 100 => {
            format!("The request body has {total} errors, the first 100 are listed; first: {first}")
        }
        total => format!("The request body has {total} errors; first: {first}"),
    };
    assert_eq!(errors.to_string(), message);
    // A longer pointer ends at an ancestor of the value.
    let exact = body.longest_pointer() <= MAX_POINTER_BYTES;
    for error in listed {
        assert!(rules::is_justified(error, body, exact), "{error:?}");
    }
    if exact && !errors.is_full() {
        let Violations(mut violations) = rules::violations(body);
        for error in listed {
            violations.remove(&error.pointer);
        }
        assert_eq!(violations.first(), None, "a violation without an error");
    }
}

/// No message contains a string of the body: every string gets a mark, which no message must have.
///
/// The messages are not compared with the strings themselves: libFuzzer learns from comparisons and
/// would write the messages into the body.
fn check_messages_without_values(mut object: Object<'_>) {
    object.iter_mut().for_each(|(_, value)| mark(value));
    if let Err(errors) = CustomerUpdate::parse(object, ValidationErrors::default()) {
        assert!(!errors.to_string().contains(MARK), "{errors}");
        for error in errors.as_slice() {
            assert!(!error.message.contains(MARK), "{error:?}");
        }
    }
}

const MARK: char = '🔑';

fn mark(value: &mut Value<'_>) {
    match value {
        Value::String(text) => text.to_mut().push(MARK),
        Value::Array(elements) => elements.iter_mut().for_each(mark),
        Value::Object(members) => members.iter_mut().for_each(|(_, value)| mark(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The number of errors, from the message.
fn total(errors: &ValidationErrors) -> usize {
    let message = errors.to_string();
    let count = message.strip_prefix("The request body has ");
    let count = count.and_then(|rest| rest.split_once(" errors"));
    let count = count.and_then(|(count, _)| count.parse().ok());
    count.unwrap_or(errors.as_slice().len())
}
