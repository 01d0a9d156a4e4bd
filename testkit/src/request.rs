//! A request, and the events that API Gateway makes of it.

use std::collections::BTreeMap;

use aws_smithy_types::base64;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};

use crate::sample::{CUSTOMER_ID, SAMPLE_REQUEST, WRITE_TOKEN};

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

    /// An HTTP API's event: payload 2.0.
    pub fn http_api_event(&self) -> Value {
        let path = format!("/customers/{}", self.id);
        HttpApiRequest {
            method: "PUT",
            path: &path,
            query: "",
            customer_id: Some(&self.id),
            headers: &self.headers,
            body: &self.body,
        }
        .event()
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

/// What an HTTP API puts into its event.
#[derive(Debug, Clone, Copy)]
pub struct HttpApiRequest<'a> {
    pub method: &'a str,
    /// Percent-decoded.
    pub path: &'a str,
    pub query: &'a str,
    /// The path parameter, percent-decoded. `None` when the request does not match the route.
    pub customer_id: Option<&'a str>,
    /// By lower-case name.
    pub headers: &'a [(String, String)],
    pub body: &'a [u8],
}

impl HttpApiRequest<'_> {
    /// Payload 2.0, equal headers joined with a comma.
    pub fn event(&self) -> Value {
        let mut headers = BTreeMap::<&str, String>::new();
        for (name, value) in self.headers {
            headers
                .entry(name)
                .and_modify(|joined| *joined += &format!(",{value}"))
                .or_insert_with(|| value.clone());
        }
        let route = match self.customer_id {
            Some(_) => "PUT /customers/{customer_id}",
            None => "$default",
        };
        let mut event = template(include_str!("../../events/http-api-sample-200.json"));
        event["routeKey"] = json!(route);
        event["rawPath"] = json!(self.path);
        event["rawQueryString"] = json!(self.query);
        event["headers"] = json!(headers);
        event["pathParameters"] = match self.customer_id {
            Some(id) => json!({"customer_id": id}),
            None => Value::Null,
        };
        let context = &mut event["requestContext"];
        context["routeKey"] = json!(route);
        context["http"]["method"] = json!(self.method);
        context["http"]["path"] = json!(self.path);
        set_body(&mut event, self.body);
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
