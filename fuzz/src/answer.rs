//! A second reading of what an answer may be (contract, part 1 and part 2, "Answer").

use std::collections::BTreeMap;

use serde_json::Value;

use super::json::{self, Json};

/// The request id of every event.
pub const REQUEST_ID: &str = "fuzz-request-id";

/// The keys of `data`, each with the empty value of its type.
pub fn empty_data() -> [(&'static str, Json); 17] {
    let text = Json::String(String::new());
    [
        ("id", text.clone()),
        ("email", text.clone()),
        ("firstName", text.clone()),
        ("lastName", text.clone()),
        ("phoneNumber", text.clone()),
        ("role", text.clone()),
        ("verifiedEmail", Json::Bool(false)),
        ("company", text.clone()),
        ("status", text.clone()),
        ("newsletter", Json::Bool(false)),
        ("metaFields", Json::Array(vec![])),
        ("isB2B", Json::Bool(false)),
        ("createdBy", Json::Object(vec![])),
        ("createdAt", text.clone()),
        ("updatedAt", text.clone()),
        ("address", Json::Array(vec![])),
        ("notes", text),
    ]
}

#[derive(Debug)]
pub struct Answer {
    pub status: u64,
    /// By lower-case name.
    pub headers: BTreeMap<String, String>,
    pub body: Json,
}

impl Answer {
    /// Reads what the gateway gets; panics when it has not the contract's shape.
    pub fn read(answer: &Value) -> Self {
        assert_eq!(answer["isBase64Encoded"], false);
        let headers = headers(&answer["headers"])
            .chain(headers(&answer["multiValueHeaders"]))
            .collect();
        let body = answer["body"]
            .as_str()
            .and_then(|body| json::read(body.as_bytes()));
        let status = answer["statusCode"].as_u64().expect("a status");
        let answer = Self {
            status,
            headers,
            body: body.expect("a JSON body"),
        };
        answer.has_its_headers();
        if status == 200 {
            answer.is_an_update()
        } else {
            answer.is_a_refusal()
        }
        answer
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
        self.header("x-customer-version")?
            .strip_prefix('"')?
            .strip_suffix('"')?
            .parse()
            .ok()
    }

    fn has_its_headers(&self) {
        let code = self.code();
        let expected: &[(&str, Option<&str>)] = &[
            ("content-type", Some("application/json")),
            ("cache-control", Some("no-store")),
            ("x-content-type-options", Some("nosniff")),
            ("allow", (self.status == 405).then_some("PUT")),
            (
                "www-authenticate",
                match code {
                    Some("token_missing") => Some("Bearer"),
                    Some("token_invalid") => Some(r#"Bearer error="invalid_token""#),
                    Some("insufficient_permission") => Some(r#"Bearer error="insufficient_scope""#),
                    _ => None,
                },
            ),
        ];
        for (name, value) in expected {
            assert_eq!(self.header(name), *value, "{name} of {self:?}");
        }
        assert_eq!(
            self.version().is_some(),
            matches!(self.status, 200 | 412),
            "{self:?}"
        );
        assert!(
            self.header("retry-after")
                .is_none_or(|after| self.status == 500 && after == "1"),
            "{self:?}"
        );
    }

    fn is_an_update(&self) {
        assert_eq!(keys(&self.body), ["success", "message", "data"]);
        assert_eq!(self.body.get("success"), Some(&Json::Bool(true)));
        assert_eq!(
            self.body.get("message").and_then(Json::text),
            Some("Customer updated successfully")
        );
        let documented = empty_data();
        assert_eq!(
            keys(self.data()),
            documented.iter().map(|(key, _)| *key).collect::<Vec<_>>()
        );
        for (key, empty) in documented {
            let value = self.data().get(key).expect("every key");
            assert_eq!(
                std::mem::discriminant(value),
                std::mem::discriminant(&empty),
                "{key} is {value:?}"
            );
        }
    }

    fn is_a_refusal(&self) {
        let codes: &[&str] = match self.status {
            400 => &["invalid_request"],
            401 => &["token_missing", "token_invalid", "insufficient_permission"],
            404 => &["customer_not_found", "not_found"],
            405 => &["method_not_allowed"],
            412 => &["version_conflict"],
            500 => &["internal_error"],
            other => panic!("{other} is not in the contract"),
        };
        assert!(
            self.code().is_some_and(|code| codes.contains(&code)),
            "{self:?}"
        );
        let faults = self.body.get("errors");
        let members: &[&str] = match faults {
            Some(_) => &["success", "message", "code", "errors", "requestId"],
            None => &["success", "message", "code", "requestId"],
        };
        assert_eq!(keys(&self.body), members);
        assert_eq!(self.body.get("success"), Some(&Json::Bool(false)));
        assert_eq!(
            self.body.get("requestId").and_then(Json::text),
            Some(REQUEST_ID)
        );
        let message = self
            .body
            .get("message")
            .and_then(Json::text)
            .expect("a sentence");
        assert!(if self.status == 500 {
            message == "An internal error occurred"
        } else {
            !message.is_empty()
        });
        if let Some(faults) = faults {
            assert_eq!(self.status, 400);
            assert!((1..=100).contains(&faults.elements().len()));
            for fault in faults.elements() {
                assert_eq!(keys(fault), ["pointer", "code", "message"]);
                assert!(
                    fault
                        .members()
                        .iter()
                        .all(|(_, value)| value.text().is_some())
                );
            }
        }
    }
}

fn keys(object: &Json) -> Vec<&str> {
    object
        .members()
        .iter()
        .map(|(key, _)| key.as_str())
        .collect()
}

/// Each header with its one value, which a REST API takes as a list.
fn headers(headers: &Value) -> impl Iterator<Item = (String, String)> + '_ {
    headers
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| {
            let value = match value.as_array().map(Vec::as_slice) {
                Some([only]) => only.as_str(),
                Some(several) => panic!("{name} comes {} times", several.len()),
                None => value.as_str(),
            };
            (name.to_ascii_lowercase(), value.expect("a text").to_owned())
        })
}
