//! An HTTP API on a desk: each HTTP request becomes an API Gateway event (payload 2.0), and the
//! function's answer to the event becomes the HTTP response.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_smithy_types::base64;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, StatusCode, Uri};
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use lambda_runtime::{Context, LambdaEvent};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};
use update_customer::event;
use update_customer::handler::UpdateCustomer;

/// The API's reference, with a form that sends requests to this gateway.
const REFERENCE: &str = include_str!("../../docs/api.html");

/// Passes every request but one for the reference to the function, whatever its path, as a catch-all
/// route would.
pub fn router(function: UpdateCustomer) -> axum::Router {
    let gateway = Arc::new(Gateway {
        function,
        requests: AtomicU64::new(0),
    });
    // The function has its own limit, and a gateway's is 10 MB.
    let limit = axum::extract::DefaultBodyLimit::max(10 * 1_024 * 1_024);
    axum::Router::new()
        .route("/", get(Html(REFERENCE)).fallback(answer))
        .fallback(answer)
        .layer(limit)
        .with_state(gateway)
}

struct Gateway {
    function: UpdateCustomer,
    requests: AtomicU64,
}

async fn answer(
    State(gateway): State<Arc<Gateway>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let number = gateway.requests.fetch_add(1, Ordering::Relaxed) + 1;
    let mut context = Context::default();
    context.request_id = format!("local-{number}");
    let event = http_api_event(&method, &uri, &headers, &body, &context.request_id);
    let answer = async {
        let event = serde_json::from_str(&event.to_string())?;
        let Ok(answer) = event::invoke(&gateway.function, LambdaEvent::new(event, context)).await;
        serde_json::to_value(answer)
    };
    match answer.await {
        Ok(answer) => http_response(&answer),
        // As API Gateway does when a function cannot take an event.
        Err(error) => (
            StatusCode::INTERNAL_SERVER_ERROR,
            format!("no answer to the event: {error}"),
        )
            .into_response(),
    }
}

fn http_api_event(
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: &[u8],
    request_id: &str,
) -> Value {
    let mut joined = Map::new();
    for name in headers.keys() {
        let values: Vec<_> = headers
            .get_all(name)
            .iter()
            .map(|value| String::from_utf8_lossy(value.as_bytes()))
            .collect();
        joined.insert(name.to_string(), Value::String(values.join(",")));
    }
    let path = percent_decode_str(uri.path()).decode_utf8_lossy();
    let mut event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": uri.path(),
        "rawQueryString": uri.query().unwrap_or_default(),
        "headers": joined,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "local",
            "domainName": "localhost",
            "domainPrefix": "localhost",
            "http": {
                "method": method.as_str(), "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1",
                "userAgent": "local"
            },
            "requestId": request_id,
            "routeKey": "$default",
            "stage": "$default",
            "time": "01/Jan/1970:00:00:00 +0000",
            "timeEpoch": 0
        },
        "isBase64Encoded": false
    });
    let segment = uri
        .path()
        .strip_prefix("/customers/")
        .filter(|segment| !segment.contains('/'));
    if let Some(segment) = segment.filter(|_| method == Method::PUT) {
        let id = percent_decode_str(segment).decode_utf8_lossy();
        event["routeKey"] = json!("PUT /customers/{customer_id}");
        event["pathParameters"] = json!({ "customer_id": id });
    }
    match std::str::from_utf8(body) {
        Ok("") => {}
        Ok(text) => event["body"] = json!(text),
        Err(_) => {
            event["body"] = json!(base64::encode(body));
            event["isBase64Encoded"] = json!(true);
        }
    }
    event
}

fn http_response(answer: &Value) -> Response<Body> {
    let status = answer["statusCode"]
        .as_u64()
        .and_then(|status| u16::try_from(status).ok());
    let mut response = Response::builder().status(status.unwrap_or(500));
    for (name, value) in answer["headers"].as_object().into_iter().flatten() {
        response = response.header(name, value.as_str().unwrap_or_default());
    }
    let body = answer["body"].as_str().unwrap_or_default().to_owned();
    response
        .body(Body::from(body))
        .unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}
