//! Properties that hold for every input, checked on generated ones.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::future::Future;
use std::sync::Arc;

use aws_sdk_dynamodb::types::AttributeValue;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestError, TestRunner};
use serde_json::json;
use testkit::json::{self, Json};
use testkit::response::shortened;
use testkit::sample_customer;
use testkit::tables;
use update_customer::customer::fields::{FIELDS, FieldType, Write};
use update_customer::dynamodb::attribute::Item;

use crate::support::{Response, TestApp, WRITE_TOKEN, put};

/// Checks `property` on `cases` generated inputs, all with one app. Fails with the smallest failing
/// input.
pub fn check<T, F>(
    cases: u32,
    inputs: impl Strategy<Value = T>,
    property: impl Fn(Arc<TestApp>, T) -> F,
) where
    T: std::fmt::Debug,
    F: Future<Output = Result<(), TestCaseError>>,
{
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let app = Arc::new(runtime.block_on(TestApp::new()));
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    let outcome = TestRunner::new(config).run(&inputs, |input| {
        runtime.block_on(property(Arc::clone(&app), input))
    });
    runtime.block_on(async move { drop(app) });
    match outcome {
        Ok(()) => {}
        Err(TestError::Fail(reason, input)) => panic!("{reason}\ninput: {input:?}"),
        Err(error) => panic!("{error}"),
    }
}

/// The text of a number that DynamoDB can store: up to 38 significant digits and a magnitude from
/// 1e-130 to 9.99…e125.
fn number() -> impl Strategy<Value = String> {
    prop_oneof![
        "-?(0|[1-9][0-9]{0,37})",
        "-?[1-9]\\.[0-9]{1,37}[eE](-(1[0-2][0-9]|[1-9]?[0-9])|\\+?(1[01][0-9]|12[0-4]|[1-9]?[0-9]))",
        "-?0\\.[0-9]{1,37}",
        any::<i64>().prop_map(|number| number.to_string()),
        (-1e100..1e100).prop_map(|number: f64| format!("{number:e}")),
    ]
}

/// The text of any JSON value that can be stored.
fn json_text() -> impl Strategy<Value = String> {
    let string = any::<String>().prop_map(|text| json!(text).to_string());
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("false".to_owned()),
        number(),
        string
    ];
    leaf.prop_recursive(8, 48, 6, |inner| {
        let member = (".{1,8}", inner.clone());
        prop_oneof![
            prop::collection::vec(inner, 0..6)
                .prop_map(|elements| format!("[{}]", elements.join(","))),
            prop::collection::vec(member, 0..6).prop_map(|members| {
                let mut seen = HashSet::new();
                let members: Vec<_> = members
                    .into_iter()
                    .filter(|(key, _)| seen.insert(key.clone()))
                    .map(|(key, value)| format!("{}:{value}", json!(key)))
                    .collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

/// Fails with one line for each member in which two objects differ, other than in `except`. Numbers are
/// compared digit for digit, in any notation.
fn check_equal(found: &Json, expected: &Json, except: &[&str]) -> Result<(), TestCaseError> {
    let members = [found, expected].into_iter().flat_map(Json::members);
    let names: BTreeSet<_> = members.map(|(name, _)| name.as_str()).collect();
    let names = names.into_iter().filter(|name| !except.contains(name));
    let differing = names.filter(|name| match (found.get(name), expected.get(name)) {
        (Some(found), Some(expected)) => !found.same(expected),
        _ => true,
    });
    let shown = |value: Option<&Json>| value.map_or("nothing".to_owned(), shortened);
    let lines: Vec<_> = differing
        .map(|name| {
            let (found, expected) = (shown(found.get(name)), shown(expected.get(name)));
            format!("{name}: {found} instead of {expected}")
        })
        .collect();
    prop_assert!(lines.is_empty(), "{}", lines.join("\n"));
    Ok(())
}

/// The `data` of a response, with all digits of its numbers.
fn data(response: &Response) -> Json {
    let body = json::read(response.text.as_bytes()).expect("JSON");
    body.get("data").expect("data").clone()
}

/// The response has a documented status, and the body and headers of that status.
fn check_documented(response: &Response) -> Result<(), TestCaseError> {
    prop_assert_eq!(response.header("content-type"), Some("application/json"));
    prop_assert_eq!(response.header("cache-control"), Some("no-store"));
    prop_assert!(response.body["message"].is_string());
    let success = response.status == 200;
    prop_assert_eq!(&response.body["success"], &json!(success));
    prop_assert_eq!(response.body["data"].is_object(), success);
    prop_assert_eq!(response.body["code"].is_string(), !success);
    prop_assert_eq!(response.body["requestId"].is_string(), !success);
    prop_assert!(
        matches!(response.status, 200 | 400 | 401 | 404 | 412),
        "{}",
        shortened(&response.body)
    );
    Ok(())
}

#[test]
fn any_valid_value_is_stored_digit_for_digit() {
    check(150, json_text(), |app, text| async move {
        let body = format!(
            r#"{{"firstName": "John", "lastName": "Doe", "email": "john@aximcommerce.com",
                "metaFields": [{{"code": "c", "value": {text}}}]}}"#
        );
        let sent = json::read(text.as_bytes()).expect("JSON");
        let response = app.send(put().body(body)).await;
        prop_assert_eq!(response.status, 200, "{}", shortened(&response.text));
        let shown = json::read(response.text.as_bytes()).expect("JSON");
        let shown = shown.at("/data/metaFields/0/value");
        prop_assert!(shown[0].same(&sent), "{}", shortened(shown[0]));
        let stored = app.stored_digits().await;
        let stored = stored.at("/metaFields/0/value");
        prop_assert!(stored[0].same(&sent), "{}", shortened(stored[0]));
        Ok(())
    });
}

#[test]
fn any_body_gets_a_documented_response() {
    let bytes = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..200),
        "\\PC{0,100}".prop_map(String::into_bytes),
        json_text().prop_map(String::into_bytes),
        json_text().prop_map(|text| format!(
            r#"{{"firstName":{text},"address":[{text}],"metaFields":{text}}}"#
        )
        .into()),
    ];
    check(300, bytes, |app, bytes| async move {
        check_documented(&app.send(put().body(bytes)).await)
    });
}

#[test]
fn any_header_value_gets_a_documented_response() {
    // The characters of an HTTP field value (RFC 9110, section 5.5).
    let value = "[ -~\t\u{80}-\u{ff}]{0,60}";
    let headers = (
        value,
        value,
        value,
        // One bit for each header that keeps its valid value.
        0..8,
    );
    check(
        300,
        headers,
        |app, (token, content_type, if_match, valid)| async move {
            let mut request = put();
            if valid & 1 == 0 {
                request = request.token(&token);
            }
            if valid & 2 == 0 {
                request = request.header("content-type", &content_type);
            }
            if valid & 4 == 0 {
                request = request.if_match(&if_match);
            }
            check_documented(&app.send_event(&request.http_api_event()).await)?;
            check_documented(&app.send_event(&request.rest_api_event()).await)
        },
    );
}

#[test]
fn any_unknown_id_gets_404_and_creates_nothing() {
    let id = prop_oneof![
        "\\PC{0,40}",
        any::<String>(),
        "[%/.a-f0-9]{0,40}",
        ".{700,2100}"
    ];
    check(200, id, |app, id| async move {
        let response = app.send(put().id(&id)).await;
        check_documented(&response)?;
        prop_assert_eq!(response.status, 404);
        let mut event = put().id(&id).http_api_event();
        event.as_object_mut().unwrap().remove("pathParameters");
        let unrouted = app.send_event(&event).await;
        check_documented(&unrouted)?;
        prop_assert_eq!(unrouted.status, 404);
        let scan = app
            .client
            .scan()
            .table_name(&app.customers)
            .send()
            .await
            .unwrap();
        prop_assert_eq!(scan.count, 1);
        Ok(())
    });
}

#[test]
fn returned_data_sent_back_changes_nothing() {
    let line = "[ -~é😀]{0,20}";
    let body = (line, line, proptest::option::of("[0-9]{3,32}"), json_text(), proptest::option::of(line))
        .prop_map(|(company, notes, phone, value, city)| {
            let mut address = json!({"isDefaultAddress": true});
            if let Some(city) = city {
                address["city"] = json!(city);
            }
            let body = json!({
                "firstName": "John", "lastName": "Doe", "email": "John@aximcommerce.com", "company": company,
                "notes": notes, "phoneNumber": phone, "address": [address],
                "metaFields": [{"code": "c", "value": "VALUE"}]
            });
            body.to_string().replace("\"VALUE\"", &value)
        });
    check(100, body, |app, body| async move {
        let first = app.send(put().body(body)).await;
        prop_assert_eq!(first.status, 200, "{}", shortened(&first.text));
        let before = app.stored_digits().await;
        let second = app.send(put().body(data(&first).to_string())).await;
        prop_assert_eq!(second.status, 200, "{}", shortened(&second.text));
        let after = app.stored_digits().await;
        let version = |stored: &Json| stored.get("version")?.to_string().parse::<u64>().ok();
        prop_assert_eq!(version(&after), version(&before).map(|version| version + 1));
        check_equal(&after, &before, &["version", "updatedAt"])?;
        check_equal(&data(&second), &data(&first), &["updatedAt"])
    });
}

/// The sample customer, with some of its optional and read-only attributes absent, NULL or empty.
fn items_with_empty_attributes() -> impl Strategy<Value = Item> {
    let fields = FIELDS.iter().filter(|field| {
        !matches!(field.write, Write::Required(_)) && !["id", "updatedAt"].contains(&field.name)
    });
    let attributes: Vec<_> = fields
        .map(|field| {
            let empty = match field.field_type {
                FieldType::Text => AttributeValue::S(String::new()),
                FieldType::Boolean => AttributeValue::Bool(false),
                FieldType::List => AttributeValue::L(Vec::new()),
                FieldType::Object => AttributeValue::M(HashMap::new()),
            };
            let empty = vec![None, Some(AttributeValue::Null(true)), Some(empty)];
            let empty = proptest::option::of(proptest::sample::select(empty));
            empty.prop_map(|attribute| (field.name, attribute))
        })
        .collect();
    attributes.prop_map(|attributes| {
        let mut item = tables::item(&sample_customer());
        for (name, attribute) in attributes {
            match attribute {
                None => {}
                Some(None) => drop(item.remove(name)),
                Some(Some(attribute)) => drop(item.insert(name.to_owned(), attribute)),
            }
        }
        item
    })
}

#[test]
fn returned_data_of_empty_attributes_sent_back_changes_nothing() {
    check(100, items_with_empty_attributes(), |app, item| async move {
        app.store_item(item).await;
        let first = app.send(put()).await;
        prop_assert_eq!(first.status, 200, "{}", shortened(&first.body));
        let body = data(&first).to_string();
        // The customer already holds all of it, so that even a stale version is accepted.
        let held = app.send(put().body(&body).if_match("\"0\"")).await;
        prop_assert_eq!(held.status, 200, "{}", shortened(&held.text));
        check_equal(&data(&held), &data(&first), &[])?;
        let second = app.send(put().body(&body)).await;
        prop_assert_eq!(second.status, 200, "{}", shortened(&second.text));
        check_equal(&data(&second), &data(&first), &["updatedAt"])
    });
}

#[test]
fn token_is_never_in_a_response() {
    check(100, "[ -~]{0,60}", |app, text| async move {
        let response = app
            .send(put().body(&text).token(&format!("{WRITE_TOKEN}{text}")))
            .await;
        prop_assert!(!response.body.to_string().contains(WRITE_TOKEN));
        Ok(())
    });
}
