//! Rules on the text of source files.

use crate::Finding;
use std::path::{Path, PathBuf};

/// A source file longer than this is worth a second look.
const LINES_WARN: usize = 500;
/// A source file longer than this is more than one idea.
const LINES_MAX: usize = 900;
const _: () = assert!(LINES_WARN < LINES_MAX);

/// Folders whose files are not read.
const SKIPPED: [&str; 4] = ["target", ".git", "runs", "snapshots"];

/// Words that don't stay in the tree, with what to do instead.
const BANNED: [(&str, &str); 5] = [
    (
        concat!("todo", "!("),
        "do it, or say in the interface that it can't be done",
    ),
    (
        concat!("unimplemented", "!("),
        "do it, or say in the interface that it can't be done",
    ),
    (concat!("dbg", "!("), "remove it"),
    (
        concat!("FIX", "ME"),
        "put it right, or take it to the issue list",
    ),
    (
        concat!("XX", "X:"),
        "put it right, or take it to the issue list",
    ),
];

/// Every finding in the Rust files of the repository.
pub(crate) fn scan(root: &Path) -> Vec<Finding> {
    let mut files = Vec::new();
    rust_files(root, &mut files);
    files.sort();
    let mut findings = Vec::new();
    for file in files {
        let Ok(text) = std::fs::read_to_string(&file) else {
            continue;
        };
        let name = file
            .strip_prefix(root)
            .unwrap_or(&file)
            .display()
            .to_string();
        findings.extend(check(&name, &text));
    }
    findings
}

fn rust_files(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for path in entries.filter_map(|entry| entry.ok().map(|entry| entry.path())) {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if path.is_dir() && !SKIPPED.contains(&name.as_str()) {
            rust_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

fn check(name: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let tests_apart = name.contains("/tests/") || name.ends_with("tests.rs");
    // Unit tests stand at the bottom of the file that they test and don't count.
    let code = text
        .lines()
        .take_while(|line| line.trim() != "mod tests {")
        .count();
    if !tests_apart && code > LINES_MAX {
        findings.push(Finding::Error(format!(
            "{name}: {code} lines of code, {LINES_MAX} is the most; split it by idea"
        )));
    } else if !tests_apart && code > LINES_WARN {
        findings.push(Finding::Warning(format!(
            "{name}: {code} lines of code; is it one idea?"
        )));
    }
    for (at, line) in text.lines().enumerate() {
        for (word, instead) in BANNED {
            if line.contains(word) {
                findings.push(Finding::Error(format!(
                    "{name}:{}: `{word}`: {instead}",
                    at + 1
                )));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn banned_words_and_long_files_are_found() {
        let found = check("crates/a/src/b.rs", concat!("fn f() { todo", "!() }"));
        assert!(
            matches!(&found[..], [Finding::Error(text)] if text.starts_with("crates/a/src/b.rs:1:"))
        );
        assert!(matches!(
            &check("a.rs", &"\n".repeat(LINES_WARN + 1))[..],
            [Finding::Warning(_)]
        ));
        assert!(matches!(
            &check("a.rs", &"\n".repeat(LINES_MAX + 1))[..],
            [Finding::Error(_)]
        ));
        assert!(check("crates/a/tests/b.rs", &"\n".repeat(LINES_MAX + 1)).is_empty());
    }
}
