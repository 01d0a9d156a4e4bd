//! The code, `openapi.yaml` and `docs/API.md` have the same rules and error codes.
//!
//! Patterns can only tell ASCII characters apart, because other engines know nothing else. Beyond ASCII,
//! and for rules that the document has in words, the document must accept what the code accepts.
//! `fields` compares names, types and lengths. `support::openapi` checks every response of every test.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use strum::VariantArray;
use testkit::response::shortened;
use update_customer::customer::address::TEXT_MEMBERS;
use update_customer::customer::fields::{FIELDS, Write};
use update_customer::customer::meta_fields;
use update_customer::customer::rules::{lines, one_line};
use update_customer::validation::ErrorCode;

use crate::support::openapi::{REQUEST_SCHEMA, at, resolve, violations};
use crate::support::{Response, TestApp, put};

/// A value at a JSON Pointer into an otherwise valid body.
type Case = (String, Value);

fn body((pointer, value): &Case) -> Value {
    let mut body =
        json!({"firstName": "John", "lastName": "Doe", "email": "john@aximcommerce.com"});
    match pointer.split('/').skip(1).collect::<Vec<_>>()[..] {
        [] => body = value.clone(),
        [name] => body[name] = value.clone(),
        [list, "0"] => body[list] = json!([value]),
        ["address", "0", name] => {
            body["address"] = json!([{"isDefaultAddress": false}]);
            body["address"][0][name] = value.clone();
        }
        ["metaFields", "0", name] => body["metaFields"] = json!([{name: value, "value": 1}]),
        _ => panic!("no body has {pointer}"),
    }
    body
}

/// Why the code rejects a body; empty when it accepts it.
fn rejection(response: &Response) -> Vec<String> {
    match response.status {
        200 => Vec::new(),
        400 => match response.validation_errors() {
            errors if errors.is_empty() => vec![response.body["message"].to_string()],
            errors => errors,
        },
        status => vec![format!("status {status}")],
    }
}

fn verdict(reasons: &[String]) -> String {
    match reasons {
        [] => "accepts it".to_owned(),
        reasons => format!("rejects it ({})", shortened(&reasons.join(", "))),
    }
}

/// Sends each body, and validates it against the schema. Fails with one line for each field on
/// which code and schema disagree.
async fn assert_agreement(cases: impl IntoIterator<Item = Case>) {
    // The schema may accept more only beyond ASCII.
    assert_verdicts(cases, |value| !value.to_string().is_ascii()).await;
}

/// Each value must break a rule that the document has in words: the code rejects it, the schema does not.
async fn assert_forbidden_in_words(pointer: &str, values: &[Value]) {
    let app = TestApp::new().await;
    for case in combine(&[pointer], values) {
        let body = body(&case);
        let response = app.send(put().json(&body)).await;
        assert_ne!(rejection(&response), [""; 0], "the code accepts {}", case.1);
        assert_eq!(violations(REQUEST_SCHEMA, &body), [""; 0], "{}", case.1);
    }
}

async fn assert_verdicts(
    cases: impl IntoIterator<Item = Case>,
    schema_may_accept: impl Fn(&Value) -> bool,
) {
    let app = TestApp::new().await;
    let mut disagreements = BTreeMap::<_, Vec<_>>::new();
    for case in cases {
        let body = body(&case);
        let response = app.send(put().json(&body)).await;
        let (code, schema) = (rejection(&response), violations(REQUEST_SCHEMA, &body));
        let (pointer, value) = case;
        let agree = code.is_empty() == schema.is_empty();
        if !(agree || schema.is_empty() && schema_may_accept(&value)) {
            let (code, schema) = (verdict(&code), verdict(&schema));
            let value = shortened(&value);
            let line = format!("{pointer} {value}: the code {code}, openapi.yaml {schema}");
            disagreements.entry(pointer).or_default().push(line);
        }
    }
    let lines: Vec<_> = disagreements
        .values()
        .map(|lines| match lines.len() - 1 {
            0 => lines[0].clone(),
            more => format!("{} (and {more} more values)", lines[0]),
        })
        .collect();
    assert!(lines.is_empty(), "\n{}", lines.join("\n"));
}

/// The pointer to every string of a request body. `fields` checks that `openapi.yaml` has the same.
fn strings() -> Vec<String> {
    let texts = FIELDS.iter().filter(|field| match field.write {
        Write::Required(_) | Write::Email | Write::Optional(_) => true,
        Write::ReadOnly | Write::List(_) => false,
    });
    let mut pointers: Vec<_> = texts.map(|field| format!("/{}", field.name)).collect();
    let members = TEXT_MEMBERS.iter();
    pointers.extend(members.map(|(name, _)| format!("/address/0/{name}")));
    pointers.push("/metaFields/0/code".to_owned());
    pointers
}

/// Each of the values at each of the pointers.
fn combine(pointers: &[impl ToString], values: &[Value]) -> Vec<Case> {
    let mut cases = Vec::new();
    for pointer in pointers {
        cases.extend(
            values
                .iter()
                .map(|value| (pointer.to_string(), value.clone())),
        );
    }
    cases
}

#[tokio::test]
async fn types_and_blank_values_agree_with_the_schema() {
    let mut pointers = strings();
    pointers.extend(["/address".to_owned(), "/metaFields".to_owned()]);
    let values = [
        json!(""),
        json!(" "),
        json!("\u{a0}"),
        json!(null),
        json!(1),
        json!(true),
        json!([]),
        json!({}),
        json!(["a"]),
        json!("a"),
        json!("a b"),
        json!(" a "),
    ];
    assert_agreement(combine(&pointers, &values)).await;
}

#[tokio::test]
async fn control_characters_agree_with_the_schema() {
    let values = [
        "a\nb",
        "a\r\n\tb",
        "a\tb",
        "a\0b",
        "a\u{1f}b",
        "a\u{7f}b",
        "a\u{85}b",
        "a\u{9f}b",
        "a\u{a0}b",
        "\n",
        "a\n",
        "\na",
        "a\u{2027}b",
        "a\u{2028}b",
        "a\u{2029}b",
        "\u{202a}a",
        "a\u{202e}",
        "a\u{202f}b",
        "a\u{200c}b",
        "\u{200f}a",
        "\u{2066}a\u{2069}",
    ];
    assert_agreement(combine(&strings(), &values.map(Value::from))).await;
}

#[test]
fn every_character_up_to_ffff_agrees_with_the_patterns() {
    for (pointer, rule) in [
        ("/components/schemas/Name", meta_fields::CODE),
        ("/components/schemas/AddressLine", one_line(255)),
        (
            "/components/schemas/CustomerUpdate/properties/notes",
            lines(10_000),
        ),
    ] {
        for c in '\0'..='\u{ffff}' {
            let text = c.to_string();
            let (code, schema) = (rule.check(&text), violations(pointer, &json!(text)));
            let agree = code.is_ok() == schema.is_empty() || !c.is_ascii() && schema.is_empty();
            assert!(agree, "{pointer}: {c:?} {code:?} {schema:?}");
        }
    }
}

#[tokio::test]
async fn phone_numbers_agree_with_the_schema() {
    let numbers = [
        "65161861",
        "+1 (908) 555-0100",
        "0908/555.010",
        "908-555-0100 x12",
        "908-555-0100x12",
        "908 ext. 12",
        "908 EXT12",
        "112",
        "12",
        "1 2",
        "1-2-3",
        "x123",
        "ext 123",
        "123 x",
        "123 ext",
        "123 x 12",
        "123 x.12",
        "123 x1 2",
        "123 x-4",
        "123 y",
        "1x23",
        "1x2",
        "12x",
        "１２３",
        "123\n",
        "\n123",
        "123é",
        "call 123",
        "+-()",
        "123 x12 x12",
        "123 e 12",
        "123X4",
        "123 eXt 4",
        "()123",
        "(555) 555-5555 # 1234",
        "555-555-5555 extension 12",
        "555 EXTN 12",
        "123 exten 12",
        "+15555555555;ext=12",
        "+15555555555;EXT=12",
        "555 ext=12",
        "555;x=12",
        "908\u{a0}555\u{2013}0100",
        "١٢٣",
        "𝟙𝟚𝟛",
        "*67#,908;555",
        "908_555",
        "123 ext..4",
        "123 ext . 4",
        "123 x ",
    ];
    let pointers = ["/phoneNumber", "/address/0/phoneNumber"];
    assert_agreement(combine(&pointers, &numbers.map(Value::from))).await;
}

#[tokio::test]
async fn countries_agree_with_the_schema() {
    let pointer = "/address/0/country";
    let countries = [
        "US", "DE", "TW", "GB", "", "us", "Us", "USA", "XK", "AC", "TA", " US", "US ", "U", "840",
        "ＵＳ",
    ];
    assert_agreement(combine(&[pointer], &countries.map(Value::from))).await;
    let unassigned = ["UK", "EL", "EU", "ZZ"].map(Value::from);
    assert_forbidden_in_words(pointer, &unassigned).await;
}

#[tokio::test]
async fn emails_agree_with_the_schema() {
    let mut emails: Vec<_> = [
        "john@aximcommerce.com",
        "a+b@example.com",
        "o'neil@example.ie",
        "a..b@docomo.ne.jp",
        ".a.@docomo.ne.jp",
        "a,b@example.com",
        "a[b@example.com",
        "x@shop.photography",
        "john",
        "john@",
        "@example.com",
        "john@localhost",
        "a b@example.com",
        "a@b@example.com",
        "john@example.com ",
        "",
        " ",
        "a@example.com\n",
        "\"\"@example.com",
        "\"a b\"@example.com",
        "\"a\\\"b\"@example.com",
        "\"a\"b@example.com",
        "john@x.co\u{200b}",
        "\u{202e}john@example.com",
        "jo\u{2800}hn@example.com",
        "jo\u{fffd}hn@example.com",
        "jo\u{e000}hn@example.com",
        "john@exa\u{2800}mple.com",
        "a@ශ්\u{200d}රී.com",
        "info@государственнаядума-официальныйсайт.рф",
        "用户@例子.公司",
        "john@1.2.3.x",
        "john@-a.com",
        "john@a-.com",
        "john@a.com.",
        "john@[127.0.0.1]",
    ]
    .map(Value::from)
    .into();
    let long = |local, label| json!(format!("{}@{}.com", "l".repeat(local), "d".repeat(label)));
    emails.extend([long(64, 63), long(65, 63)]);
    assert_agreement(combine(&["/email"], &emails)).await;
    assert_forbidden_in_words("/email", &[long(64, 64), json!("john@1.2.3.4")]).await;
}

#[tokio::test]
async fn list_entries_agree_with_the_schema() {
    let addresses = [
        json!({}),
        json!({"city": ""}),
        json!({"city": null, "state": ""}),
        json!({"city": "A", "state": null}),
        json!({"isDefaultAddress": true}),
        json!({"city": "A", "isDefaultAddress": null}),
        json!({"isDefaultAddress": "true"}),
        json!({"city": "A", "isDefaultAddress": 1}),
        json!({"city": "A", "street": "B"}),
        json!({"city": "A", "id": "B"}),
        json!(null),
        json!("A"),
        json!([]),
        json!(1),
    ];
    let meta_fields = [
        json!({}),
        json!({"code": "c"}),
        json!({"value": 1}),
        json!({"code": "c", "value": null}),
        json!({"code": "c", "value": {"a": [1]}}),
        json!({"code": "c", "value": 1, "id": 2}),
        json!({"code": null, "value": 1}),
        json!(null),
        json!("c"),
        json!([]),
    ];
    let mut cases = combine(&["/address/0"], &addresses);
    cases.extend(combine(&["/metaFields/0"], &meta_fields));
    assert_agreement(cases).await;

    let only_null = [json!({"city": null}), json!({"isDefaultAddress": null})];
    assert_forbidden_in_words("/address/0", &only_null).await;
    let default = json!({"isDefaultAddress": true});
    assert_forbidden_in_words("/address", &[json!([default, default])]).await;
    let meta_field = json!({"code": "c", "value": 1});
    assert_forbidden_in_words("/metaFields", &[json!([meta_field, meta_field])]).await;
}

#[tokio::test]
async fn read_only_and_unknown_fields_agree_with_the_schema() {
    let read_only = FIELDS.iter();
    let read_only = read_only.filter(|field| matches!(field.write, Write::ReadOnly));
    let read_only: Vec<_> = read_only.map(|field| format!("/{}", field.name)).collect();
    let values = [
        json!(null),
        json!(""),
        json!(1),
        json!(false),
        json!({"a": []}),
        json!([1]),
    ];
    let unknown = [
        "/version",
        "/updatedBy",
        "/emial",
        "/FirstName",
        "/",
        "/metafields",
        "/$ref",
    ];
    let mut cases = combine(&read_only, &values);
    cases.extend(combine(&unknown, &[json!("x")]));
    assert_agreement(cases).await;
}

#[tokio::test]
async fn types_of_the_body_agree_with_the_schema() {
    let valid = body(&("/status".to_owned(), json!("active")));
    let bodies = [
        json!({}),
        json!([]),
        json!(null),
        json!("text"),
        json!(1),
        json!([valid]),
    ];
    assert_agreement(combine(&[""], &bodies)).await;
}

/// The texts in backticks.
fn quoted(text: &str) -> BTreeSet<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// The lines of a section of `docs/API.md`.
fn section(heading: &str) -> Vec<&'static str> {
    let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/API.md"));
    let lines = text.lines().skip_while(|line| *line != heading).skip(1);
    lines.take_while(|line| !line.starts_with('#')).collect()
}

/// The names in the first column of the tables of a section of `docs/API.md`.
fn first_column(heading: &str) -> BTreeSet<&'static str> {
    let cells = section(heading).into_iter().filter_map(|line| {
        let (cell, _) = line.strip_prefix("| ")?.split_once(" |")?;
        Some(quoted(cell))
    });
    cells.flatten().collect()
}

/// Fails with one line for each code that only one side has.
#[track_caller]
fn assert_same_codes(place: &str, documented: &BTreeSet<&str>, implemented: &BTreeSet<&str>) {
    let differences: Vec<_> = implemented
        .symmetric_difference(documented)
        .map(|code| match implemented.contains(code) {
            true => format!("`{code}` is not in {place}"),
            false => format!("`{code}` is only in {place}"),
        })
        .collect();
    assert!(differences.is_empty(), "\n{}", differences.join("\n"));
}

#[test]
fn error_codes_agree_with_the_documents() {
    let field_codes = ErrorCode::VARIANTS.iter().map(<&str>::from).collect();
    let codes = BTreeSet::from([
        "invalid_request",
        "token_missing",
        "token_invalid",
        "insufficient_permission",
        "customer_not_found",
        "version_conflict",
        "internal_error",
        "method_not_allowed",
        "not_found",
    ]);
    for (schema, heading, codes) in [
        ("FieldError", "### Field error codes", field_codes),
        ("Error", "### Error codes", codes),
    ] {
        let pointer = format!("/components/schemas/{schema}/properties/code/description");
        let description = at(&pointer).as_str().unwrap();
        assert_same_codes("openapi.yaml", &quoted(description), &codes);
        let mut documented = first_column(heading);
        documented.remove("code");
        assert_same_codes("docs/API.md", &documented, &codes);
    }
}

#[test]
fn lengths_agree_with_api_md() {
    for schema in ["CustomerUpdate", "AddressUpdate", "MetaFieldUpdate"] {
        let properties = at(&format!("/components/schemas/{schema}/properties"));
        for (name, property) in properties.as_object().unwrap() {
            let (_, property) = resolve("", property);
            let Some(max) = property["maxLength"].as_u64() else {
                continue;
            };
            let name = format!("`{name}`");
            let rows = section("## Field rules").into_iter();
            let mut rows = rows.filter(|line| line.split(" |").next().unwrap().contains(&name));
            let length = format!("up to {max}");
            assert!(
                rows.any(|row| row.contains(&length) || row.contains("as above")),
                "docs/API.md has no row for {name} of {schema} with {length:?}"
            );
        }
    }
}

#[test]
fn version_is_the_crate_s() {
    assert_eq!(*at("/info/version"), env!("CARGO_PKG_VERSION"));
}
