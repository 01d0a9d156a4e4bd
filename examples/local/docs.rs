//! `GET /docs`: Swagger UI on `openapi.yaml`. Its assets are compiled in.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use utoipa_swagger_ui::{Config, serve};

const OPENAPI: &str = include_str!("../../openapi.yaml");

/// Instead of Swagger UI's own, whose settings cannot fill in a token or keep the digits of a number.
const INITIALIZER: &str = include_str!("docs.js");

/// Serves the page at `/docs/`, and the document that it shows at `/openapi.yaml`.
pub fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    let openapi = || async { ([(CONTENT_TYPE, "application/yaml")], OPENAPI) };
    let initializer = || async { ([(CONTENT_TYPE, "text/javascript")], INITIALIZER) };
    Router::new()
        .route("/openapi.yaml", get(openapi))
        .route("/docs", get(|| async { Redirect::permanent("/docs/") }))
        .route("/docs/", get(|| async { asset("") }))
        .route("/docs/swagger-initializer.js", get(initializer))
        .route(
            "/docs/{file}",
            get(|Path(file): Path<String>| async move { asset(&file) }),
        )
}

fn asset(file: &str) -> Response {
    match serve(file, Arc::new(Config::from("/openapi.yaml"))) {
        Ok(Some(file)) => ([(CONTENT_TYPE, file.content_type)], file.bytes).into_response(),
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}
