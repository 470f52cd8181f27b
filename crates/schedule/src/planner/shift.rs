//! Sliding all plans that are under way later without changing who comes first.
//!
//! Every place, door, arm and mover is used in some order by the plan as it stands. That order has no
//! circle, because the plan gave every use a time. Keep it, forget the times, and let everything
//! happen as early as what came before allows: whatever reality has delayed, nobody waits for
//! somebody who waits for him, so every plate moves on. This is why a hall never gets stuck.
//! Resources with several units are first dealt to single units, in order of arrival.
//!
//! Where reality has overtaken the plan (a plate is where another was to be first), the order that is
//! kept may run in a circle. It is found as such, by what raised each time last: then somebody who is
//! first in a place without being there yet yields, and only where each has what another needs, one
//! is given up.
//!
//! Maximum limits are kept where they can be; those of an order for which that is impossible are let
//! go, and what is then broken is reported.

use super::Entry;
use super::Planner;
use super::groups::{Group, chain_runs, hold_back, ties};
use super::limits::{everything, narrower};
use super::runs::Tie;
use super::tables::{ORIGIN, Tables, begin, end};
use crate::line::FAR;
use crate::net::Net;
use crate::pattern::{ALWAYS, Does, FOR_GOOD, Need};
use std::cmp::Reverse;
use std::collections::{BTreeMap, VecDeque};

/// Times that a job is raised between two looks at whether what raises it comes from itself.
const LOOK_EVERY: u32 = 16;

/// Times that a job yields before it is held to be stuck.
const YIELDS_MOST: u32 = 8;

/// Rounds after which nobody yields any more: who is still in a circle then is given up.
const ROUNDS_MOST: u32 = 16;

/// `time[to] >= time[from] + lag` across jobs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cross {
    pub(super) from: usize,
    pub(super) job: usize,
    pub(super) to: usize,
    pub(super) lag: i64,
    /// How much later the first would have to have its turn to come second; `None` where it is there
    /// already, so that nothing can be turned round.
    pub(super) turn: Option<i64>,
}

/// What a time was last raised by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    /// Nothing, or what never moves: what has happened, down times, held places.
    Fixed,
    /// Another time of the same job.
    Own(usize),
    /// A time of another job, which comes first somewhere: its index, and that of the crossing.
    Other { job: usize, cross: usize },
}

/// A circle of times each of which must come after the one before: job and node, every one the
/// cause of the one before it.
type Circle = Vec<(usize, usize)>;

pub(super) struct Sliding {
    net: Net,
    ties: Vec<Tie>,
    needs: Vec<Need>,
    pub(super) out: Vec<Cross>,
    pub(super) times: Vec<i64>,
    cause: Vec<Cause>,
    raised: u32,
    /// Where there are several limits between the same edges, all but the widest are let go.
    widest: bool,
    /// All maximum limits are let go.
    free: bool,
    /// It can't go on: it takes no part any more.
    lost: bool,
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
    ) -> (Vec<Option<Vec<i64>>>, Vec<Group>) {
        let turns = entries.iter().map(|e| e.turns.as_ref().unwrap_or(&e.times));
        let mut turns: Vec<Vec<i64>> = turns.cloned().collect();
        let mut yields = vec![0; entries.len()];
        for round in 0.. {
            if round == ROUNDS_MOST {
                yields.fill(YIELDS_MOST);
            }
            let groups = self.groups(entries, &turns, &yields);
            let (sliding, yielding) =
                self.slid_in_turn(entries, inside, &groups, (&turns, &yields), now);
            if yielding.is_empty() {
                let over = |s: &Sliding| s.lost || s.times.last().is_none_or(|&t| t >= FAR / 2);
                let times = (sliding.into_iter())
                    .map(|s| (!over(&s)).then_some(s.times))
                    .collect();
                return (times, groups);
            }
            for (job, by) in yielding {
                yields[job] += 1;
                let past = entries[job].past;
                for time in &mut turns[job][past..] {
                    *time += by;
                }
            }
        }
        (Vec::new(), Vec::new())
    }

    /// The same where every use of a unit has its turn by the times `turns`; and the jobs that must
    /// have their turns later, by how much, for there to be no circle.
    fn slid_in_turn(
        &self,
        entries: &[Entry],
        inside: &[Option<(usize, i64)>],
        groups: &[Group],
        (turns, yields): (&[Vec<i64>], &[u32]),
        now: i64,
    ) -> (Vec<Sliding>, BTreeMap<usize, i64>) {
        let mut sliding: Vec<Sliding> = entries
            .iter()
            .zip(inside)
            .enumerate()
            .map(|(job, (entry, inside))| {
                let ties = ties(groups, job, entry);
                self.slide_start(entry, *inside, ties, now)
            })
            .collect();
        hold_back(groups, entries, &mut sliding, now);
        self.chain(entries, &mut sliding, turns, now);
        self.chain_families(entries, &mut sliding, turns);
        chain_runs(self, groups, entries, &mut sliding, turns);
        let mut yielding = BTreeMap::new();
        let mut queue: VecDeque<usize> = (0..sliding.len()).collect();
        let mut queued = vec![true; sliding.len()];
        while let Some(job) = queue.pop_front() {
            queued[job] = false;
            let entry = &entries[job];
            if sliding[job].lost {
                continue;
            }
            if !self.settle(entry, inside[job], &mut sliding[job], now) {
                if sliding[job].free {
                    sliding[job].lost = true;
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
                if other.lost
                    || other.times[cross.to] >= value
                    || cross.to < entries[cross.job].past
                {
                    continue;
                }
                other.times[cross.to] = value;
                other.cause[cross.to] = Cause::Other { job, cross: index };
                other.raised += 1;
                let mut again = cross.job;
                if other.raised.is_multiple_of(LOOK_EVERY)
                    && let Some(circle) = circle(&sliding, (cross.job, cross.to))
                {
                    again = match way_out(entries, &sliding, &circle, yields) {
                        WayOut::LetGo(job) => {
                            sliding[job].let_go(&self.shop, &entries[job]);
                            job
                        }
                        WayOut::Yield(job, by) => {
                            sliding[job].lost = true;
                            yielding.insert(job, by);
                            job
                        }
                        WayOut::GiveUp(job) => {
                            sliding[job].lost = true;
                            job
                        }
                    };
                }
                for job in [again, cross.job] {
                    if !queued[job] {
                        queued[job] = true;
                        queue.push_back(job);
                    }
                }
                if sliding[job].lost {
                    break;
                }
            }
        }
        (sliding, yielding)
    }

    fn slide_start(
        &self,
        entry: &Entry,
        inside: Option<(usize, i64)>,
        ties: Vec<Tie>,
        now: i64,
    ) -> Sliding {
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
            &ties,
        );
        let mut needs = (self.tables).needs(&self.shop, &entry.job, &entry.machines, &entry.rides);
        needs.retain(|need| matches!(need.does, Does::Use | Does::Ask));
        // Who comes after whom in runs is entered by itself.
        for need in &mut needs {
            if self.tables.is_round(need.line) {
                need.does = Does::Ask;
            }
        }
        let mut sliding = Sliding {
            net,
            ties,
            needs,
            out: Vec::new(),
            cause: vec![Cause::Fixed; times.len()],
            times,
            raised: 0,
            widest: false,
            free: false,
            lost: false,
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
    fn chain(&self, entries: &[Entry], sliding: &mut [Sliding], turns: &[Vec<i64>], now: i64) {
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
                if need.does != Does::Use {
                    continue;
                }
                let from = turns[job][need.a as usize].saturating_add(need.a_off);
                let until = turns[job][need.b as usize].saturating_add(need.b_off);
                let uses = uses.entry(need.line).or_default();
                if (need.a as usize) >= entry.past && need.a_off > ALWAYS {
                    uses.coming.push((from, until, job, index));
                } else if (need.b as usize) >= entry.past || until > now {
                    let units = need.units.max(1) as usize;
                    uses.running.extend(vec![(until, job, index); units]);
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
            let mut dealt = last.len();
            for (from, until, job, index) in coming {
                let need = sliding[job].needs[index];
                // Units that nobody has used yet, then those that come free first.
                let mine = (need.units.max(1) as usize).min(units);
                let mut before = Vec::new();
                while last.len() + mine > units
                    && let Some((_, earlier)) = last.pop_first()
                {
                    before.extend(earlier);
                }
                before.sort_unstable();
                before.dedup();
                for (other, earlier) in before {
                    let use_before = sliding[other].needs[earlier];
                    if other != job && use_before.b_off < FOR_GOOD {
                        let since = turns[other][use_before.a as usize];
                        let soft = use_before.a as usize >= entries[other].past
                            && use_before.a_off > ALWAYS;
                        sliding[other].out.push(Cross {
                            turn: soft.then(|| (from - since - use_before.a_off).max(0) + 1),
                            from: use_before.b as usize,
                            job,
                            to: need.a as usize,
                            lag: use_before.b_off - need.a_off.max(-FAR / 2),
                        });
                    }
                }
                for _ in 0..mine {
                    dealt += 1;
                    last.insert((until, dealt), vec![(job, index)]);
                }
            }
        }
    }

    /// Enters who comes after whom where machines need set-ups. Stays of one family that follow one another
    /// are a group; all of a group come after all of the one before, and the set-up.
    fn chain_families(&self, entries: &[Entry], sliding: &mut [Sliding], turns: &[Vec<i64>]) {
        // By machine: turn, job, need, family.
        let mut stays: BTreeMap<usize, Vec<(i64, usize, usize, u32)>> = BTreeMap::new();
        for (job, slide) in sliding.iter().enumerate() {
            for (index, need) in slide.needs.iter().enumerate() {
                if need.does == Does::Ask
                    && let Some((machine, family)) = self.tables.family_of(need.line)
                {
                    let from = turns[job][need.a as usize].saturating_add(need.a_off);
                    let stay = (from, job, index, family);
                    stays.entry(machine).or_default().push(stay);
                }
            }
        }
        for (machine, mut stays) in stays {
            let Some(setups) = &self.shop.machines[machine].setups else {
                continue;
            };
            stays.sort_unstable();
            let groups: Vec<_> = stays.chunk_by(|a, b| a.3 == b.3).collect();
            for pair in groups.windows(2) {
                let change = setups.between(pair[0][0].3, pair[1][0].3).base();
                for &(since, first, before, _) in pair[0] {
                    let need = sliding[first].needs[before];
                    let soft = need.a as usize >= entries[first].past;
                    for &(from, job, index, _) in pair[1] {
                        let next = sliding[job].needs[index];
                        if job == first {
                            continue;
                        }
                        sliding[first].out.push(Cross {
                            turn: soft.then(|| (from - since).max(0) + 1),
                            from: need.b as usize,
                            job,
                            to: next.a as usize,
                            lag: need.b_off.min(FAR) + change - next.a_off,
                        });
                    }
                }
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
                let all = (&slide.needs[..], &slide.times[..]);
                let fit = need.fit(all, &self.tables.lines, (from, until, 0));
                if fit > from {
                    if (need.a as usize) < entry.past || fit >= FAR / 2 {
                        return false;
                    }
                    slide.times[need.a as usize] = fit - need.a_off;
                    slide.cause[need.a as usize] = Cause::Fixed;
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
            for to in 0..self.times.len() {
                let value = self.times[node] + self.net.bound(node, to);
                if self.times[to] < value {
                    self.times[to] = value;
                    self.cause[to] = Cause::Own(node);
                }
            }
        }
        self.held.clone_from(&self.times);
    }

    /// Lets go of maximum limits: first of those that a wider one stands behind, then of all.
    fn let_go(&mut self, shop: &crate::Shop, entry: &Entry) {
        let mut all = everything(entry);
        if !self.widest {
            self.widest = true;
            let lags = narrower(entry);
            self.free = lags.iter().all(|lag| entry.loose.lags.contains(lag));
            if !self.free {
                all = entry.loose.clone();
                all.lags.extend(lags);
            }
        } else {
            self.free = true;
        }
        self.net = Tables::net(
            shop,
            &entry.job,
            &entry.machines,
            entry.past,
            &all,
            entry.expected,
            &self.ties,
        );
        self.held.clear();
        self.cause.fill(Cause::Fixed);
        if !self.net.close() && !self.free {
            self.let_go(shop, entry);
        }
    }
}

/// The circle that a time's causes lead into, if they do. As times only rise, one round along such a
/// circle asks for more time than there is, whatever the times are: it never comes to rest.
fn circle(sliding: &[Sliding], start: (usize, usize)) -> Option<Circle> {
    let mut path = Vec::new();
    let mut seen = BTreeMap::new();
    let mut at = start;
    loop {
        if let Some(&first) = seen.get(&at) {
            return Some(path.split_off(first));
        }
        seen.insert(at, path.len());
        path.push(at);
        at = match sliding[at.0].cause[at.1] {
            Cause::Fixed => return None,
            Cause::Own(node) => (at.0, node),
            Cause::Other { job, cross } => (job, sliding[job].out[cross].from),
        };
        if sliding[at.0].lost {
            return None;
        }
    }
}

/// What opens a circle of jobs that wait for one another.
enum WayOut {
    /// The maximum limits of this job are let go.
    LetGo(usize),
    /// This job has its turns later by this much.
    Yield(usize, i64),
    /// Each has what another needs: this one can't go on.
    GiveUp(usize),
}

/// How a circle is opened. A job that is first somewhere without being there yet yields; else one that
/// takes part by a maximum limit lets go of it. Of several, the least urgent that left last.
fn way_out(entries: &[Entry], sliding: &[Sliding], circle: &Circle, yields: &[u32]) -> WayOut {
    let rank = |job: usize| {
        let entry = &entries[job];
        let since = entry.times[ORIGIN];
        (entry.job.priority, Reverse(since), entry.job.id)
    };
    let causes = || {
        circle
            .iter()
            .map(|&(job, node)| (job, node, sliding[job].cause[node]))
    };
    let soft = causes().filter_map(|(_, _, cause)| match cause {
        Cause::Other { job, cross } if yields[job] < YIELDS_MOST => {
            let edge = sliding[job].out[cross];
            let same = |c: &&Cross| (c.from, c.job, c.to) == (edge.from, edge.job, edge.to);
            // Where one of them is there already, coming second elsewhere is no way out.
            let mut all = sliding[job].out.iter().filter(same);
            let by = all.try_fold(0, |most: i64, cross| Some(most.max(cross.turn?)));
            // What it does next may be to leave a place that others wait for.
            let next = edge.from <= entries[job].past + 1;
            Some((job, by?, (next, yields[job])))
        }
        _ => None,
    });
    if let Some((job, by, _)) = soft.min_by_key(|&(job, _, when)| (when, rank(job))) {
        return WayOut::Yield(job, by);
    }
    // An edge back in time within a job is a maximum limit.
    let limited = causes().filter(|&(job, node, cause)| {
        matches!(cause, Cause::Own(from) if from > node) && !sliding[job].free
    });
    if let Some((job, ..)) = limited.min_by_key(|&(job, ..)| rank(job)) {
        return WayOut::LetGo(job);
    }
    let least = circle
        .iter()
        .map(|&(job, _)| job)
        .min_by_key(|&job| rank(job));
    WayOut::GiveUp(least.unwrap_or_default())
}
