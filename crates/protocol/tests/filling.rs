//! What worklists put into wells.
#![allow(clippy::unwrap_used)]

use labware::Catalogue;
use protocol::{FillError, Protocol, ProtocolFile, Transfer, Worklist, check_worklists};
use quantity::{ReagentId, StepId, Volume};
use std::collections::BTreeMap;
use std::sync::Arc;

const TEXT: &str = r#"
name = "fill"
labware = "corning_96_wellplate_360ul_flat"

[[step]]
name = "first"
do = "dispense"
volume = "200 µL"

[[step]]
name = "second"
do = "transfer"

[[step]]
do = "wash"

[[step]]
name = "third"
do = "dispense"

[[step]]
do = "read_absorbance"
wavelength = "600 nm"
"#;

fn protocol() -> Arc<Protocol> {
    let read = ProtocolFile::parse("fill.toml", TEXT, &Catalogue::standard());
    read.unwrap().0.protocol
}

/// Checks worklists given as (step, well, microlitres).
fn check(transfers: &[(u16, &str, f64)]) -> Vec<String> {
    let mut lists: BTreeMap<StepId, Worklist> = BTreeMap::new();
    for step in [0, 1, 3] {
        lists.insert(StepId(step), Worklist::default());
    }
    for (step, well, ul) in transfers {
        lists
            .entry(StepId(*step))
            .or_default()
            .transfers
            .push(Transfer {
                well: well.parse().unwrap(),
                reagent: ReagentId(0),
                volume: Volume::from_ul(*ul),
            });
    }
    let lists = lists
        .into_iter()
        .map(|(step, list)| (step, Arc::new(list)))
        .collect();
    check_worklists(&protocol(), &lists)
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn what_fits_is_fine_and_a_wash_makes_room() {
    assert!(check(&[(0, "A1", 200.0), (1, "A1", 140.0), (3, "A1", 340.0)]).is_empty());
}

#[test]
fn what_does_not_fit_is_named() {
    assert_eq!(
        check(&[
            (0, "A1", 200.0),
            (1, "A1", 100.0),
            (1, "A1", 41.0),
            (0, "A2", 200.0),
            (1, "A2", 150.0)
        ]),
        ["A2 would hold 350 µL after 'second', and takes at most 340 µL (and 1 other well too)"]
    );
    assert_eq!(
        check(&[(0, "H12", 201.0)]),
        ["'first' puts 201 µL into H12, and says that it puts in at most 200 µL"]
    );
    assert_eq!(
        check(&[(1, "P24", 1.0), (1, "A1", 0.0), (2, "A1", 1.0)]),
        [
            "there is a worklist for step-2, which puts no liquid in",
            "'second' puts liquid into P24, a well that 'corning_96_wellplate_360ul_flat' does not have",
            "'second' puts no volume into A1",
        ]
    );
}

#[test]
fn a_missing_worklist_is_named() {
    let errors = check_worklists(&protocol(), &BTreeMap::new());
    assert_eq!(errors.len(), 3);
    let missing = FillError::Missing {
        step: "first".into(),
        worklist: "first".into(),
    };
    assert_eq!(errors[0], missing);
}
