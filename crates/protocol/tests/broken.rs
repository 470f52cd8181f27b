//! What a person reads when a protocol file is wrong: each file in `broken/` with its message.
#![allow(clippy::unwrap_used)]

use labware::Catalogue;
use protocol::ProtocolFile;
use std::path::{Path, PathBuf};

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
fn every_broken_file_is_explained() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/broken");
    let files = files(&folder);
    assert!(files.len() >= 35);
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(&folder);
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for path in files {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            let text = std::fs::read_to_string(&path).unwrap();
            let file = format!("{name}.toml");
            let problems = match ProtocolFile::parse(&file, &text, &Catalogue::standard()) {
                Ok((_, warnings)) => warnings,
                Err(problems) => problems,
            };
            assert!(!problems.is_empty(), "{name} is not broken");
            insta::assert_snapshot!(name, problems.to_string());
        }
    });
}
