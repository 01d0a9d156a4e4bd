//! The contract, seen from outside: an event goes in, the whole answer comes out, and then a look at
//! what is stored. DynamoDB is an embedded engine behind the real SDK; with `DYNAMODB_ENDPOINT` set,
//! it is whatever answers there.

mod support;

mod answers;
mod authentication;
mod body;
mod budget;
mod concurrency;
mod description;
mod events;
mod faults;
mod faulty;
mod fields;
mod fuzz;
mod hostile;
mod meanwhile;
mod model;
mod process;
mod properties;
mod requests;
mod sent;
mod start;
mod stored;
mod tokens;
mod versions;
