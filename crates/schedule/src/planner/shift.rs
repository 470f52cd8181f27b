//! Sliding all plans that are under way later without changing who comes first.
//!
//! Every place, door, arm and mover is used in some order by the plan as it stands. That order has no
//! circle, because the plan gave every use a time. Keep it, forget the times, and let everything
//! happen as early as what came before allows: whatever reality has delayed, nobody waits for
//! somebody who waits for him, so every plate moves on. This is why a hall never gets stuck.
//! Resources with several units are first dealt to single units, in order of arrival.
//!
//! Maximum limits are kept where they can be; those of an order for which that is impossible are let
//! go, and what is then broken is reported.

use super::Entry;
use super::Planner;
use super::limits::everything;
use super::tables::{Tables, begin, end};
use crate::line::{FAR, Line};
use crate::net::Net;
use crate::pattern::{ALWAYS, FOR_GOOD, Need};
use std::collections::{BTreeMap, VecDeque};

/// Times that a job's times are raised before its maximum limits are let go.
const PATIENCE: u32 = 300;

/// Times after that before its order is held to run in a circle.
const HOPELESS: u32 = 3_000;

/// `time[to] >= time[from] + lag` across jobs.
#[derive(Clone, Copy, Debug)]
struct Cross {
    from: usize,
    job: usize,
    to: usize,
    lag: i64,
}

struct Sliding {
    net: Net,
    needs: Vec<Need>,
    out: Vec<Cross>,
    times: Vec<i64>,
    raised: u32,
    free: bool,
    /// The times for which the network held when it was last looked at; nothing at first.
    held: Vec<i64>,
    /// The stretch of each need that was last found free.
    fits: Vec<(i64, i64)>,
}

impl Planner {
    /// New times for entries that are not laid, all of them under way. `None` for one that can't
    /// go on.
    pub(super) fn shifted(
        &self,
        entries: &[Entry],
        inside: &[Option<(usize, i64)>],
        now: i64,
    ) -> Vec<Option<Vec<i64>>> {
        let mut sliding: Vec<Sliding> = entries
            .iter()
            .zip(inside)
            .map(|(entry, inside)| self.slide_start(entry, *inside, now))
            .collect();
        self.chain(entries, &mut sliding, now);
        let mut queue: VecDeque<usize> = (0..sliding.len()).collect();
        let mut queued = vec![true; sliding.len()];
        while let Some(job) = queue.pop_front() {
            queued[job] = false;
            let entry = &entries[job];
            if sliding[job].raised > HOPELESS {
                continue;
            }
            if !self.settle(entry, inside[job], &mut sliding[job], now) {
                if sliding[job].free {
                    sliding[job].raised = HOPELESS + 1;
                    continue;
                }
                sliding[job].let_go(&self.shop, entry);
                queue.push_back(job);
                queued[job] = true;
                continue;
            }
            for index in 0..sliding[job].out.len() {
                let cross = sliding[job].out[index];
                let value = sliding[job].times[cross.from] + cross.lag;
                let other = &mut sliding[cross.job];
                if other.times[cross.to] >= value || cross.to < entries[cross.job].past {
                    continue;
                }
                other.times[cross.to] = value;
                other.raised += 1;
                if other.raised > PATIENCE && !other.free {
                    other.let_go(&self.shop, &entries[cross.job]);
                }
                if !queued[cross.job] {
                    queued[cross.job] = true;
                    queue.push_back(cross.job);
                }
            }
        }
        sliding
            .into_iter()
            .map(|s| {
                let over = s.raised > HOPELESS || s.times.last().is_none_or(|&t| t >= FAR / 2);
                (!over).then_some(s.times)
            })
            .collect()
    }

    fn slide_start(&self, entry: &Entry, inside: Option<(usize, i64)>, now: i64) -> Sliding {
        let mut times = entry.times.clone();
        for time in &mut times[entry.past..] {
            *time = (*time).max(now);
        }
        if let Some((node, at)) = entry.expected {
            times[node] = times[node].max(at);
        }
        if let Some((_, until)) = inside
            && entry.past < times.len()
        {
            times[entry.past] = times[entry.past].max(until);
        }
        let net = Tables::net(
            &self.shop,
            &entry.job,
            &entry.machines,
            entry.past,
            &entry.loose,
            entry.expected,
        );
        let mut sliding = Sliding {
            net,
            needs: self.tables.needs(&self.shop, &entry.job, &entry.machines),
            out: Vec::new(),
            times,
            raised: 0,
            free: false,
            held: Vec::new(),
            fits: Vec::new(),
        };
        sliding.fits = vec![(0, 0); sliding.needs.len()];
        if !sliding.net.close() {
            sliding.let_go(&self.shop, entry);
        }
        sliding
    }

    /// Enters who comes after whom on every unit of every timetable.
    fn chain(&self, entries: &[Entry], sliding: &mut [Sliding], now: i64) {
        #[derive(Default)]
        struct Uses {
            /// Begun and not over: planned until, job, need.
            running: Vec<(i64, usize, usize)>,
            /// To come: planned from and until, job, need.
            coming: Vec<(i64, i64, usize, usize)>,
        }
        let mut uses: BTreeMap<u32, Uses> = BTreeMap::new();
        for (job, (entry, slide)) in entries.iter().zip(sliding.iter()).enumerate() {
            for (index, need) in slide.needs.iter().enumerate() {
                let from = entry.times[need.a as usize].saturating_add(need.a_off);
                let until = entry.times[need.b as usize].saturating_add(need.b_off);
                let uses = uses.entry(need.line).or_default();
                if (need.a as usize) >= entry.past && need.a_off > ALWAYS {
                    uses.coming.push((from, until, job, index));
                } else if (need.b as usize) >= entry.past || until > now {
                    uses.running.push((until, job, index));
                }
            }
        }
        for (
            line,
            Uses {
                mut running,
                mut coming,
            },
        ) in uses
        {
            running.sort_unstable();
            coming.sort_unstable();
            let profile = &self.tables.lines[line as usize];
            let units = profile.room().max(1) as usize;
            // Reality may have overfilled it. Whoever comes next on any unit then comes after the
            // excess too, or there would still be more than fit. Those planned to be over first are
            // the excess, so that nobody waits for what was planned to be over later.
            let excess = running.len().saturating_sub(units);
            let (over, held) = running.split_at(excess);
            let over: Vec<(usize, usize)> = over.iter().map(|u| (u.1, u.2)).collect();
            // Who used a unit last: until when; job and need.
            let mut last: BTreeMap<(i64, usize), Vec<(usize, usize)>> = BTreeMap::new();
            for &(until, job, index) in held {
                let mut before = over.clone();
                before.push((job, index));
                last.insert((until, last.len()), before);
            }
            for (_, until, job, index) in coming {
                let need = sliding[job].needs[index];
                if last.len() < units {
                    last.insert((until, last.len()), vec![(job, index)]);
                    continue;
                }
                let Some(((_, unit), before)) = last.pop_first() else {
                    continue;
                };
                for (other, earlier) in before {
                    let use_before = sliding[other].needs[earlier];
                    if other != job && use_before.b_off < FOR_GOOD {
                        sliding[other].out.push(Cross {
                            from: use_before.b as usize,
                            job,
                            to: need.a as usize,
                            lag: use_before.b_off - need.a_off.max(-FAR / 2),
                        });
                    }
                }
                last.insert((until, unit), vec![(job, index)]);
            }
        }
    }

    /// Raises a job's times until its network and what never moves (down times, held places) allow
    /// them. False if something that has happened would have to be later.
    fn settle(
        &self,
        entry: &Entry,
        inside: Option<(usize, i64)>,
        slide: &mut Sliding,
        now: i64,
    ) -> bool {
        loop {
            slide.raise();
            if slide.times[..entry.past] != entry.times[..entry.past] {
                slide.times[..entry.past].copy_from_slice(&entry.times[..entry.past]);
                slide.held.clear();
                return false;
            }
            let mut calm = true;
            for (need, known) in slide.needs.iter().zip(&mut slide.fits) {
                let until = slide.times[need.b as usize] + need.b_off;
                let from = (slide.times[need.a as usize].saturating_add(need.a_off)).max(now);
                if *known == (from, until) || until <= from || self.is_inside(entry, inside, need) {
                    continue;
                }
                let fit = self.tables.lines[need.line as usize].fit(from, until, 0);
                if fit > from {
                    if (need.a as usize) < entry.past || fit >= FAR / 2 {
                        return false;
                    }
                    slide.times[need.a as usize] = fit - need.a_off;
                    slide.raised += 1;
                    calm = false;
                    break;
                }
                *known = (from, until);
            }
            if calm {
                return true;
            }
        }
    }

    /// Whether a need is the stay of a plate in the machine that is down.
    fn is_inside(&self, entry: &Entry, inside: Option<(usize, i64)>, need: &Need) -> bool {
        let _ = self;
        inside.is_some()
            && entry.past >= 2
            && need.a as usize == begin(entry.past / 2 - 1)
            && need.b as usize == end(entry.past / 2 - 1)
    }
}

impl Sliding {
    /// Raises the times until the network holds. It is closed, so only nodes that were raised since
    /// it last held can raise others.
    fn raise(&mut self) {
        let known = self.held.len() == self.times.len();
        for node in 0..self.times.len() {
            if known && self.held[node] == self.times[node] {
                continue;
            }
            let value = self.times[node];
            self.net.raise(&mut self.times, node, value);
        }
        self.held.clone_from(&self.times);
    }

    /// Lets go of all maximum limits.
    fn let_go(&mut self, shop: &crate::Shop, entry: &Entry) {
        let all = everything(entry);
        self.net = Tables::net(
            shop,
            &entry.job,
            &entry.machines,
            entry.past,
            &all,
            entry.expected,
        );
        self.net.close();
        self.held.clear();
        self.free = true;
    }
}
