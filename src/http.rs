//! HTTP on both sides of the handler: the routes, the request's parts and the response.

pub mod preconditions;
pub mod request;
pub mod response;
pub mod routes;
