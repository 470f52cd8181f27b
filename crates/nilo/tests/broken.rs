//! What a person reads when a campaign file or a table of data is wrong: each file in `broken/`, as
//! `nilo check` explains it, with nothing run.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::process::Command;

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
        .collect();
    files.sort();
    files
}

#[test]
fn every_broken_campaign_and_table_is_explained() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/broken");
    let files = files(&folder);
    assert!(files.len() >= 60);
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(&folder);
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for path in files {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            let found = Command::new(env!("CARGO_BIN_EXE_nilo"))
                .arg("check")
                .arg(path.file_name().unwrap())
                .current_dir(&folder)
                .env("NILO_DATA", "data")
                .output()
                .unwrap();
            let said = String::from_utf8(found.stderr).unwrap();
            let warned = said.contains("warning:");
            assert!(
                found.status.code() == Some(1) || (warned && found.status.code() == Some(0)),
                "{name} is not broken: {:?}\n{said}",
                found.status
            );
            insta::assert_snapshot!(name, said);
        }
    });
}
