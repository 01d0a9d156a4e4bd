//! A program in the environment that Lambda gives it, with its own fake Runtime API and DynamoDB.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command};
use std::sync::Arc;
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

use serde::Deserialize;
use testkit::servers::certificates::{AUTHORITY, server_config};
use testkit::servers::dynamodb::FakeDynamoDb;
use testkit::servers::runtime_api::{FakeRuntimeApi, Signal};

use crate::Failure;
use crate::cases::Case;
use crate::cpus::Cpus;
use crate::programs::Program;

/// How long a program may do nothing before the benchmark fails.
const TIMEOUT: Duration = Duration::from_secs(60);

/// What all programs are started with.
pub struct Launcher {
    pub log_folder: PathBuf,
    pub cpus: Cpus,
    /// The function's last `UpdateItem` for each request, by the request's name.
    pub updates: Vec<(&'static str, String)>,
}

pub struct Process {
    child: Child,
    log: PathBuf,
    runtime_api: FakeRuntimeApi,
    pub dynamodb: FakeDynamoDb,
    /// From the start of the process to its first request for an event.
    pub start: Duration,
}

/// Memory of a process in MiB.
pub struct Memory {
    pub resident: f64,
    pub peak: f64,
}

#[derive(Deserialize)]
struct Response {
    #[serde(rename = "statusCode")]
    status: u16,
}

impl Process {
    /// Starts the program and waits until it requests its first event.
    pub fn start(program: &Program, launcher: &Launcher) -> Result<Self, Failure> {
        let runtime_api = FakeRuntimeApi::start()?;
        let dynamodb = FakeDynamoDb::start(&server_config())?;
        let log = launcher.log_folder.join(format!("{}.log", program.name));
        let cache_seconds = program.cache_ttl.as_secs().to_string();
        // As long as the session tokens of Lambda.
        let session_token = "IQoJb3JpZ2luX2VjEXAMPLE+".repeat(32);
        let mut command = Command::new(&program.path);
        command.env_clear().stdout(File::create(&log)?).envs([
            ("AWS_LAMBDA_RUNTIME_API", runtime_api.address.as_str()),
            ("AWS_LAMBDA_FUNCTION_NAME", "update-customer"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
            ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
            ("AWS_LAMBDA_LOG_FORMAT", "JSON"),
            ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/update-customer"),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "2022/12/05/[1]8f507cfc"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_DEFAULT_REGION", "us-east-1"),
            ("AWS_EXECUTION_ENV", "AWS_Lambda_provided.al2023"),
            ("AWS_ACCESS_KEY_ID", "ASIAIOSFODNN7EXAMPLE"),
            (
                "AWS_SECRET_ACCESS_KEY",
                "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            ),
            ("AWS_SESSION_TOKEN", &session_token),
            ("LAMBDA_TASK_ROOT", "/var/task"),
            ("LAMBDA_RUNTIME_DIR", "/var/runtime"),
            ("LANG", "en_US.UTF-8"),
            ("PATH", "/usr/local/bin:/usr/bin:/bin:/opt/bin"),
            ("TZ", ":UTC"),
            ("_HANDLER", "bootstrap"),
            ("CUSTOMERS_TABLE", "customers"),
            ("ACCESS_TOKENS_TABLE", "access-tokens"),
            ("ACCESS_TOKEN_CACHE_SECONDS", &cache_seconds),
            ("AWS_ENDPOINT_URL_DYNAMODB", &dynamodb.endpoint),
            ("SSL_CERT_FILE", AUTHORITY),
            ("UPDATE_ITEM", &program.update_item(&launcher.updates)?),
        ]);
        let spawn = || (Instant::now(), command.spawn());
        let (spawned, child) = launcher.cpus.as_program(spawn)?;
        let mut process = Self {
            child: child?,
            log,
            runtime_api,
            dynamodb,
            start: Duration::ZERO,
        };
        process.start = process.wait_for_next()? - spawned;
        Ok(process)
    }

    /// Sends the case's event and returns the time until the response.
    ///
    /// # Errors
    ///
    /// The status or the number of calls to DynamoDB differs from what the case expects.
    pub fn call(&mut self, case: &Case) -> Result<Duration, Failure> {
        self.dynamodb.prepare(&case.responses);
        self.runtime_api.events.send(Arc::clone(&case.event))?;
        let (after, body) = match self.signal()? {
            Signal::Responded { after, body } => (after, body),
            Signal::Failed { report } => return Err(self.reported(&report)),
            Signal::Waiting { .. } => return Err(self.failure("no response to an event")),
        };
        self.wait_for_next()?;
        let status = serde_json::from_slice::<Response>(&body)?.status;
        let (calls, expected) = (self.dynamodb.call_counts(), (case.status, case.calls));
        if (status, calls) != expected {
            let body = String::from_utf8_lossy(&body[..body.len().min(1_000)]);
            let name = case.name;
            let text = format!("{name}: expected {expected:?}, got {status}, {calls:?}: {body}");
            return Err(self.failure(&text));
        }
        Ok(after)
    }

    /// The CPU time of all threads since the start, read when all of them sleep.
    pub fn cpu(&mut self) -> Result<Duration, Failure> {
        let folder = format!("/proc/{}/task", self.child.id());
        'awake: loop {
            let mut sum = Duration::ZERO;
            for task in fs::read_dir(&folder)? {
                let task = task?.path();
                let stat = fs::read_to_string(task.join("stat"))?;
                let state = stat.rsplit(')').next().unwrap_or_default();
                // The kernel adds the time of a running thread only at intervals.
                if !state.starts_with(" S") {
                    if self.child.try_wait()?.is_some() {
                        return Err(self.failure("the program ended"));
                    }
                    std::thread::yield_now();
                    continue 'awake;
                }
                let schedstat = fs::read_to_string(task.join("schedstat"))?;
                let nanoseconds = schedstat.split(' ').next().unwrap_or_default();
                sum += Duration::from_nanos(nanoseconds.parse()?);
            }
            return Ok(sum);
        }
    }

    pub fn memory(&self) -> Result<Memory, Failure> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let mebibytes = |name: &str| -> Result<f64, Failure> {
            let mut lines = status.lines();
            let line = lines.find_map(|line| line.strip_prefix(name));
            let kibibytes = line.ok_or("no such line")?.trim().trim_end_matches(" kB");
            Ok(kibibytes.parse::<f64>()? / 1024.0)
        };
        Ok(Memory {
            resident: mebibytes("VmRSS:")?,
            peak: mebibytes("VmHWM:")?,
        })
    }

    /// Waits until the program requests the next event.
    fn wait_for_next(&mut self) -> Result<Instant, Failure> {
        match self.signal()? {
            Signal::Waiting { since } => Ok(since),
            Signal::Responded { .. } => Err(self.failure("a response without an event")),
            Signal::Failed { report } => Err(self.reported(&report)),
        }
    }

    fn signal(&mut self) -> Result<Signal, Failure> {
        let since = Instant::now();
        let interval = Duration::from_millis(500);
        loop {
            match self.runtime_api.signals.recv_timeout(interval) {
                Ok(signal) => return Ok(signal),
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(self.failure("the fake Runtime API ended"));
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
            if let Some(status) = self.child.try_wait()? {
                return Err(self.failure(&format!("the program ended, {status}")));
            }
            if since.elapsed() > TIMEOUT {
                return Err(self.failure("timeout"));
            }
        }
    }

    fn reported(&self, report: &[u8]) -> Failure {
        self.failure(&String::from_utf8_lossy(report))
    }

    fn failure(&self, text: &str) -> Failure {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let last = log.lines().next_back().unwrap_or("nothing");
        format!("{}: {text}; its last line: {last}", self.log.display()).into()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The program may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
