//! What a person reads when a lab file is wrong (`broken/`), or a protocol can't be done on the
//! bench that ships (`unfit/`): each file with its message.
#![allow(clippy::unwrap_used)]

use lab::LabFile;
use labware::Catalogue;
use protocol::ProtocolFile;
use source::Problems;
use std::path::Path;

/// Explains each TOML file of a folder, and compares with the snapshot beside it.
fn check(folder: &str, at_least: usize, explain: impl Fn(&str, &str) -> Problems) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests")
        .join(folder);
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
        .collect();
    files.sort();
    assert!(files.len() >= at_least);
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(&folder);
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for path in files {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            let text = std::fs::read_to_string(&path).unwrap();
            let problems = explain(&format!("{name}.toml"), &text);
            assert!(!problems.is_empty(), "{name} is not broken");
            insta::assert_snapshot!(name, problems.to_string());
        }
    });
}

#[test]
fn every_broken_lab_is_explained() {
    check("broken", 40, |name, text| {
        match LabFile::parse(name, text) {
            Ok((_, warnings)) => warnings,
            Err(problems) => problems,
        }
    });
}

#[test]
fn every_unfit_protocol_is_explained() {
    let bench = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../labs/bench.toml");
    let (bench, _) =
        LabFile::parse("bench.toml", &std::fs::read_to_string(bench).unwrap()).unwrap();
    check("unfit", 8, |name, text| {
        let catalogue = Catalogue::standard();
        let (file, warnings) = ProtocolFile::parse(name, text, &catalogue)
            .unwrap_or_else(|problems| panic!("{problems}"));
        assert_eq!(warnings.errors(), 0);
        lab::check(&bench.hall, &file)
    });
}

#[test]
fn a_stock_too_small_for_a_plate_is_explained() {
    let lab = std::fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sound/loop.toml"),
    );
    let lab = lab.unwrap().replace(
        "{ kind = \"absorbance_reader\" }",
        "{ kind = \"absorbance_reader\" }, { kind = \"liquid_handler\", consumables = { tips = 90 } }",
    );
    let (lab, _) = LabFile::parse("lab.toml", &lab).unwrap();
    let text = r#"
name = "tips"
labware = "corning_96_wellplate_360ul_flat"

[[step]]
name = "drugs"
do = "transfer"
volume = "10 µL"

[[step]]
name = "od"
do = "read_absorbance"
wavelength = "600 nm"
"#;
    let (file, _) = ProtocolFile::parse("tips.toml", text, &Catalogue::standard()).unwrap();
    insta::assert_snapshot!(lab::check(&lab.hall, &file), @r#"
    warning: 'drugs' can't be done on a full plate without a refill in the middle
     --> tips.toml:7:6  (step[0].do)
      |
    7 | do = "transfer"
      |      ^^^^^^^^^^
      = note: liquid_handler holds 90 tips, and a full plate takes 96
      = help: use fewer wells, or give an instrument a larger stock
    "#);
}
