//! HTTP on both sides of the handler: the routes, the request's parts and the response.

pub(crate) mod preconditions;
pub(crate) mod request;
pub(crate) mod response;
pub(crate) mod routes;
