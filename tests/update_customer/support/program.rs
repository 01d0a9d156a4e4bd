//! The built program, started as Lambda starts it.

use std::process::Stdio;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

/// The program with an empty environment but for Lambda's own variables and these. `BOOTSTRAP` names
/// another build of it to test, such as the one to deploy.
fn program(variables: &[(&str, &str)]) -> Command {
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

/// A started program, and all that it writes: its log, and its standard error, which must stay empty.
pub struct Program {
    pub child: Child,
    log: JoinHandle<String>,
    error: JoinHandle<String>,
}

impl Program {
    pub fn start(variables: &[(&str, &str)]) -> Self {
        let mut child = program(variables).spawn().unwrap();
        // Both are read while it runs: a full pipe would stop it.
        let log = tokio::spawn(all(child.stdout.take().unwrap()));
        let error = tokio::spawn(all(child.stderr.take().unwrap()));
        Self { child, log, error }
    }

    pub async fn output(self) -> (String, String) {
        (self.log.await.unwrap(), self.error.await.unwrap())
    }
}

async fn all(mut pipe: impl AsyncRead + Unpin) -> String {
    let mut text = String::new();
    pipe.read_to_string(&mut text).await.unwrap();
    text
}
