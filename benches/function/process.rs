//! A program in the environment that Lambda gives it, with a Runtime API and a DynamoDB of its own.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::Arc;
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

use serde::Deserialize;

use crate::Failure;
use crate::cases::Case;
use crate::certificate::Authority;
use crate::cpus::Cpus;
use crate::dynamodb::DynamoDb;
use crate::runtime_api::{RuntimeApi, Signal};

/// A program that does nothing for so long is broken.
const PATIENCE: Duration = Duration::from_secs(60);

/// What every program is started with.
pub struct Environment {
    pub folder: PathBuf,
    pub authority: Authority,
    pub cpus: Cpus,
    /// The `UpdateItem` that the baselines send.
    pub update_item: String,
}

pub struct Process {
    child: Child,
    log: PathBuf,
    runtime_api: RuntimeApi,
    pub dynamodb: DynamoDb,
    /// From the start of the process to its first request for an event.
    pub start: Duration,
}

/// Resident memory in MiB.
#[derive(Debug, Clone, Copy)]
pub struct Memory {
    pub now: f64,
    pub peak: f64,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "statusCode")]
    status: u16,
}

impl Process {
    /// Starts `program` and waits until it asks for its first event.
    pub fn start(
        program: &Path,
        environment: &Environment,
        remember: Duration,
    ) -> Result<Self, Failure> {
        let runtime_api = RuntimeApi::start()?;
        let dynamodb = DynamoDb::start(&environment.authority.server)?;
        let name = program.file_name().unwrap_or_default().to_string_lossy();
        let log = environment
            .folder
            .join(format!("{name}-{}.log", remember.as_secs()));
        let mut command = Command::new(program);
        command
            .env_clear()
            .envs([
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
                ("LAMBDA_TASK_ROOT", "/var/task"),
                ("LAMBDA_RUNTIME_DIR", "/var/runtime"),
                ("LANG", "en_US.UTF-8"),
                ("PATH", "/usr/local/bin:/usr/bin:/bin:/opt/bin"),
                ("TZ", ":UTC"),
                ("_HANDLER", "bootstrap"),
                ("CUSTOMERS_TABLE", "customers"),
                ("ACCESS_TOKENS_TABLE", "access-tokens"),
                ("AWS_ENDPOINT_URL_DYNAMODB", dynamodb.endpoint.as_str()),
                ("UPDATE_ITEM", environment.update_item.as_str()),
            ])
            // As long as the session tokens that Lambda gives.
            .env("AWS_SESSION_TOKEN", "IQoJb3JpZ2luX2VjEXAMPLE+".repeat(32))
            .env("ACCESS_TOKEN_CACHE_SECONDS", remember.as_secs().to_string())
            .env("SSL_CERT_FILE", &environment.authority.path)
            .stdout(File::create(&log)?);
        let (spawned, child) = environment
            .cpus
            .as_program(|| (Instant::now(), command.spawn()))?;
        let mut process = Self {
            child: child?,
            log,
            runtime_api,
            dynamodb,
            start: Duration::ZERO,
        };
        process.start = process.waiting()? - spawned;
        Ok(process)
    }

    /// Has the program answer the case's event, and gives the time from the event to the answer.
    ///
    /// # Errors
    ///
    /// An answer with another status, or another number of calls to DynamoDB, than the case expects.
    pub fn call(&mut self, case: &Case) -> Result<Duration, Failure> {
        self.dynamodb.prepare(&case.answers);
        self.runtime_api.events.send(Arc::clone(&case.event))?;
        let (after, body) = match self.signal()? {
            Signal::Answered { after, body } => (after, body),
            Signal::Failed { report } => {
                return Err(self.failure(&String::from_utf8_lossy(&report)));
            }
            Signal::Waiting { .. } => return Err(self.failure("an event went unanswered")),
        };
        self.waiting()?;
        let status = serde_json::from_slice::<Answer>(&body)?.status;
        let asked = self.dynamodb.asked();
        if (status, asked) != (case.status, case.asks) {
            let text = format!(
                "{}: expected {} and {:?}, got {status} and {asked:?}: {}",
                case.name,
                case.status,
                case.asks,
                String::from_utf8_lossy(&body[..body.len().min(1_000)])
            );
            return Err(self.failure(&text));
        }
        Ok(after)
    }

    /// Time on a CPU since the start, of all threads that there are, once the program sleeps.
    pub fn cpu(&mut self) -> Result<Duration, Failure> {
        let folder = format!("/proc/{}/task", self.child.id());
        'awake: loop {
            let mut sum = Duration::ZERO;
            for task in fs::read_dir(&folder)? {
                let task = task?.path();
                let state = fs::read_to_string(task.join("stat"))?;
                // The kernel adds the time of a running thread only now and then.
                if !state
                    .rsplit(')')
                    .next()
                    .is_some_and(|state| state.starts_with(" S"))
                {
                    if self.child.try_wait()?.is_some() {
                        return Err(self.failure("the program ended"));
                    }
                    std::thread::yield_now();
                    continue 'awake;
                }
                let nanoseconds = fs::read_to_string(task.join("schedstat"))?;
                sum += Duration::from_nanos(
                    nanoseconds.split(' ').next().unwrap_or_default().parse()?,
                );
            }
            return Ok(sum);
        }
    }

    pub fn memory(&self) -> Result<Memory, Failure> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let mebibytes = |name: &str| -> Result<f64, Failure> {
            let line = status
                .lines()
                .find_map(|line| line.strip_prefix(name))
                .ok_or("no such line")?;
            Ok(line.trim().trim_end_matches(" kB").parse::<f64>()? / 1024.0)
        };
        Ok(Memory {
            now: mebibytes("VmRSS:")?,
            peak: mebibytes("VmHWM:")?,
        })
    }

    fn waiting(&mut self) -> Result<Instant, Failure> {
        match self.signal()? {
            Signal::Waiting { since } => Ok(since),
            Signal::Answered { .. } => Err(self.failure("an answer to no event")),
            Signal::Failed { report } => Err(self.failure(&String::from_utf8_lossy(&report))),
        }
    }

    fn signal(&mut self) -> Result<Signal, Failure> {
        let since = Instant::now();
        loop {
            match self
                .runtime_api
                .signals
                .recv_timeout(Duration::from_millis(500))
            {
                Ok(signal) => return Ok(signal),
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(self.failure("the Runtime API ended"));
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
            if let Some(status) = self.child.try_wait()? {
                return Err(self.failure(&format!("the program ended, {status}")));
            }
            if since.elapsed() > PATIENCE {
                return Err(self.failure("the program hangs"));
            }
        }
    }

    fn failure(&self, text: &str) -> Failure {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let last = log.lines().next_back().unwrap_or("nothing");
        format!("{}: {text}; its log ends with: {last}", self.log.display()).into()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
