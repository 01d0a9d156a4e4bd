//! The last requests, with what each of them changed.

use std::collections::VecDeque;
use std::sync::Mutex;

use serde::Serialize;

use super::recorder::{Recording, lock};

/// How many requests are kept.
const MAX_EXCHANGES: usize = 20;

/// A line of the list of the last requests.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    pub number: u64,
    pub method: String,
    /// Path and query.
    pub target: String,
    pub status: u16,
    /// Milliseconds since the Unix epoch.
    pub received_at: u64,
}

/// One request to the API and everything that followed from it. Bodies and items are text, because a
/// browser's own JSON parser would round numbers.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Exchange {
    #[serde(flatten)]
    pub summary: Summary,
    pub request_headers: Vec<(String, String)>,
    pub request_body: String,
    pub response_headers: Vec<(String, String)>,
    pub response_body: String,
    /// Whether the path names a customer.
    pub has_customer: bool,
    /// The stored customer as JSON. `None` when there is none, or when the path names none.
    pub before: Option<String>,
    pub after: Option<String>,
    #[serde(flatten)]
    pub recording: Recording,
    /// On the clock of `recording`.
    pub started_ms: f64,
    pub ended_ms: f64,
}

/// The last [`MAX_EXCHANGES`] requests.
#[derive(Default)]
pub struct History(Mutex<VecDeque<Exchange>>);

impl History {
    pub fn push(&self, exchange: Exchange) {
        let mut exchanges = lock(&self.0);
        exchanges.push_front(exchange);
        exchanges.truncate(MAX_EXCHANGES);
    }

    pub fn get(&self, number: u64) -> Option<Exchange> {
        let exchanges = lock(&self.0);
        let mut exchanges = exchanges.iter();
        exchanges
            .find(|exchange| exchange.summary.number == number)
            .cloned()
    }

    /// The newest first.
    pub fn summaries(&self) -> Vec<Summary> {
        let mut summaries: Vec<_> = lock(&self.0)
            .iter()
            .map(|exchange| exchange.summary.clone())
            .collect();
        // Requests that run at the same time do not end in the order of their numbers.
        summaries.sort_by_key(|summary| std::cmp::Reverse(summary.number));
        summaries
    }
}
