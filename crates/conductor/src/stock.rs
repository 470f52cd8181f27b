//! Consumables: what is left, and who fills it up.

use crate::conductor::Conductor;
use crate::effect::FaultEnd;
use crate::limits::{REFILL_AGAIN, REFILL_SHARE};
use crate::persons::Purpose;
use crate::timers::Timer;
use crate::waits::Want;
use bus::Request;
use quantity::{InstrumentId, OrderId, PersonTaskId};
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
        let low = match stock.planned {
            // Refills come as planned, or when it is all gone.
            Some(_) => left == 0,
            None => f64::from(left) <= f64::from(stock.full) * REFILL_SHARE,
        };
        let wanted = low && stock.refill.is_none();
        if let Some(index) = stock.planned {
            self.planner
                .stock_left(instrument.index(), index, left, self.now);
            self.repair_wanted = true;
        }
        if wanted {
            self.refill(instrument, consumable, None);
        }
    }

    /// A person is asked to fill a consumable up: as planned, or since it runs out. In the second case a plate
    /// may be in the instrument, and the plan goes on as it is.
    fn refill(&mut self, instrument: InstrumentId, consumable: &Arc<str>, order: Option<OrderId>) {
        let task = self.ask_refill(instrument, consumable);
        let state = self.health.instrument_mut(instrument);
        if let Some(stock) = state.stock.get_mut(consumable) {
            stock.refill = Some(task);
            stock.service = order;
        }
        if let Some(order) = order {
            self.planner
                .began(order, 0, instrument.index(), 0, self.now);
            self.repair_wanted = true;
        }
    }

    /// Whether an instrument is being refilled as planned: it takes no work meanwhile.
    pub(crate) fn in_refill(&self, instrument: InstrumentId) -> bool {
        let state = self.health.instrument(instrument);
        state.stock.values().any(|stock| stock.service.is_some())
    }

    /// Refills that are due begin, on instruments that are empty.
    pub(crate) fn begin_refills(&mut self) {
        for refill in self.planner.refills() {
            if refill.begun || refill.when.from > self.now {
                continue;
            }
            let id = InstrumentId(refill.machine as u32);
            let state = self.health.instrument(id);
            let mut stocks = state.stock.iter();
            let found = stocks.find(|(_, stock)| stock.planned == Some(refill.stock));
            let Some((name, stock)) = found.map(|(name, stock)| (name.clone(), stock)) else {
                continue;
            };
            let nests = &self.hall.instrument(id).nests;
            let empty = nests
                .iter()
                .all(|nest| self.places.plate_in(*nest).is_none());
            if empty && stock.refill.is_none() {
                self.refill(id, &name, Some(refill.order));
            }
        }
    }

    /// Sets the moment of the next refill that has not begun.
    pub(crate) fn watch_refills(&mut self) {
        let refills = self.planner.refills();
        match refills.iter().find(|r| !r.begun).map(|r| r.when.from) {
            Some(at) if at > self.now => self.timers.set(Timer::Refill, at),
            Some(_) => self.timers.sooner(Timer::Refill, self.now + REFILL_AGAIN),
            None => self.timers.stop(Timer::Refill),
        }
    }

    /// Tells the planner of refills that take longer than planned, or could not begin.
    pub(crate) fn tell_late_refills(&mut self) {
        let soon = self.now + REFILL_AGAIN;
        for refill in self.planner.refills() {
            if refill.begun && refill.when.until <= self.now {
                self.planner.expect_end(refill.order, 0, soon);
            } else if !refill.begun && refill.when.from <= self.now {
                self.planner.expect_begin(refill.order, 0, soon);
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
            let (full, planned) = (stock.full, stock.planned);
            if let Some(order) = stock.service.take() {
                self.planner.ended(order, 0, self.now);
                self.planner.withdraw(order, self.now);
                self.repair_wanted = true;
            } else if let Some(index) = planned {
                self.planner
                    .stock_left(instrument.index(), index, full, self.now);
                self.repair_wanted = true;
            }
        }
        self.close_instrument_faults(instrument, FaultEnd::ByPerson);
        self.freed(Want::Instrument(instrument));
    }
}
