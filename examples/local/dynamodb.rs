//! The embedded DynamoDB and its guarded port.

use std::net::Ipv4Addr;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::ORIGIN;
use axum::http::uri::{Authority, Scheme, Uri};
use axum::middleware::from_fn;
use axum::response::{IntoResponse, Response};
use axum::{BoxError, Router};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use tokio::io;
use tokio::net::TcpListener;

use crate::guard;

/// Listens where only this process finds the engine, because the engine itself serves every web page.
/// Its address is one of 16 million, with a random port. macOS has only 127.0.0.1, and so only a random port.
pub async fn engine_listener() -> io::Result<TcpListener> {
    let [a, b, c] = [(); 3].map(|()| fastrand::u8(1..255));
    match TcpListener::bind((Ipv4Addr::new(127, a, b, c), 0)).await {
        Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable => {
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await
        }
        bound => bound,
    }
}

/// Passes every request that the guard lets pass to the engine.
pub fn router(engine: Authority) -> Router {
    let client = Client::builder(TokioExecutor::new()).build_http();
    Router::new()
        .fallback(forward)
        .layer(from_fn(guard::no_preflight))
        .layer(from_fn(guard::only_local))
        .with_state((client, engine))
}

async fn forward(
    State((client, engine)): State<(Client<HttpConnector, Body>, Authority)>,
    request: Request,
) -> Result<Response, Response> {
    let sent = async {
        let (mut parts, body) = request.into_parts();
        let mut uri = std::mem::take(&mut parts.uri).into_parts();
        (uri.scheme, uri.authority) = (Some(Scheme::HTTP), Some(engine.clone()));
        parts.uri = Uri::from_parts(uri)?;
        // The engine lets every origin read its response.
        parts.headers.remove(ORIGIN);
        Ok::<_, BoxError>(client.request(Request::from_parts(parts, body)).await?)
    };
    match sent.await {
        Ok(response) => Ok(response.map(Body::new)),
        Err(error) => Err((StatusCode::BAD_GATEWAY, error.to_string()).into_response()),
    }
}
