//! Lambda's side: an API Gateway event in, an API Gateway response out.
//!
//! `lambda_http`'s adapter converts both. This module first reads what depends on the kind of event, and
//! works around what the adapter loses and where it panics.

use std::convert::Infallible;
use std::future::ready;

use jiter::{Jiter, JiterResult, Peek};
use lambda_http::http::HeaderMap;
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Service, service_fn};
use lambda_runtime::LambdaEvent;
use percent_encoding::percent_decode_str;
use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::Serialize;
use serde_json::value::RawValue;

use crate::error::Error;
use crate::handler::{App, handle};
use crate::http::request::CUSTOMER_ID;
use crate::http::response;
use crate::logging::RequestLog;
use crate::panic;

/// The path of a customer is this and one segment, the customer's id.
const PATH_PREFIX: &str = "/customers/";

/// An event of a REST API (payload 1.0) or an HTTP API (payload 1.0 or 2.0). Its path parameter
/// `customer_id` is decoded, and present whenever the path is that of a customer.
///
/// `lambda_http` would first parse each HTTP API event as a REST API event, to its end. This type
/// looks at the version first.
pub struct Event(LambdaRequest);

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <&RawValue>::deserialize(deserializer)?.get();
        let http_api = || serde_json::from_str(text).map(LambdaRequest::ApiGatewayV2);
        let rest_api = || serde_json::from_str(text).map(LambdaRequest::ApiGatewayV1);
        let version = version(text).ok().flatten();
        let event = match version.as_deref() {
            Some("2.0") => http_api(),
            _ => rest_api().or_else(|_| http_api()),
        };
        // The parser's own message could quote a header's value.
        let mut event = event
            .map_err(|_| D::Error::custom("not an API Gateway event with payload 1.0 or 2.0"))?;
        let is_decoded = matches!(version.as_deref(), Some("1.0" | "2.0"));
        set_customer_id(&mut event, is_decoded);
        Ok(Self(event))
    }
}

/// The event's `version`, which only an HTTP API writes. It may be anywhere among the members.
fn version(event: &str) -> JiterResult<Option<String>> {
    let mut json = Jiter::new(event.as_bytes());
    let mut is_version = json.next_object()?.map(|key| key == "version");
    while let Some(found) = is_version {
        let value = json.peek()?;
        match value {
            Peek::String if found => return json.known_str().map(|text| Some(text.to_owned())),
            _ => json.known_skip(value)?,
        }
        is_version = json.next_key()?.map(|key| key == "version");
    }
    Ok(None)
}

/// Sets the path parameter: the one of the event, otherwise the only segment after `/customers/`. An
/// HTTP API has decoded both; from another source they are still percent-encoded, and decoded here.
///
/// What is not UTF-8 becomes the empty id, which no customer has.
fn set_customer_id(event: &mut LambdaRequest, is_decoded: bool) {
    let (path, parameters) = match event {
        LambdaRequest::ApiGatewayV1(event) => (&event.path, &mut event.path_parameters),
        LambdaRequest::ApiGatewayV2(event) => (&event.raw_path, &mut event.path_parameters),
        _ => return,
    };
    let segment = || {
        let segment = path.as_deref()?.strip_prefix(PATH_PREFIX)?;
        (!segment.contains('/')).then(|| segment.to_owned())
    };
    let Some(mut id) = parameters.remove(CUSTOMER_ID).or_else(segment) else {
        return;
    };
    if !is_decoded {
        let decoded = percent_decode_str(&id).decode_utf8();
        id = decoded.unwrap_or_default().into_owned();
    }
    parameters.insert(CUSTOMER_ID.to_owned(), id);
}

/// Responds to one event in the format of its kind.
pub async fn invoke(
    app: &App,
    event: LambdaEvent<Event>,
) -> Result<impl Serialize + use<>, Infallible> {
    let LambdaEvent {
        payload: Event(payload),
        context,
    } = event;
    let request_id = context.request_id.clone();
    let empty_event = empty_event_like(&payload);
    let payload = work_around_adapter(payload);

    let handler = service_fn(|request| async { Ok::<_, Infallible>(handle(app, request).await) });
    let event = LambdaEvent::new(payload, context.clone());
    match panic::catch(async { Adapter::from(handler).call(event).await }).await {
        Ok(response) => response,
        Err(cause) => {
            let error = Error::Internal(cause);
            RequestLog::default().failure(&request_id, &error);
            let handler = service_fn(|_| ready(Ok(response::error(&error, &request_id))));
            let event = LambdaEvent::new(empty_event, context);
            Adapter::from(handler).call(event).await
        }
    }
}

/// Changes what the adapter would lose or panic on.
///
/// A REST API sends each header twice, with its last value and with all values. The adapter lets the
/// last value replace all of them, which would hide a second token. The adapter also builds a URI,
/// which nothing here reads, and panics on characters that a URI must not have. So everything that
/// goes into the URI is removed.
fn work_around_adapter(event: LambdaRequest) -> LambdaRequest {
    match event {
        LambdaRequest::ApiGatewayV1(mut event) => {
            for name in event.multi_value_headers.keys() {
                event.headers.remove(name);
            }
            let context = &mut event.request_context;
            let parts = [
                &mut event.path,
                &mut context.domain_name,
                &mut context.stage,
            ];
            strip_uri_inputs(&mut event.headers, parts);
            event.query_string_parameters = Default::default();
            event.multi_value_query_string_parameters = Default::default();
            LambdaRequest::ApiGatewayV1(event)
        }
        LambdaRequest::ApiGatewayV2(mut event) => {
            let context = &mut event.request_context;
            let parts = [
                &mut event.raw_path,
                &mut context.domain_name,
                &mut context.stage,
            ];
            strip_uri_inputs(&mut event.headers, parts);
            event.query_string_parameters = Default::default();
            event.raw_query_string = None;
            LambdaRequest::ApiGatewayV2(event)
        }
        other => other,
    }
}

/// Removes what both kinds of event have for the URI, the query aside.
fn strip_uri_inputs(headers: &mut HeaderMap, parts: [&mut Option<String>; 3]) {
    for name in ["host", "x-forwarded-proto"] {
        headers.remove(name);
    }
    for part in parts {
        *part = None;
    }
}

/// An empty event of the same kind, which decides the format of the response.
fn empty_event_like(event: &LambdaRequest) -> LambdaRequest {
    match event {
        LambdaRequest::ApiGatewayV1(_) => LambdaRequest::ApiGatewayV1(Default::default()),
        _ => LambdaRequest::ApiGatewayV2(Default::default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    /// The customer id that an event leads to. `None` for another path.
    fn customer_id(event: &Value) -> Option<String> {
        let Event(event) = serde_json::from_str(&event.to_string()).unwrap();
        match event {
            LambdaRequest::ApiGatewayV1(mut event) => event.path_parameters.remove(CUSTOMER_ID),
            LambdaRequest::ApiGatewayV2(mut event) => event.path_parameters.remove(CUSTOMER_ID),
            _ => None,
        }
    }

    /// An event of each kind with these members: a REST API's, and an HTTP API's with payload 1.0 and 2.0.
    fn events(path: &str, path_parameters: Value) -> [Value; 3] {
        let rest_api = json!({
            "resource": "/customers/{customer_id}", "path": path, "httpMethod": "PUT",
            "pathParameters": path_parameters, "requestContext": {"httpMethod": "PUT"}
        });
        let mut http_api_1 = rest_api.clone();
        http_api_1["version"] = json!("1.0");
        let http_api_2 = json!({
            "version": "2.0", "rawPath": path, "pathParameters": path_parameters,
            "requestContext": {"http": {"method": "PUT"}}
        });
        [rest_api, http_api_1, http_api_2]
    }

    #[test]
    fn version_is_found_anywhere_in_the_event() {
        for (event, expected) in [
            (r#"{"version":"2.0"}"#, Some("2.0")),
            (r#"{"a":[{"version":"1.0"}],"version":"2.0"}"#, Some("2.0")),
            (r#"{"resource":"/","version":"1.0"}"#, Some("1.0")),
            (r#"{"version":null}"#, None),
            (r#"{"version":2.0}"#, None),
            ("{}", None),
        ] {
            assert_eq!(version(event).unwrap().as_deref(), expected, "{event}");
        }
        assert!(version("[]").is_err());
    }

    #[test]
    fn only_a_rest_api_passes_the_path_parameter_encoded() {
        for (parameter, decoded) in [
            ("638df9e713920facde1a1cfa", "638df9e713920facde1a1cfa"),
            ("a%40b.co", "a@b.co"),
            ("%C3%A9", "é"),
            ("C%2312", "C#12"),
            ("a%2541b", "a%41b"),
            ("a%2Fb+c%", "a/b+c%"),
            ("%ff", ""),
            ("", ""),
        ] {
            let events = events("/other", json!({CUSTOMER_ID: parameter}));
            let ids = events.map(|event| customer_id(&event));
            let expected = [decoded, parameter, parameter].map(|id| Some(id.to_owned()));
            assert_eq!(ids, expected);
        }
    }

    #[test]
    fn path_segment_replaces_a_missing_parameter() {
        for (path, expected) in [
            ("/customers/a%41b", [Some("aAb"), Some("a%41b")]),
            ("/customers/a@b.co", [Some("a@b.co"); 2]),
            ("/customers/%ff", [Some(""), Some("%ff")]),
            ("/customers/a%2Fb", [Some("a/b"), Some("a%2Fb")]),
            ("/customers/", [Some(""); 2]),
            ("/", [None; 2]),
            ("/customers", [None; 2]),
            ("/customers/a/b", [None; 2]),
            ("/customers/a/", [None; 2]),
            ("/orders/a", [None; 2]),
            ("/v1/customers/a", [None; 2]),
        ] {
            for parameters in [Value::Null, json!({"other": "b"})] {
                let ids = events(path, parameters).map(|event| customer_id(&event));
                let [rest_api, http_api] = expected.map(|id| id.map(str::to_owned));
                assert_eq!(ids, [rest_api, http_api.clone(), http_api], "{path}");
            }
        }
    }

    #[test]
    fn other_events_are_rejected_without_quoting_them() {
        for event in [
            r#"{}"#,
            r#"["john@example.com"]"#,
            r#"{"version":"2.0","headers":"john@example.com"}"#,
            // A line break, which no gateway passes on.
            r#"{"version":"2.0","headers":{"accesstoken":"john@example.com\r\nx: 1"}}"#,
            r#"{"resource":"/","headers":{"x: 1\r\ny":"john@example.com"}}"#,
        ] {
            let error = serde_json::from_str::<Event>(event)
                .map(|_| ())
                .unwrap_err();
            assert!(
                error
                    .to_string()
                    .starts_with("not an API Gateway event with payload 1.0 or 2.0"),
                "{error}"
            );
        }
    }
}
