//! What the function and `template.yaml` must agree on. `tests/template` checks the template alone,
//! and `timeouts` the time limits.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::LazyLock;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use lambda_http::http::{HeaderMap, HeaderName, HeaderValue};
use pretty_assertions::assert_eq;
use serde_json::json;
use update_customer::auth::{AccessToken, Grant};
use update_customer::config::{Config, DEFAULT_ACCESS_TOKEN_CACHE_SECONDS};
use update_customer::dynamodb::attribute::Item;
use update_customer::error::{Cause, Error};
use update_customer::http::response;
use update_customer::validation::ValidationErrors;
use yaml_serde::Value;

use crate::support::{TestApp, put};

static TEMPLATE: LazyLock<Value> = LazyLock::new(|| {
    let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/template.yaml"));
    yaml_serde::from_str(text).expect("template.yaml is YAML")
});

/// The value at these keys and indices. CloudFormation's tags such as `!If` are ignored.
#[track_caller]
pub fn at(path: &[&str]) -> &'static Value {
    let mut value = &*TEMPLATE;
    for key in path {
        let next = match key.parse::<usize>() {
            Ok(index) => untagged(value).get(index),
            Err(_) => untagged(value).get(key),
        };
        value = next.unwrap_or_else(|| panic!("template.yaml has no {}", path.join(".")));
    }
    value
}

fn untagged(value: &Value) -> &Value {
    match value {
        Value::Tagged(tagged) => &tagged.value,
        value => value,
    }
}

/// Every text in a value, keys excluded.
fn texts(value: &'static Value, found: &mut Vec<&'static str>) {
    match untagged(value) {
        Value::String(text) => found.push(text),
        Value::Sequence(values) => values.iter().for_each(|value| texts(value, found)),
        Value::Mapping(members) => members.values().for_each(|value| texts(value, found)),
        _ => {}
    }
}

fn texts_at(path: &[&str]) -> Vec<&'static str> {
    let mut found = Vec::new();
    texts(at(path), &mut found);
    found
}

#[test]
fn template_sets_exactly_the_variables_that_config_reads() {
    let read = RefCell::new(BTreeSet::new());
    let config = Config::from_env(|name| {
        read.borrow_mut().insert(name.to_owned());
        Some("1".to_owned())
    });
    config.unwrap();
    let function = ["Resources", "UpdateCustomerFunction", "Properties"];
    let variables = at(&[&function[..], &["Environment", "Variables"]].concat());
    let set = variables.as_mapping().unwrap().keys();
    let set: BTreeSet<_> = set.map(|name| name.as_str().unwrap().to_owned()).collect();
    assert_eq!(set, read.into_inner());
}

#[test]
fn default_cache_time_is_the_same() {
    let default = at(&["Parameters", "AccessTokenCacheSeconds", "Default"]);
    assert_eq!(default.as_u64(), Some(DEFAULT_ACCESS_TOKEN_CACHE_SECONDS));
}

#[test]
fn every_status_behind_the_api_has_a_metric() {
    let cause = || Cause::new("");
    let errors = [
        Error::NotFound,
        Error::TokenMissing,
        Error::TokenInvalid,
        Error::InsufficientScope,
        Error::InvalidRequest(String::new()),
        Error::InvalidBody(ValidationErrors::default()),
        Error::CustomerNotFound,
        Error::VersionConflict { current: 0 },
        Error::Unavailable(cause()),
        Error::Internal(cause()),
    ];
    // The API routes no other method, so 405 does not occur.
    let statuses = errors.iter().map(|error| error.status().as_u16());
    let statuses: BTreeSet<_> = statuses.chain([200]).collect();
    let resources = at(&["Resources"]).as_mapping().unwrap().keys();
    let metric = |name: &Value| {
        let status = name.as_str()?.strip_prefix("Status")?;
        status.strip_suffix("Metric")?.parse().ok()
    };
    assert_eq!(
        resources.filter_map(metric).collect::<BTreeSet<u16>>(),
        statuses
    );
}

#[tokio::test]
async fn metrics_count_a_field_that_is_logged() {
    let app = TestApp::new().await;
    let (_, log) = app.send_and_log(put()).await;
    let line = log.line();
    let pattern = [
        "Resources",
        "Status200Metric",
        "Properties",
        "FilterPattern",
    ];
    assert_eq!(at(&pattern).as_str(), Some("{ $.status = 200 }"));
    assert_eq!(line["status"], 200);
    let dashboard = texts_at(&["Resources", "Dashboard"]).concat();
    for field in ["subject", "status", "outcome"] {
        assert!(dashboard.contains(field), "no {field} in the dashboard");
        assert!(!line[field].is_null(), "no {field} in {line}");
    }
}

#[test]
fn cors_allows_the_token_and_exposes_the_version() {
    // The first alternative of `!If`.
    let cors = ["Resources", "Api", "Properties", "CorsConfiguration", "1"];
    let headers = |name| texts_at(&[&cors[..], &[name]].concat()).join(",");
    let allowed = headers("AllowHeaders");
    let is_token_header = |name: &str| {
        let name = HeaderName::try_from(name.trim()).ok();
        let headers =
            name.map(|name| HeaderMap::from_iter([(name, HeaderValue::from_static("t"))]));
        headers.is_some_and(|headers| AccessToken::from_headers(&headers).is_ok())
    };
    assert!(allowed.split(',').any(is_token_header), "{allowed}");

    let conflict = response::error(&Error::VersionConflict { current: 7 }, "");
    let version = conflict
        .headers()
        .iter()
        .find(|(_, value)| *value == "\"7\"");
    let (version, _) = version.unwrap();
    let exposed = headers("ExposeHeaders");
    assert!(exposed.contains(version.as_str()), "{exposed}");
}

#[tokio::test]
async fn role_allows_exactly_the_calls_on_keys_that_the_tables_have() {
    let app = TestApp::new().await;
    app.warm_up().await;
    app.send(put().with(json!({"email": "new@aximcommerce.com"})))
        .await
        .data();
    let requests = app.recorded_requests();
    let actions: BTreeSet<_> = requests
        .iter()
        .map(|request| format!("dynamodb:{}", request.operation))
        .collect();
    let role = texts_at(&["Resources", "UpdateCustomerRole"]);
    let allowed = role
        .into_iter()
        .filter(|text| text.starts_with("dynamodb:"));
    assert_eq!(allowed.map(str::to_owned).collect::<BTreeSet<_>>(), actions);

    for (operation, table) in [
        ("GetItem", "AccessTokensTable"),
        ("UpdateItem", "CustomersTable"),
    ] {
        let mut requests = requests.iter();
        let request = requests
            .find(|request| request.operation == operation)
            .unwrap();
        let key = request.body["Key"].as_object().unwrap();
        let properties = ["Resources", table, "Properties"];
        let schema = texts_at(&[&properties[..], &["KeySchema"]].concat());
        let [name, "HASH"] = schema[..] else {
            panic!("{table}: {schema:?}");
        };
        assert_eq!(key.keys().collect::<Vec<_>>(), [name]);
        let types = texts_at(&[&properties[..], &["AttributeDefinitions"]].concat());
        assert_eq!(types, [name, "S"], "{table}");
        assert!(key[name]["S"].is_string(), "{table}: {key:?}");
    }
}

#[test]
fn tokens_expire_by_the_attribute_that_the_table_deletes_by() {
    let table = ["Resources", "AccessTokensTable", "Properties"];
    let ttl = [&table[..], &["TimeToLiveSpecification", "AttributeName"]].concat();
    let attribute = at(&ttl).as_str().unwrap().to_owned();
    let record = Item::from([
        ("subject".to_owned(), AttributeValue::S("erp".to_owned())),
        (attribute, AttributeValue::N("1000".to_owned())),
    ]);
    let grant = Grant::try_from(record).unwrap();
    assert!(grant.is_valid_at(Duration::from_secs(999)));
    assert!(!grant.is_valid_at(Duration::from_secs(1_000)));
}
