//! Where one plate fits: its temporal network and what it needs on which timetable.
//!
//! Every need is an interval between two of the plate's times. Both kinds of constraint (differences,
//! and 'this interval lies in one free stretch') are closed under taking the earlier of two solutions
//! time by time, so raising lower bounds until nothing changes ends in the earliest solution in every
//! time at once, or proves that there is none. The same holds for the latest, the other way round.

use crate::line::{FAR, Line};
use crate::net::Net;
use crate::planner::Bounds;

/// As the offset of a need's begin: it is held already, since whenever.
pub(crate) const ALWAYS: i64 = -FAR;

/// As the offset of a need's end: it is held for good.
pub(crate) const FOR_GOOD: i64 = FAR;

/// What an interval does on its timetable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Does {
    /// It must be free, and is taken then.
    #[default]
    Use,
    /// It must be free of what others block, and stays so.
    Ask,
    /// It is blocked for who asks, whatever else is there.
    Block,
    /// So much must be left of a stock then.
    Spend,
}

impl Does {
    /// Whether its timetable must be free for it.
    pub(crate) fn asks(self) -> bool {
        self != Does::Block
    }

    /// Whether its timetable is taken by it.
    pub(crate) fn takes(self) -> bool {
        matches!(self, Does::Use | Does::Block)
    }
}

/// The interval `[time[a] + a_off, time[b] + b_off)` on a timetable.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Need {
    pub(crate) does: Does,
    /// Units that it takes, or asks for; nought is as one.
    pub(crate) units: u32,
    pub(crate) line: u32,
    pub(crate) a: u16,
    pub(crate) b: u16,
    pub(crate) a_off: i64,
    pub(crate) b_off: i64,
    /// The least length that the network allows.
    pub(crate) least: i64,
}

impl Need {
    /// When it is, at these times.
    pub(crate) fn span(&self, times: &[i64]) -> (i64, i64) {
        (
            times[self.a as usize] + self.a_off,
            times[self.b as usize] + self.b_off,
        )
    }

    /// [`Line::fit`] on its timetable; `needs` are all of its plate, at these times.
    pub(crate) fn fit<L: Line>(
        &self,
        plate: (&[Need], &[i64]),
        lines: &[L],
        (from, until, least): (i64, i64, i64),
    ) -> i64 {
        let line = &lines[self.line as usize];
        match self.counted(plate, line) {
            Some(units) => line.fit_units(from, until, least, units),
            None => line.fit(from, until, least),
        }
    }

    /// [`Line::fit_back`] likewise.
    fn fit_back<L: Line>(
        &self,
        plate: (&[Need], &[i64]),
        lines: &[L],
        (from, until, least): (i64, i64, i64),
    ) -> i64 {
        let line = &lines[self.line as usize];
        match self.counted(plate, line) {
            Some(units) => line.fit_back_units(from, until, least, units),
            None => line.fit_back(from, until, least),
        }
    }

    /// How many units have to be there at once; `None` if it is the one that every stay takes.
    fn counted<L: Line>(&self, (needs, times): (&[Need], &[i64]), line: &L) -> Option<u32> {
        if self.does == Does::Spend {
            Some(self.units + self.spent(needs, times, line))
        } else {
            (self.units > 1).then_some(self.units)
        }
    }

    /// What the same plate has used since the last refill when it comes for more.
    fn spent<L: Line>(&self, needs: &[Need], times: &[i64], line: &L) -> u32 {
        let at = times[self.a as usize] + self.a_off;
        let before = needs.iter().filter(|need| {
            need.does == Does::Spend && need.line == self.line && need.a < self.a && {
                let earlier = times[need.a as usize] + need.a_off;
                earlier > at || !line.barred(earlier, at)
            }
        });
        before.map(|need| need.units).sum()
    }
}

/// A plate's network and needs for one choice of machines.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    pub(crate) net: Net,
    /// Those that must find their timetable free.
    pub(crate) needs: Vec<Need>,
    /// What else single times must keep; nothing for most plates.
    pub(crate) bounds: Bounds,
}

/// No place was found: the need that ran out of room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stuck {
    pub(crate) need: usize,
}

impl Pattern {
    /// Of a plate that shares no run with others.
    pub(crate) fn new(net: Net, needs: Vec<Need>) -> Self {
        Self {
            net,
            needs,
            bounds: Bounds::default(),
        }
    }

    /// Nodes of the network.
    pub(crate) fn nodes(&self) -> usize {
        self.net.nodes()
    }

    /// The earliest times at or after `times` (lower bounds that are consistent with the network),
    /// where the first `past` times have happened and stay, and nothing is asked of timetables before
    /// `now`. The last time must not exceed `limit`.
    pub(crate) fn earliest<L: Line>(
        &self,
        lines: &[L],
        times: &mut [i64],
        past: usize,
        now: i64,
        limit: i64,
    ) -> Result<(), Stuck> {
        let count = self.needs.len();
        let last = times.len() - 1;
        let happened: i64 = times[..past].iter().sum();
        let mut next = 0;
        let mut calm = 0;
        while calm < count {
            let need = &self.needs[next];
            let index = next;
            next = if next + 1 == count { 0 } else { next + 1 };
            calm += 1;
            let until = times[need.b as usize] + need.b_off;
            if until <= now {
                continue;
            }
            let begin = times[need.a as usize] + need.a_off;
            let (from, least) = if begin < now {
                (now, 0)
            } else {
                (begin, need.least)
            };
            let fit = need.fit((&self.needs, times), lines, (from, until, least));
            if fit <= from {
                continue;
            }
            if fit >= FAR || (need.a as usize) < past || need.a_off <= ALWAYS {
                return Err(Stuck { need: index });
            }
            self.net.raise(times, need.a as usize, fit - need.a_off);
            if times[last] > limit
                || !self.bounds.below(times)
                || times[..past].iter().sum::<i64>() > happened
            {
                return Err(Stuck { need: index });
            }
            calm = 0;
        }
        Ok(())
    }

    /// The latest times at or before `times` (upper bounds that are consistent with the network).
    /// `None` if there are none; that can't be where an earlier solution is known.
    pub(crate) fn latest<L: Line>(
        &self,
        lines: &[L],
        times: &mut [i64],
        past: usize,
        now: i64,
    ) -> Option<()> {
        let count = self.needs.len();
        let mut next = 0;
        let mut calm = 0;
        while calm < count {
            let need = &self.needs[count - 1 - next];
            next = if next + 1 == count { 0 } else { next + 1 };
            calm += 1;
            if (need.b as usize) < past {
                continue;
            }
            let until = times[need.b as usize] + need.b_off;
            if until <= now {
                continue;
            }
            let begin = times[need.a as usize] + need.a_off;
            let (from, least) = if begin < now {
                (now, 0)
            } else {
                (begin, need.least)
            };
            let fit = need.fit_back((&self.needs, times), lines, (from, until, least));
            if fit >= until {
                continue;
            }
            if fit <= -FAR || fit < now {
                return None;
            }
            self.net.lower(times, need.b as usize, fit - need.b_off);
            calm = 0;
        }
        Some(())
    }
}

/// Takes all needs at these times.
pub(crate) fn take<L: Line>(needs: &[Need], lines: &mut [L], times: &[i64]) {
    for need in needs.iter().filter(|need| need.does.takes()) {
        let (from, until) = need.span(times);
        lines[need.line as usize].take(from, until, need.units.max(1));
    }
}

/// Gives all needs at these times back.
pub(crate) fn give<L: Line>(needs: &[Need], lines: &mut [L], times: &[i64]) {
    for need in needs.iter().filter(|need| need.does.takes()) {
        let (from, until) = need.span(times);
        lines[need.line as usize].give(from, until, need.units.max(1));
    }
}
