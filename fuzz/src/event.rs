//! Event JSON → handler: whatever a gateway sends, the answer has the contract's shape, and DynamoDB is
//! asked no more than the contract says.

use std::collections::{BTreeMap, BTreeSet};

use aws_smithy_types::base64;
use lambda_http::http::{HeaderMap, HeaderValue, Method};
use lambda_http::request::LambdaRequest;
use update_customer::auth;
use update_customer::event::Event;
use update_customer::update::{Change, CustomerUpdate};

use super::answer::Answer;
use super::json::{self, Json};
use super::stand::{Call, GetItem, Reply, Stand, UpdateItem, condition_failed};
use super::token;

const CUSTOMER_ID: &str = "638df9e713920facde1a1cfa";
const STORED_EMAIL: &str = "john@aximcommerce.com";
const STORED: &str = r#","Item":{"id":{"S":"638df9e713920facde1a1cfa"},"version":{"N":"7"},
    "email":{"S":"john@aximcommerce.com"},"verifiedEmail":{"BOOL":true}}"#;

const WRITE_TOKEN: &str = "demo-token-that-may-write";
const READ_TOKEN: &str = "demo-token-that-may-only-read";
const EXPIRED_TOKEN: &str = "demo-token-that-expired";

thread_local! {
    static STAND: Stand = Stand::new(dynamodb);
}

/// Takes `data` as the JSON of an event.
pub fn holds(data: &[u8]) {
    // What is no event of a gateway never reaches the function.
    let Ok(event) = serde_json::from_slice::<Event>(data) else {
        return;
    };
    let Some(asked) = Asked::of(data) else { return };
    let (answer, calls) = STAND.with(|stand| stand.answer(event));

    let (gets, updates) = split(&calls);
    assert!(gets.len() <= 1 && updates.len() <= 2, "{calls:?}");
    for get in &gets {
        asked.may_look_up(get);
    }
    for update in &updates {
        asked.may_write(update);
    }
    let unknown = answer.code() == Some("customer_not_found");
    match answer.status {
        200 => shows_what_was_asked(&answer, &asked),
        400 => assert!(asked.is_allowed(), "{answer:?}"),
        401 => assert!(!asked.is_allowed(), "{answer:?}"),
        404 if unknown => assert!(asked.is_allowed() && asked.id != CUSTOMER_ID, "{answer:?}"),
        404 | 405 => assert!(gets.is_empty(), "{calls:?}"),
        412 => assert_eq!(answer.version(), Some(7)),
        _ => assert!(!asked.can_be_sent, "{answer:?}"),
    }
    let can_be_key = (1..=2_048).contains(&asked.id.len());
    let written = matches!(answer.status, 200 | 412) || unknown && can_be_key;
    assert_eq!(!updates.is_empty(), written, "{answer:?} after {calls:?}");
}

fn split(calls: &[Call]) -> (Vec<&GetItem>, Vec<&UpdateItem>) {
    let (mut gets, mut updates) = (Vec::new(), Vec::new());
    for call in calls {
        match call {
            Call::Get(get) => gets.push(get),
            Call::Update(update) => updates.push(update),
        }
    }
    (gets, updates)
}

/// What an event says, read without the function's adapter.
struct Asked {
    method: Method,
    headers: HeaderMap,
    id: String,
    body: Vec<u8>,
    /// Whether a gateway could send this event, whatever its caller sent to the gateway.
    can_be_sent: bool,
}

impl Asked {
    /// `None` where a second reader does not read it, or the order of its members leaves open which kind it is.
    fn of(data: &[u8]) -> Option<Self> {
        let event = json::read(data)?;
        let version = event
            .members()
            .iter()
            .position(|(name, _)| name == "version");
        let resource = event
            .members()
            .iter()
            .position(|(name, _)| name == "resource");
        let event = match event.get("version").and_then(Json::text) {
            Some("2.0") if resource.is_some_and(|resource| version > Some(resource)) => {
                return None;
            }
            Some("2.0") => LambdaRequest::ApiGatewayV2(serde_json::from_slice(data).ok()?),
            _ => LambdaRequest::ApiGatewayV1(serde_json::from_slice(data).ok()?),
        };
        let (method, headers, path, parameters, body, base64, domain, stage) = match &event {
            LambdaRequest::ApiGatewayV1(event) => {
                let mut headers = event.multi_value_headers.clone();
                for (name, value) in &event.headers {
                    if !event.multi_value_headers.contains_key(name) {
                        headers.append(name, value.clone());
                    }
                }
                let context = &event.request_context;
                let (domain, stage) = (&context.domain_name, &context.stage);
                let (parameters, base64) = (&event.path_parameters, event.is_base64_encoded);
                (
                    &event.http_method,
                    headers,
                    &event.path,
                    parameters,
                    &event.body,
                    base64,
                    domain,
                    stage,
                )
            }
            LambdaRequest::ApiGatewayV2(event) => {
                let context = &event.request_context;
                let (domain, stage) = (&context.domain_name, &context.stage);
                let (method, headers) = (&context.http.method, event.headers.clone());
                let (parameters, base64) = (&event.path_parameters, event.is_base64_encoded);
                (
                    method,
                    headers,
                    &event.raw_path,
                    parameters,
                    &event.body,
                    base64,
                    domain,
                    stage,
                )
            }
            _ => return None,
        };
        let path = path.as_deref().unwrap_or_default();
        let body = body.as_deref().unwrap_or_default();
        let decoded = if base64 {
            base64::decode(body).ok()
        } else {
            Some(body.into())
        };
        let of_a_name = |byte: u8| byte.is_ascii_alphanumeric() || b".-$_".contains(&byte);
        let stage = stage
            .as_deref()
            .is_none_or(|stage| stage.bytes().all(of_a_name));
        // A last label of digits would be part of an IP address, and `xn--` starts another encoding.
        let domain = domain.as_deref().is_none_or(|domain| {
            domain.bytes().all(of_a_name) && domain.ends_with(".com") && !domain.contains("xn--")
        });
        let segment = || percent_decoded(path.strip_prefix("/customers/").unwrap_or_default());
        Some(Self {
            method: method.clone(),
            headers,
            id: parameters
                .get("customer_id")
                .cloned()
                .or_else(segment)
                .unwrap_or_default(),
            can_be_sent: decoded.is_some() && path.starts_with('/') && domain && stage,
            body: decoded.unwrap_or_default(),
        })
    }

    fn token(&self) -> Option<String> {
        let values: Vec<_> = self
            .headers
            .get_all("accesstoken")
            .iter()
            .map(HeaderValue::as_bytes)
            .collect();
        token::read(&values).ok()
    }

    fn is_allowed(&self) -> bool {
        self.token().as_deref() == Some(WRITE_TOKEN)
    }

    fn update(&self) -> CustomerUpdate {
        let (object, faults) = update_customer::json::parse(&self.body).expect("JSON");
        CustomerUpdate::parse(object, faults).expect("a valid body")
    }

    fn may_look_up(&self, get: &GetItem) {
        assert_eq!(
            (get.table_name.as_str(), get.consistent_read),
            ("tokens", true)
        );
        let hash = self.token().map(|token| auth::record_key(&token));
        assert_eq!(Some(&get.key["tokenHash"]["S"]), hash.as_ref());
    }

    fn may_write(&self, update: &UpdateItem) {
        assert!(self.is_allowed() && self.method == Method::PUT);
        let content_types: Vec<_> = self.headers.get_all("content-type").iter().collect();
        let json = |value: &HeaderValue| {
            value
                .as_bytes()
                .to_ascii_lowercase()
                .trim_ascii()
                .starts_with(b"application/json")
        };
        assert!(
            matches!(content_types[..], [only] if json(only)),
            "{content_types:?}"
        );
        self.update();
        assert_eq!(
            (update.table_name.as_str(), &update.key["id"]["S"]),
            ("customers", &self.id)
        );
        is_conditional(update);
    }
}

/// It never creates a customer, asks for the item in both outcomes, and uses each of its names and values.
fn is_conditional(update: &UpdateItem) {
    assert!(
        update
            .condition_expression
            .starts_with("attribute_exists(#id) AND "),
        "{update:?}"
    );
    assert_eq!(update.expression_attribute_names["#id"], "id");
    assert_eq!(update.return_values, "ALL_NEW");
    assert_eq!(update.return_values_on_condition_check_failure, "ALL_OLD");
    let expressions = [
        update.update_expression.as_str(),
        update.condition_expression.as_str(),
    ]
    .join(" ");
    let words = expressions.split(|c: char| !c.is_ascii_alphanumeric() && !"#:".contains(c));
    let used: BTreeSet<_> = words.filter(|word| word.starts_with(['#', ':'])).collect();
    let names = update.expression_attribute_names.keys();
    let given: BTreeSet<_> = names
        .chain(update.expression_attribute_values.keys())
        .map(String::as_str)
        .collect();
    assert_eq!(used, given, "{update:?}");
}

fn shows_what_was_asked(answer: &Answer, asked: &Asked) {
    let data = answer.data();
    assert_eq!(data.get("id").and_then(Json::text), Some(asked.id.as_str()));
    assert_eq!(answer.version(), Some(8));
    let update = asked.update();
    for (name, change) in update.changes() {
        let shown = data.get(name).expect("every key");
        match change {
            Change::Set(value) => assert!(shown.reads_as(value), "{name}: {shown:?}"),
            Change::Clear => {
                assert!(
                    shown.text() == Some("") || *shown == Json::Array(vec![]),
                    "{name}: {shown:?}"
                )
            }
        }
    }
    let (old, new) = (STORED_EMAIL, update.email());
    let verified = data.get("verifiedEmail") == Some(&Json::Bool(true));
    assert!(
        if verified {
            old.to_lowercase() == new.to_lowercase()
        } else {
            old != new
        },
        "{new}"
    );
}

fn dynamodb(call: &Call) -> Reply {
    let update = match call {
        Call::Get(get) => return (200, token_record(&get.key["tokenHash"]["S"])),
        Call::Update(update) => update,
    };
    if update.key["id"]["S"] != CUSTOMER_ID {
        return condition_failed("");
    }
    let (condition, values) = (
        &update.condition_expression,
        &update.expression_attribute_values,
    );
    let stale = condition.contains("#version = ")
        || condition.contains("#version IN ") && !values.contains_key(":v7");
    let stored_email = format!(r#"{{"S":"{STORED_EMAIL}"}}"#);
    let verified = condition.contains(":verified") && values[":email"].get() != stored_email;
    if stale || verified {
        condition_failed(STORED)
    } else {
        (200, written(update))
    }
}

fn token_record(hash: &str) -> String {
    let record = |scope, expires_at| {
        format!(
            r#"{{"Item":{{"subject":{{"S":"erp"}},"scopes":{{"SS":["{scope}"]}}{expires_at}}}}}"#
        )
    };
    if hash == auth::record_key(WRITE_TOKEN) {
        record(auth::WRITE_SCOPE, r#","expiresAt":{"N":"4102444800"}"#)
    } else if hash == auth::record_key(READ_TOKEN) {
        record("customers:read", "")
    } else if hash == auth::record_key(EXPIRED_TOKEN) {
        record(auth::WRITE_SCOPE, r#","expiresAt":{"N":"1"}"#)
    } else {
        "{}".to_owned()
    }
}

/// The item after the update: each attribute that the expression sets has its value.
fn written(update: &UpdateItem) -> String {
    let mut item = BTreeMap::from([
        ("id", format!(r#"{{"S":"{CUSTOMER_ID}"}}"#)),
        ("verifiedEmail", r#"{"BOOL":true}"#.to_owned()),
        ("version", r#"{"N":"8"}"#.to_owned()),
    ]);
    for (placeholder, name) in &update.expression_attribute_names {
        if update
            .update_expression
            .contains(&format!("{placeholder} = :{name}"))
        {
            item.insert(
                name,
                update.expression_attribute_values[&format!(":{name}")]
                    .get()
                    .to_owned(),
            );
        }
    }
    let members: Vec<_> = item
        .iter()
        .map(|(name, value)| format!(r#""{name}":{value}"#))
        .collect();
    format!(r#"{{"Attributes":{{{}}}}}"#, members.join(","))
}

/// `None` for what is not UTF-8 then.
fn percent_decoded(segment: &str) -> Option<String> {
    let (mut decoded, mut rest) = (Vec::new(), segment.as_bytes());
    while let [first, after @ ..] = rest {
        let digits = after
            .get(..2)
            .filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        let byte = digits
            .and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        let (byte, skipped) = byte
            .filter(|_| *first == b'%')
            .map_or((*first, 0), |byte| (byte, 2));
        decoded.push(byte);
        rest = &after[skipped..];
    }
    String::from_utf8(decoded).ok()
}
