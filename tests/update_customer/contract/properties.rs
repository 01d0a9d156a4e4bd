//! Properties that hold for every input, checked on generated ones.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::json;
use testkit::json::{self, Json};

use crate::support::property::check;
use crate::support::{Response, SAMPLE_REQUEST, WRITE_TOKEN, put, shortened};

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
    let literal = prop::sample::select(vec!["null", "true", "false"]).prop_map(str::to_owned);
    let leaf = prop_oneof![literal, number(), string];
    leaf.prop_recursive(8, 48, 6, |inner| {
        let object = prop::collection::btree_map(".{1,8}", inner.clone(), 0..6);
        let list = prop::collection::vec(inner, 0..6);
        prop_oneof![
            list.prop_map(|elements| format!("[{}]", elements.join(","))),
            object.prop_map(|members| {
                let members = members.iter();
                let members = members.map(|(key, value)| format!("{}:{value}", json!(key)));
                format!("{{{}}}", members.collect::<Vec<_>>().join(","))
            }),
        ]
    })
}

/// Fails with one line for each member in which two objects differ, other than in `except`. Numbers are
/// compared digit for digit, in any notation.
fn check_equal(found: &Json, expected: &Json, except: &[&str]) -> Result<(), TestCaseError> {
    let members = [found, expected].into_iter().flat_map(Json::members);
    let mut names: BTreeSet<_> = members.map(|(name, _)| name.as_str()).collect();
    names.retain(|name| !except.contains(name));
    for name in names {
        let (found, expected) = (found.get(name), expected.get(name));
        let both = found.zip(expected);
        let same = both.is_some_and(|(found, expected)| found.same(expected));
        prop_assert!(same, "{name}: {found:?} instead of {expected:?}");
    }
    Ok(())
}

/// The `data` of a response, with all digits of its numbers.
fn data(response: &Response) -> Json {
    let body = json::read(response.text.as_bytes()).expect("JSON");
    body.get("data").expect("data").clone()
}

/// A status that a request may cause. That the response is as documented is checked for every response.
fn check_documented(response: &Response) -> Result<(), TestCaseError> {
    let is_documented = matches!(response.status, 200 | 400 | 401 | 404 | 412);
    prop_assert!(is_documented, "{}", shortened(&response.body));
    Ok(())
}

#[test]
fn any_valid_value_is_stored_digit_for_digit_and_sent_back_changes_nothing() {
    check(150, json_text(), |app, text| async move {
        let body = SAMPLE_REQUEST.replace("12548", &text);
        let sent = json::read(text.as_bytes()).expect("JSON");
        let first = app.send(put().body(body)).await;
        prop_assert_eq!(first.status, 200, "{}", shortened(&first.text));
        let before = app.stored_digits().await;
        for value in [
            data(&first).at("/metaFields/0/value"),
            before.at("/metaFields/0/value"),
        ] {
            let value = value.expect("a value");
            prop_assert!(value.same(&sent), "{}", shortened(value));
        }
        let second = app.send(put().body(data(&first).to_string())).await;
        prop_assert_eq!(second.status, 200, "{}", shortened(&second.text));
        let after = app.stored_digits().await;
        check_equal(&after, &before, &["version", "updatedAt"])?;
        check_equal(&data(&second), &data(&first), &["updatedAt"])
    });
}

#[test]
fn any_body_gets_a_documented_response() {
    let fields = json_text().prop_map(|text| {
        format!(r#"{{"firstName":{text},"address":[{text}],"metaFields":{text}}}"#)
    });
    let bytes = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..200),
        "\\PC{0,100}".prop_map(String::into_bytes),
        json_text().prop_map(String::into_bytes),
        fields.prop_map(String::into_bytes),
    ];
    check(200, bytes, |app, bytes| async move {
        check_documented(&app.send(put().body(bytes)).await)
    });
}

#[test]
fn any_header_value_gets_a_documented_response_without_the_token() {
    // The characters of an HTTP field value (RFC 9110, section 5.5).
    let value = "[ -~\t\u{80}-\u{ff}]{0,60}";
    let values = prop::collection::vec(prop::option::of(value), 3);
    check(200, values, |app, values| async move {
        let mut request = put();
        for (name, value) in ["accessToken", "content-type", "if-match"]
            .iter()
            .zip(values)
        {
            request = match value {
                Some(value) if *name == "accessToken" => {
                    request.token(&(WRITE_TOKEN.to_owned() + &value))
                }
                Some(value) => request.header(name, &value),
                None => request,
            };
        }
        for event in [request.http_api_event(), request.rest_api_event()] {
            let response = app.send_event(&event).await;
            check_documented(&response)?;
            prop_assert!(!response.text.contains(WRITE_TOKEN));
        }
        Ok(())
    });
}

#[test]
fn any_unknown_id_gets_404_and_creates_nothing() {
    let id = prop_oneof![
        "\\PC{0,40}",
        any::<String>(),
        "[%/.a-f0-9]{0,40}",
        ".{700,2100}"
    ];
    check(100, id, |app, id| async move {
        let mut unrouted = put().id(&id).http_api_event();
        unrouted.as_object_mut().unwrap().remove("pathParameters");
        for event in [put().id(&id).http_api_event(), unrouted] {
            prop_assert_eq!(app.send_event(&event).await.status, 404);
        }
        let scan = app.tables.client.scan().table_name(&app.tables.customers);
        prop_assert_eq!(scan.send().await.unwrap().count, 1);
        Ok(())
    });
}
