//! Lambda's edge: an API Gateway event in, an API Gateway answer out.

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
use crate::handler::{UpdateCustomer, handle};
use crate::{log, panic, response};

/// A request as API Gateway sends it.
///
/// `lambda_http` alone would read every event of an HTTP API twice: as one of a REST API first, to the
/// end, and then again. Here its version is looked at first.
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
        // The reader's own words could hold a header's value.
        event
            .map(Self)
            .map_err(|_| D::Error::custom("the event is not one of API Gateway, 1.0 or 2.0"))
    }
}

/// Whether an event says that it has payload 2.0. API Gateway says so first of all; an event that starts
/// with its resource is a REST API's, which names no version.
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

/// Answers one event, of an HTTP API (payload 2.0) or a REST API (payload 1.0), in kind.
///
/// The event passes through `lambda_http`'s adapter. What the adapter would lose or panic on is seen
/// to here.
pub async fn invoke(
    function: &UpdateCustomer,
    event: LambdaEvent<Event>,
) -> Result<impl Serialize + use<>, Infallible> {
    let LambdaEvent {
        payload: Event(payload),
        context,
    } = event;
    let request_id = context.request_id.clone();
    let same_kind = blank(&payload);
    let payload = faithful(payload);

    let handler =
        service_fn(|request| async { Ok::<_, Infallible>(handle(function, request).await) });
    let event = LambdaEvent::new(payload, context.clone());
    match panic::catch(async { Adapter::from(handler).call(event).await }).await {
        Ok(answer) => answer,
        Err(cause) => {
            let error = Error::Internal(cause);
            log::Entry::default().refused(&request_id, &error);
            let refuse = service_fn(|_| ready(Ok(response::refused(&error, &request_id))));
            Adapter::from(refuse)
                .call(LambdaEvent::new(same_kind, context))
                .await
        }
    }
}

/// The event, ready for the adapter.
///
/// A REST API names each header twice: with its last value and with all of them. The adapter lets
/// the last value replace all, which would hide a second token. The adapter also makes a URI, which
/// nothing here reads, and panics on characters that a URI may not have; so it gets no query, none
/// of the caller's headers that it would make the URI of, and no path that a URI cannot hold.
fn faithful(event: LambdaRequest) -> LambdaRequest {
    match event {
        LambdaRequest::ApiGatewayV1(mut event) => {
            for name in event.multi_value_headers.keys() {
                event.headers.remove(name);
            }
            fit_a_uri(&mut event.headers, &mut event.path);
            event.query_string_parameters = Default::default();
            event.multi_value_query_string_parameters = Default::default();
            LambdaRequest::ApiGatewayV1(event)
        }
        LambdaRequest::ApiGatewayV2(mut event) => {
            fit_a_uri(&mut event.headers, &mut event.raw_path);
            event.query_string_parameters = Default::default();
            event.raw_query_string = None;
            LambdaRequest::ApiGatewayV2(event)
        }
        other => other,
    }
}

/// Takes the headers away that the adapter makes a URI of, and cuts a path that no URI can hold. What is
/// left of it is still too long for a customer's id, which may be 2,048 bytes after percent-decoding.
fn fit_a_uri(headers: &mut HeaderMap, path: &mut Option<String>) {
    const ENOUGH: usize = 8_192;
    for name in ["host", "x-forwarded-proto"] {
        headers.remove(name);
    }
    if let Some(path) = path {
        path.truncate(path.floor_char_boundary(ENOUGH));
    }
}

/// An empty event of the same kind, so that an answer has the shape its gateway expects.
fn blank(event: &LambdaRequest) -> LambdaRequest {
    match event {
        LambdaRequest::ApiGatewayV1(_) => LambdaRequest::ApiGatewayV1(Default::default()),
        _ => LambdaRequest::ApiGatewayV2(Default::default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_decides_wherever_it_stands() {
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
    fn what_is_no_event_of_api_gateway_is_refused_without_its_text() {
        for event in [
            r#"{}"#,
            r#"["john@example.com"]"#,
            r#"{"version":"2.0","headers":"john@example.com"}"#,
            // A line break, which no gateway lets through.
            r#"{"version":"2.0","headers":{"accesstoken":"john@example.com\r\nx: 1"}}"#,
            r#"{"resource":"/","headers":{"x: 1\r\ny":"john@example.com"}}"#,
        ] {
            let error = serde_json::from_str::<Event>(event)
                .map(|_| ())
                .unwrap_err();
            assert!(
                error
                    .to_string()
                    .starts_with("the event is not one of API Gateway, 1.0 or 2.0"),
                "{error}"
            );
        }
    }
}
