//! The dependency rule that `src/lib.rs` states, compared with the source.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

const LIB: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/lib.rs"));

/// The modules by layer, the top one first, from the list in `lib.rs`.
fn layers() -> BTreeMap<&'static str, usize> {
    let (_, rule) = LIB.split_once("# Dependency rule").unwrap();
    let block = rule.split("```").nth(1).unwrap();
    let lines = block.lines().filter_map(|line| line.strip_prefix("//! "));
    let lines = lines.filter(|line| !line.trim().is_empty());
    let mut layers = BTreeMap::new();
    for (layer, line) in lines.enumerate() {
        layers.extend(line.split_whitespace().map(|module| (module, layer)));
    }
    layers
}

fn source_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            source_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// The top-level module of a file below `src`.
fn module(file: &Path) -> String {
    let first = file.components().next().unwrap();
    let first = Path::new(first.as_os_str());
    first.file_stem().unwrap().to_str().unwrap().to_owned()
}

/// The names after `crate::` in code, without comments.
fn dependencies(text: &str) -> impl Iterator<Item = &str> {
    let code = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    let paths = code.flat_map(|line| line.split("crate::").skip(1));
    paths.map(|path| {
        let end = path.find(|c: char| !c.is_alphanumeric() && c != '_');
        // `crate::{a, b}` would hide its names.
        assert_ne!(
            end,
            Some(0),
            "write one `use crate::` for each module: crate::{path}"
        );
        &path[..end.unwrap_or(path.len())]
    })
}

#[test]
fn modules_depend_only_on_lower_layers() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    source_files(&source, &mut files);
    let layers = layers();
    let mut violations = Vec::new();
    for file in files {
        let relative = file.strip_prefix(&source).unwrap();
        let module = module(relative);
        if ["main", "lib"].contains(&module.as_str()) {
            continue;
        }
        let Some(own) = layers.get(module.as_str()) else {
            violations.push(format!("src/lib.rs does not list {module}"));
            continue;
        };
        for dependency in dependencies(&fs::read_to_string(&file).unwrap()) {
            let layer = layers.get(dependency);
            if dependency != module && layer.is_none_or(|layer| layer <= own) {
                let file = relative.display();
                violations.push(format!("src/{file} must not use crate::{dependency}"));
            }
        }
    }
    assert!(violations.is_empty(), "\n{}", violations.join("\n"));
}

/// What `lib.rs` and `docs/ARCHITECTURE.md` say of each room, beyond the order of the layers.
#[test]
fn rooms_name_only_what_they_may_know() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    source_files(&source, &mut files);
    let mut violations = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
        let lines = code.lines();
        let code: Vec<_> = lines
            .filter(|line| !line.trim_start().starts_with("//"))
            .collect();
        let code = code.join("\n");
        let relative = file.strip_prefix(&source).unwrap();
        let forbidden: &[&str] = match module(relative).as_str() {
            "customer" | "validation" => &["aws_", "lambda_", "env::var", "\"tokenHash\""],
            "dynamodb" if relative.ends_with("access_tokens.rs") => &["lambda_", "env::var"],
            "dynamodb" => &["lambda_", "StatusCode", "env::var", "\"tokenHash\""],
            "auth" => &["aws_", "StatusCode", "env::var", "\"tokenHash\""],
            "main" => &["\"tokenHash\""],
            _ => &["env::var", "\"tokenHash\""],
        };
        let found = forbidden.iter().filter(|name| code.contains(**name));
        let file = relative.display();
        violations.extend(found.map(|name| format!("src/{file} must not name {name}")));
    }
    assert!(violations.is_empty(), "\n{}", violations.join("\n"));
}
