//! Lambda's Runtime API for one program: it hands events out and takes the time until the answer.

use std::io::{self, Write};
use std::net::TcpStream;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::Failure;
use crate::http::{self, Request};
use crate::listener::Listener;

/// What the program did.
pub enum Signal {
    /// It asked for an event.
    Waiting { since: Instant },
    /// It answered one, this long after it was handed out.
    Answered { after: Duration, body: Vec<u8> },
    /// It reported an error instead.
    Failed { report: Vec<u8> },
}

pub struct RuntimeApi {
    pub address: String,
    pub events: Sender<Arc<[u8]>>,
    pub signals: Receiver<Signal>,
    _listener: Listener,
}

/// What the connections of one program share; it uses one after the other.
struct Queue {
    events: Receiver<Arc<[u8]>>,
    handed_out: Instant,
    number: usize,
}

impl RuntimeApi {
    pub fn start() -> Result<Self, Failure> {
        let ((events, queue), (signal, signals)) = (channel(), channel());
        let queue = Mutex::new(Queue {
            events: queue,
            handed_out: Instant::now(),
            number: 0,
        });
        let listener = Listener::start(move |stream| Ok(serve(stream, &queue, &signal)?))?;
        Ok(Self {
            address: listener.address.to_string(),
            events,
            signals,
            _listener: listener,
        })
    }
}

fn serve(mut stream: TcpStream, queue: &Mutex<Queue>, signal: &Sender<Signal>) -> io::Result<()> {
    while let Some(request) = Request::read(&mut stream)? {
        let now = Instant::now();
        let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
        let heard = match request.line() {
            ("GET", _) => {
                let heard = signal.send(Signal::Waiting { since: now });
                // The benchmark is over when nobody sends events any more.
                let Ok(event) = queue.events.recv() else {
                    return Ok(());
                };
                queue.number += 1;
                let event = invocation(queue.number, &event);
                queue.handed_out = Instant::now();
                stream.write_all(&event)?;
                heard
            }
            ("POST", path) => {
                stream.write_all(&http::response("202 Accepted", &[], br#"{"status":"OK"}"#))?;
                let after = now - queue.handed_out;
                signal.send(match path.ends_with("/response") {
                    true => Signal::Answered {
                        after,
                        body: request.body,
                    },
                    false => Signal::Failed {
                        report: request.body,
                    },
                })
            }
            _ => return Err(io::Error::other("no request of the Runtime API")),
        };
        if heard.is_err() {
            return Ok(());
        }
    }
    Ok(())
}

fn invocation(number: usize, event: &[u8]) -> Vec<u8> {
    let id = format!("8476a536-e9f4-11e8-9739-{number:012x}");
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
