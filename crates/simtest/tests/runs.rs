//! A centrifuge for four plates on the bench: plates share its runs, and what happens to a run happens to all of
//! its plates. The twin refuses a run that is not balanced, with a plate in it that is not meant, or with the arm in
//! the lid; none of that may happen.
#![allow(clippy::unwrap_used)]

mod hall;

use bus::Device;
use conductor::{Ending, Shell};
use hall::{changed, orders_of, run_in};
use quantity::{Duration, Instant, InstrumentId, StationId};
use simtest::Batch;
use std::sync::Arc;
use twin::{Fact, FaultKind, FaultPlan, FaultRates, Outage, Rule, Target, Twin, TwinConfig};

const PROTOCOL: &str = r#"
name = "spun"
labware = "corning_96_wellplate_360ul_flat"

[[step]]
name = "fill"
do = "dispense"
volume = "40 µL"

[[step]]
name = "spin"
do = "centrifuge"
speed = "1000 rpm"
duration = "10 min"
within = "1 h"

[[step]]
name = "read"
do = "read_absorbance"
wavelength = "600 nm"
within = "1 h"
"#;

fn bench() -> Arc<lab::Hall> {
    changed(
        "bench",
        "{ kind = \"centrifuge\" }",
        "{ kind = \"centrifuge\", nests = 4, batch = { plates = 4, balance = \"even\", counterweights = 1 } }",
    )
}

fn centrifuge(hall: &lab::Hall) -> (InstrumentId, StationId) {
    let found = hall.instruments.iter().find(|i| i.batch.is_some()).unwrap();
    (found.id, found.station)
}

fn under(plan: FaultPlan) -> Shell<Twin, Batch> {
    let config = TwinConfig {
        faults: FaultRates::scaled(0.0),
        plan,
        keep_history: true,
        ..TwinConfig::default()
    };
    let shell = run_in(bench(), orders_of(PROTOCOL, 9, 0), config);
    assert_eq!(shell.driver().violations(), []);
    shell
}

/// Plates in each run that began.
fn runs(shell: &Shell<Twin, Batch>) -> Vec<(Instant, u32)> {
    let runs = shell
        .driver()
        .history()
        .iter()
        .filter_map(|(at, fact)| match fact {
            Fact::Run { plates, .. } => Some((*at, *plates)),
            _ => None,
        });
    runs.collect()
}

fn completed(shell: &Shell<Twin, Batch>) -> usize {
    let told = shell.customer().told().values();
    told.filter(|told| told.ended == Some(Ending::Completed))
        .count()
}

#[test]
fn plates_share_runs() {
    let shell = under(FaultPlan::default());
    let runs = runs(&shell);
    assert_eq!(completed(&shell), 9);
    assert_eq!(runs.iter().map(|run| run.1).sum::<u32>(), 9);
    assert!(runs.iter().all(|run| (1..=4).contains(&run.1)));
    assert!(runs.len() <= 5, "nine plates in {} runs", runs.len());
}

/// A run fails: a device error is set right, and the same plates run again; a spoilt run is lost with all
/// its plates.
#[test]
fn a_run_fails_for_all_of_its_plates() {
    let (id, _) = centrifuge(&bench());
    let plan = |fault| FaultPlan {
        rules: vec![Rule {
            target: Target::Device(Device::Instrument(id)),
            from: Instant::EPOCH,
            skip: 1,
            times: 1,
            fault,
        }],
        ..FaultPlan::default()
    };
    for fault in [FaultKind::Retryable, FaultKind::NeedsService] {
        let shell = under(plan(fault));
        assert_eq!(completed(&shell), 9, "{fault:?}");
    }
    let shell = under(plan(FaultKind::SampleLost));
    let second = runs(&shell)[1].1 as usize;
    assert_eq!(completed(&shell), 9 - second);
}

/// The power of its station goes while a run is on, or while it is loaded, and comes back: a spin may be done again,
/// so nothing is lost.
#[test]
fn a_run_outlives_the_power() {
    let (_, station) = centrifuge(&bench());
    let first = runs(&under(FaultPlan::default()))[1].0;
    for before in [-200, -60, -20, 5, 300] {
        let at = first + Duration::from_secs(before);
        let lasts = Duration::from_secs(1800);
        let shell = under(FaultPlan::default().lose(station, at, lasts, Outage::Power));
        assert_eq!(completed(&shell), 9, "{before} s from its begin");
    }
}
