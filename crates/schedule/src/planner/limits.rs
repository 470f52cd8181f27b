//! Which limits an order's times break, and letting go of them: said once, then no longer asked.

use super::repair::Log;
use super::runs::{Ride, Run, Runs, Tie};
use super::tables::{Loose, ORIGIN, Tables, begin, between, chosen, end, node};
use super::{Entry, Planner};
use crate::job::{Edge, Where};
use crate::line::FAR;
use crate::plan::{BrokenLag, Limit};
use quantity::Duration;

/// A limit of an entry: a lag by index, or the stay in, or the wait before, a task.
#[derive(Clone, Copy, Debug)]
enum Bound {
    Lag(usize),
    Stay(usize),
    Wait(usize),
}

/// A limit that some times break.
#[derive(Clone, Copy, Debug)]
pub(super) struct Broken {
    what: Bound,
    allowed: i64,
    planned: i64,
}

impl Planner {
    /// Lets go of limits that what has happened, or is known to come, breaks in any case.
    pub(super) fn loosen(
        &self,
        entry: &mut Entry,
        inside: Option<(usize, i64)>,
        now: i64,
        log: &mut Log,
    ) {
        if entry.past == 0 || entry.stranded.is_some() {
            return;
        }
        let all = everything(entry);
        let mut net = Tables::net(
            &self.shop,
            &entry.job,
            &entry.machines,
            entry.past,
            &all,
            entry.expected,
            &entry.ties(&self.tables.runs),
        );
        if !net.close() {
            return;
        }
        let nodes = entry.times.len();
        let mut times = vec![-FAR; nodes];
        times[..entry.past].copy_from_slice(&entry.times[..entry.past]);
        for time in &mut times[entry.past..] {
            *time = now;
        }
        if let Some((node, at)) = entry.expected {
            times[node] = times[node].max(at);
        }
        if let Some((_, until)) = inside
            && entry.past < nodes
        {
            times[entry.past] = times[entry.past].max(until);
        }
        for node in 0..nodes {
            let value = times[node];
            net.raise(&mut times, node, value);
        }
        // A limit whose far end can't be early enough for its near end, which only happened ones
        // are: the others can still move.
        let past = entry.past;
        let happened = times.clone();
        // A run that waits starts now at the earliest.
        let mut known = entry.rides.clone();
        for ride in &mut entry.rides {
            ride.start = match (ride.begun, ride.inside) {
                (true, _) => ride.start,
                (false, true) => now,
                (false, false) => -FAR,
            };
        }
        self.note_broken(entry, &happened, |from| from < past, log);
        std::mem::swap(&mut entry.rides, &mut known);
    }

    /// Enters limits that these times break into the log, and lets go of them.
    pub(super) fn note_broken(
        &self,
        entry: &mut Entry,
        times: &[i64],
        counts: impl Fn(usize) -> bool,
        log: &mut Log,
    ) {
        let job = entry.job.id;
        for broken in self.broken(entry, times, counts) {
            let (limit, loose) = match broken.what {
                Bound::Lag(index) => {
                    let lag = entry.job.lags[index];
                    let (from, to) = (lag.from, lag.to);
                    (Limit::Lag { from, to }, (&mut entry.loose.lags, index))
                }
                Bound::Stay(task) => (Limit::Stay { task }, (&mut entry.loose.stays, task)),
                Bound::Wait(task) => (Limit::MoverWait { task }, (&mut entry.loose.waits, task)),
            };
            loose.0.push(loose.1);
            log.broken.push(BrokenLag {
                job,
                limit,
                allowed: Duration::from_base(broken.allowed),
                planned: Duration::from_base(broken.planned),
            });
        }
    }

    /// The limits of an entry that still bind and that these times break, of those whose earlier node
    /// counts.
    pub(super) fn broken(
        &self,
        entry: &Entry,
        times: &[i64],
        counts: impl Fn(usize) -> bool,
    ) -> Vec<Broken> {
        let mut all = Vec::new();
        for (index, lag) in entry.job.lags.iter().enumerate() {
            let (from, to) = (node(lag.from), node(lag.to));
            let most = between(&entry.job, &entry.machines, lag).and_then(|(_, most)| most);
            let Some(allowed) = most else {
                continue;
            };
            if from.max(to) >= times.len() || !counts(from) || entry.loose.lags.contains(&index) {
                continue;
            }
            // Work that a plate has in common with others begins when their run does.
            let since = |edge: (usize, Edge)| match edge.1 {
                Edge::End => times[node(edge)],
                Edge::Begin | Edge::Done => times[node(edge)] + entry.delay(edge.0, times),
            };
            let planned = since(lag.to) - since(lag.from);
            if planned > allowed {
                all.push(Broken {
                    what: Bound::Lag(index),
                    allowed,
                    planned,
                });
            }
        }
        for task in 0..entry.machines.len() {
            let planned = times[end(task)] - times[begin(task)];
            if let Some(allowed) = entry.job.tasks[task].stay_max.map(Duration::base)
                && counts(begin(task))
                && planned > allowed
                && !entry.loose.stays.contains(&task)
            {
                all.push(Broken {
                    what: Bound::Stay(task),
                    allowed,
                    planned,
                });
            }
            let before = if task > 0 { end(task - 1) } else { ORIGIN };
            let to = entry.machines[task];
            let least = match (task, entry.job.at) {
                (0, Where::On { .. } | Where::Nowhere) => continue,
                (0, Where::Outside { station }) => {
                    let m = &self.shop.machines[to];
                    (self.shop.travel.time(station, m.station) + m.load).base()
                }
                (0, Where::In { machine, .. }) => self.shop.leg(machine, to).base(),
                _ => self.shop.leg(entry.machines[task - 1], to).base(),
            };
            let direct = match (task, entry.job.at) {
                (0, Where::In { machine, .. }) => self.shop.direct(machine, to),
                (0, _) => false,
                _ => self.shop.direct(entry.machines[task - 1], to),
            };
            let allowed = if direct {
                0
            } else {
                self.shop.mover_wait_max.base()
            };
            let planned = times[begin(task)] - times[before] - least;
            if counts(before)
                && begin(task) >= entry.past
                && planned > allowed
                && !entry.loose.waits.contains(&task)
            {
                all.push(Broken {
                    what: Bound::Wait(task),
                    allowed,
                    planned,
                });
            }
        }
        all
    }
}

impl Entry {
    /// How the work of tasks that are done in runs begins after loading.
    fn ties(&self, runs: &Runs) -> Vec<Tie> {
        let tie = |ride: &Ride| {
            let known = runs.get(ride.run);
            let choice = chosen(&self.job, ride.task, *self.machines.get(ride.task)?);
            let own = choice.map_or(0, |o| o.stay.base());
            let work = known.map_or(0, Run::work).max(own);
            if ride.begun {
                let delay = ride.start - self.times[begin(ride.task)];
                Some(Tie::Delayed(ride.task, delay))
            } else {
                let open = ride.inside || runs.shared(ride.run, self.job.id);
                open.then_some(Tie::Open(ride.task, work))
            }
        };
        self.rides.iter().filter_map(tie).collect()
    }
}

/// All limits of an entry let go.
pub(super) fn everything(entry: &Entry) -> Loose {
    Loose {
        lags: (0..entry.job.lags.len()).collect(),
        stays: (0..entry.job.tasks.len()).collect(),
        waits: (0..entry.job.tasks.len()).collect(),
    }
}

/// Lags of an entry whose maximum another lag between the same edges goes beyond: who hands such a pair
/// in would like the one and needs the other.
pub(super) fn narrower(entry: &Entry) -> Vec<usize> {
    let lags = &entry.job.lags;
    let wider = |lag: &crate::Lag| {
        let max = lag.max.unwrap_or(Duration::MAX);
        (lags.iter()).any(|other| {
            (other.from, other.to) == (lag.from, lag.to) && other.max.unwrap_or(Duration::MAX) > max
        })
    };
    (0..lags.len()).filter(|&at| wider(&lags[at])).collect()
}
