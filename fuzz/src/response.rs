//! Reference implementation of the response's form (`docs/API.md#responses`).

use std::collections::{BTreeMap, BTreeSet};
use std::mem::discriminant;

use serde_json::Value;
use testkit::invoke::REQUEST_ID;
use testkit::json::{self, Json};

use super::rules::CUSTOMER;

#[derive(Debug)]
pub struct Response {
    pub status: u64,
    /// By lower-case name.
    pub headers: BTreeMap<String, String>,
    pub body: Json,
}

impl Response {
    /// Reads what the function returns to Lambda. Panics when it has another form than documented.
    pub fn read(response: &Value) -> Self {
        assert_eq!(response["isBase64Encoded"], false);
        let headers = headers(&response["headers"])
            .chain(headers(&response["multiValueHeaders"]))
            .collect();
        let body = response["body"].as_str().expect("a text body");
        let response = Self {
            status: response["statusCode"].as_u64().expect("a status"),
            headers,
            body: json::read(body.as_bytes()).expect("a JSON body"),
        };
        response.assert_headers();
        if response.status == 200 {
            response.assert_success_body();
        } else {
            response.assert_error_body();
        }
        response
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    pub fn code(&self) -> Option<&str> {
        self.body.get("code").and_then(Json::text)
    }

    pub fn data(&self) -> &Json {
        self.body.get("data").expect("data")
    }

    /// The number in `X-Customer-Version`.
    pub fn version(&self) -> Option<u64> {
        let tag = self.header("x-customer-version")?;
        tag.strip_prefix('"')?.strip_suffix('"')?.parse().ok()
    }

    fn assert_headers(&self) {
        let authenticate = match self.code() {
            Some("token_missing") => Some("Bearer"),
            Some("token_invalid") => Some(r#"Bearer error="invalid_token""#),
            Some("insufficient_permission") => Some(r#"Bearer error="insufficient_scope""#),
            _ => None,
        };
        for (name, value) in [
            ("content-type", Some("application/json")),
            ("cache-control", Some("no-store")),
            ("x-content-type-options", Some("nosniff")),
            ("allow", (self.status == 405).then_some("PUT")),
            ("www-authenticate", authenticate),
        ] {
            assert_eq!(self.header(name), value, "{name} of {self:?}");
        }
        let has_version = matches!(self.status, 200 | 412);
        assert_eq!(self.version().is_some(), has_version, "{self:?}");
        if let Some(seconds) = self.header("retry-after") {
            assert_eq!((self.status, seconds), (500, "1"));
        }
    }

    fn assert_success_body(&self) {
        assert_eq!(keys(&self.body), ["success", "message", "data"]);
        assert_eq!(self.body.get("success"), Some(&Json::Bool(true)));
        let message = self.body.get("message").and_then(Json::text);
        assert_eq!(message, Some("Customer updated successfully"));
        let data = self.data();
        assert_eq!(data.duplicates(), 0);
        let documented: BTreeSet<_> = CUSTOMER.iter().map(|(name, ..)| *name).collect();
        assert_eq!(keys(data).into_iter().collect::<BTreeSet<_>>(), documented);
        for (name, kind, _) in CUSTOMER {
            let value = data.get(name).expect("every key");
            let same_type = discriminant(value) == discriminant(&kind.empty());
            assert!(same_type, "{name} is {value:?}");
        }
    }

    fn assert_error_body(&self) {
        let codes: &[&str] = match self.status {
            400 => &["invalid_request"],
            401 => &["token_missing", "token_invalid", "insufficient_permission"],
            404 => &["customer_not_found", "not_found"],
            405 => &["method_not_allowed"],
            412 => &["version_conflict"],
            500 => &["internal_error"],
            other => panic!("the status {other} is not documented"),
        };
        assert!(codes.contains(&self.code().expect("a code")), "{self:?}");
        let errors = self.body.get("errors");
        let members: &[&str] = match errors {
            Some(_) => &["success", "message", "code", "errors", "requestId"],
            None => &["success", "message", "code", "requestId"],
        };
        assert_eq!(keys(&self.body), members);
        assert_eq!(self.body.get("success"), Some(&Json::Bool(false)));
        let request_id = self.body.get("requestId").and_then(Json::text);
        assert_eq!(request_id, Some(REQUEST_ID));
        match self.body.get("message").and_then(Json::text) {
            Some(message) if self.status == 500 => {
                assert_eq!(message, "An internal error occurred");
            }
            message => assert!(message.is_some_and(|message| !message.is_empty())),
        }
        if let Some(errors) = errors {
            assert_eq!(self.status, 400);
            assert!((1..=100).contains(&errors.elements().len()));
            for error in errors.elements() {
                assert_eq!(keys(error), ["pointer", "code", "message"]);
                assert!(error.parts().all(|value| value.text().is_some()));
            }
        }
    }
}

fn keys(object: &Json) -> Vec<&str> {
    let members = object.members().iter();
    members.map(|(key, _)| key.as_str()).collect()
}

/// Each header with its only value, which is in a list for a REST API.
fn headers(headers: &Value) -> impl Iterator<Item = (String, String)> + '_ {
    let headers = headers.as_object().into_iter().flatten();
    headers.map(|(name, value)| {
        let value = match value.as_array().map(Vec::as_slice) {
            Some([only]) => only.as_str(),
            Some(several) => panic!("{name} has {} values", several.len()),
            None => value.as_str(),
        };
        (name.to_ascii_lowercase(), value.expect("a text").to_owned())
    })
}
