//! The code, `openapi.yaml` and `docs/API.md` have the same rules and error codes.
//!
//! Patterns can only tell ASCII characters apart, because other engines know nothing else. Beyond ASCII,
//! and for rules that the document has in words, the document must accept what the code accepts.
//! `fields` compares names, types and lengths. `support::documents` checks every response of every test.

use std::collections::BTreeSet;

use pretty_assertions::assert_eq;
use serde_json::{Value, json};
use strum::VariantArray;
use testkit::shortened;
use update_customer::customer::fields::{FIELDS, Write};
use update_customer::customer::meta_fields;
use update_customer::customer::rules::{lines, one_line};
use update_customer::validation::ErrorCode;

use crate::support::documents::{
    REQUEST_SCHEMA, body_with, openapi, properties, strings, violations,
};
use crate::support::{TestApp, put};

/// What the document must say of a value.
#[derive(Clone, Copy, PartialEq)]
enum Rule {
    /// The schema accepts what the code accepts. Beyond ASCII, it may accept more.
    InSchema,
    /// The code rejects the value, and the schema, whose text has the rule in words, accepts it.
    InWords,
}

/// Describes a value that is accepted, or rejected for a reason.
fn verdict(reason: Option<String>) -> String {
    let rejects = |reason| format!("rejects it ({})", shortened(&reason));
    reason.map_or("accepts it".to_owned(), rejects)
}

/// Sends a body with each value at each pointer, and validates it against the schema. Fails with one line for
/// each pointer at which code and schema disagree.
async fn assert_agreement(rule: Rule, pointers: &[impl AsRef<str>], values: &[Value]) {
    let app = TestApp::new().await;
    let mut disagreements = Vec::new();
    for pointer in pointers.iter().map(AsRef::as_ref) {
        let mut lines = Vec::new();
        for value in values {
            let body = body_with(pointer, value);
            let response = app.send(put().json(&body)).await;
            let message = &response.body["message"];
            let code = (response.status != 200).then(|| message.to_string());
            let schema = violations(REQUEST_SCHEMA, &body).into_iter().next();
            let agrees = match (rule, code.is_none(), schema.is_none()) {
                (Rule::InSchema, false, true) => !value.to_string().is_ascii(),
                (Rule::InSchema, code, schema) => code == schema,
                (Rule::InWords, code, schema) => !code && schema,
            };
            if !agrees {
                let (code, schema) = (verdict(code), verdict(schema));
                let value = shortened(value);
                lines.push(format!(
                    "{pointer} {value}: the code {code}, openapi.yaml {schema}"
                ));
            }
        }
        let more = lines.len().saturating_sub(1);
        let first = lines.into_iter().next();
        disagreements.extend(first.map(|first| format!("{first} (and {more} more values)")));
    }
    assert!(disagreements.is_empty(), "\n{}", disagreements.join("\n"));
}

/// A JSON list, one value or several in a line.
fn list(json: &str) -> Vec<Value> {
    serde_json::from_str(json).expect("a JSON list")
}

#[tokio::test]
async fn types_blank_values_and_control_characters_agree_with_the_schema() {
    let lists = ["/address", "/metaFields"].map(str::to_owned);
    let strings = strings().into_iter().map(|(pointer, _)| pointer);
    let pointers: Vec<_> = strings.chain(lists).collect();
    let values = list(
        r#"["", " ", "\u00a0", null, 1, true, [], {}, ["a"], "a", "a b", " a ",
            "a\nb", "a\tb", "a\u0000b", "a\u007fb", "\n", "a\n", "\na", "a\u2028b", "a\u202e"]"#,
    );
    assert_agreement(Rule::InSchema, &pointers, &values).await;
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
    let pointers = ["/phoneNumber", "/address/0/phoneNumber"];
    let numbers = list(
        r#"[
            "65161861", "+1 (908) 555-0100", "0908/555.010", "*67#,908;555", "908_555", "908\u00a0555\u20130100",
            "112", "12", "1 2", "1-2-3", "+-()", "()123", "１２３", "١٢٣", "𝟙𝟚𝟛", "123é", "123\n", "\n123", "call 123",
            "908-555-0100 x12", "908-555-0100x12", "908 ext. 12", "908 EXT12", "123X4", "123 eXt 4", "123 x1 2",
            "123 x-4", "123 x 12", "123 x.12", "123 ext..4", "123 ext . 4", "123 x12 x12", "(555) 555-5555 # 1234",
            "555-555-5555 extension 12", "555 EXTN 12", "+15555555555;ext=12", "+15555555555;EXT=12",
            "x123", "ext 123", "123 x", "123 x ", "123 ext", "123 y", "1x23", "1x2", "12x", "123 e 12", "123 exten 12",
            "555 ext=12", "555;x=12"
        ]"#,
    );
    assert_agreement(Rule::InSchema, &pointers, &numbers).await;
}

#[tokio::test]
async fn countries_agree_with_the_schema() {
    let pointer = ["/address/0/country"];
    let countries = list(
        r#"["US", "GB", "", "us", "Us", "USA", "XK", "AC", "TA", " US", "US ", "U", "840", "ＵＳ"]"#,
    );
    assert_agreement(Rule::InSchema, &pointer, &countries).await;
    let unassigned = list(r#"["UK", "EL", "EU", "ZZ"]"#);
    assert_agreement(Rule::InWords, &pointer, &unassigned).await;
}

#[tokio::test]
async fn emails_agree_with_the_schema() {
    let mut emails = list(
        r#"[
            "john@aximcommerce.com", "a+b@example.com", "o'neil@example.ie", "a..b@docomo.ne.jp", ".a.@docomo.ne.jp",
            "x@shop.photography", "用户@例子.公司", "a@ශ්\u200dරී.com", "info@государственнаядума-официальныйсайт.рф",
            "", " ", "john", "john@", "@example.com", "john@localhost", "a b@example.com", "a@b@example.com",
            "a,b@example.com", "a[b@example.com", "john@example.com ", "a@example.com\n", "\"\"@example.com",
            "\"a b\"@example.com", "\"a\\\"b\"@example.com", "\"a\"b@example.com", "john@x.co\u200b",
            "\u202ejohn@example.com", "jo\u2800hn@example.com", "jo\ufffdhn@example.com", "jo\ue000hn@example.com",
            "john@exa\u2800mple.com", "john@1.2.3.x", "john@-a.com", "john@a-.com", "john@a.com.", "john@[127.0.0.1]"
        ]"#,
    );
    let long = |local, label| json!(format!("{}@{}.com", "l".repeat(local), "d".repeat(label)));
    emails.extend([long(64, 63), long(65, 63)]);
    assert_agreement(Rule::InSchema, &["/email"], &emails).await;
    let in_words = [long(64, 64), json!("john@1.2.3.4")];
    assert_agreement(Rule::InWords, &["/email"], &in_words).await;
}

#[tokio::test]
async fn list_entries_agree_with_the_schema() {
    let address = list(
        r#"[
            {}, {"city": ""}, {"city": null, "state": ""}, {"city": "A", "state": null}, {"isDefaultAddress": true},
            {"city": "A", "isDefaultAddress": null}, {"isDefaultAddress": "true"}, {"city": "A", "isDefaultAddress": 1},
            {"city": "A", "street": "B"}, {"city": "A", "id": "B"}, null, "A", [], 1
        ]"#,
    );
    let meta_field = list(
        r#"[
            {}, {"code": "c"}, {"value": 1}, {"code": "c", "value": null}, {"code": "c", "value": {"a": [1]}},
            {"code": "c", "value": 1, "id": 2}, {"code": null, "value": 1}, null, "c", [], 1
        ]"#,
    );
    let only_null = list(r#"[{"city": null}, {"isDefaultAddress": null}]"#);
    let two_defaults = list(r#"[[{"isDefaultAddress": true}, {"isDefaultAddress": true}]]"#);
    let equal_codes = list(r#"[[{"code": "c", "value": 1}, {"code": "c", "value": 1}]]"#);
    for (rule, pointer, values) in [
        (Rule::InSchema, "/address/0", address),
        (Rule::InSchema, "/metaFields/0", meta_field),
        (Rule::InWords, "/address/0", only_null),
        (Rule::InWords, "/address", two_defaults),
        (Rule::InWords, "/metaFields", equal_codes),
    ] {
        assert_agreement(rule, &[pointer], &values).await;
    }
}

#[tokio::test]
async fn read_only_fields_unknown_fields_and_types_of_the_body_agree_with_the_schema() {
    let read_only = FIELDS.iter();
    let read_only = read_only.filter(|field| matches!(field.write, Write::ReadOnly));
    let read_only: Vec<_> = read_only.map(|field| format!("/{}", field.name)).collect();
    let values = list(r#"[null, "", 1, false, {"a": []}, [1]]"#);
    assert_agreement(Rule::InSchema, &read_only, &values).await;
    let unknown = "/version /updatedBy /emial /FirstName / /metafields /$ref".split(' ');
    let unknown: Vec<_> = unknown.collect();
    assert_agreement(Rule::InSchema, &unknown, &[json!("x")]).await;
    let mut bodies = list(r#"[{}, [], null, "text", 1]"#);
    bodies.push(json!([body_with("/status", &json!("active"))]));
    assert_agreement(Rule::InSchema, &[""], &bodies).await;
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

#[test]
fn error_codes_agree_with_the_documents() {
    let field_codes = ErrorCode::VARIANTS.iter().map(<&str>::from).collect();
    let codes = "invalid_request token_missing token_invalid insufficient_permission customer_not_found \
                 version_conflict internal_error method_not_allowed not_found";
    let codes = codes.split(' ').collect();
    for (schema, heading, codes) in [
        ("FieldError", "### Field error codes", field_codes),
        ("Error", "### Error codes", codes),
    ] {
        let pointer = format!("/components/schemas/{schema}/properties/code/description");
        let description = openapi(&pointer).as_str().unwrap();
        assert_eq!(quoted(description), codes, "{schema} in openapi.yaml");
        let mut documented = first_column(heading);
        documented.remove("code");
        assert_eq!(documented, codes, "docs/API.md, {heading}");
    }
}

#[test]
fn lengths_agree_with_api_md() {
    for schema in ["CustomerUpdate", "AddressUpdate", "MetaFieldUpdate"] {
        for (name, property) in properties(&format!("/components/schemas/{schema}")) {
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
    assert_eq!(*openapi("/info/version"), env!("CARGO_PKG_VERSION"));
}
