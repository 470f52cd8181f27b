//! Orders with a deadline: each is answered in the step in which it is handed in, with a promise or with
//! the earliest finish that could be promised.
//!
//! Others wait in the queue until there is room; these don't. One that comes while every home in the
//! hotels is kept is planned from when the first comes free, and has it before anybody else.

use crate::conductor::{Conductor, Flow};
use crate::limits::{BRING_TIME, PROMISE_MARGIN};
use crate::order::OrderState;
use crate::spare;
use crate::waits::Want;
use bus::Role;
use quantity::{Instant, InstrumentId};
use schedule::{Refusal, Where};

impl Conductor {
    pub(crate) fn admit_dated(&mut self, o: &mut OrderState) -> Flow {
        self.reckon_anew(o);
        let now_free = self.choose_hotel(o).filter(|_| self.queue.promised() == 0);
        let home = match now_free {
            Some(hotel) => Some((hotel, self.now)),
            None => self.next_home(),
        };
        let Some((hotel, free)) = home else {
            return self.refuse(o, "no home in a hotel will come free".to_owned(), None);
        };
        let release = o.order.release.max(free + BRING_TIME);
        let at = Where::In {
            machine: hotel.index(),
            slot: 0,
        };
        let mut job = o.compiled.job(&o.order, 0, at, release);
        job.deadline = o.order.deadline.map(|by| by - PROMISE_MARGIN);
        match spare::admit(&mut self.planner, &self.hall, &job, self.now) {
            Ok(promise) => {
                self.taken(o, promise.plan.finish);
                if now_free.is_some() {
                    self.bring(o, hotel)
                } else {
                    self.await_home(o)
                }
            }
            Err(Refusal::TooLate { deadline, earliest }) => {
                let (deadline, earliest) = (deadline + PROMISE_MARGIN, earliest + PROMISE_MARGIN);
                let why = crate::forecast::too_late(deadline, earliest);
                self.refuse(o, why, Some(earliest))
            }
            Err(Refusal::Impossible(why)) => self.refuse(o, crate::forecast::why(&why), None),
        }
    }

    /// An order that is planned gets a home, or waits for one.
    pub(crate) fn await_home(&mut self, o: &mut OrderState) -> Flow {
        let plan = self.planner.plan(o.id());
        let leaves = plan
            .and_then(|plan| plan.visits.first())
            .map(|v| v.leg_start);
        self.queue.await_home(o.id(), leaves.unwrap_or(self.now));
        if self.queue.first(self.now) != Some(o.id()) {
            return self.wait(o, Want::Home);
        }
        let Some(hotel) = self.choose_hotel(o) else {
            return self.wait(o, Want::Home);
        };
        let planned = self.planner.job(o.id()).map(|job| job.at);
        let at = Where::In {
            machine: hotel.index(),
            slot: 0,
        };
        self.queue.leave(&o.order);
        if planned != Some(at) {
            // From another home than was thought: the way is another, and what was promised may not hold.
            self.planner.withdraw(o.id(), self.now);
            self.reckon_anew(o);
            let release = o.order.release.max(self.now + BRING_TIME);
            let mut job = o.compiled.job(&o.order, 0, at, release);
            job.due = job.due.or(o.order.deadline);
            match spare::admit(&mut self.planner, &self.hall, &job, self.now) {
                Ok(promise) => self.promise_finish(o, promise.plan.finish),
                Err(_) => {
                    o.planned = false;
                    return self.bring(o, hotel);
                }
            }
        }
        self.bring(o, hotel)
    }

    /// The home that comes free next of those that are not waited for already: in which hotel, and when.
    fn next_home(&self) -> Option<(InstrumentId, Instant)> {
        let mut free: Vec<(Instant, InstrumentId)> = (self.orders.values().flatten())
            .filter_map(|o| {
                let home = o.home?;
                let finish = self.planner.plan(o.id())?.finish;
                let fit = !self
                    .health
                    .is_gone(self.hall.instrument(home.hotel).station);
                (fit && finish < schedule::FOREVER).then_some((finish, home.hotel))
            })
            .collect();
        let now = self.hall.with_role(Role::Storage).flat_map(|hotel| {
            let homes = self.places.free_homes(hotel.id) as usize;
            let fit = !self.health.is_gone(hotel.station);
            std::iter::repeat_n((self.now, hotel.id), if fit { homes } else { 0 })
        });
        free.extend(now);
        free.sort_unstable();
        let &(at, hotel) = free.get(self.queue.promised())?;
        Some((hotel, at.max(self.now)))
    }
}
