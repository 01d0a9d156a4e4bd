//! The built program, run as Lambda runs it.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use testkit::runtime_api::{FakeRuntimeApi, Signal};
use testkit::server::Server;
use testkit::shortened;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// The program with Lambda's own environment variables and `variables`. `BOOTSTRAP` names another
/// build to test, such as the one to deploy.
fn command(variables: &[(&str, &str)]) -> Command {
    let built = env!("CARGO_BIN_EXE_update-customer");
    let mut command = Command::new(std::env::var("BOOTSTRAP").unwrap_or(built.to_owned()));
    command
        .env_clear()
        .envs([
            ("AWS_LAMBDA_FUNCTION_NAME", "update-customer"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
            ("AWS_LAMBDA_LOG_FORMAT", "JSON"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "local"),
            ("AWS_SECRET_ACCESS_KEY", "local"),
        ])
        .envs(variables.iter().copied())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// A running program with its log (standard output, without the first line) and its standard error.
pub struct Program {
    child: Child,
    log: JoinHandle<String>,
    error: JoinHandle<String>,
}

impl Program {
    pub fn start(variables: &[(&str, &str)]) -> Self {
        let mut child = command(variables).spawn().unwrap();
        // Both are read while it runs, because a full pipe would block it.
        let log = tokio::spawn(read_all(child.stdout.take().unwrap()));
        let error = tokio::spawn(read_all(child.stderr.take().unwrap()));
        Self { child, log, error }
    }

    /// Waits for a start-up that fails, and returns its exit code and log lines.
    pub async fn failed_start_up(mut self) -> (Option<i32>, Vec<Value>) {
        let code = self.child.wait().await.unwrap().code();
        (code, json_lines(&self.output().await))
    }

    /// The log of a program that has ended. Its standard error must be empty.
    async fn output(self) -> String {
        assert_eq!(self.error.await.unwrap(), "", "standard error");
        let log = self.log.await.unwrap();
        let (first, log) = log.split_once('\n').expect("a log line");
        assert_names_commit_and_version(first);
        log.to_owned()
    }
}

/// Checks the line that every start logs, as JSON or as text.
#[track_caller]
fn assert_names_commit_and_version(line: &str) {
    let fields = line.replace("\":\"", "=\"");
    let (_, commit) = fields.split_once("commit=\"").expect("a commit");
    let commit = commit.split(['"', '-']).next().unwrap_or_default();
    let is_hash = commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
    assert!(is_hash || commit == "unknown", "{line}");
    assert!(line.contains("program started"), "{line}");
    assert!(fields.contains("functionVersion=\"1\""), "{line}");
}

/// A program that has started and requested its first event.
pub struct Environment {
    program: Program,
    events: UnboundedSender<Arc<[u8]>>,
    signals: Arc<Mutex<Receiver<Signal>>>,
    _runtime_api: Server,
}

impl Environment {
    /// Starts the program with a Runtime API of its own and waits until it requests an event.
    pub async fn start(variables: &[(&str, &str)]) -> Self {
        let runtime_api = FakeRuntimeApi::start();
        let mut variables = variables.to_vec();
        variables.push(("AWS_LAMBDA_RUNTIME_API", &runtime_api.address));
        let mut environment = Self {
            program: Program::start(&variables),
            events: runtime_api.events,
            signals: Arc::new(Mutex::new(runtime_api.signals)),
            _runtime_api: runtime_api.server,
        };
        match environment.signal().await {
            Signal::Waiting { .. } => environment,
            other => panic!("before the first event: {other:?}"),
        }
    }

    /// Sends an event and returns the response, or the report of a failure.
    pub async fn invoke(&mut self, event: &Value) -> Result<Value, Value> {
        let event = event.to_string().into_bytes();
        self.events.send(Arc::from(event)).unwrap();
        let read = |body: Vec<u8>| serde_json::from_slice(&body).unwrap();
        let outcome = match self.signal().await {
            Signal::Responded { body, .. } => Ok(read(body)),
            Signal::Failed { report, .. } => Err(read(report)),
            other => panic!("instead of a response: {other:?}"),
        };
        match self.signal().await {
            Signal::Waiting { .. } => outcome,
            other => panic!("after a response: {other:?}"),
        }
    }

    /// Sends events that the program may handle at the same time.
    pub fn send(&self, events: &[Value]) {
        for event in events {
            let event = event.to_string().into_bytes();
            self.events.send(Arc::from(event)).unwrap();
        }
    }

    /// Waits until the program has responded to `count` events or reported their failure. The outcomes by request id.
    pub async fn outcomes(&mut self, count: usize) -> BTreeMap<String, Result<Value, Value>> {
        let read = |body: Vec<u8>| serde_json::from_slice(&body).unwrap();
        let mut outcomes = BTreeMap::new();
        while outcomes.len() < count {
            let (id, outcome) = match self.signal().await {
                Signal::Waiting { .. } => continue,
                Signal::Responded { id, body, .. } => (id, Ok(read(body))),
                Signal::Failed { id, report } => (id.expect("an event"), Err(read(report))),
            };
            let earlier = outcomes.insert(id, outcome);
            assert_eq!(earlier, None, "two responses to one event");
        }
        outcomes
    }

    pub fn process_id(&self) -> u32 {
        self.program.child.id().expect("the program runs")
    }

    /// Waits until the program ends by itself, and returns its exit code and log. Its standard error must be empty.
    pub async fn ended(mut self) -> (Option<i32>, String) {
        let code = self.program.child.wait().await.unwrap().code();
        (code, self.stop().await)
    }

    /// Ends the program and returns its log.
    pub async fn stop(mut self) -> String {
        // It may have ended by itself.
        let _ = self.program.child.start_kill();
        self.program.output().await
    }

    /// What the program does next at the Runtime API. Panics when the program ends instead.
    async fn signal(&mut self) -> Signal {
        let signals = Arc::clone(&self.signals);
        // The channel blocks, and DynamoDB may run on this thread.
        let mut next = tokio::task::spawn_blocking(move || signals.lock().unwrap().recv());
        let signal = tokio::select! {
            signal = &mut next => signal,
            // It may end right after a response.
            status = self.program.child.wait() => match timeout(Duration::from_secs(1), next).await {
                Ok(signal) => signal,
                Err(_) => panic!("the program ended: {status:?}"),
            },
        };
        signal.unwrap().expect("the Runtime API runs")
    }
}

/// The lines of a JSON log; each must be a JSON object.
pub fn json_lines(log: &str) -> Vec<Value> {
    let parse = |line: &str| {
        serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {}", shortened(&line)))
    };
    log.lines().map(parse).collect()
}

async fn read_all(mut pipe: impl AsyncRead + Unpin) -> String {
    let mut text = String::new();
    pipe.read_to_string(&mut text).await.unwrap();
    text
}
