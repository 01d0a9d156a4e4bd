//! The programs to measure, built as they are deployed.

use std::env;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::Failure;

pub struct Programs {
    pub nothing: PathBuf,
    pub floor: PathBuf,
    pub sdk: PathBuf,
    pub function: PathBuf,
}

/// Bytes of a program and of the zip file that is uploaded.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    pub program: usize,
    pub zip: usize,
}

impl Programs {
    /// Builds all; `BOOTSTRAP` names a function that is built already.
    pub fn build() -> Result<Self, Failure> {
        // A build of its own each: features of what only the benchmark needs must not reach them.
        let target = env::current_exe()?
            .ancestors()
            .nth(3)
            .ok_or("no target folder")?
            .to_owned();
        let package = Path::new(env!("CARGO_MANIFEST_DIR"));
        cargo(
            &package.join("benches/baselines/Cargo.toml"),
            &target,
            &["--bins"],
        )?;
        let release = target.join("release");
        let function = match env::var_os("BOOTSTRAP") {
            Some(built) => PathBuf::from(built),
            None => {
                cargo(
                    &package.join("Cargo.toml"),
                    &target,
                    &["--bin", "update-customer"],
                )?;
                release.join("update-customer")
            }
        };
        Ok(Self {
            nothing: release.join("nothing"),
            floor: release.join("floor"),
            sdk: release.join("sdk"),
            function,
        })
    }
}

fn cargo(manifest: &Path, target: &Path, what: &[&str]) -> Result<(), Failure> {
    let status = Command::new(env::var_os("CARGO").unwrap_or("cargo".into()))
        .args(["build", "--release", "--locked"])
        .args(what)
        .arg("--manifest-path")
        .arg(manifest)
        .arg("--target-dir")
        .arg(target)
        .status()?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{} cannot be built", manifest.display()).into())
    }
}

impl Size {
    pub fn of(program: &Path) -> Result<Self, Failure> {
        let bytes = std::fs::read(program)?;
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        zip.start_file(
            "bootstrap",
            SimpleFileOptions::default().unix_permissions(0o755),
        )?;
        zip.write_all(&bytes)?;
        Ok(Self {
            program: bytes.len(),
            zip: zip.finish()?.into_inner().len(),
        })
    }
}
