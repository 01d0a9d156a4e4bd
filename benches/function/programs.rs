//! The programs to measure, built as they are deployed.

use std::env;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::{Map, Value};
use testkit::servers::dynamodb::CallCounts;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::Failure;
use crate::cases::Case;

/// The names of the programs, as tables and charts show them.
pub const NOOP: &str = "noop";
pub const HAND_SIGNED: &str = "hand_signed";
pub const SDK: &str = "sdk";
pub const FUNCTION: &str = "function";
pub const UNCACHED: &str = "function, token not cached";

/// Longer than any run.
const CACHE_TTL: Duration = Duration::from_secs(86_400);

/// A program with its configuration and its requests.
pub struct Program {
    pub name: &'static str,
    pub path: PathBuf,
    /// How long the function caches an access token.
    pub cache_ttl: Duration,
    /// The first request, with which the function looks up the token.
    pub first: Case,
    /// Every later request.
    pub next: Case,
}

impl Program {
    /// The same program with this request only.
    pub fn with(&self, case: &Case) -> Self {
        Self {
            path: self.path.clone(),
            first: case.clone(),
            next: case.clone(),
            ..*self
        }
    }

    /// The `UpdateItem` that a baseline sends: that of its requests, without the values that the SDK's
    /// baseline takes from the body. Empty when none is known yet.
    pub fn update_item(&self, updates: &[(&str, String)]) -> Result<String, Failure> {
        let mut updates = updates.iter();
        let update = updates.find(|(name, _)| *name == self.next.name);
        let Some((_, update)) = update else {
            return Ok(String::new());
        };
        if self.name != SDK {
            return Ok(update.clone());
        }
        let mut update: Value = serde_json::from_str(update)?;
        let body: Map<String, Value> = serde_json::from_str(&self.next.body)?;
        if let Some(values) = update["ExpressionAttributeValues"].as_object_mut() {
            values.retain(|placeholder, _| !body.contains_key(&placeholder[1..]));
        }
        Ok(update.to_string())
    }
}

/// Builds the programs. The environment variable `BOOTSTRAP` can name a function that is built
/// already.
pub fn build() -> Result<[Program; 5], Failure> {
    let benchmark = env::current_exe()?;
    let target = benchmark.ancestors().nth(3).ok_or("no target folder")?;
    let release = target.join("release");
    // In separate builds, because one build would give all packages the features that any of them needs.
    cargo_build(target, &["-p", "baselines"])?;
    let bootstrap = match env::var_os("BOOTSTRAP") {
        Some(path) => PathBuf::from(path),
        None => {
            cargo_build(
                target,
                &["-p", "update-customer", "--bin", "update-customer"],
            )?;
            release.join("update-customer")
        }
    };
    let baseline = |name, update| {
        let sample = || Case::sample(CallCounts { token: 0, update });
        Program {
            name,
            path: release.join(name),
            cache_ttl: CACHE_TTL,
            first: sample(),
            next: sample(),
        }
    };
    let function = |name, cache_ttl, lookups| {
        let sample = |token| Case::sample(CallCounts { token, update: 1 });
        Program {
            name,
            path: bootstrap.clone(),
            cache_ttl,
            first: sample(1),
            next: sample(lookups),
        }
    };
    Ok([
        baseline(NOOP, 0),
        baseline(HAND_SIGNED, 1),
        baseline(SDK, 1),
        function(FUNCTION, CACHE_TTL, 0),
        function(UNCACHED, Duration::ZERO, 1),
    ])
}

fn cargo_build(target: &Path, selection: &[&str]) -> Result<(), Failure> {
    let status = Command::new(env::var_os("CARGO").unwrap_or("cargo".into()))
        .args(["build", "--release", "--locked"])
        .args(selection)
        .arg("--target-dir")
        .arg(target)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .status()?;
    match status.success() {
        true => Ok(()),
        false => Err(format!("cargo build {} failed", selection.join(" ")).into()),
    }
}

/// The sizes of a program and of the zip file to upload, in bytes.
pub fn sizes(program: &Path) -> Result<(usize, usize), Failure> {
    let bytes = std::fs::read(program)?;
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().unix_permissions(0o755);
    zip.start_file("bootstrap", options)?;
    zip.write_all(&bytes)?;
    Ok((bytes.len(), zip.finish()?.into_inner().len()))
}
