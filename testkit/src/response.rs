//! A response, read from what the function returns to Lambda.

use std::collections::BTreeMap;

use serde_json::Value;

/// A response as the caller sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Response {
    pub status: u64,
    /// By lower-case name.
    pub headers: BTreeMap<String, String>,
    pub body: Value,
}

impl Response {
    pub fn from_lambda(response: &Value) -> Self {
        let mut headers = BTreeMap::new();
        for (name, value) in response["headers"].as_object().into_iter().flatten() {
            headers.insert(name.clone(), value.as_str().unwrap().to_owned());
        }
        for (name, values) in response["multiValueHeaders"]
            .as_object()
            .into_iter()
            .flatten()
        {
            let values: Vec<_> = values
                .as_array()
                .unwrap()
                .iter()
                .map(|v| v.as_str().unwrap())
                .collect();
            headers.insert(name.clone(), values.join(","));
        }
        assert_eq!(response["isBase64Encoded"], false);
        let body = serde_json::from_str(response["body"].as_str().expect("a text body"))
            .expect("a JSON body");
        Self {
            status: response["statusCode"].as_u64().unwrap(),
            headers,
            body,
        }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// The response's `data`, when it is 200.
    #[track_caller]
    pub fn data(&self) -> &Value {
        assert_eq!(self.status, 200, "{}", self.body);
        &self.body["data"]
    }

    /// Each fault as `pointer code`, when the response is 400.
    #[track_caller]
    pub fn faults(&self) -> Vec<String> {
        assert_eq!(self.status, 400, "{}", self.body);
        assert_eq!(self.body["code"], "invalid_request");
        let faults = self.body["errors"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        faults
            .iter()
            .map(|fault| text(&fault["pointer"]) + " " + &text(&fault["code"]))
            .collect()
    }
}
