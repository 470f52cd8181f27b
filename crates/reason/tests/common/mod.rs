//! Data read from `NILO_DATA`.
#![allow(dead_code)]

use reason::meta::Effects;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// The folder of the meta-analysis data, or `None` with a printed line where it isn't there.
pub fn data() -> Option<PathBuf> {
    let folder = std::env::var_os("NILO_DATA")
        .map_or_else(
            || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")),
            PathBuf::from,
        )
        .join("meta");
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: NILO_DATA not found");
    None
}

pub fn json(folder: &Path, name: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(folder.join(name)).unwrap()).unwrap()
}

/// A column of a comma-separated file with quoted text.
pub fn column(folder: &Path, set: &str, name: &str) -> Vec<String> {
    let text = std::fs::read_to_string(folder.join(format!("{set}.csv"))).unwrap();
    let cells = |line: &str| -> Vec<String> {
        let (mut cells, mut quoted) = (vec![String::new()], false);
        for c in line.chars() {
            match c {
                '"' => quoted = !quoted,
                ',' if !quoted => cells.push(String::new()),
                _ => cells.last_mut().unwrap().push(c),
            }
        }
        cells
    };
    let mut lines = text.lines();
    let at = cells(lines.next().unwrap())
        .iter()
        .position(|c| c == name)
        .unwrap();
    lines.map(|line| cells(line)[at].clone()).collect()
}

pub fn numbers(folder: &Path, set: &str, name: &str) -> Vec<f64> {
    column(folder, set, name)
        .iter()
        .map(|cell| cell.parse().unwrap())
        .collect()
}

pub fn effects(folder: &Path, set: &str) -> Effects {
    Effects::new(numbers(folder, set, "yi"), numbers(folder, set, "vi")).unwrap()
}
