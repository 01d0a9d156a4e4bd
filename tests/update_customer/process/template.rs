//! What the function and `template.yaml` must agree on. `tests/template` checks the template alone, and
//! `dynamodb::failures` the time limits.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use pretty_assertions::assert_eq;
use testkit::tables;
use update_customer::Config;

use crate::support::documents::{template, template_texts};
use crate::support::{TestApp, WRITE_TOKEN, new_email, put};

#[test]
fn template_sets_exactly_the_variables_that_config_reads() {
    let read = RefCell::new(BTreeSet::new());
    let config = Config::from_env(|name| {
        read.borrow_mut().insert(name.to_owned());
        (name != "ACCESS_TOKEN_CACHE_SECONDS").then(|| "http://a".to_owned())
    });
    // Lambda sets the others, or an operator does.
    let is_set = |name: &String| !name.starts_with("AWS_") && name != "SSL_CERT_FILE";
    let read: BTreeSet<_> = read.into_inner().into_iter().filter(is_set).collect();
    let variables = template("/Globals/Function/Environment/Variables");
    let set: BTreeSet<_> = variables.as_object().unwrap().keys().cloned().collect();
    assert_eq!(set, read);
    let default = template("/Parameters/AccessTokenCacheSeconds/Default");
    let ttl = config.unwrap().app.access_token_cache_ttl;
    assert_eq!(ttl, Duration::from_secs(default.as_u64().unwrap()));
}

#[tokio::test]
async fn metrics_count_a_field_that_is_logged() {
    let app = TestApp::new().await;
    let (_, log) = app.send_and_log(put()).await;
    let line = log.line();
    let pattern = template("/Resources/OutcomeMetric/Properties/FilterPattern").as_str();
    assert_eq!(pattern, Some("{ $.outcome = \"*\" }"));
    let pattern = template("/Resources/UnauthorizedMetric/Properties/FilterPattern").as_str();
    assert_eq!(pattern, Some("{ $.status = 401 }"));
    assert_eq!(line["status"], 200);
    let dashboard = template_texts("/Resources/Dashboard").concat();
    for field in ["subject", "status", "outcome"] {
        assert!(dashboard.contains(field), "no {field} in the dashboard");
        assert!(!line[field].is_null(), "no {field} in {line}");
    }
}

#[tokio::test]
async fn cors_allows_the_token_and_exposes_the_version() {
    let app = TestApp::new().await;
    // The first alternative of `!If`.
    let cors = "/Resources/Api/Properties/CorsConfiguration/1";
    let headers = |name| template_texts(&format!("{cors}/{name}")).join(",");
    let allowed = headers("AllowHeaders");
    let mut names = allowed.split(',').map(str::trim);
    let token = names.find(|name| name.contains("oken")).unwrap();
    let request = put().without_header("accessToken").if_match("\"5\"");
    let conflict = app.send(request.header(token, WRITE_TOKEN)).await;
    assert_eq!(conflict.status, 412, "{allowed}");
    let mut response = conflict.headers.iter();
    let (version, _) = response.find(|(_, value)| *value == "\"6\"").unwrap();
    let exposed = headers("ExposeHeaders").to_lowercase();
    assert!(exposed.contains(version), "{exposed} has no {version}");
}

#[tokio::test]
async fn role_allows_exactly_the_calls_on_keys_that_the_tables_have() {
    let app = TestApp::new().await;
    app.warm_up().await;
    app.send(new_email()).await.data();
    let requests = app.recorded_requests();
    let operations = requests.iter().map(|request| &request.operation);
    let actions: BTreeSet<_> = operations.map(|name| format!("dynamodb:{name}")).collect();
    let role = template_texts("/Resources/UpdateCustomerRole").into_iter();
    let allowed = role.filter(|text| text.starts_with("dynamodb:"));
    assert_eq!(allowed.map(str::to_owned).collect::<BTreeSet<_>>(), actions);

    for request in requests {
        let table = match &*request.operation {
            "GetItem" => "AccessTokensTable",
            _ => "CustomersTable",
        };
        let texts = |name| template_texts(&format!("/Resources/{table}/Properties/{name}"));
        let key = request.body["Key"].as_object().unwrap();
        let name = key.keys().next().unwrap().as_str();
        assert_eq!(texts("KeySchema"), [name, "HASH"], "{table}");
        assert_eq!(texts("AttributeDefinitions"), [name, "S"], "{table}");
        assert!(key[name]["S"].is_string(), "{table}: {key:?}");
    }
}

#[tokio::test]
async fn tokens_expire_by_the_attribute_that_the_table_deletes_by() {
    let app = TestApp::new().await;
    let ttl = "/Resources/AccessTokensTable/Properties/TimeToLiveSpecification/AttributeName";
    let mut record = tables::token_record(WRITE_TOKEN, "erp", &["customers:write"], None);
    let expired = AttributeValue::N("1000".to_owned());
    record.insert(template(ttl).as_str().unwrap().to_owned(), expired);
    app.store_token_record(record).await;
    assert_eq!(app.send(put()).await.status, 401);
}
