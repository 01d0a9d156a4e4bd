//! Lists what the deployed program is made of, as a CycloneDX document:
//! `cargo run --example sbom > sbom.json`; `-- --help` has the rest.
//!
//! Cargo itself says which crates are built for the target, so the list has no crate of a test, of an example or
//! of another platform; Cargo.lock gives their checksums.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use clap::{Parser, ValueEnum};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// List the crates of the deployed program as a CycloneDX document.
#[derive(Parser)]
struct Arguments {
    /// The function's processor, the template's parameter Architecture
    #[arg(long, value_enum, default_value = "arm64")]
    architecture: Architecture,
    /// The built program, such as `.aws-sam/build/UpdateCustomerFunction/bootstrap`, to name its SHA-256
    #[arg(long)]
    program: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Architecture {
    Arm64,
    #[value(name = "x86_64")]
    X86_64,
}

/// A crate that is built for the program.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Crate {
    name: String,
    version: String,
    license: String,
}

fn main() -> ExitCode {
    match document(&Arguments::parse()) {
        Ok(document) => {
            println!("{document:#}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn document(arguments: &Arguments) -> Result<Value, Box<dyn Error>> {
    let target = match arguments.architecture {
        Architecture::Arm64 => "aarch64-unknown-linux-gnu",
        Architecture::X86_64 => "x86_64-unknown-linux-gnu",
    };
    let linked = crates(target, "normal,no-proc-macro")?;
    let lock = fs::read_to_string(format!("{ROOT}/Cargo.lock"))?;
    let checksums = checksums(&lock);
    let mut components = Vec::new();
    for part in crates(target, "normal,build")? {
        if part.name != env!("CARGO_PKG_NAME") {
            components.push(component(&part, linked.contains(&part), &checksums)?);
        }
    }
    let mut program = json!({
        "type": "application", "name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION"),
        "bom-ref": env!("CARGO_PKG_NAME"), "properties": [{"name": "target", "value": target}]
    });
    if let Some(path) = &arguments.program {
        let bytes = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let hash: String = Sha256::digest(bytes)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        program["hashes"] = json!([{"alg": "SHA-256", "content": hash}]);
    }
    Ok(json!({
        "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
        "metadata": {"component": program}, "components": components
    }))
}

/// What `cargo tree` names for the program, along edges of these kinds.
fn crates(target: &str, edges: &str) -> Result<BTreeSet<Crate>, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or("cargo".into());
    let tree = Command::new(cargo)
        .current_dir(ROOT)
        .args(["tree", "--locked", "--target", target, "--edges", edges])
        .args(["--prefix", "none", "--format", "{p}|{l}|"])
        .output()
        .map_err(|error| format!("cannot run cargo: {error}"))?;
    if !tree.status.success() {
        return Err(String::from_utf8_lossy(&tree.stderr).into_owned());
    }
    let lines = String::from_utf8_lossy(&tree.stdout);
    lines
        .lines()
        .map(|line| line_of_tree(line).ok_or(format!("cannot read: {line}")))
        .collect()
}

/// Reads `name vVERSION (what it is)|LICENSE|`.
fn line_of_tree(line: &str) -> Option<Crate> {
    let (package, rest) = line.split_once('|')?;
    let (license, _) = rest.split_once('|')?;
    let mut words = package.split(' ');
    let (name, version) = (words.next()?, words.next()?.strip_prefix('v')?);
    // Older manifests say "or" with a slash, which is no SPDX expression.
    let license = license.replace(" / ", "/").replace('/', " OR ");
    Some(Crate {
        name: name.to_owned(),
        version: version.to_owned(),
        license,
    })
}

/// The checksums in Cargo.lock, by name and version.
fn checksums(lock: &str) -> BTreeMap<(&str, &str), &str> {
    lock.split("[[package]]").filter_map(checksum).collect()
}

fn checksum(package: &str) -> Option<((&str, &str), &str)> {
    let value = |key: &str| {
        let mut values = package
            .lines()
            .filter_map(|line| line.strip_prefix(key)?.strip_prefix(" = \""));
        values.next()?.strip_suffix('"')
    };
    Some(((value("name")?, value("version")?), value("checksum")?))
}

/// A crate that only helps to build is no part of what is delivered: CycloneDX calls it `excluded`.
fn component(
    part: &Crate,
    linked: bool,
    checksums: &BTreeMap<(&str, &str), &str>,
) -> Result<Value, String> {
    let Crate {
        name,
        version,
        license,
    } = part;
    let checksum = checksums.get(&(name.as_str(), version.as_str()));
    let checksum = checksum.ok_or(format!("Cargo.lock has no checksum of {name} {version}"))?;
    let url = format!("pkg:cargo/{name}@{}", version.replace('+', "%2B"));
    Ok(json!({
        "type": "library", "name": name, "version": version, "bom-ref": url, "purl": url,
        "scope": if linked { "required" } else { "excluded" },
        "licenses": [{"expression": license}],
        "hashes": [{"alg": "SHA-256", "content": checksum}]
    }))
}
