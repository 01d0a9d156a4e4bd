//! The last requests, with what each of them changed.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;

use super::recorder::Attempt;

/// How many requests are kept.
const MAX_EXCHANGES: usize = 20;

/// One request to the API and everything that followed from it. Bodies and items are text, because a
/// browser's own JSON parser would round numbers.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Exchange {
    pub number: u64,
    pub request_id: String,
    pub method: String,
    /// Path and query.
    pub target: String,
    pub request_headers: Vec<(String, String)>,
    pub request_body: String,
    pub status: u16,
    pub response_headers: Vec<(String, String)>,
    pub response_body: String,
    /// The stored customer as JSON. `None` when there is none, or when the path names none.
    pub before: Option<String>,
    pub after: Option<String>,
    pub attempts: Vec<Attempt>,
    pub log: String,
    /// Milliseconds since the Unix epoch.
    pub received_at: u64,
    /// Milliseconds since the example's start, as in `attempts`.
    pub started_ms: f64,
    pub ended_ms: f64,
}

/// A line of the list of the last requests.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    pub number: u64,
    pub method: String,
    pub target: String,
    pub status: u16,
    pub received_at: u64,
}

/// The last [`MAX_EXCHANGES`] requests.
#[derive(Default)]
pub struct History(Mutex<VecDeque<Exchange>>);

impl History {
    pub fn push(&self, exchange: Exchange) {
        let mut exchanges = self.exchanges();
        exchanges.push_front(exchange);
        exchanges.truncate(MAX_EXCHANGES);
    }

    pub fn get(&self, number: u64) -> Option<Exchange> {
        let exchanges = self.exchanges();
        let mut exchanges = exchanges.iter();
        exchanges
            .find(|exchange| exchange.number == number)
            .cloned()
    }

    /// The newest first.
    pub fn summaries(&self) -> Vec<Summary> {
        let exchanges = self.exchanges();
        let mut summaries: Vec<_> = exchanges
            .iter()
            .map(|exchange| Summary {
                number: exchange.number,
                method: exchange.method.clone(),
                target: exchange.target.clone(),
                status: exchange.status,
                received_at: exchange.received_at,
            })
            .collect();
        // Requests that run at the same time do not end in the order of their numbers.
        summaries.sort_by_key(|summary| std::cmp::Reverse(summary.number));
        summaries
    }

    fn exchanges(&self) -> MutexGuard<'_, VecDeque<Exchange>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
