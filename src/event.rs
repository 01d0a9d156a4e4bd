//! Lambda's edge: an API Gateway event in, an API Gateway answer out.

use std::convert::Infallible;
use std::future::ready;

use lambda_http::http::header::HOST;
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Service, service_fn};
use lambda_runtime::LambdaEvent;
use serde::Serialize;

use crate::error::Error;
use crate::handler::{UpdateCustomer, handle};
use crate::{log, panic, response};

/// Answers one event, of an HTTP API (payload 2.0) or a REST API (payload 1.0), in kind.
///
/// The event passes through `lambda_http`'s adapter. What the adapter would lose or panic on is seen
/// to here.
pub async fn invoke(
    function: &UpdateCustomer,
    event: LambdaEvent<LambdaRequest>,
) -> Result<impl Serialize + use<>, Infallible> {
    let LambdaEvent { payload, context } = event;
    let request_id = context.request_id.clone();
    let same_kind = blank(&payload);
    let payload = faithful(payload);

    let handler = service_fn(|request| async { Ok::<_, Infallible>(handle(function, request).await) });
    let event = LambdaEvent::new(payload, context.clone());
    match panic::catch(async { Adapter::from(handler).call(event).await }).await {
        Ok(answer) => answer,
        Err(cause) => {
            let error = Error::Internal(cause);
            log::Entry::default().refused(&request_id, &error);
            let refuse = service_fn(|_| ready(Ok(response::refused(&error, &request_id))));
            Adapter::from(refuse).call(LambdaEvent::new(same_kind, context)).await
        }
    }
}

/// The event, ready for the adapter.
///
/// A REST API names each header twice: with its last value and with all of them. The adapter lets
/// the last value replace all, which would hide a second token. Nothing here reads the query or the
/// host, and the adapter panics on what a URI may not hold.
fn faithful(event: LambdaRequest) -> LambdaRequest {
    match event {
        LambdaRequest::ApiGatewayV1(mut event) => {
            event.multi_value_headers.remove(HOST);
            for name in event.multi_value_headers.keys() {
                event.headers.remove(name);
            }
            shorten(&mut event.path);
            event.headers.remove(HOST);
            event.query_string_parameters = Default::default();
            event.multi_value_query_string_parameters = Default::default();
            LambdaRequest::ApiGatewayV1(event)
        }
        LambdaRequest::ApiGatewayV2(mut event) => {
            shorten(&mut event.raw_path);
            event.headers.remove(HOST);
            event.query_string_parameters = Default::default();
            event.raw_query_string = None;
            LambdaRequest::ApiGatewayV2(event)
        }
        other => other,
    }
}

/// Cuts a path that no URI can hold, on which the adapter panics. What is left is still too long for a
/// customer's id, which may be 2,048 bytes after percent-decoding.
fn shorten(path: &mut Option<String>) {
    const ENOUGH: usize = 8_192;
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
