//! What must hold at the end of a run, judged from what the customer was told and from the truth.

use crate::customer::{Batch, Told};
use crate::world::World;
use conductor::{Conductor, Ending};
use labware::Place;
use protocol::{Edge, Order};
use quantity::Instant;
use std::fmt::Write as _;
use twin::Twin;

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
    if !twin.custody_agrees() {
        let _ = writeln!(wrong, "two plates are in one place, or one in none");
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
    for order in &world.orders {
        match customer.told().get(&order.id) {
            Some(told) => judge_order(order, told, &mut wrong),
            None => {
                let _ = writeln!(wrong, "nothing was told of {}", order.id);
            }
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong) }
}

fn judge_order(order: &Order, told: &Told, wrong: &mut String) {
    let id = order.id;
    if let Some(why) = &told.refused {
        let impossible = why.contains("can't be done here") || why.contains("can't be kept");
        if !impossible || told.ended.is_some() || !told.done.is_empty() {
            let _ = writeln!(wrong, "{id} was refused: {why}");
        }
        return;
    }
    let Some(ended) = &told.ended else {
        let _ = writeln!(wrong, "{id} has not ended");
        return;
    };
    if told.after_end {
        let _ = writeln!(wrong, "something was told of {id} after its end");
    }
    if told.lost_twice {
        let _ = writeln!(wrong, "a well of {id} was lost twice");
    }
    let mut once = told.done.clone();
    once.sort_unstable();
    once.dedup();
    if once.len() != told.done.len() {
        let _ = writeln!(wrong, "a step of {id} was done twice: {:?}", told.done);
    }
    let wells = order.protocol.labware.wells();
    match ended {
        Ending::Completed => {
            if told.done.len() != order.protocol.steps.len() {
                let _ = writeln!(wrong, "{id} completed with steps {:?}", told.done);
            }
            for step in order.protocol.steps.iter().filter(|s| s.reading.is_some()) {
                if !told
                    .readings
                    .iter()
                    .any(|(s, n)| *s == step.id && *n == wells)
                {
                    let _ = writeln!(wrong, "{id} has no reading of step {}", step.name);
                }
            }
        }
        Ending::Quarantined(_) | Ending::Lost(_) => {
            if told.lost.len() != wells {
                let _ = writeln!(
                    wrong,
                    "{id} ended as {ended}, with {} wells lost",
                    told.lost.len()
                );
            }
        }
        Ending::Cancelled => {}
    }
    judge_lags(order, told, wrong);
}

/// Lags are broken as told, no more and no less, and then all wells are flagged.
fn judge_lags(order: &Order, told: &Told, wrong: &mut String) {
    let edge = |(step, edge): (quantity::StepId, Edge)| -> Option<Instant> {
        let (begin, end) = told.edges.get(&step)?;
        Some(match edge {
            Edge::Begin => *begin,
            Edge::End => *end,
        })
    };
    for (index, lag) in order.protocol.lags.iter().enumerate() {
        let (Some(from), Some(to)) = (edge(lag.from), edge(lag.to)) else {
            continue;
        };
        let actual = to.since(from);
        let broken = actual < lag.min || lag.max.is_some_and(|max| actual > max);
        if broken != told.lags.contains(&index) {
            let _ = writeln!(
                wrong,
                "{}: lag {index} was {actual}, and {} told as broken",
                order.id,
                if broken { "not" } else { "was" }
            );
        }
    }
    if !told.lags.is_empty() && told.lag_wells.len() != order.protocol.labware.wells() {
        let _ = writeln!(wrong, "{}: wells of a broken lag are not flagged", order.id);
    }
}
