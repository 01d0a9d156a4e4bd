//! Runs a property test on the function, and generates stored customers for it.

use std::future::Future;
use std::sync::Arc;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestError, TestRunner};
use serde_json::Value;
use testkit::tables;

use super::{Item, TestApp, sample_customer, text};

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
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build().unwrap();
    let app = Arc::new(runtime.block_on(TestApp::new()));
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    let run = |input| runtime.block_on(property(Arc::clone(&app), input));
    let outcome = TestRunner::new(config).run(&inputs, run);
    runtime.block_on(async move { drop(app) });
    match outcome {
        Ok(()) => {}
        Err(TestError::Fail(reason, input)) => panic!("{reason}\ninput: {input:?}"),
        Err(error) => panic!("{error}"),
    }
}

/// The names of the sample customer's attributes without its key.
pub fn stored_attributes() -> Vec<String> {
    let sample = sample_customer();
    let names = sample.as_object().unwrap().keys();
    names.filter(|name| *name != "id").cloned().collect()
}

pub fn number(text: &str) -> AttributeValue {
    AttributeValue::N(text.to_owned())
}

/// Values of each DynamoDB type, each as a string, a boolean, a list and an object show it.
pub fn every_type() -> Vec<(AttributeValue, Vec<Value>)> {
    let entry = [("code", text("c")), ("value", number("1"))];
    let entry = entry.map(|(name, value)| (name.to_owned(), value)).into();
    let texts = ["one", "two"].map(str::to_owned).into();
    let numbers = ["1", "2"].map(str::to_owned).into();
    let blob = Blob::new("one");
    let values = [
        text("text"),
        text("TRUE"),
        number("7"),
        number("0"),
        AttributeValue::Bool(true),
        AttributeValue::Null(true),
        AttributeValue::L(vec![number("1")]),
        AttributeValue::M(entry),
        AttributeValue::B(blob.clone()),
        AttributeValue::Bs(vec![blob]),
        AttributeValue::Ss(texts),
        AttributeValue::Ns(numbers),
    ];
    let shown = r#"[
        ["text", false, ["text"], {}],
        ["TRUE", true, ["TRUE"], {}],
        ["7", true, [7], {}],
        ["0", false, [0], {}],
        ["true", true, [true], {}],
        ["", false, [], {}],
        ["[1]", false, [1], {}],
        ["{\"code\":\"c\",\"value\":1}", false, [{"code": "c", "value": 1}], {"code": "c", "value": 1}],
        ["b25l", false, ["b25l"], {}],
        ["[\"b25l\"]", false, ["b25l"], {}],
        ["[\"one\",\"two\"]", false, ["one", "two"], {}],
        ["[1,2]", false, [1, 2], {}]
    ]"#;
    let shown: Vec<_> = serde_json::from_str(shown).unwrap();
    values.into_iter().zip(shown).collect()
}

/// The sample customer with attributes of any type.
pub fn stored_items() -> impl Strategy<Value = Item> {
    let versions = "0 6 6.5 -1 18446744073709551614 18446744073709551615 1e30";
    let versions: Vec<_> = versions.split(' ').collect();
    let version = prop::sample::select(versions);
    let version = version.prop_map(|text| ("version".to_owned(), number(text)));
    let names = prop::sample::select(stored_attributes());
    let attribute = (names, prop::sample::select(every_type()));
    let attribute = attribute.prop_map(|(name, (value, _))| (name, value));
    let removed = prop::collection::vec(prop::sample::select(stored_attributes()), 0..3);
    let changes = prop::collection::vec(prop_oneof![1 => version, 6 => attribute], 0..4);
    (changes, removed).prop_map(|(changes, removed)| {
        let mut item = tables::item(&sample_customer());
        item.retain(|name, _| !removed.contains(name));
        item.extend(changes);
        item
    })
}
