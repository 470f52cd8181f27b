//! Where empty movers wait: near the docks where they will be called.
//!
//! Calls at each dock are counted, those long ago less and less ([`Demand`]). A call takes the
//! nearest empty mover, so a place is worth what it takes off the way to the docks for which it is
//! nearer than where any other empty mover stands: the weighted k-median problem (Hakimi, Oper. Res.
//! 12 (1964) 450), of which one mover at a time takes the place that gains most. The gain of a
//! further mover never grows with more of them, so that this greedy rule is never far from the best
//! (Nemhauser, Wolsey and Fisher, Math. Program. 14 (1978) 265).

use quantity::{BerthId, Duration, Instant};

/// How often movers are called to each of some docks, counted with a memory that fades.
#[derive(Clone, Debug, PartialEq)]
pub struct Demand {
    calls: Vec<f64>,
    /// When counts were last faded.
    since: Instant,
    /// A call as long ago counts 1/e.
    memory: Duration,
}

impl Demand {
    /// No calls yet at so many docks; one that was a `memory` ago will count 1/e.
    #[must_use]
    pub fn new(docks: usize, memory: Duration, now: Instant) -> Self {
        Self {
            calls: vec![0.0; docks],
            since: now,
            memory,
        }
    }

    /// A mover is called, or will be, to a dock; a dock that is not there counts nothing.
    pub fn called(&mut self, dock: usize, now: Instant) {
        let fade = (-now.since(self.since).as_secs_f64() / self.memory.as_secs_f64()).exp();
        self.since = now;
        for calls in &mut self.calls {
            *calls *= fade;
        }
        if let Some(calls) = self.calls.get_mut(dock) {
            *calls += 1.0;
        }
    }

    /// How often each dock calls, in no particular unit.
    #[must_use]
    pub fn of_docks(&self) -> &[f64] {
        &self.calls
    }
}

/// The place among `places` where a mover serves `docks` best, given where the `others` wait, or
/// none where no other place is worth the ride.
///
/// `demand` says how often each dock calls, `time` how long a ride takes between two berths. A mover
/// at `here` that can serve as well from there stays; `worth` is the share of the mean way to a call
/// that a ride has to save.
pub fn better_place(
    here: BerthId,
    places: &[BerthId],
    others: &[BerthId],
    docks: &[BerthId],
    demand: &[f64],
    worth: f64,
    mut time: impl FnMut(BerthId, BerthId) -> Option<Duration>,
) -> Option<BerthId> {
    // Docks that hardly ever call change nothing.
    let all: f64 = demand.iter().sum();
    let calling: Vec<(BerthId, f64)> = docks
        .iter()
        .zip(demand)
        .filter(|(_, calls)| **calls > all * 1e-3)
        .map(|(dock, calls)| (*dock, *calls / all))
        .collect();
    let mut seconds =
        |from: BerthId, to: BerthId| time(from, to).map_or(f64::INFINITY, Duration::as_secs_f64);
    let without: Vec<f64> = calling
        .iter()
        .map(|(dock, _)| {
            let ways = others.iter().map(|other| seconds(*other, *dock));
            ways.fold(f64::INFINITY, f64::min)
        })
        .collect();
    // The mean way to the next call with the mover in a place; the longest known one where nobody
    // could come.
    let mut mean = |place: BerthId| -> f64 {
        let ways = calling.iter().zip(&without);
        ways.map(|((dock, calls), without)| calls * seconds(place, *dock).min(*without))
            .sum()
    };
    let stays = mean(here);
    let best = places
        .iter()
        .map(|place| (mean(*place), *place))
        .min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)))?;
    (best.0 < stays * (1.0 - worth)).then_some(best.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Berths along a line, a second apart.
    fn apart(a: BerthId, b: BerthId) -> Option<Duration> {
        Some(Duration::from_secs(i64::from(a.0.abs_diff(b.0))))
    }

    fn berths(ids: &[u32]) -> Vec<BerthId> {
        ids.iter().map(|i| BerthId(*i)).collect()
    }

    #[test]
    fn a_mover_waits_where_calls_are_that_no_other_is_near() {
        let docks = berths(&[0, 10, 50]);
        let places = berths(&[1, 11, 49]);
        let place = |here, others: &[u32], demand: &[f64]| {
            let others = berths(others);
            better_place(BerthId(here), &places, &others, &docks, demand, 0.1, apart)
        };
        assert_eq!(place(30, &[], &[5.0, 5.0, 1.0]), Some(BerthId(1)));
        // Two docks call as often; one has its mover.
        assert_eq!(place(30, &[2], &[1.0, 1.0, 5.0]), Some(BerthId(49)));
        assert_eq!(place(30, &[2, 48], &[1.0, 1.0, 1.0]), Some(BerthId(11)));
        // Nothing to gain: it stays.
        assert_eq!(place(10, &[1, 49], &[1.0, 1.0, 1.0]), None);
        assert_eq!(place(30, &[2, 48], &[0.0, 0.0, 0.0]), None);
    }

    #[test]
    fn old_calls_fade() {
        let start = Instant::EPOCH;
        let mut demand = Demand::new(2, Duration::from_secs(100), start);
        demand.called(0, start);
        demand.called(1, start + Duration::from_secs(100));
        let [first, last] = [0, 1].map(|dock| demand.of_docks()[dock]);
        assert!((first - (-1.0_f64).exp()).abs() < 1e-12);
        assert_eq!(last, 1.0);
    }
}
