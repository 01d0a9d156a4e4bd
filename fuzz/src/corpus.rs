//! The committed inputs of a target: named seeds in `seeds.txt`, and the inputs that libFuzzer found in
//! `corpus/TARGET.txt`, one a line. The events in `events/` are seeds of `event`.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

pub struct Input {
    /// A seed's name, or such as `body.txt:17` for line 17.
    pub name: String,
    pub data: Vec<u8>,
}

/// All committed inputs, in the same order every time.
pub fn inputs(target: &str) -> io::Result<Vec<Input>> {
    let mut inputs = seeds(target)?;
    let text = fs::read_to_string(packed(target))?;
    for (index, line) in text.lines().enumerate() {
        let name = format!("{target}.txt:{}", index + 1);
        let data = unescape(line);
        let data = data.ok_or_else(|| io::Error::other(format!("{name}: not an escaped input")))?;
        inputs.push(Input { name, data });
    }
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

/// Replaces `corpus/TARGET.txt` with the inputs in a directory that are not seeds, sorted, and
/// returns their number.
pub fn pack(target: &str, directory: &Path) -> io::Result<usize> {
    let files = read_directory(directory)?;
    let mut lines: BTreeSet<_> = files.iter().map(|input| escape(&input.data)).collect();
    for seed in seeds(target)? {
        lines.remove(&escape(&seed.data));
    }
    let mut file = io::BufWriter::new(File::create(packed(target))?);
    for line in &lines {
        writeln!(file, "{line}")?;
    }
    file.flush()?;
    Ok(lines.len())
}

/// The directory in which `cargo fuzz` looks for a target's inputs.
pub fn directory(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("corpus")
        .join(target)
}

fn packed(target: &str) -> PathBuf {
    directory(target).with_extension("txt")
}

/// The seeds of a target: lines with `TARGET/NAME`, a space and the escaped input.
fn seeds(target: &str) -> io::Result<Vec<Input>> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut seeds = Vec::new();
    for line in fs::read_to_string(package.join("seeds.txt"))?.lines() {
        let (path, input) = line.split_once(' ').unwrap_or((line, ""));
        let name = path.strip_prefix(target);
        if let Some(name) = name.and_then(|name| name.strip_prefix('/')) {
            let data = unescape(input);
            let data = data.ok_or_else(|| io::Error::other(format!("{path}: not escaped")))?;
            let name = name.to_owned();
            seeds.push(Input { name, data });
        }
    }
    if target == "event" {
        seeds.extend(read_directory(&package.join("../events"))?);
    }
    Ok(seeds)
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
