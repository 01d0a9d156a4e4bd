//! API Gateway event → response: the response to any event has the documented form, and DynamoDB gets
//! no other call than the documented ones.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_smithy_types::base64;
use lambda_http::http::{HeaderMap, HeaderValue, Method};
use lambda_http::request::LambdaRequest;
use serde_json::value::RawValue;
use testkit::canned_dynamodb::{Reply, condition_failed};
use testkit::json::{self, Json};
use testkit::{CUSTOMER_ID, READ_TOKEN, WRITE_TOKEN};
use update_customer::auth::TokenHash;
use update_customer::auth::grant::WRITE_SCOPE;
use update_customer::customer::{Change, CustomerUpdate};
use update_customer::validation::json as strict_json;

use super::app::{Call, GetItem, RecordingApp, UpdateItem};
use super::response::Response;
use super::token;

const EXPIRED_TOKEN: &str = "demo-token-that-expired";
const STORED_EMAIL: &str = "john@aximcommerce.com";
const STORED: &str = r#","Item":{"id":{"S":"638df9e713920facde1a1cfa"},"version":{"N":"7"},
    "email":{"S":"john@aximcommerce.com"},"verifiedEmail":{"BOOL":true}}"#;

thread_local! {
    static APP: RecordingApp = RecordingApp::new(dynamodb);
}

/// Takes `data` as the JSON text of an event.
pub fn check(data: &[u8]) {
    let Ok(event) = std::str::from_utf8(data) else {
        return;
    };
    let Some(request) = Request::read(event) else {
        return;
    };
    let Some((response, calls)) = APP.with(|app| app.invoke(event)) else {
        return;
    };

    let (gets, updates) = split(&calls);
    assert!(gets.len() <= 1 && updates.len() <= 2, "{calls:?}");
    for get in &gets {
        request.check_lookup(get);
    }
    for update in &updates {
        request.check_write(update);
    }
    let is_unknown = response.code() == Some("customer_not_found");
    match response.status {
        200 => check_success(&response, &request),
        400 => {
            assert!(request.is_allowed(), "{response:?}");
            let message = response.body.get("message").and_then(Json::text);
            let message = message.expect("a message");
            let names_header = message.contains("Content-") || message.contains("charset");
            assert!(!(names_header && request.says_json()), "{response:?}");
        }
        401 => assert!(!request.is_allowed(), "{response:?}"),
        404 if is_unknown => {
            assert!(request.is_allowed() && request.id != CUSTOMER_ID);
        }
        404 | 405 => assert!(gets.is_empty(), "{calls:?}"),
        412 => assert_eq!(response.version(), Some(7)),
        _ => assert!(request.body.is_none(), "{response:?}"),
    }
    match request.values("if-none-match")[..] {
        [] => {}
        [value] if value.trim_ascii() == b"*" => assert_ne!(response.status, 200),
        _ => assert!(updates.is_empty(), "{calls:?}"),
    }
    let can_be_key = (1..=2_048).contains(&request.id.len());
    let must_write = matches!(response.status, 200 | 412) || is_unknown && can_be_key;
    assert_eq!(!updates.is_empty(), must_write, "{response:?}, {calls:?}");
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

/// The request in an event, read without the function's adapter.
struct Request {
    method: Method,
    headers: HeaderMap,
    id: String,
    /// `None` when the event says that it is base64 and it is not.
    body: Option<Vec<u8>>,
}

/// The members that both kinds of event have.
struct Event<'a> {
    method: &'a Method,
    headers: HeaderMap,
    path: &'a Option<String>,
    path_parameters: &'a HashMap<String, String>,
    body: &'a Option<String>,
    is_base64_encoded: bool,
}

impl Request {
    /// `None` when the text is not an event.
    fn read(event: &str) -> Option<Self> {
        let members = json::read(event.as_bytes())?;
        if members.depth() >= json::MAX_DEPTH {
            return None;
        }
        let payload_1 = || serde_json::from_str(event).map(LambdaRequest::ApiGatewayV1);
        let payload_2 = || serde_json::from_str(event).map(LambdaRequest::ApiGatewayV2);
        let version = members.get("version").and_then(Json::text);
        let event = match version {
            Some("2.0") => payload_2(),
            _ => payload_1().or_else(|_| payload_2()),
        };
        let is_http_api = matches!(version, Some("1.0" | "2.0"));
        Self::from_event(&event.ok()?, is_http_api)
    }

    fn from_event(event: &LambdaRequest, is_http_api: bool) -> Option<Self> {
        let event = match event {
            LambdaRequest::ApiGatewayV1(event) => {
                let mut headers = event.multi_value_headers.clone();
                for (name, value) in &event.headers {
                    if !event.multi_value_headers.contains_key(name) {
                        headers.append(name, value.clone());
                    }
                }
                Event {
                    method: &event.http_method,
                    headers,
                    path: &event.path,
                    path_parameters: &event.path_parameters,
                    body: &event.body,
                    is_base64_encoded: event.is_base64_encoded,
                }
            }
            LambdaRequest::ApiGatewayV2(event) => Event {
                method: &event.request_context.http.method,
                headers: event.headers.clone(),
                path: &event.raw_path,
                path_parameters: &event.path_parameters,
                body: &event.body,
                is_base64_encoded: event.is_base64_encoded,
            },
            _ => return None,
        };
        let path = event.path.as_deref().unwrap_or_default();
        let parameter = event.path_parameters.get("customer_id").map(String::as_str);
        let id = parameter.or_else(|| path.strip_prefix("/customers/"));
        let id = match is_http_api {
            true => id.map(str::to_owned),
            false => id.and_then(percent_decode),
        };
        let text = event.body.as_deref().unwrap_or_default();
        Some(Self {
            method: event.method.clone(),
            headers: event.headers,
            id: id.unwrap_or_default(),
            body: match event.is_base64_encoded {
                true => base64::decode(text).ok(),
                false => Some(text.into()),
            },
        })
    }

    fn token(&self) -> Option<String> {
        token::read(&self.values("accesstoken")).ok()
    }

    fn values(&self, name: &str) -> Vec<&[u8]> {
        let values = self.headers.get_all(name).iter();
        values.map(HeaderValue::as_bytes).collect()
    }

    /// Whether the headers say that the body is JSON in UTF-8 without a content coding.
    fn says_json(&self) -> bool {
        let is_json = matches!(self.values("content-type")[..], [only] if is_json(only));
        let codings = self.values("content-encoding");
        let codings = codings
            .iter()
            .flat_map(|value| value.split(|byte| *byte == b','));
        let mut codings = codings.map(|coding| coding.trim_ascii().to_ascii_lowercase());
        is_json && codings.all(|coding| coding.is_empty() || coding == b"identity")
    }

    /// Whether the token may update customers.
    fn is_allowed(&self) -> bool {
        self.token().as_deref() == Some(WRITE_TOKEN)
    }

    fn update(&self) -> CustomerUpdate<'_> {
        let (object, errors) =
            strict_json::parse(self.body.as_deref().expect("base64")).expect("JSON");
        CustomerUpdate::parse(object, errors).expect("a valid body")
    }

    fn check_lookup(&self, get: &GetItem) {
        assert_eq!(get.table_name, "tokens");
        assert!(get.consistent_read);
        let hash = self.token().map(|token| TokenHash::of(&token).to_hex());
        assert_eq!(Some(&get.key["tokenHash"]["S"]), hash.as_ref());
    }

    /// Only a permitted PUT with a valid JSON body leads to a write.
    fn check_write(&self, update: &UpdateItem) {
        assert!(self.is_allowed() && self.method == Method::PUT);
        assert!(self.says_json());
        self.update();
        assert_eq!(update.table_name, "customers");
        assert_eq!(update.key["id"]["S"], self.id);
        check_expressions(update);
    }
}

/// The write never creates a customer, requests the item in both outcomes, and defines exactly the
/// names and values that it uses.
fn check_expressions(update: &UpdateItem) {
    let condition = &update.condition_expression;
    assert!(condition.starts_with("attribute_exists(id) AND "));
    assert_eq!(update.return_values, "ALL_NEW");
    assert_eq!(update.return_values_on_condition_check_failure, "ALL_OLD");
    let expressions = format!("{} {condition}", update.update_expression);
    let words = expressions.split(|c: char| !c.is_ascii_alphanumeric() && !"#:".contains(c));
    let used: BTreeSet<_> = words.filter(|word| word.starts_with(['#', ':'])).collect();
    let names = update.expression_attribute_names.keys();
    let values = update.expression_attribute_values.keys();
    let defined: BTreeSet<_> = names.chain(values).map(String::as_str).collect();
    assert_eq!(used, defined, "{update:?}");
}

/// The response has the requested values, and the version after the update.
fn check_success(response: &Response, request: &Request) {
    let data = response.data();
    let id = data.get("id").and_then(Json::text);
    assert_eq!(id, Some(request.id.as_str()));
    assert_eq!(response.version(), Some(8));
    let update = request.update();
    for (name, change) in update.changes() {
        let value = data.get(name).expect("every key");
        let is_empty = value.text() == Some("") || *value == Json::Array(vec![]);
        match change {
            Change::Set(requested) => assert!(value.reads_as(requested), "{name}: {value:?}"),
            Change::Clear => assert!(is_empty, "{name}: {value:?}"),
        }
    }
    let email = update.email();
    let is_verified = data.get("verifiedEmail") == Some(&Json::Bool(true));
    let may_be = match is_verified {
        true => STORED_EMAIL.to_lowercase() == email.to_lowercase(),
        false => STORED_EMAIL != email,
    };
    assert!(may_be, "verifiedEmail is {is_verified} with {email}");
}

/// DynamoDB with one customer: `STORED`.
fn dynamodb(call: &Call) -> Reply {
    let update = match call {
        Call::Get(get) => return (200, token_record(&get.key["tokenHash"]["S"])),
        Call::Update(update) => update,
    };
    if update.key["id"]["S"] != CUSTOMER_ID {
        return condition_failed("");
    }
    let condition = &update.condition_expression;
    let values = &update.expression_attribute_values;
    let is_expected =
        |name: &String, value: &RawValue| name.starts_with(":e") && value.get() == r#"{"N":"7"}"#;
    let is_stale = condition.contains("attribute_not_exists(id)")
        || condition.contains("version IN ")
            && !values.iter().any(|(name, value)| is_expected(name, value));
    let stored_email = format!(r#"{{"S":"{STORED_EMAIL}"}}"#);
    let is_changed = condition.contains(":verified") && values[":email"].get() != stored_email;
    if is_stale || is_changed {
        condition_failed(STORED)
    } else {
        (200, updated(update))
    }
}

fn token_record(hash: &str) -> String {
    let is = |token| hash == TokenHash::of(token).to_hex();
    let (scope, expires_at) = if is(WRITE_TOKEN) {
        (WRITE_SCOPE, r#","expiresAt":{"N":"4102444800"}"#)
    } else if is(READ_TOKEN) {
        ("customers:read", "")
    } else if is(EXPIRED_TOKEN) {
        (WRITE_SCOPE, r#","expiresAt":{"N":"1"}"#)
    } else {
        return "{}".to_owned();
    };
    format!(r#"{{"Item":{{"subject":{{"S":"erp"}},"scopes":{{"SS":["{scope}"]}}{expires_at}}}}}"#)
}

/// The response to a write: the item with each value that the update expression sets.
fn updated(update: &UpdateItem) -> String {
    let mut item = BTreeMap::from([
        ("id", format!(r#"{{"S":"{CUSTOMER_ID}"}}"#)),
        ("verifiedEmail", r#"{"BOOL":true}"#.to_owned()),
        ("version", r#"{"N":"8"}"#.to_owned()),
    ]);
    let expression = &update.update_expression;
    for (placeholder, value) in &update.expression_attribute_values {
        let name = &placeholder[1..];
        if expression.contains(&format!("{name} = {placeholder}")) {
            item.insert(name, value.get().to_owned());
        }
    }
    let members = item.iter();
    let members = members.map(|(name, value)| format!(r#""{name}":{value}"#));
    let members = members.collect::<Vec<_>>().join(",");
    format!(r#"{{"Attributes":{{{members}}}}}"#)
}

/// Whether a header's value is the media type `application/json` and no charset but UTF-8.
fn is_json(value: &[u8]) -> bool {
    let trim = |text| str::trim_matches(text, [' ', '\t']);
    // Each byte as one character: a quoted string may have any.
    let value: String = value.iter().map(|byte| char::from(*byte)).collect();
    let mut is_quoted = false;
    let mut is_escaped = false;
    let mut parts = value.split(|c| {
        let ends_part = c == ';' && !is_quoted;
        is_quoted ^= c == '"' && !is_escaped;
        is_escaped = c == '\\' && is_quoted && !is_escaped;
        ends_part
    });
    let essence = parts.next().map(trim);
    essence.is_some_and(|essence| essence.eq_ignore_ascii_case("application/json"))
        && parts.all(|part| trim(part).is_empty() || is_json_parameter(trim(part)))
}

/// Whether the text is a parameter, and `utf-8` or `utf8` if its name is `charset`.
fn is_json_parameter(text: &str) -> bool {
    let is_token = |text: &str| {
        let in_token = |c: char| c.is_ascii_graphic() && !"\"(),/:;<=>?@[\\]{}".contains(c);
        !text.is_empty() && text.chars().all(in_token)
    };
    let Some((name, value)) = text.split_once('=') else {
        return false;
    };
    let value = match value.strip_prefix('"') {
        Some(quoted) => unquote(quoted),
        None => Some(value.to_owned()).filter(|value| is_token(value)),
    };
    let is_utf_8 = |value: String| ["utf-8", "utf8"].contains(&&*value.to_ascii_lowercase());
    is_token(name)
        && match name.eq_ignore_ascii_case("charset") {
            true => value.is_some_and(is_utf_8),
            false => value.is_some(),
        }
}

/// The text of a quoted string after its first quote. `None` when no quote ends it, or not its last character.
fn unquote(text: &str) -> Option<String> {
    let mut unquoted = String::new();
    let mut chars = text.chars();
    loop {
        match chars.next()? {
            '"' => return chars.next().is_none().then_some(unquoted),
            '\\' => unquoted.push(chars.next()?),
            c => unquoted.push(c),
        }
    }
}

/// Decodes each `%` with two hex digits. `None` when the result is not UTF-8.
fn percent_decode(segment: &str) -> Option<String> {
    let (mut decoded, mut rest) = (Vec::new(), segment.as_bytes());
    while let [first, after @ ..] = rest {
        let digits = after.first_chunk::<2>().filter(|_| *first == b'%');
        let hex = digits.filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        let hex = hex.and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = hex.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        decoded.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    String::from_utf8(decoded).ok()
}
