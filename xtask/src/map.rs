//! The map in ARCHITECTURE.md against the manifests: the `uses` column is the whole list of crates
//! of this workspace that a crate depends on.

use crate::Finding;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Crates with the crates of this workspace that they use.
type Map = BTreeMap<String, BTreeSet<String>>;

/// Every difference between the map and the manifests.
pub(crate) fn compare(root: &Path) -> Vec<Finding> {
    let page = match std::fs::read_to_string(root.join("ARCHITECTURE.md")) {
        Ok(page) => page,
        Err(error) => {
            return vec![Finding::Error(format!(
                "ARCHITECTURE.md: {error}; write the map there"
            ))];
        }
    };
    match manifests(&root.join("crates")) {
        Ok(actual) => differences(&drawn(&page), &actual),
        Err(error) => vec![Finding::Error(format!("crates: {error}"))],
    }
}

/// The map as drawn: rows `| `name` | what | uses | ... |`, uses separated by commas, `-` for none.
fn drawn(page: &str) -> Map {
    page.lines()
        .filter_map(|line| {
            let cells: Vec<&str> = line
                .trim()
                .trim_matches('|')
                .split('|')
                .map(str::trim)
                .collect();
            let name = cells.first()?.strip_prefix('`')?.strip_suffix('`')?;
            let uses = cells.get(2)?;
            let uses = uses
                .split(',')
                .map(|u| u.trim().to_owned())
                .filter(|u| u != "-" && !u.is_empty());
            Some((name.to_owned(), uses.collect()))
        })
        .collect()
}

fn manifests(folder: &Path) -> std::io::Result<Map> {
    let mut map = Map::new();
    for entry in std::fs::read_dir(folder)? {
        let folder = entry?.path();
        let Ok(text) = std::fs::read_to_string(folder.join("Cargo.toml")) else {
            continue;
        };
        let name = folder
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        map.insert(name, dependencies(&text));
    }
    let names: BTreeSet<String> = map.keys().cloned().collect();
    for uses in map.values_mut() {
        uses.retain(|used| names.contains(used));
    }
    Ok(map)
}

/// The names under `[dependencies]` of a manifest.
fn dependencies(manifest: &str) -> BTreeSet<String> {
    let mut inside = false;
    let mut names = BTreeSet::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            inside = line.trim() == "[dependencies]";
        } else if inside && let Some(end) = line.find(['.', ' ', '=']) {
            names.insert(line[..end].to_owned());
        }
    }
    names
}

fn differences(drawn: &Map, actual: &Map) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, uses) in actual {
        let Some(expected) = drawn.get(name) else {
            findings.push(Finding::Error(format!(
                "ARCHITECTURE.md: the map has no row for crate `{name}`; add one"
            )));
            continue;
        };
        for extra in uses.difference(expected) {
            findings.push(Finding::Error(format!(
                "crates/{name}/Cargo.toml: uses `{extra}`, which the map in ARCHITECTURE.md does not allow; \
                 remove the dependency, or change the map in the same commit"
            )));
        }
        for missing in expected.difference(uses) {
            findings.push(Finding::Error(format!(
                "ARCHITECTURE.md: the map says that `{name}` uses `{missing}`, and it does not; correct the map"
            )));
        }
    }
    for name in drawn.keys().filter(|name| !actual.contains_key(*name)) {
        findings.push(Finding::Error(format!(
            "ARCHITECTURE.md: the map has a row for `{name}`, and there is no such crate"
        )));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dependency_that_is_not_on_the_map_is_found() {
        let drawn = drawn(
            "| crate | what | uses |\n| `a` | x | - |\n| `b` | y | a |\n| `gone` | z | a, b |",
        );
        let actual = Map::from([
            (
                "a".to_owned(),
                dependencies("[package]\nname = \"a\"\n[dependencies]\nb.workspace = true\n"),
            ),
            (
                "b".to_owned(),
                dependencies("[dependencies]\n[dev-dependencies]\na = \"1\"\n"),
            ),
        ]);
        let texts: Vec<String> = differences(&drawn, &actual)
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(texts.len(), 3, "{texts:#?}");
        assert!(texts[0].contains("uses `b`"));
        assert!(texts[1].contains("`b` uses `a`, and it does not"));
        assert!(texts[2].contains("`gone`"));
    }
}
