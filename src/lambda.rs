//! Lambda's side: an API Gateway event in, an API Gateway response out.
//!
//! `lambda_http`'s adapter converts both. This module works around what the adapter loses and where
//! it panics.

use std::convert::Infallible;
use std::future::ready;

use jiter::{Jiter, JiterResult, Peek};
use lambda_http::http::HeaderMap;
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Service, service_fn};
use lambda_runtime::LambdaEvent;
use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::Serialize;
use serde_json::value::RawValue;

use crate::error::Error;
use crate::handler::{App, handle};
use crate::http::response;
use crate::logging::RequestLog;
use crate::panic;

/// The longest path passed to the adapter, in bytes. A customer id has up to 2,048 bytes, which
/// percent-encoding triples.
const MAX_PATH_BYTES: usize = 8_192;

/// An event of a REST API (payload 1.0) or an HTTP API (payload 2.0).
///
/// `lambda_http` would first parse each HTTP API event as a REST API event, to its end. This type
/// looks at the version first.
pub struct Event(LambdaRequest);

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <&RawValue>::deserialize(deserializer)?.get();
        let http_api = || serde_json::from_str(text).map(LambdaRequest::ApiGatewayV2);
        let rest_api = || serde_json::from_str(text).map(LambdaRequest::ApiGatewayV1);
        let event = match is_version_2(text) {
            Ok(true) => http_api(),
            _ => rest_api().or_else(|_| http_api()),
        };
        // The parser's own message could quote a header's value.
        event
            .map(Self)
            .map_err(|_| D::Error::custom("not an API Gateway event with payload 1.0 or 2.0"))
    }
}

/// Whether the event says that its payload is 2.0. API Gateway writes `version` first in an HTTP
/// API's event, and `resource` first in a REST API's event, which has no version.
fn is_version_2(event: &str) -> JiterResult<bool> {
    let mut json = Jiter::new(event.as_bytes());
    let mut key = json.next_object()?.map(str::to_owned);
    while let Some(name) = key {
        let value = json.peek()?;
        match name.as_str() {
            "version" if value == Peek::String => return Ok(json.known_str()? == "2.0"),
            "resource" if value == Peek::String => return Ok(false),
            _ => json.known_skip(value)?,
        }
        key = json.next_key()?.map(str::to_owned);
    }
    Ok(false)
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
/// goes into the URI is removed, and the path is shortened.
fn work_around_adapter(event: LambdaRequest) -> LambdaRequest {
    match event {
        LambdaRequest::ApiGatewayV1(mut event) => {
            for name in event.multi_value_headers.keys() {
                event.headers.remove(name);
            }
            strip_uri_inputs(&mut event.headers, &mut event.path);
            event.query_string_parameters = Default::default();
            event.multi_value_query_string_parameters = Default::default();
            LambdaRequest::ApiGatewayV1(event)
        }
        LambdaRequest::ApiGatewayV2(mut event) => {
            strip_uri_inputs(&mut event.headers, &mut event.raw_path);
            event.query_string_parameters = Default::default();
            event.raw_query_string = None;
            LambdaRequest::ApiGatewayV2(event)
        }
        other => other,
    }
}

/// Removes the headers that the adapter builds the URI from, and shortens a path that no URI can
/// hold. A path this long still has no valid customer id.
fn strip_uri_inputs(headers: &mut HeaderMap, path: &mut Option<String>) {
    for name in ["host", "x-forwarded-proto"] {
        headers.remove(name);
    }
    if let Some(path) = path {
        path.truncate(path.floor_char_boundary(MAX_PATH_BYTES));
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

    #[test]
    fn version_is_found_anywhere_in_the_event() {
        for (event, version_2) in [
            (r#"{"version":"2.0"}"#, true),
            (r#"{"a":[{"version":"1.0"}],"version":"2.0"}"#, true),
            (r#"{"resource":null,"version":"2.0"}"#, true),
            (r#"{"version":"1.0","resource":"/"}"#, false),
            (r#"{"resource":"/","version":"2.0"}"#, false),
            (r#"{"version":null}"#, false),
            (r#"{"version":2.0}"#, false),
            ("{}", false),
        ] {
            assert_eq!(is_version_2(event).unwrap(), version_2, "{event}");
        }
        assert!(is_version_2("[]").is_err());
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
