//! Lambda's side: an API Gateway event in, an API Gateway response out.
//!
//! `lambda_http`'s adapter converts both. This module finds the API's kind and the path parameter, then repairs
//! the event: the adapter drops headers and panics on bad URIs.

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::ready;
use std::sync::Arc;

use lambda_http::http::HeaderMap;
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Body, IntoResponse, Response, Service, service_fn};
use lambda_runtime::{BoxFuture, Error, LambdaEvent, Runtime, SnapStartResource};
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use tokio::select;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Semaphore;
use tower::limit::GlobalConcurrencyLimitLayer;

use crate::handler::{App, handle};
use crate::http::routes::ROUTES;
use crate::logging::REQUEST_ID;

/// The domain of a Function URL contains this. Its events have version 2.0 and, unlike those of an HTTP API, an
/// encoded path.
const FUNCTION_URL_DOMAIN: &str = ".lambda-url.";

const NOT_AN_EVENT: &str = "not an API Gateway event with payload 1.0 or 2.0";

/// An event of a REST API (payload 1.0) or an HTTP API (payload 1.0 or 2.0); `None` for an event that is not a
/// request. The path parameter of a route is decoded, and present whenever the path is the route's.
pub struct Event(Option<LambdaRequest>);

impl<'de> Deserialize<'de> for Event {
    /// The adapter tries every event as a REST API event first; reading `version` avoids that pass.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <&RawValue>::deserialize(deserializer)?.get();
        let http_api = || serde_json::from_str(text).map(LambdaRequest::ApiGatewayV2);
        let rest_api = || serde_json::from_str(text).map(LambdaRequest::ApiGatewayV1);
        let kind = serde_json::from_str::<Kind>(text);
        let version = kind.ok().and_then(|kind| kind.version).unwrap_or_default();
        let event = match version.as_str() {
            "2.0" => http_api(),
            _ => rest_api().or_else(|_| http_api()),
        };
        let is_http_api = matches!(version.as_str(), "1.0" | "2.0");
        // The parser's own message could quote a header's value.
        Ok(Self(event.ok().map(|event| prepare(event, is_http_api))))
    }
}

/// An event's `version`; a REST API sends none.
#[derive(Deserialize)]
struct Kind {
    version: Option<String>,
}

/// Stores the decoded path parameter, and removes what the adapter would lose or panic on.
///
/// A REST API sends each header twice, with its last value and with all values. The adapter lets the
/// last value replace all of them, which would hide a second token. The adapter also builds a URI,
/// which nothing here reads, and panics on characters that a URI must not have. So everything that
/// goes into the URI is removed.
fn prepare(event: LambdaRequest, is_http_api: bool) -> LambdaRequest {
    match event {
        LambdaRequest::ApiGatewayV1(mut event) => {
            let parameters = &mut event.path_parameters;
            set_path_parameter(parameters, event.path.take(), is_http_api);
            for name in event.multi_value_headers.keys() {
                event.headers.remove(name);
            }
            remove_origin(&mut event.headers);
            event.request_context.domain_name = None;
            event.request_context.stage = None;
            event.query_string_parameters = Default::default();
            event.multi_value_query_string_parameters = Default::default();
            LambdaRequest::ApiGatewayV1(event)
        }
        LambdaRequest::ApiGatewayV2(mut event) => {
            let domain = event.request_context.domain_name.take().unwrap_or_default();
            let is_decoded = is_http_api && !domain.contains(FUNCTION_URL_DOMAIN);
            let parameters = &mut event.path_parameters;
            set_path_parameter(parameters, event.raw_path.take(), is_decoded);
            remove_origin(&mut event.headers);
            event.request_context.stage = None;
            event.query_string_parameters = Default::default();
            event.raw_query_string = None;
            LambdaRequest::ApiGatewayV2(event)
        }
        other => other,
    }
}

/// Takes the event's path parameter or, if absent, the segment after the route's path. Decodes it unless
/// the API has done so. Invalid UTF-8 becomes "", which is rejected as an id.
fn set_path_parameter(
    parameters: &mut HashMap<String, String>,
    path: Option<String>,
    is_decoded: bool,
) {
    for route in ROUTES {
        let segment = || {
            let segment = path.as_deref()?.strip_prefix(route.path)?;
            (!segment.contains('/')).then(|| segment.to_owned())
        };
        let Some(mut value) = parameters.remove(route.parameter).or_else(segment) else {
            continue;
        };
        if !is_decoded {
            let decoded = percent_decode_str(&value).decode_utf8();
            value = decoded.unwrap_or_default().into_owned();
        }
        parameters.insert(route.parameter.to_owned(), value);
    }
}

fn remove_origin(headers: &mut HeaderMap) {
    headers.remove("host");
    headers.remove("x-forwarded-proto");
}

/// Responds to events until Lambda stops the environment, up to `max_concurrency` at once. After SIGTERM it begins no
/// other event, and ends when those it has begun are answered.
pub async fn run(app: App, max_concurrency: u32) -> Result<(), Error> {
    let app = Arc::new(app);
    let running = Arc::new(Semaphore::new(max_concurrency as usize));
    let snap_start = Arc::clone(&app);
    let handler = service_fn(move |event| {
        let app = Arc::clone(&app);
        async move { invoke(&app, event).await }
    });
    let runtime = Runtime::new(handler)
        .register_snapstart_resource(snap_start.clone())
        .layer(GlobalConcurrencyLimitLayer::with_semaphore(running.clone()));
    if !runtime.is_snapstart() {
        snap_start.warm_up().await;
    }
    let mut terminate = signal(SignalKind::terminate())?;
    let finish = async {
        terminate.recv().await;
        running.acquire_many(max_concurrency).await
    };
    select! {
        result = runtime.run_concurrent() => result,
        _ = finish => Ok(()),
    }
}

/// A snapshot holds no connection and no cached token, because a restored copy could use neither.
impl SnapStartResource for App {
    fn after_restore(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async {
            self.warm_up().await;
            Ok(())
        })
    }
}

/// A response whose body is text already. `lambda_http` would find out the charset and decode it, for which it links
/// every charset there is.
struct Ready(Response<Body>);

impl IntoResponse for Ready {
    fn into_response(self) -> BoxFuture<'static, Response<Body>> {
        Box::pin(ready(self.0))
    }
}

/// Responds to one event in the format of its kind.
pub async fn invoke(app: &App, event: LambdaEvent<Event>) -> Result<impl Serialize + use<>, Error> {
    let LambdaEvent { payload, context } = event;
    let Event(Some(request)) = payload else {
        tracing::error!(
            requestId = context.request_id,
            cause = NOT_AN_EVENT,
            "event rejected"
        );
        return Err(NOT_AN_EVENT.into());
    };
    let handler =
        service_fn(async |request| Ok::<_, Infallible>(Ready(handle(app, request).await)));
    let request_id = context.request_id.clone();
    let event = LambdaEvent::new(request, context);
    // The adapter itself can panic.
    let response = async { Adapter::from(handler).call(event).await };
    let Ok(response) = REQUEST_ID.scope(request_id, response).await;
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const PARAMETER: &str = ROUTES[0].parameter;

    /// The customer id that an event leads to. `None` for another path.
    fn customer_id(event: &Value) -> Option<String> {
        let Event(event) = serde_json::from_str(&event.to_string()).unwrap();
        match event {
            Some(LambdaRequest::ApiGatewayV1(mut event)) => event.path_parameters.remove(PARAMETER),
            Some(LambdaRequest::ApiGatewayV2(mut event)) => event.path_parameters.remove(PARAMETER),
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
            let events = events("/other", json!({PARAMETER: parameter}));
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
    fn path_of_a_function_url_is_decoded_once() {
        for domain in [
            "abc.lambda-url.us-east-1.on.aws",
            "abc.lambda-url.cn-north-1.on.amazonwebservices.com.cn",
        ] {
            let mut event = events("/customers/a%2540b%40c", Value::Null)[2].clone();
            event["requestContext"]["domainName"] = domain.into();
            assert_eq!(customer_id(&event).as_deref(), Some("a%40b@c"), "{domain}");
        }
    }

    #[test]
    fn other_events_are_not_requests() {
        for event in [
            r#"{}"#,
            r#"["john@example.com"]"#,
            r#"{"version":"2.0","headers":"john@example.com"}"#,
            // A line break, which no gateway passes on.
            r#"{"version":"2.0","headers":{"accesstoken":"john@example.com\r\nx: 1"}}"#,
            r#"{"resource":"/","headers":{"x: 1\r\ny":"john@example.com"}}"#,
        ] {
            let Event(request) = serde_json::from_str(event).unwrap();
            assert!(request.is_none(), "{event}");
        }
    }
}
