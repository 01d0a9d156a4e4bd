//! Gives the compiler the commit that a release build is made from. Each start logs it.

use std::env;
use std::process::Command;

/// What the program is compiled from.
const SOURCES: [&str; 5] = [
    "build.rs",
    "Cargo.lock",
    "Cargo.toml",
    "rust-toolchain.toml",
    "src",
];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // Not in other profiles: each commit would compile the package and all of its tests again.
    let is_release = env::var("PROFILE").is_ok_and(|profile| profile == "release");
    let commit = is_release.then(commit).flatten();
    let commit = commit.as_deref().unwrap_or("unknown");
    println!("cargo::rustc-env=UPDATE_CUSTOMER_COMMIT={commit}");
}

/// The last commit that changed a source, with `-dirty` if a source differs from it. Commits that touch no source are
/// ignored. Returns `None` without git or outside a clone, such as in a source archive.
fn commit() -> Option<String> {
    // Every commit and every checkout adds a line to this file.
    let reflog = git(&["rev-parse", "--git-path", "logs/HEAD"])?;
    for path in SOURCES.into_iter().chain([reflog.as_str()]) {
        println!("cargo::rerun-if-changed={path}");
    }
    let of_sources = |arguments: &[&str]| git(&[arguments, &["--"], &SOURCES].concat());
    let commit = of_sources(&["rev-list", "-1", "HEAD"]).filter(|commit| !commit.is_empty())?;
    let differs = of_sources(&["diff", "--quiet", "HEAD"]).is_none();
    Some(if differs { commit + "-dirty" } else { commit })
}

/// The output of a git command, if it succeeds.
fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
