//! Lambda's Runtime API for one program. It measures the time from each event to its response.

use std::io::{self, Write};
use std::net::TcpStream;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::ServerError;
use super::http::{self, Listener, Request};

/// What the program did.
#[derive(Debug)]
pub enum Signal {
    /// It requested the next event.
    Waiting { since: Instant },
    /// It responded to an event, this long after receiving it.
    Responded { after: Duration, body: Vec<u8> },
    /// It reported an error instead of a response.
    Failed { report: Vec<u8> },
}

/// The server of one program.
pub struct FakeRuntimeApi {
    /// `host:port` for `AWS_LAMBDA_RUNTIME_API`.
    pub address: String,
    /// Each event sent here is delivered in order.
    pub events: Sender<Arc<[u8]>>,
    pub signals: Receiver<Signal>,
    /// Dropping it stops the server.
    pub listener: Listener,
}

/// What the connections of one program share. It uses one after the other.
struct Queue {
    events: Receiver<Arc<[u8]>>,
    sent_at: Instant,
    number: usize,
}

impl FakeRuntimeApi {
    pub fn start() -> Result<Self, ServerError> {
        let ((events, queue), (signal, signals)) = (channel(), channel());
        let queue = Mutex::new(Queue {
            events: queue,
            sent_at: Instant::now(),
            number: 0,
        });
        let listener = Listener::start(move |stream| Ok(serve(stream, &queue, &signal)?))?;
        Ok(Self {
            address: listener.address.to_string(),
            events,
            signals,
            listener,
        })
    }
}

fn serve(mut stream: TcpStream, queue: &Mutex<Queue>, signal: &Sender<Signal>) -> io::Result<()> {
    while let Some(request) = Request::read(&mut stream)? {
        let now = Instant::now();
        let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
        let received = match request.line() {
            ("GET", _) => {
                let received = signal.send(Signal::Waiting { since: now });
                // The sender is gone: the test or benchmark is over.
                let Ok(event) = queue.events.recv() else {
                    return Ok(());
                };
                queue.number += 1;
                let event = invocation(queue.number, &event);
                queue.sent_at = Instant::now();
                stream.write_all(&event)?;
                received
            }
            ("POST", path) => {
                stream.write_all(&http::response("202 Accepted", &[], br#"{"status":"OK"}"#))?;
                let after = now - queue.sent_at;
                signal.send(match path.ends_with("/response") {
                    true => Signal::Responded {
                        after,
                        body: request.body,
                    },
                    false => Signal::Failed {
                        report: request.body,
                    },
                })
            }
            _ => return Err(io::Error::other("not a request of the Runtime API")),
        };
        if received.is_err() {
            return Ok(());
        }
    }
    Ok(())
}

/// The request id of the n-th event, counted from 1.
pub fn request_id(number: usize) -> String {
    format!("8476a536-e9f4-11e8-9739-{number:012x}")
}

fn invocation(number: usize, event: &[u8]) -> Vec<u8> {
    let id = request_id(number);
    let headers = [
        ("content-type", "application/json"),
        ("lambda-runtime-aws-request-id", id.as_str()),
        ("lambda-runtime-deadline-ms", "9999999999999"),
        (
            "lambda-runtime-invoked-function-arn",
            "arn:aws:lambda:us-east-1:123456789012:function:update-customer",
        ),
        (
            "lambda-runtime-trace-id",
            "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1",
        ),
    ];
    http::response("200 OK", &headers, event)
}
