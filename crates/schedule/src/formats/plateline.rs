//! A plate line without a buffer: every plate visits the one peeler twice, and an arm carries all.
//!
//! The instance with which the scheduler of ofplang (`labcode` 0.10) is raced: hotel, peel, dispense,
//! seal, cycle, peel again, read, back to the hotel. As `labsched-1`: the arms are the movers, a move
//! takes 7 s of picking and 8 s of placing, and no plate waits on an arm.

use super::lab::{Lab, Lag, Plate, Step, Type, Workflow};
use std::collections::BTreeMap;

/// Seconds of a move: picking and placing.
pub const MOVE: (i64, i64) = (7, 8);

/// Steps: device type, seconds.
const STEPS: [(&str, i64); 6] = [
    ("peeler", 20),
    ("dispenser", 90),
    ("sealer", 15),
    ("cycler", 3600),
    ("peeler", 20),
    ("reader", 60),
];

/// The line with so many plates, cyclers and arms; `window`: the most seconds from the end of cycling to
/// the begin of reading, if that matters.
#[must_use]
pub fn plate_line(plates: u32, cyclers: u32, arms: u32, window: Option<i64>) -> Lab {
    let mut types = BTreeMap::new();
    for (name, _) in STEPS {
        let machines = if name == "cycler" { cyclers } else { 1 };
        types.insert(
            name.to_owned(),
            Type {
                machines,
                slots: 1,
                load: MOVE.1,
                unload: MOVE.0,
                gate: false,
            },
        );
    }
    let mut travel = BTreeMap::new();
    let names: Vec<&str> = STEPS.iter().map(|s| s.0).chain(["hotel"]).collect();
    for from in &names {
        for to in &names {
            // Picking in the hotel and placing there are not part of a device's handling.
            let seconds = match (*from, *to) {
                ("hotel", _) => MOVE.0,
                (_, "hotel") => MOVE.1,
                _ => 0,
            };
            travel.insert(format!("{from}>{to}"), seconds);
        }
    }
    // A plate may stay where it is as long as it likes: the line has no other place for it.
    let forever = 10 * (i64::from(plates) + 10) * STEPS.iter().map(|s| s.1).sum::<i64>();
    let steps = STEPS
        .iter()
        .map(|&(kind, seconds)| Step {
            kind: kind.to_owned(),
            stay_min: seconds,
            stay_max: forever,
        })
        .collect();
    let lags = window
        .map(|most| Lag {
            a: 3,
            ae: "e".to_owned(),
            b: 5,
            be: "b".to_owned(),
            min: 0,
            max: most,
        })
        .into_iter()
        .collect();
    Lab {
        format: "labsched-1".to_owned(),
        name: format!("plate-line-{plates}-{cyclers}-{arms}"),
        types,
        movers: arms,
        wait_max: 0,
        travel,
        workflows: BTreeMap::from([("line".to_owned(), Workflow { steps, lags })]),
        plates: (0..plates)
            .map(|id| Plate {
                id,
                wf: "line".to_owned(),
                release: 0,
                due: 0,
                weight: 1,
            })
            .collect(),
    }
}
