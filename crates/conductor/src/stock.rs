//! Consumables: what is left, and who fills it up.

use crate::conductor::Conductor;
use crate::effect::FaultEnd;
use crate::limits::REFILL_SHARE;
use crate::persons::Purpose;
use crate::waits::Want;
use bus::Request;
use quantity::{InstrumentId, PersonTaskId};
use std::sync::Arc;

impl Conductor {
    /// Whether an operation has to wait for a refill.
    pub(crate) fn lacks(&self, instrument: InstrumentId, consumable: &str, pieces: u32) -> bool {
        self.health
            .instrument(instrument)
            .stock
            .get(consumable)
            // An operation that needs more than a full stock is the instrument's own problem.
            .is_some_and(|stock| stock.refill.is_some() && stock.left < pieces.min(stock.full))
    }

    /// What an instrument says that it has left; a person is asked in time to refill it.
    pub(crate) fn note_stock(
        &mut self,
        instrument: InstrumentId,
        consumable: &Arc<str>,
        left: u32,
    ) {
        let Some(stock) = self
            .health
            .instrument_mut(instrument)
            .stock
            .get_mut(consumable)
        else {
            return;
        };
        stock.left = left;
        let low = f64::from(left) <= f64::from(stock.full) * REFILL_SHARE;
        if low && stock.refill.is_none() {
            let task = self.ask_refill(instrument, consumable);
            if let Some(stock) = self
                .health
                .instrument_mut(instrument)
                .stock
                .get_mut(consumable)
            {
                stock.refill = Some(task);
            }
        }
    }

    fn ask_refill(&mut self, instrument: InstrumentId, consumable: &Arc<str>) -> PersonTaskId {
        self.ask(
            Request::Refill {
                instrument,
                consumable: consumable.clone(),
            },
            Purpose::Refill(instrument, consumable.clone()),
            None,
            format!("{consumable} runs out"),
        )
    }

    /// A person filled a consumable up.
    pub(crate) fn refilled(&mut self, instrument: InstrumentId, consumable: &Arc<str>) {
        if let Some(stock) = self
            .health
            .instrument_mut(instrument)
            .stock
            .get_mut(consumable)
        {
            stock.refill = None;
            stock.left = stock.full;
        }
        self.close_instrument_faults(instrument, FaultEnd::ByPerson);
        self.freed(Want::Instrument(instrument));
    }
}
