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

/// Each file below `src` with its top-level module and its code without comments.
fn sources() -> Vec<(PathBuf, String, String)> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut folders, mut sources) = (vec![source.clone()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let lines = text.lines();
                let code = lines.filter(|line| !line.trim_start().starts_with("//"));
                let code = code.collect::<Vec<_>>().join("\n");
                let file = path.strip_prefix(&source).unwrap().to_owned();
                let module = Path::new(file.iter().next().unwrap()).file_stem();
                let module = module.unwrap().to_str().unwrap().to_owned();
                sources.push((file, module, code));
            }
        }
    }
    sources
}

/// The names after `crate::`.
fn dependencies(code: &str) -> impl Iterator<Item = &str> {
    code.split("crate::").skip(1).map(|path| {
        let end = path.find(|c: char| !c.is_alphanumeric() && c != '_');
        // `crate::{a, b}` would hide its names.
        let advice = "write one `use crate::` for each module";
        assert_ne!(end, Some(0), "{advice}: crate::{path:.80}");
        &path[..end.unwrap_or(path.len())]
    })
}

#[test]
fn modules_depend_only_on_lower_layers() {
    let layers = layers();
    let mut violations = Vec::new();
    for (file, module, code) in sources() {
        if ["main", "lib"].contains(&&*module) {
            continue;
        }
        let Some(own) = layers.get(&*module) else {
            violations.push(format!("src/lib.rs does not list {module}"));
            continue;
        };
        for dependency in dependencies(&code) {
            let layer = layers.get(dependency);
            if dependency != module && layer.is_none_or(|layer| layer <= own) {
                let file = file.display();
                violations.push(format!("src/{file} must not use crate::{dependency}"));
            }
        }
    }
    assert!(violations.is_empty(), "\n{}", violations.join("\n"));
}

/// What `lib.rs` and `docs/ARCHITECTURE.md` say of each module, beyond the order of the layers.
#[test]
fn modules_name_only_what_they_may_know() {
    let mut violations = Vec::new();
    for (file, module, code) in sources() {
        let code = code.split("#[cfg(test)]\nmod tests").next().unwrap();
        let forbidden: &[&str] = match &*module {
            "customer" | "validation" => &["aws_", "lambda_", "env::var", "\"tokenHash\""],
            "dynamodb" if file.ends_with("access_tokens.rs") => &["lambda_", "env::var"],
            "dynamodb" => &["lambda_", "StatusCode", "env::var", "\"tokenHash\""],
            "auth" => &["aws_", "StatusCode", "env::var", "\"tokenHash\""],
            "main" => &["\"tokenHash\""],
            _ => &["env::var", "\"tokenHash\""],
        };
        let found = forbidden.iter().filter(|name| code.contains(**name));
        let file = file.display();
        violations.extend(found.map(|name| format!("src/{file} must not name {name}")));
    }
    assert!(violations.is_empty(), "\n{}", violations.join("\n"));
}
