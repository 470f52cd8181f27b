//! When a run fits in between those of others, and entering it.

use super::Traffic;
use crate::motion::Motion;
use crate::run::{FOREVER, Run, Use};
use crate::timeline::Window;
use crate::track::ZoneId;
use quantity::MoverId;

/// Of the zones of a way one in so many is looked at first, then one in fewer, at last all.
const SAMPLES: [usize; 3] = [24, 5, 1];
/// A departure this much later meets nothing of the mover's own last ride, in nanoseconds.
const QUICK_AFTER: i64 = 200_000_000;

/// When a run fits in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fit {
    /// Its departure, in nanoseconds.
    pub(crate) depart: i64,
    /// The zone that makes it wait longest at once.
    pub(super) waits_for: Option<ZoneId>,
    /// How long, in nanoseconds.
    pub(super) longest: i64,
}

impl Fit {
    /// Notes how long a zone has put the departure off at once.
    fn waited(&mut self, zone: ZoneId, since: i64) {
        if self.depart - since > self.longest {
            self.longest = self.depart - since;
            self.waits_for = Some(zone);
        }
    }
}

impl Traffic {
    /// The first departure at `from` or later for which all windows of a run are free, or who
    /// stands in the way for good; nobody does if there is a departure only at `before` or later.
    pub(crate) fn earliest(
        &self,
        run: &Run,
        mover: MoverId,
        from: i64,
        before: i64,
    ) -> Result<Fit, Option<MoverId>> {
        let uses = &run.uses;
        let mut fit = Fit {
            depart: from,
            waits_for: None,
            longest: 0,
        };
        // The least departure is found in any order, as each step only leaves out what meets somebody. Whoever
        // is in the way in one zone is mostly in the way in its neighbours too, so a few are looked at
        // before all are; and the quick look comes before the one that fetches windows.
        let mut level = 0;
        while level <= SAMPLES.len() && fit.depart < before {
            let depart = fit.depart;
            match SAMPLES.get(level) {
                // Its own last ride is over by then, so what is in the way is others'.
                Some(step) if depart >= from + QUICK_AFTER => {
                    for u in uses.iter().skip(step / 2).step_by(*step) {
                        self.put_off(u, &mut fit);
                    }
                }
                Some(_) => {}
                None => {
                    for u in uses {
                        self.free(u, mover, &mut fit)?;
                        if fit.depart > depart + QUICK_AFTER {
                            break;
                        }
                    }
                }
            }
            level = if fit.depart > depart { 0 } else { level + 1 };
        }
        if fit.depart < before {
            Ok(fit)
        } else {
            Err(None)
        }
    }

    /// Puts a departure off while somebody is certain to be in a zone.
    fn put_off(&self, u: &Use, fit: &mut Fit) {
        let depart = fit.depart;
        while let Some(until) =
            self.zones
                .taken_until(u.zone, fit.depart + u.enter, u.leave_from(fit.depart))
        {
            fit.depart = until - u.enter;
        }
        fit.waited(u.zone, depart);
    }

    /// Puts a departure off until a zone is free.
    fn free(&self, u: &Use, mover: MoverId, fit: &mut Fit) -> Result<(), Option<MoverId>> {
        let depart = fit.depart;
        // Another window of the same zone may follow.
        while let Some(other) = self.zones.conflict(
            u.zone,
            fit.depart + u.enter,
            u.leave_from(fit.depart),
            mover,
        ) {
            if other.leave == FOREVER {
                return Err(Some(other.mover));
            }
            fit.depart = other.leave - u.enter;
        }
        fit.waited(u.zone, depart);
        Ok(())
    }

    /// Enters all windows of a motion; a window of the mover's own without end is closed first.
    pub(crate) fn reserve(&mut self, motion: &Motion) {
        let depart = motion.depart.base();
        for u in &motion.run.uses {
            let leave = u.leave_from(depart);
            if !self.zones.close(u.zone, motion.mover, leave) {
                let window = Window {
                    enter: depart + u.enter,
                    leave,
                    mover: motion.mover,
                };
                self.zones.insert(u.zone, window);
            }
        }
    }

    /// Removes the windows of a motion that end after a moment.
    pub(crate) fn release(&mut self, motion: &Motion, after: i64) {
        for u in &motion.run.uses {
            let enter = motion.depart.base() + u.enter;
            self.zones.remove(u.zone, motion.mover, enter, after);
        }
    }
}
