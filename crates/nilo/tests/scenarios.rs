//! `scenarios/*.txt`: scripts of commands with what they print.
#![allow(clippy::unwrap_used)]

mod common;

use common::root;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

fn scripts() -> Vec<PathBuf> {
    let mut scripts: Vec<PathBuf> = std::fs::read_dir(root().join("scenarios"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "txt"))
        .collect();
    scripts.sort();
    scripts
}

/// A folder like a newcomer's: labs, protocols and campaigns, and the files of the scenarios.
fn desk() -> tempfile::TempDir {
    let desk = tempfile::tempdir().unwrap();
    let copy = |from: &Path, to: &Path| {
        std::fs::create_dir_all(to).unwrap();
        for entry in std::fs::read_dir(from).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|e| e == "toml") {
                std::fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
            }
        }
    };
    for folder in ["labs", "protocols", "campaigns"] {
        copy(&root().join(folder), &desk.path().join(folder));
    }
    copy(&root().join("scenarios"), desk.path());
    // Scenarios name labs from where they are.
    let quick = desk.path().join("quick.toml");
    let text = std::fs::read_to_string(&quick).unwrap();
    std::fs::write(&quick, text.replace("\"../", "\"")).unwrap();
    desk
}

/// The words of a command line: quotes hold words together, `*.toml` stands for all files in order.
fn words(line: &str, desk: &Path) -> Vec<String> {
    let mut words = Vec::new();
    for (place, part) in line.split('"').enumerate() {
        if place % 2 == 1 {
            words.push(part.to_owned());
            continue;
        }
        for word in part.split_whitespace() {
            let Some(folder) = word.strip_suffix("/*.toml") else {
                words.push(word.to_owned());
                continue;
            };
            let mut files: Vec<String> = std::fs::read_dir(desk.join(folder))
                .unwrap()
                .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
                .collect();
            files.sort();
            words.extend(files.into_iter().map(|file| format!("{folder}/{file}")));
        }
    }
    words
}

/// Without what differs from one machine to another.
fn redacted(text: &str, desk: &Path) -> String {
    let text = text.replace(desk.to_str().unwrap(), "[folder]");
    let mut out = String::new();
    let mut digits = String::new();
    for c in text.chars().chain(['\n']) {
        if c.is_ascii_hexdigit() && !c.is_ascii_uppercase() {
            digits.push(c);
            continue;
        }
        out.push_str(if digits.len() == 64 {
            "[hash]"
        } else {
            &digits
        });
        digits.clear();
        out.push(c);
    }
    out.pop();
    shortened(&out)
}

/// Fractions of more than six digits end after the sixth: the last ones are the processor's.
fn shortened(text: &str) -> String {
    let mut out = String::new();
    let (mut fraction, mut digits) = (false, 0);
    for c in text.chars() {
        let digit = c.is_ascii_digit();
        if fraction && digit {
            digits += 1;
            match digits {
                ..=6 => out.push(c),
                7 => out.push('…'),
                _ => {}
            }
            continue;
        }
        fraction = c == '.' && out.ends_with(|c: char| c.is_ascii_digit());
        digits = 0;
        out.push(c);
    }
    out
}

/// The script with what its commands print now.
fn played(script: &str) -> String {
    let desk = desk();
    let mut out = String::new();
    for line in script.lines() {
        if line.starts_with('#') {
            writeln!(out, "{line}").unwrap();
        }
        let Some(command) = line.strip_prefix("$ nilo ") else {
            continue;
        };
        let output = Command::new(env!("CARGO_BIN_EXE_nilo"))
            .args(words(command, desk.path()))
            .current_dir(desk.path())
            .env("NILO_DATA", desk.path().join("no-data"))
            .output()
            .unwrap();
        writeln!(out, "\n{line}").unwrap();
        let said = |bytes: &[u8]| redacted(&String::from_utf8_lossy(bytes), desk.path());
        for line in said(&output.stderr).lines() {
            writeln!(out, "{}", format!("! {line}").trim_end()).unwrap();
        }
        for line in said(&output.stdout).lines() {
            writeln!(out, "{}", line.trim_end()).unwrap();
        }
        if output.status.code() != Some(0) {
            writeln!(out, "exit code {}", output.status.code().unwrap()).unwrap();
        }
    }
    out
}

#[test]
fn scenarios_go_as_written() {
    for path in scripts() {
        let written = std::fs::read_to_string(&path).unwrap();
        let found = played(&written);
        if found != written {
            let first = found.lines().zip(written.lines()).position(|(a, b)| a != b);
            let at = first.unwrap_or(0);
            panic!(
                "{} goes another way from line {}:\nwritten: {}\nfound:   {}\n\nall that was found:\n{found}",
                path.display(),
                at + 1,
                written.lines().nth(at).unwrap_or_default(),
                found.lines().nth(at).unwrap_or_default(),
            );
        }
    }
}

/// Writes the scenarios anew, as their commands go now.
#[test]
#[ignore = "writes scenarios/*.txt"]
fn write_scenarios() {
    for path in scripts() {
        let written = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, played(&written)).unwrap();
    }
}
