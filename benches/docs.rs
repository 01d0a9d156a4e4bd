//! What the benchmarks write to `docs/`.

use std::borrow::Borrow;
use std::path::PathBuf;

/// Whether the run is complete, so that its figures replace those in `docs/`. Any argument, such as
/// a filter, makes it a partial or a short run.
pub fn is_full_run() -> bool {
    let mut arguments = std::env::args().skip(1);
    arguments.all(|argument| argument == "--bench")
}

/// The path of a file in `docs/`.
pub fn file(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "..", "docs", name]
        .iter()
        .collect()
}

/// A table in Markdown.
pub fn table(head: &[impl Borrow<str>], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let head = format!("| {} |\n|{}\n", head.join(" | "), "---|".repeat(head.len()));
    let rows = rows.into_iter();
    head + &rows
        .map(|cells| format!("| {} |\n", cells.join(" | ")))
        .collect::<String>()
}
