//! The committed inputs of all targets, one a line in `inputs.txt`: `TARGET/NAME INPUT` for a named seed,
//! and `TARGET INPUT` for an input that libFuzzer found. The events in `events/` are seeds of `event`.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

pub struct Input {
    /// A seed's name, or such as `line-17` for line 17 of `inputs.txt`.
    pub name: String,
    pub data: Vec<u8>,
}

/// All committed inputs of a target, in the same order every time.
pub fn inputs(target: &str) -> io::Result<Vec<Input>> {
    let mut inputs = Vec::new();
    for (index, line) in fs::read_to_string(file())?.lines().enumerate() {
        let (line_target, name, input) = split(line);
        if line_target == target {
            let line_number = format!("line-{}", index + 1);
            let data = unescape(input);
            let data = data.ok_or_else(|| {
                io::Error::other(format!("inputs.txt: {line_number} is not an escaped input"))
            })?;
            let name = name.map_or(line_number, str::to_owned);
            inputs.push(Input { name, data });
        }
    }
    inputs.extend(events(target)?);
    Ok(inputs)
}

/// Writes each committed input to a file of its own, and returns their number.
pub fn unpack(target: &str, directory: &Path) -> io::Result<usize> {
    fs::create_dir_all(directory)?;
    let inputs = inputs(target)?;
    for input in &inputs {
        fs::write(directory.join(&input.name), &input.data)?;
    }
    Ok(inputs.len())
}

/// Replaces the target's lines without a name by the inputs in a directory that are not seeds, sorted,
/// and returns their number.
pub fn pack(target: &str, directory: &Path) -> io::Result<usize> {
    let files = read_directory(directory)?;
    let mut found: BTreeSet<_> = files.iter().map(|input| escape(&input.data)).collect();
    for event in events(target)? {
        found.remove(&escape(&event.data));
    }
    let text = fs::read_to_string(file())?;
    let mut lines = Vec::new();
    for line in text.lines() {
        let (line_target, name, input) = split(line);
        if line_target == target && name.is_some() {
            found.remove(input);
        }
        if line_target != target || name.is_some() {
            lines.push(line.to_owned());
        }
    }
    lines.extend(found.iter().map(|input| format!("{target} {input}")));
    // Seeds first, each part in the order of the targets.
    lines.sort_by_key(|line| {
        let (line_target, name, _) = split(line);
        (name.is_none(), line_target.to_owned())
    });
    fs::write(file(), lines.join("\n") + "\n")?;
    Ok(found.len())
}

/// The directory in which `cargo fuzz` looks for a target's inputs.
pub fn directory(target: &str) -> PathBuf {
    package().join("corpus").join(target)
}

fn file() -> PathBuf {
    package().join("inputs.txt")
}

fn package() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The target, the name of a seed and the escaped input of a line.
fn split(line: &str) -> (&str, Option<&str>, &str) {
    let (path, input) = line.split_once(' ').unwrap_or((line, ""));
    match path.split_once('/') {
        Some((target, name)) => (target, Some(name), input),
        None => (path, None, input),
    }
}

/// The seeds outside `inputs.txt`.
fn events(target: &str) -> io::Result<Vec<Input>> {
    match target {
        "event" => read_directory(&package().join("../events")),
        _ => Ok(Vec::new()),
    }
}

fn read_directory(directory: &Path) -> io::Result<Vec<Input>> {
    let mut inputs = Vec::new();
    for entry in directory.read_dir()? {
        let entry = entry?;
        inputs.push(Input {
            name: entry.file_name().to_string_lossy().into_owned(),
            data: fs::read(entry.path())?,
        });
    }
    inputs.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(inputs)
}

/// Visible ASCII and spaces unchanged, a backslash as `\\`, and other bytes such as `\x0a`.
fn escape(data: &[u8]) -> String {
    let mut text = String::new();
    for &byte in data {
        match byte {
            b'\\' => text.push_str(r"\\"),
            b' '..=b'~' => text.push(byte.into()),
            _ => text.push_str(&format!(r"\x{byte:02x}")),
        }
    }
    text
}

/// `None` when the line has another form than [`escape`] gives it.
fn unescape(line: &str) -> Option<Vec<u8>> {
    let mut data = Vec::new();
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        let (byte, length) = match rest.get(..2) {
            Some(r"\\") => (b'\\', 2),
            Some(r"\x") => (u8::from_str_radix(rest.get(2..4)?, 16).ok()?, 4),
            _ if c.is_ascii() => (c as u8, 1),
            _ => return None,
        };
        data.push(byte);
        rest = &rest[length..];
    }
    (escape(&data) == line).then_some(data)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_survives_escaping() {
        let data: Vec<_> = (0..=255).collect();
        let line = escape(&data);
        assert!(line.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
        assert_eq!(unescape(&line), Some(data));
        assert_eq!(unescape(""), Some(vec![]));
    }

    #[test]
    fn malformed_lines_are_rejected() {
        for line in [r"\", r"\n", r"\x", r"\xg0", r"\x41", r"\x0A", "\t", "é"] {
            assert_eq!(unescape(line), None, "{line}");
        }
    }
}
