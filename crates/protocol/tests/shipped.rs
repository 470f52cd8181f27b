//! The protocols that ship are sound, and stay readable when somebody's cat walks over them.
#![allow(clippy::unwrap_used)]

use labware::Catalogue;
use proptest::prelude::*;
use protocol::ProtocolFile;
use std::path::PathBuf;

fn shipped() -> Vec<(String, String)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../protocols");
    let mut files: Vec<(String, String)> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read_to_string(path).unwrap())
        })
        .collect();
    files.sort();
    files
}

#[test]
fn every_shipped_protocol_is_sound() {
    let files = shipped();
    assert!(files.len() >= 8);
    for (name, text) in files {
        let (file, warnings) = ProtocolFile::parse(&name, &text, &Catalogue::standard())
            .unwrap_or_else(|problems| panic!("{problems}"));
        assert!(warnings.is_empty(), "{warnings}");
        assert_eq!(format!("{}.toml", file.protocol.name), name);
        assert_eq!(file.places.steps.len(), file.protocol.steps.len());
        assert_eq!(file.places.lags.len(), file.protocol.lags.len());
        for (index, step) in file.protocol.steps.iter().enumerate() {
            assert_eq!(step.id.index(), index);
            assert!(step.after.iter().all(|before| before.index() < index));
        }
    }
}

#[test]
fn defaults_and_order_are_filled_in() {
    let text = r#"
        name = "x"
        labware = "corning_96_wellplate_360ul_flat"
        [[step]]
        name = "last"
        do = "read_fluorescence"
        excitation = "485 nm"
        emission = "528 nm"
        after = ["put"]
        [[step]]
        name = "put"
        do = "transfer"
        after = []
    "#;
    let (file, _) = ProtocolFile::parse("x.toml", text, &Catalogue::standard()).unwrap();
    let steps = &file.protocol.steps;
    assert_eq!((&*steps[0].name, &*steps[1].name), ("put", "last"));
    assert_eq!(steps[0].operation.integer("mix"), Some(0));
    assert_eq!(steps[0].worklist.as_deref(), Some("put"));
    assert_eq!(steps[1].reading.as_deref(), Some("last"));
    assert_eq!(steps[1].operation.params["gain"].to_string(), "50 %");
    assert_eq!(steps[1].after, [steps[0].id]);
}

/// One change to a text: bytes cut out, put in, or a line moved.
#[derive(Clone, Debug)]
enum Change {
    Cut(usize, usize),
    Put(usize, String),
    Swap(usize, usize),
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let word = prop_oneof![
        Just("-".to_owned()),
        Just("\"\"".to_owned()),
        Just("9999999999 d".to_owned()),
        Just("[[step]]\n".to_owned()),
        Just("after = [\"grow\"]\n".to_owned()),
        Just("do = \"wash\"\n".to_owned()),
        Just("{}".to_owned()),
        "[0-9a-z=\\[\\]\".µ ]{1,4}",
    ];
    let change = prop_oneof![
        (any::<usize>(), 0_usize..30).prop_map(|(at, n)| Change::Cut(at, n)),
        (any::<usize>(), word).prop_map(|(at, text)| Change::Put(at, text)),
        (any::<usize>(), any::<usize>()).prop_map(|(a, b)| Change::Swap(a, b)),
    ];
    prop::collection::vec(change, 1..4)
}

fn apply(text: &str, changes: &[Change]) -> String {
    let mut text = text.to_owned();
    for change in changes {
        match change {
            Change::Cut(at, n) => {
                let chars: Vec<char> = text.chars().collect();
                let at = at % (chars.len() + 1);
                let end = (at + n).min(chars.len());
                text = chars[..at].iter().chain(&chars[end..]).collect();
            }
            Change::Put(at, word) => {
                let chars: Vec<char> = text.chars().collect();
                let at = at % (chars.len() + 1);
                text = chars[..at].iter().collect::<String>()
                    + word
                    + &chars[at..].iter().collect::<String>();
            }
            Change::Swap(a, b) => {
                let mut lines: Vec<&str> = text.lines().collect();
                let n = lines.len().max(1);
                if !lines.is_empty() {
                    lines.swap(a % n, b % n);
                }
                text = lines.join("\n");
            }
        }
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn changed_files_are_read_or_refused(which in any::<usize>(), changes in changes()) {
        let files = shipped();
        let (name, text) = &files[which % files.len()];
        let text = apply(text, &changes);
        match ProtocolFile::parse(name, &text, &Catalogue::standard()) {
            Ok((file, _)) => prop_assert!(!file.protocol.steps.is_empty()),
            Err(problems) => {
                prop_assert!(problems.errors() > 0);
                prop_assert!(!problems.to_string().is_empty());
            }
        }
    }
}
