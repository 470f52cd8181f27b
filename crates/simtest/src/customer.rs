//! A customer that hands in a list of orders and keeps book of what it is told.

use conductor::{Customer, Effect, Ending, Input, Note, Turn};
use labware::Well;
use protocol::Order;
use quantity::{Instant, OrderId, StepId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What a customer was told of one order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Told {
    /// How it ended.
    pub ended: Option<Ending>,
    /// It was refused.
    pub refused: Option<Arc<str>>,
    /// The earliest finish that could be promised, when it was refused for its deadline.
    pub earliest: Option<Instant>,
    /// The finish that was promised first, and when that was.
    pub promised: Option<(Instant, Instant)>,
    /// When its end was told.
    pub ended_at: Option<Instant>,
    /// Steps done.
    pub done: Vec<StepId>,
    /// Steps with a reading, and its number of values.
    pub readings: Vec<(StepId, usize)>,
    /// What was measured, by step, as [`twin::values_hash`] of all channels.
    pub measured: Vec<(StepId, u64)>,
    /// Readings of the step that is being told of.
    pub(crate) open: Vec<f64>,
    /// Lags broken, by index.
    pub lags: Vec<usize>,
    /// Wells flagged for a broken lag.
    pub lag_wells: BTreeSet<Well>,
    /// Wells lost.
    pub lost: BTreeSet<Well>,
    /// A well was lost twice.
    pub lost_twice: bool,
    /// Something was told after the end.
    pub after_end: bool,
    /// When each step began and ended, as told.
    pub edges: BTreeMap<StepId, (Instant, Instant)>,
}

/// Hands in its orders when it starts, and cancels some when another ends.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    orders: Vec<Arc<Order>>,
    /// Orders to cancel when an order has done its first step.
    cancel: BTreeMap<OrderId, OrderId>,
    told: BTreeMap<OrderId, Told>,
    notes: u64,
}

impl Batch {
    /// A batch of orders; `cancel` names orders to be cancelled when another has done a step.
    #[must_use]
    pub fn new(orders: Vec<Arc<Order>>, cancel: BTreeMap<OrderId, OrderId>) -> Self {
        let told = orders.iter().map(|o| (o.id, Told::default())).collect();
        Self {
            orders,
            cancel,
            told,
            notes: 0,
        }
    }

    /// The orders.
    #[must_use]
    pub fn orders(&self) -> &[Arc<Order>] {
        &self.orders
    }

    /// What it was told of each order.
    #[must_use]
    pub fn told(&self) -> &BTreeMap<OrderId, Told> {
        &self.told
    }

    /// How many ended as completed.
    #[must_use]
    pub fn completed(&self) -> usize {
        self.told
            .values()
            .filter(|told| told.ended == Some(Ending::Completed))
            .count()
    }

    fn hear(&mut self, effect: &Effect, now: Instant) {
        let order = match effect {
            Effect::Refused { order, .. }
            | Effect::Promise { order, .. }
            | Effect::StepDone { order, .. }
            | Effect::StepBegan { order, .. }
            | Effect::Reading { order, .. }
            | Effect::LagBroken { order, .. }
            | Effect::WellsFlagged { order, .. }
            | Effect::WellsLost { order, .. }
            | Effect::OrderEnded { order, .. } => *order,
            _ => return,
        };
        let told = self.told.entry(order).or_default();
        told.after_end |= told.ended.is_some();
        match effect {
            Effect::Refused { why, earliest, .. } => {
                told.refused = Some(why.clone());
                told.earliest = *earliest;
            }
            Effect::Promise { finish, .. } => {
                told.promised.get_or_insert((*finish, now));
            }
            Effect::StepDone {
                step, began, ended, ..
            } => {
                told.done.push(*step);
                if !told.open.is_empty() {
                    let values = twin::values_hash(&std::mem::take(&mut told.open));
                    told.measured.push((*step, values));
                }
                told.edges.insert(*step, (*began, *ended));
            }
            Effect::Reading { reading, .. } => {
                told.readings.push((reading.step, reading.values.len()));
                told.open.extend(reading.values.iter());
            }
            Effect::LagBroken { lag, .. } => told.lags.push(*lag),
            Effect::WellsFlagged {
                wells,
                flag: bus::Flag::LagBroken,
                ..
            } => told.lag_wells.extend(wells),
            Effect::WellsLost { wells, .. } => {
                for well in wells {
                    told.lost_twice |= !told.lost.insert(*well);
                }
            }
            Effect::OrderEnded { how, .. } => {
                told.ended = Some(how.clone());
                told.ended_at = Some(now);
            }
            _ => {}
        }
    }
}

impl Customer for Batch {
    fn start(&mut self, _now: Instant, turn: &mut Turn) {
        for order in &self.orders {
            turn.input(Input::Submit(order.clone()));
        }
    }

    fn on_effect(&mut self, effect: &Effect, now: Instant, turn: &mut Turn) {
        self.hear(effect, now);
        match effect {
            Effect::OrderEnded { order, .. } => {
                self.notes += 1;
                turn.note("ended", order.to_string());
            }
            Effect::StepDone { order, .. } => {
                if let Some(other) = self.cancel.remove(order) {
                    turn.input(Input::Cancel(other));
                }
            }
            _ => {}
        }
    }

    fn replay_effect(&mut self, effect: &Effect, now: Instant) {
        self.hear(effect, now);
        if let Effect::StepDone { order, .. } = effect {
            self.cancel.remove(order);
        }
    }

    fn replay_note(&mut self, note: &Note, _now: Instant) -> Result<(), String> {
        self.notes += 1;
        if note.kind == "ended" {
            Ok(())
        } else {
            Err(format!("this customer makes no note '{}'", note.kind))
        }
    }

    fn finished(&self) -> bool {
        self.told
            .values()
            .all(|told| told.ended.is_some() || told.refused.is_some())
    }
}
