//! Kinds of work as the planner knows them: by number.

use lab::Hall;
use protocol::Order;
use quantity::{Duration, InstrumentId};
use schedule::Setups;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Numbers of the kinds of work, in order of their first mention.
#[derive(Clone, Debug, Default)]
pub(crate) struct Families(BTreeMap<Arc<str>, u32>);

impl Families {
    /// The number of a kind of work.
    pub fn number(&mut self, work: &Arc<str>) -> u32 {
        let next = self.0.len() as u32;
        *self.0.entry(work.clone()).or_insert(next)
    }

    /// The set-ups of an instrument for the planner.
    pub fn setups(&mut self, setup: &bus::Setup) -> Setups {
        Setups {
            usual: setup.time,
            pairs: (setup.pairs.iter())
                .map(|(from, to, time)| (self.number(from), self.number(to), *time))
                .collect(),
        }
    }
}

/// The kind of work that a step of an order is on an instrument that has to be set up for it.
pub(crate) fn work(
    order: &Order,
    hall: &Hall,
    step: usize,
    instrument: InstrumentId,
) -> Option<Arc<str>> {
    let setup = hall.instrument(instrument).setup.as_ref()?;
    let step = &order.protocol.steps[step];
    let worklist = order.worklists.get(&step.id).map(|list| &**list);
    Some(setup.work(&order.protocol.name, &step.operation, worklist))
}

/// The time that an instrument needs between two steps of an order that follow one another in it.
pub(crate) fn change(
    order: &Order,
    hall: &Hall,
    (from, to): (usize, usize),
    instrument: InstrumentId,
) -> Duration {
    let Some(setup) = &hall.instrument(instrument).setup else {
        return Duration::ZERO;
    };
    let work = |step| work(order, hall, step, instrument);
    match (work(from), work(to)) {
        (Some(from), Some(to)) => setup.time_between(&from, &to),
        _ => Duration::ZERO,
    }
}
