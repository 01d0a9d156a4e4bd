//! The API as a caller sees it.

mod authentication;
mod body;
mod events;
mod fields;
mod malicious_input;
mod openapi;
mod optimistic_locking;
mod properties;
mod responses;
mod routing;
mod storage;
