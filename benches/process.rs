//! A program in the environment that Lambda gives it, with its own Runtime API and DynamoDB.

use std::env;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;
use testkit::canned_dynamodb::{self, token_record};
use testkit::runtime_api::{FakeRuntimeApi, Signal};
use testkit::server::{AUTHORITY, Server};

use crate::{FUNCTION, Program};

/// How long a program may do nothing before the benchmark fails.
const TIMEOUT: Duration = Duration::from_secs(60);

/// One program that handles one event, again and again.
pub struct Process {
    calls: usize,
    child: Child,
    event: Arc<[u8]>,
    log: PathBuf,
    runtime_api: FakeRuntimeApi,
    /// The requests to DynamoDB since the last event.
    requests: Arc<Mutex<Vec<String>>>,
    /// From the start of the process to its first request for an event.
    pub start: Duration,
    _dynamodb: Server,
}

impl Process {
    /// Starts a program and waits until it requests its first event. `update` is what the hand-signed baseline sends to
    /// DynamoDB.
    pub fn start(folder: &Path, program: Program, body: &str, update: &str) -> Self {
        let runtime_api = FakeRuntimeApi::start();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (record, updated) = (Arc::clone(&requests), canned_dynamodb::updated(body));
        let dynamodb =
            canned_dynamodb::serve_after(program.delay, true, move |operation, request| {
                let request = String::from_utf8(request.to_vec()).unwrap();
                // The request that opens the connection asks for no token's hash.
                let is_warm_up = request.contains(&"0".repeat(64));
                record.lock().unwrap().push(request);
                match operation {
                    "GetItem" if is_warm_up => (200, "{}".to_owned()),
                    "GetItem" => (200, token_record()),
                    _ => (200, updated.clone()),
                }
            });
        let log = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}.log", program.file));
        let endpoint = format!("https://localhost:{}", dynamodb.address.port());
        let program_file = match env::var_os("BOOTSTRAP") {
            Some(bootstrap) if program.file == FUNCTION.file => bootstrap.into(),
            _ => folder.join(program.file),
        };
        let mut command = match program.processors {
            "" => Command::new(program_file),
            processors => {
                let mut command = Command::new("taskset");
                command.args(["--cpu-list", processors]).arg(program_file);
                command
            }
        };
        command
            .env_clear()
            .stdout(File::create(&log).unwrap())
            .envs([
                ("AWS_LAMBDA_RUNTIME_API", runtime_api.address.as_str()),
                ("AWS_LAMBDA_FUNCTION_NAME", "update-customer"),
                ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
                ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
                ("AWS_LAMBDA_LOG_FORMAT", "JSON"),
                ("AWS_REGION", "us-east-1"),
                ("AWS_ACCESS_KEY_ID", "ASIAIOSFODNN7EXAMPLE"),
                (
                    "AWS_SECRET_ACCESS_KEY",
                    "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                ),
                // As long as the session tokens of Lambda.
                ("AWS_SESSION_TOKEN", &"IQoJb3JpZ2luX2VjEXAMPLE+".repeat(32)),
                ("CUSTOMERS_TABLE", "customers"),
                ("ACCESS_TOKENS_TABLE", "access-tokens"),
                ("ACCESS_TOKEN_CACHE_SECONDS", program.cache_seconds),
                ("AWS_ENDPOINT_URL_DYNAMODB", &endpoint),
                ("SSL_CERT_FILE", AUTHORITY),
                ("UPDATE_ITEM", update),
                ("AWS_LAMBDA_MAX_CONCURRENCY", program.at_once),
            ]);
        let started = Instant::now();
        let child = command.spawn().unwrap();
        let mut process = Self {
            calls: program.calls,
            child,
            event: canned_dynamodb::event(body).into_bytes().into(),
            log,
            runtime_api,
            requests,
            start: Duration::ZERO,
            _dynamodb: dynamodb,
        };
        process.start = match process.signal() {
            Signal::Waiting { since } => since - started,
            other => process.fail(&other),
        };
        process
    }

    /// Sends the event and returns the time until the response.
    pub fn call(&mut self) -> Duration {
        self.requests.lock().unwrap().clear();
        self.send();
        let after = self.response();
        match self.signal() {
            Signal::Waiting { .. } => {}
            other => self.fail(&other),
        }
        after
    }

    /// Sends the event `count` times, `at_once` of them at a time, and returns the time until the last response.
    pub fn calls(&mut self, count: usize, at_once: usize) -> Duration {
        let start = Instant::now();
        (0..at_once).for_each(|_| self.send());
        for nth in 0..count {
            self.response();
            if nth + at_once < count {
                self.send();
            }
        }
        start.elapsed()
    }

    fn send(&self) {
        let event = Arc::clone(&self.event);
        self.runtime_api.events.send(event).unwrap();
    }

    /// Waits for a response and returns the time since its event.
    fn response(&mut self) -> Duration {
        let (after, body) = loop {
            match self.signal() {
                Signal::Waiting { .. } => {}
                Signal::Responded { after, body, .. } => break (after, body),
                other => self.fail(&other),
            }
        };
        let response: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(response["statusCode"], 200, "{}", self.log.display());
        after
    }

    /// Like [`Self::call`], when the token is known if it ever will be.
    pub fn warm_call(&mut self) -> Duration {
        let after = self.call();
        assert_eq!(
            self.requests.lock().unwrap().len(),
            self.calls,
            "{}",
            self.log.display()
        );
        after
    }

    /// The last request to DynamoDB.
    pub fn last_request(&self) -> String {
        self.requests.lock().unwrap().last().unwrap().clone()
    }

    fn signal(&mut self) -> Signal {
        match self.runtime_api.signals.recv_timeout(TIMEOUT) {
            Ok(signal) => signal,
            Err(error) => panic!(
                "{error}, {:?}: {}",
                self.child.try_wait(),
                self.log.display()
            ),
        }
    }

    fn fail(&self, signal: &Signal) -> ! {
        panic!("{signal:?}: {}", self.log.display())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The program may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
