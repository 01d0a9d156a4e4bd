//! HTTP on both sides of the handler: the request's parts and the response.

pub mod media_type;
pub mod preconditions;
pub mod request;
pub mod response;
