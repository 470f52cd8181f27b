//! What truly happened, folded from the twin's facts, and what was told held against it.
//!
//! Nothing here asks the conductor, and nothing the twin's own book: where each plate is and what was
//! done to it follows from the list of facts alone.

use crate::customer::Told;
use conductor::Ending;
use labware::Place;
use protocol::{Edge, Order, Repeat, vocabulary};
use quantity::{Instant, PlateId, StepId};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use twin::Fact;

/// An operation that was truly carried out.
#[derive(Clone, Copy, Debug)]
struct Done {
    step: StepId,
    began: Instant,
    ended: Instant,
}

/// What truly happened to one plate.
#[derive(Clone, Debug, Default)]
struct Life {
    place: Option<Place>,
    done: Vec<Done>,
    measured: Vec<(StepId, u64)>,
}

/// What truly happened to all plates.
#[derive(Clone, Debug, Default)]
pub(crate) struct Truth {
    lives: BTreeMap<PlateId, Life>,
}

impl Truth {
    /// Folds facts. A plate that is moved from where it is not, or to where another is, is wrong.
    pub(crate) fn of(facts: &[(Instant, Fact)], wrong: &mut String) -> Self {
        let mut truth = Self::default();
        let mut places: BTreeMap<Place, PlateId> = BTreeMap::new();
        let mut last = Instant::EPOCH;
        for (at, fact) in facts {
            if *at < last {
                let _ = writeln!(wrong, "in truth: {fact:?} at {at}, before {last}");
            }
            last = *at;
            match *fact {
                Fact::Brought { plate, nest } => {
                    truth.go(plate, None, Place::Nest(nest), &mut places, wrong);
                }
                Fact::Moved { plate, from, to } => {
                    truth.go(plate, Some(from), to, &mut places, wrong);
                }
                Fact::Operated {
                    plate, step, began, ..
                } => truth.lives.entry(plate).or_default().done.push(Done {
                    step,
                    began,
                    ended: *at,
                }),
                Fact::Measured {
                    plate,
                    step,
                    values,
                } => {
                    let life = truth.lives.entry(plate).or_default();
                    life.measured.push((step, values));
                }
                _ => {}
            }
        }
        truth
    }

    fn go(
        &mut self,
        plate: PlateId,
        from: Option<Place>,
        to: Place,
        places: &mut BTreeMap<Place, PlateId>,
        wrong: &mut String,
    ) {
        let life = self.lives.entry(plate).or_default();
        let outside = |place: Option<Place>| place.is_none_or(|place| place == Place::Outside);
        if life.place != from && !(outside(life.place) && outside(from)) {
            let _ = writeln!(
                wrong,
                "in truth: {plate} left {from:?}, and was at {:?}",
                life.place
            );
        }
        if let Some(old) = life.place
            && !old.is_roomy()
        {
            places.remove(&old);
        }
        if !to.is_roomy()
            && let Some(other) = places.insert(to, plate)
        {
            let _ = writeln!(wrong, "in truth: {plate} came to {to}, where {other} is");
        }
        life.place = Some(to);
    }

    /// Where a plate is at the end; `None` if it was never brought.
    pub(crate) fn place(&self, plate: PlateId) -> Option<Place> {
        self.lives.get(&plate)?.place
    }
}

/// Holds what was told of an order against what truly happened to its plate.
pub(crate) fn judge_order(order: &Order, told: &Told, truth: &Truth, wrong: &mut String) {
    let nothing = Life::default();
    let life = truth.lives.get(&order.plate).unwrap_or(&nothing);
    let id = order.id;
    for step in &order.protocol.steps {
        let times = life.done.iter().filter(|done| done.step == step.id).count();
        let was_told = told.done.contains(&step.id);
        let word = vocabulary::word(&step.operation.capability);
        let once = word.is_none_or(|word| word.repeat == Repeat::Irreversible);
        if once && times > 1 {
            let _ = writeln!(wrong, "{id}: step {} was truly done {times} times", step.id);
        }
        if was_told && times == 0 {
            let _ = writeln!(wrong, "{id}: step {} was told and never done", step.id);
        }
    }
    judge_readings(order, told, life, wrong);
    judge_lags(order, told, life, wrong);
}

/// What was told as measured was measured, and of a completed order everything that is to be read
/// was told.
fn judge_readings(order: &Order, told: &Told, life: &Life, wrong: &mut String) {
    for reading in &told.measured {
        if !life.measured.contains(reading) {
            let _ = writeln!(
                wrong,
                "{}: a reading of step {} was told that was never measured",
                order.id, reading.0
            );
        }
    }
    if told.ended != Some(Ending::Completed) {
        return;
    }
    for step in order.protocol.steps.iter().filter(|s| s.reading.is_some()) {
        let last = life.measured.iter().rev().find(|(s, _)| *s == step.id);
        if last.is_none_or(|last| !told.measured.contains(last)) {
            let _ = writeln!(
                wrong,
                "{}: what was measured in step {} is lost",
                order.id, step.id
            );
        }
    }
}

/// A lag that was truly broken was told as broken.
fn judge_lags(order: &Order, told: &Told, life: &Life, wrong: &mut String) {
    let edge = |(step, edge): (StepId, Edge)| {
        let done = life.done.iter().rev().find(|done| done.step == step)?;
        told.done.contains(&step).then_some(match edge {
            Edge::Begin => done.began,
            Edge::End => done.ended,
        })
    };
    for (index, lag) in order.protocol.lags.iter().enumerate() {
        let (Some(from), Some(to)) = (edge(lag.from), edge(lag.to)) else {
            continue;
        };
        let actual = to.since(from);
        let broken = actual < lag.min || lag.max.is_some_and(|max| actual > max);
        if broken && !told.lags.contains(&index) {
            let _ = writeln!(
                wrong,
                "{}: lag {index} was truly {actual}, which breaks it, and that was not told",
                order.id
            );
        }
    }
}

#[cfg(test)]
mod tests;
