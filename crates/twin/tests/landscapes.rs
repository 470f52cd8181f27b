//! Measured landscapes from the data folder, read as natures. Skipped where the data is not there.
#![allow(clippy::unwrap_used)]

use std::path::PathBuf;
use std::sync::Arc;
use twin::nature::{Key, Mapping, Table};

fn read(file: &str) -> Option<String> {
    let root = std::env::var_os("NILO_DATA").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")),
        PathBuf::from,
    );
    let text = std::fs::read_to_string(root.join(file)).ok();
    if text.is_none() {
        println!("skipped: NILO_DATA not found");
    }
    text
}

#[test]
fn gb1_answers_for_what_was_measured() {
    let Some(text) = read("landscapes/gb1.csv") else {
        return;
    };
    let table = Table::from_csv(&text, &Mapping::of_variants("variant", "fitness")).unwrap();
    // 149 361 of 160 000; the best is FWAA; the wild type VDGV is 1; 201 lie above half of the best.
    assert_eq!(table.measured(), 149_361);
    let best = table.optimum(true);
    assert!((best - 8.761_965_655_71).abs() < 1e-4);
    assert_eq!(table.value(&["FWAA"], &[]), Some(best));
    assert_eq!(table.value(&["VDGV"], &[]), Some(1.0));
    assert_eq!(table.better_than(0.5 * best, true), 201);
    assert_eq!(table.better_than(1.0, true), 3643);
    let letters = "ACDEFGHIKLMNPQRSTVWY";
    let mut missing = 0;
    for a in letters.chars() {
        for b in letters.chars() {
            for c in letters.chars() {
                for d in letters.chars() {
                    let word: String = [a, b, c, d].into_iter().collect();
                    missing += u32::from(table.value(&[&word], &[]).is_none());
                }
            }
        }
    }
    assert_eq!(missing, 10_639);
}

#[test]
fn six6_knows_both_strands() {
    let Some(text) = read("landscapes/tfbind8_six6.csv") else {
        return;
    };
    let mut mapping = Mapping::of_variants("seq", "escore_r1");
    mapping.keys[0].1 = Key::DoubleStrand;
    let table = Table::from_csv(&text, &mapping).unwrap();
    assert_eq!(table.measured(), 32_896);
    let both = ["AGGTATCA", "TGATACCT"].map(|word| table.value(&[word], &[]).unwrap());
    assert_eq!(both[0], both[1]);
}

#[test]
fn arylation_is_a_full_factorial_with_two_numbers() {
    let Some(text) = read("hte/direct_arylation/data.csv") else {
        return;
    };
    let level = |name: &str| -> (Arc<str>, Key) {
        let factor = name.into();
        (name.into(), Key::Level { factor })
    };
    let mapping = Mapping {
        header: None,
        keys: vec![
            level("base"),
            level("ligand"),
            level("solvent"),
            level("concentration"),
            ("temperature".into(), Key::Temperature { tolerance: 2.0 }),
        ],
        value: "yield".into(),
        scale: Vec::new(),
        gain: 1.0,
        offset: 0.0,
    };
    let table = Table::from_csv(&text, &mapping).unwrap();
    assert_eq!(table.measured(), 1728);
    let first = table.value(&["KOAc", "BrettPhos", "DMAc", "0.10"], &[104.0]);
    assert_eq!(first, Some(5.47));
    assert_eq!(
        table.value(&["KOAc", "BrettPhos", "DMAc", "0.1"], &[97.0]),
        None
    );
    assert_eq!(table.optimum(true), 100.0);
}

#[test]
fn photovoltaics_match_by_shares() {
    let Some(text) = read("olympus/photo_wf3/data.csv") else {
        return;
    };
    let names: Vec<Arc<str>> = ["mat_1", "mat_2", "mat_3", "mat_4", "degradation"]
        .map(Into::into)
        .to_vec();
    let mapping = Mapping {
        keys: names[..4]
            .iter()
            .map(|name| {
                let factor = name.clone();
                let tolerance = 0.02;
                (name.clone(), Key::Share { factor, tolerance })
            })
            .collect(),
        header: Some(names),
        value: "degradation".into(),
        scale: Vec::new(),
        gain: 1.0,
        offset: 0.0,
    };
    let table = Table::from_csv(&text, &mapping).unwrap();
    assert_eq!(table.measured(), 1020);
    let near = table.value(&[], &[0.99, 0.01, 0.0, 0.0]).unwrap();
    assert!((near - 0.189_174_654).abs() < 0.2, "{near}");
    assert!(table.optimum(false) < near);
}
