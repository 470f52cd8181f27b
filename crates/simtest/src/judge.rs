//! What must hold at the end of a run, judged from what the customer was told and from the truth.

use crate::customer::Batch;
use crate::told::judge_order;
use crate::truth::{self, Truth};
use crate::world::World;
use conductor::Conductor;
use labware::Place;
use quantity::{Duration, Instant, InstrumentId};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use twin::{Fact, Twin};

/// Judges a run that has ended.
pub(crate) fn judge(
    world: &World,
    conductor: &Conductor,
    twin: &Twin,
    customer: &Batch,
) -> Result<(), String> {
    let mut wrong = String::new();
    for violation in twin.violations() {
        let _ = writeln!(wrong, "in truth: {violation:?}");
    }
    let truth = Truth::of(twin.history(), &mut wrong);
    if !twin.custody_agrees() {
        let _ = writeln!(wrong, "two plates are in one place, or one in none");
    }
    for (plate, place) in twin.plates() {
        if truth.place(plate) != Some(place) {
            let _ = writeln!(
                wrong,
                "{plate} is at {place}, and the facts end with it at {:?}",
                truth.place(plate)
            );
        }
    }
    for (plate, believed) in conductor.custody().iter() {
        let truth = twin.place_of(plate).unwrap_or(Place::Outside);
        if truth != believed {
            let _ = writeln!(
                wrong,
                "{plate} is at {truth}, and believed to be at {believed}"
            );
        }
    }
    for (_, fact) in twin.history() {
        if let Fact::Operated {
            plate,
            instrument,
            began,
            ..
        } = *fact
        {
            let instrument = world.hall.instrument(instrument);
            if instrument.open_for(began, Duration::ZERO) > began {
                let _ = writeln!(
                    wrong,
                    "{} began to work on {plate} at {began}, while it was closed",
                    instrument.name
                );
            }
        }
    }
    judge_setups(world, twin, &mut wrong);
    for order in &world.orders {
        match customer.told().get(&order.id) {
            Some(told) => {
                judge_order(order, told, &mut wrong);
                truth::judge_order(order, told, &truth, &mut wrong);
            }
            None => {
                let _ = writeln!(wrong, "nothing was told of {}", order.id);
            }
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong) }
}

/// Between unlike work an instrument must have had the time for its set-up.
fn judge_setups(world: &World, twin: &Twin, wrong: &mut String) {
    let orders: BTreeMap<_, _> = world.orders.iter().map(|o| (o.plate, o)).collect();
    // By instrument: begin, end, kind of work.
    let mut works: BTreeMap<InstrumentId, Vec<(Instant, Instant, Arc<str>)>> = BTreeMap::new();
    for &(ended, ref fact) in twin.history() {
        let Fact::Operated {
            plate,
            step,
            instrument,
            began,
        } = *fact
        else {
            continue;
        };
        if let Some(setup) = &world.hall.instrument(instrument).setup
            && let Some(order) = orders.get(&plate)
            && let Some(found) = order.protocol.step(step)
        {
            let worklist = order.worklists.get(&step).map(|list| &**list);
            let work = setup.work(&order.protocol.name, &found.operation, worklist);
            works
                .entry(instrument)
                .or_default()
                .push((began, ended, work));
        }
    }
    for (instrument, mut works) in works {
        let instrument = world.hall.instrument(instrument);
        let Some(setup) = &instrument.setup else {
            continue;
        };
        works.sort_unstable();
        for (index, later) in works.iter().enumerate() {
            for earlier in &works[..index] {
                if later.0 < earlier.1 + setup.time_between(&earlier.2, &later.2)
                    && later.2 != earlier.2
                {
                    let _ = writeln!(
                        wrong,
                        "{} began '{}' at {}, and was not set up for it since '{}' ended at {}",
                        instrument.name, later.2, later.0, earlier.2, earlier.1
                    );
                }
            }
        }
    }
}
