//! HTTP on both sides of the handler: the request's parts and the response.

pub mod if_match;
pub mod media_type;
pub mod request;
pub mod response;
