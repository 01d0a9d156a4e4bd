//! API Gateway: a request and the events that it makes of it, and an HTTP API in front of the function.

use std::collections::BTreeMap;

use aws_smithy_types::base64;
use axum::body::Bytes;
use axum::http::{HeaderMap, Method, Request, Response};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::{Map, Value, json};
use update_customer::App;

use crate::bodies::SAMPLE_REQUEST;
use crate::invoke::invoke_text;
use crate::tables::{CUSTOMER_ID, WRITE_TOKEN};

/// All characters but the unreserved ones (RFC 3986, section 2.3).
const NOT_UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A `PUT` of the three required fields to the sample customer with the token that may write, unless
/// a method changes it. Kept minimal, so that a broken optional field fails only its own tests.
#[derive(Debug, Clone)]
pub struct PutRequest {
    id: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// Starts a request.
pub fn put() -> PutRequest {
    let request = PutRequest {
        id: CUSTOMER_ID.to_owned(),
        headers: vec![
            ("accesstoken".to_owned(), WRITE_TOKEN.to_owned()),
            ("content-type".to_owned(), "application/json".to_owned()),
        ],
        body: Vec::new(),
    };
    request.with(json!({}))
}

impl PutRequest {
    pub fn id(mut self, id: &str) -> Self {
        self.id = id.to_owned();
        self
    }

    /// Replaces a header.
    pub fn header(self, name: &str, value: &str) -> Self {
        self.without_header(name).and_header(name, value)
    }

    /// Adds a header, also when there is one of that name.
    pub fn and_header(mut self, name: &str, value: &str) -> Self {
        self.headers
            .push((name.to_ascii_lowercase(), value.to_owned()));
        self
    }

    pub fn without_header(mut self, name: &str) -> Self {
        self.headers
            .retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self
    }

    pub fn token(self, token: &str) -> Self {
        self.header("accessToken", token)
    }

    pub fn if_match(self, value: &str) -> Self {
        self.header("If-Match", value)
    }

    pub fn body(mut self, body: impl AsRef<[u8]>) -> Self {
        self.body = body.as_ref().to_vec();
        self
    }

    pub fn json(self, body: &Value) -> Self {
        self.body(body.to_string())
    }

    /// The published sample request.
    pub fn sample(self) -> Self {
        self.body(SAMPLE_REQUEST)
    }

    /// The three required fields with the sample's values, and these fields.
    pub fn with(self, fields: Value) -> Self {
        let mut body =
            json!({"firstName": "John", "lastName": "Doe", "email": "john.doe@aximcommerce.com"});
        for (name, value) in fields.as_object().expect("fields are an object") {
            body[name] = value.clone();
        }
        self.json(&body)
    }

    /// An HTTP API's event: payload 2.0, equal headers joined with a comma.
    pub fn http_api_event(&self) -> Value {
        let mut headers = BTreeMap::<&str, String>::new();
        for (name, value) in &self.headers {
            headers
                .entry(name)
                .and_modify(|joined| *joined += &format!(",{value}"))
                .or_insert_with(|| value.clone());
        }
        let mut event = template(include_str!("../../events/http-api-sample-200.json"));
        let path = format!("/customers/{}", self.id);
        event["requestContext"]["http"]["path"] = json!(path);
        event["rawPath"] = json!(path);
        event["pathParameters"]["customer_id"] = json!(self.id);
        event["headers"] = json!(headers);
        set_body(&mut event, &self.body);
        event
    }

    /// The text of an HTTP API's event, which starts with its version.
    pub fn http_api_event_text(&self) -> String {
        let mut event = self.http_api_event();
        let version = event["version"].take();
        let members = event.as_object_mut().expect("an event is an object");
        members.remove("version");
        let members = event.to_string();
        format!("{{\"version\":{version},{}", &members[1..])
    }

    /// A REST API's event: no version, and the id percent-encoded, as a client sends it.
    pub fn rest_api_event(&self) -> Value {
        let id = utf8_percent_encode(&self.id, NOT_UNRESERVED).to_string();
        self.payload_1(&id)
    }

    /// An HTTP API's event with payload 1.0: the id is decoded.
    pub fn http_api_1_event(&self) -> Value {
        let mut event = self.payload_1(&self.id);
        event["version"] = json!("1.0");
        event
    }

    /// The event of an HTTP API with payload 2.0 and 1.0, and of a REST API.
    pub fn every_event(&self) -> [Value; 3] {
        [
            self.http_api_event(),
            self.http_api_1_event(),
            self.rest_api_event(),
        ]
    }

    /// What both APIs put into an event with payload 1.0: each header with its last value and with all of
    /// them.
    fn payload_1(&self, id: &str) -> Value {
        let mut last = Map::new();
        let mut all = Map::new();
        for (name, value) in &self.headers {
            last.insert(name.clone(), json!(value));
            let values = all.entry(name).or_insert_with(|| json!([]));
            values.as_array_mut().expect("a list").push(json!(value));
        }
        let mut event = template(include_str!("../../events/rest-api-sample-200.json"));
        event["path"] = json!(format!("/customers/{id}"));
        event["requestContext"]["path"] = json!(format!("/prod/customers/{id}"));
        event["pathParameters"] = json!({"customer_id": id});
        event["headers"] = json!(last);
        event["multiValueHeaders"] = json!(all);
        set_body(&mut event, &self.body);
        event
    }
}

/// An event of API Gateway, of which a request replaces its own parts.
fn template(event: &str) -> Value {
    serde_json::from_str(event).expect("JSON")
}

fn set_body(event: &mut Value, body: &[u8]) {
    let text = std::str::from_utf8(body);
    event["body"] = match text {
        Ok("") => Value::Null,
        Ok(text) => json!(text),
        Err(_) => json!(base64::encode(body)),
    };
    event["isBase64Encoded"] = json!(text.is_err());
}

/// Passes a request to the function and returns its response.
pub async fn invoke(app: &App, request: &Request<Bytes>, request_id: &str) -> Response<String> {
    let id = customer_id(request);
    let mut event = PutRequest {
        id: id.clone().unwrap_or_default(),
        headers: pairs(request.headers()),
        body: request.body().to_vec(),
    }
    .http_api_event();
    let path = decoded(request.uri().path());
    event["rawPath"] = json!(path);
    event["rawQueryString"] = json!(request.uri().query().unwrap_or_default());
    event["requestContext"]["http"]["path"] = json!(path);
    event["requestContext"]["http"]["method"] = json!(request.method().as_str());
    if id.is_none() || request.method() != Method::PUT {
        event["routeKey"] = json!("$default");
        event["requestContext"]["routeKey"] = json!("$default");
        event["pathParameters"] = Value::Null;
    }
    let (status, headers, body) = match invoke_text(app, &event.to_string(), request_id).await {
        Ok(returned) => {
            let returned = crate::Response::from_lambda(&returned);
            (returned.status, returned.headers, returned.text)
        }
        // API Gateway also returns 500 when a function cannot read the event.
        Err(error) => {
            let body = format!("The function did not accept the event: {error}");
            (500, BTreeMap::new(), body)
        }
    };
    let mut response = Response::builder().status(u16::try_from(status).unwrap());
    for (name, value) in headers {
        response = response.header(name, value);
    }
    response.body(body).unwrap()
}

/// The customer that the path names, whatever the method.
pub fn customer_id(request: &Request<Bytes>) -> Option<String> {
    let segment = request.uri().path().strip_prefix("/customers/")?;
    (!segment.is_empty() && !segment.contains('/')).then(|| decoded(segment))
}

/// Headers as text. An equal name occurs as often as it was sent.
pub fn pairs(headers: &HeaderMap) -> Vec<(String, String)> {
    let headers = headers.iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes());
        (name.to_string(), value.into_owned())
    });
    headers.collect()
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}
