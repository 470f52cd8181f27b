//! What must hold of what a customer was told of an order.

use crate::customer::Told;
use conductor::Ending;
use protocol::{Edge, Order};
use quantity::Instant;
use std::fmt::Write as _;

/// Judges what was told of one order, and enters what is wrong.
pub(crate) fn judge_order(order: &Order, told: &Told, wrong: &mut String) {
    let id = order.id;
    if let Some(why) = &told.refused {
        let impossible = why.contains("can't be done here") || why.contains("can't be kept");
        // Only those with a deadline are refused for what others keep or what is broken.
        let dated = order.deadline.is_some();
        let late = (told.earliest).is_none_or(|at| order.deadline.is_some_and(|by| at > by));
        if !late {
            let _ = writeln!(wrong, "{id} was refused for a deadline that can be met");
        }
        if !(impossible || dated) || told.ended.is_some() || !told.done.is_empty() {
            let _ = writeln!(wrong, "{id} was refused: {why}");
        }
        return;
    }
    let Some(ended) = &told.ended else {
        let _ = writeln!(wrong, "{id} has not ended");
        return;
    };
    if let Some(by) = order.deadline {
        let cancelled = *ended == Ending::Cancelled;
        match told.promised {
            // Each is handed in when the run starts.
            Some((finish, at)) if finish <= by && at <= order.release.max(Instant::EPOCH) => {}
            None if cancelled => {}
            other => {
                let _ = writeln!(
                    wrong,
                    "{id} is to be finished by {by} and was promised {other:?}"
                );
            }
        }
    }
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
