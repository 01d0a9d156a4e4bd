//! Properties of every request, checked through the function's only entrance: an API Gateway event.
//!
//! - Nothing panics, and nothing responds with 500 while DynamoDB works.
//! - The response is one that `openapi.yaml` documents.
//! - Only 200 writes, only with a valid token, and only to the customer that the response shows.
//! - What is stored is what was sent; an attribute that was not sent is kept.
//! - A response's `data`, sent back, changes nothing.
//!
//! A violation is a panic. DynamoDB is the embedded one, called without a network.
#![expect(clippy::expect_used, reason = "a panic is the report of a violation")]

mod world;

use std::collections::{BTreeSet, HashMap};

use aws_smithy_types::base64;
use serde_json::Value;
use serde_json::value::RawValue;
use testkit::json::{self, Json};
use testkit::{CUSTOMER_ID, Response, WRITE_TOKEN, put};

use world::{Item, World};

/// What each successful update changes besides the fields of the request.
const CHANGED_BY_EVERY_UPDATE: [&str; 3] = ["updatedAt", "updatedBy", "version"];

/// Fields of `data` that a request may contain but not change.
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

/// Takes `data` as the body of a request.
pub fn body(data: &[u8]) {
    World::with(|world| {
        world.store(&world::sample());
        check_update(world, &put().body(data).http_api_event_text());
    });
}

/// Takes `data` as the text of an event.
pub fn event(data: &[u8]) {
    let Ok(event) = std::str::from_utf8(data) else {
        return;
    };
    if has_malformed_base64(event) {
        return;
    }
    World::with(|world| {
        world.store(&world::sample());
        check_update(world, event);
    });
}

/// Whether the body is not what API Gateway encodes. `lambda_http` panics on such a body, and Lambda's runtime reports
/// the panic.
fn has_malformed_base64(event: &str) -> bool {
    let event: Value = serde_json::from_str(event).unwrap_or_default();
    let body = event["body"].as_str().unwrap_or_default();
    event["isBase64Encoded"] == true
        && base64::decode(body).ok().map(base64::encode).as_deref() != Some(body)
}

/// Takes `data` as the attributes, in DynamoDB's JSON format, that another system stored for a customer. They do
/// not make an update fail, except for a `version` that is no whole number.
pub fn stored_item(data: &[u8]) {
    let Ok(Value::Object(mut stored)) = serde_json::from_slice(data) else {
        return;
    };
    stored.insert("id".to_owned(), serde_json::json!({"S": CUSTOMER_ID}));
    World::with(|world| {
        if !world.store(&stored) {
            return;
        }
        let response = check_foreign(world, &put().http_api_event_text());
        assert_ne!(response.status, 400, "{response:?}");
        if response.status == 200 {
            check_foreign(world, &data_as_request(CUSTOMER_ID, &response));
        }
    });
}

/// Sends an update of a customer that another system stored.
fn check_foreign(world: &World, event: &str) -> Response {
    let before = world.customers();
    let response = world.respond(event).expect("an event");
    let after = world.customers();
    match response.status {
        200 => check_stored(&before, &after, CUSTOMER_ID, event),
        status => {
            assert!([400, 500].contains(&status), "{response:?}");
            assert_eq!(after, before, "{status} wrote");
            let is_updatable = has_plain_version(&before[CUSTOMER_ID]);
            assert!(status == 400 || !is_updatable, "{response:?}");
        }
    }
    response
}

/// Whether every system reads the stored version, if there is one, as the same whole number.
fn has_plain_version(stored: &Item) -> bool {
    match stored.get("version") {
        None => true,
        Some(version) => {
            let digits = version["N"].as_str().unwrap_or_default();
            digits.len() < 19 && digits.parse::<u64>().is_ok()
        }
    }
}

/// Sends an event to a function whose table holds the sample customer.
fn check_update(world: &World, event: &str) {
    let before = world.customers();
    let Some(response) = world.respond(event) else {
        return;
    };
    assert_ne!(response.status, 500, "{response:?}");
    let after = world.customers();
    if response.status != 200 {
        assert_eq!(after, before, "{} wrote", response.status);
        return;
    }
    assert!(has_write_token(event), "200 without a token that may write");
    let id = response.data()["id"].as_str().expect("an id").to_owned();
    check_stored(&before, &after, &id, event);

    let response = world
        .respond(&data_as_request(&id, &response))
        .expect("an event");
    assert_eq!(response.status, 200, "data sent back: {response:?}");
    let mut again = world.customers();
    for name in CHANGED_BY_EVERY_UPDATE {
        let value = after[&id].get(name).expect("written by each update");
        again
            .entry(id.clone())
            .or_default()
            .insert(name.to_owned(), value.clone());
    }
    assert_eq!(again, after, "data sent back");
}

/// Checks that an update stored what was sent and nothing else.
fn check_stored(
    before: &HashMap<String, Item>,
    after: &HashMap<String, Item>,
    id: &str,
    event: &str,
) {
    let body = sent_body(event);
    let sent: HashMap<String, &RawValue> = serde_json::from_slice(&body).expect("an object");
    let sent = |name: &str| sent.get(name).filter(|_| !READ_ONLY.contains(&name));
    let mut expected = before.clone();
    let old = expected.get_mut(id).expect("the customer");
    let new = &after[id];
    let names: BTreeSet<_> = old.keys().chain(new.keys()).cloned().collect();
    for name in names {
        let (stored, sent) = (new.get(&name), sent(&name));
        if let Some(sent) = sent {
            let holds = match stored {
                Some(stored) => holds(stored, sent.get(), name == "address"),
                None => ["\"\"", "[]"].contains(&sent.get()),
            };
            assert!(holds, "{name}: {sent} is stored as {stored:?}");
        }
        // A new email is not verified.
        let may_change = sent.is_some()
            || CHANGED_BY_EVERY_UPDATE.contains(&name.as_str())
            || (name == "verifiedEmail" && stored == Some(&serde_json::json!({"BOOL": false})));
        if may_change {
            match stored {
                Some(stored) => old.insert(name, stored.clone()),
                None => old.remove(&name),
            };
        }
    }
    assert_eq!(
        after, &expected,
        "an attribute that was not sent has changed"
    );
}

/// Whether an attribute is what the JSON text says. A null member of an address is left out.
fn holds(stored: &Value, sent: &str, is_address: bool) -> bool {
    let mut sent = json::read(sent.as_bytes()).expect("JSON");
    if let (true, Json::Array(addresses)) = (is_address, &mut sent) {
        for address in addresses {
            if let Json::Object(members) = address {
                members.retain(|_, value| *value != Json::Literal("null".to_owned()));
            }
        }
    }
    json::read(json_text(stored).as_bytes()).is_some_and(|stored| stored.same(&sent))
}

/// The JSON text of an attribute. A type that the function does not store is not JSON.
fn json_text(attribute: &Value) -> String {
    let (kind, value) = attribute
        .as_object()
        .and_then(|attribute| attribute.iter().next())
        .expect("a value");
    match (kind.as_str(), value) {
        ("N", Value::String(number)) => number.clone(),
        ("NULL", _) => "null".to_owned(),
        ("L", Value::Array(elements)) => {
            format!(
                "[{}]",
                elements.iter().map(json_text).collect::<Vec<_>>().join(",")
            )
        }
        ("M", Value::Object(members)) => {
            let members = members.iter().map(|(name, value)| {
                format!("{}:{}", Value::from(name.as_str()), json_text(value))
            });
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        }
        ("S" | "BOOL", value) => value.to_string(),
        (other, _) => format!("not JSON: {other}"),
    }
}

fn parsed(event: &str) -> Value {
    serde_json::from_str(event).expect("JSON")
}

/// The body as the caller sent it to API Gateway.
fn sent_body(event: &str) -> Vec<u8> {
    let event = parsed(event);
    let body = event["body"].as_str().unwrap_or_default();
    match event["isBase64Encoded"] == true {
        true => base64::decode(body).expect("base64"),
        false => body.as_bytes().to_vec(),
    }
}

fn has_write_token(event: &str) -> bool {
    let event = parsed(event);
    let lists = [&event["headers"], &event["multiValueHeaders"]];
    let mut headers = lists.into_iter().filter_map(Value::as_object).flatten();
    headers.any(|(name, value)| {
        name.eq_ignore_ascii_case("accessToken") && value.to_string().contains(WRITE_TOKEN)
    })
}

/// A request whose body is the `data` of a response.
fn data_as_request(id: &str, response: &Response) -> String {
    let body = json::read(response.text.as_bytes()).expect("JSON");
    let data = body.get("data").expect("data").to_string();
    put().id(id).body(data).http_api_event_text()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::panic::catch_unwind;
    use std::path::{Path, PathBuf};

    use serde_json::json;

    #[test]
    fn body_seeds_pass() {
        replay("seeds/body", super::body);
    }

    #[test]
    fn event_seeds_pass() {
        replay("../events", super::event);
    }

    #[test]
    fn stored_item_seeds_pass() {
        replay("seeds/stored_item", super::stored_item);
    }

    fn replay(folder: &str, check: fn(&[u8])) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let seeds = fs::read_dir(folder).unwrap();
        let seeds: Vec<_> = seeds.map(|seed| seed.unwrap().path()).collect();
        assert!(!seeds.is_empty());
        let fails = |seed: &PathBuf| {
            let data = fs::read(seed).unwrap();
            catch_unwind(|| check(&data)).is_err()
        };
        let failed: Vec<_> = seeds.into_iter().filter(fails).collect();
        assert!(failed.is_empty(), "{failed:#?}");
    }

    #[test]
    fn a_value_is_held_only_by_its_own_attribute() {
        let holds = |sent| super::holds(&stored(), sent, false);
        let same = [
            r#"[15e-1, {"a": null}, "\u00e9"]"#,
            r#"[1.5,{"a":null},"é"]"#,
        ];
        assert!(same.into_iter().all(holds));
        let others = [
            r#"[1.51, {"a": null}, "é"]"#,
            r#"["1.5", {"a": null}, "é"]"#,
            r#"[1.5, {}, "é"]"#,
            r#"[1.5, {"a": null, "b": 1}, "é"]"#,
            r#"[1.5, {"a": null}]"#,
            r#"[1.5, {"a": null}, "e"]"#,
        ];
        assert!(!others.into_iter().any(holds));
    }

    fn stored() -> serde_json::Value {
        json!({"L": [{"N": "1.50"}, {"M": {"a": {"NULL": true}}}, {"S": "é"}]})
    }
}
