//! Choosing machines where there are very many: when to depart, so that the plate never waits for long.
//!
//! The greedy choice in [`super::place`] takes for each task the machine that has done it first, and
//! where many plates compete, these machines are rarely free one right after the other. Here the way
//! is walked from a departure on; where no machine is free in time, the departure is put off by what is
//! missing, and the way is walked again, with all machines chosen anew.

use super::place::{Ask, leaves};
use super::ready::{Class, Gap};
use super::tables::{ORIGIN, Tables, end};
use crate::job::{Choice, Where};
use crate::line::{FAR, Line};
use crate::shop::Shop;
use quantity::Duration;
use std::sync::Arc;

/// Walks through a plan that is full, at most; then the plate goes behind it.
const WALKS: usize = 24;

/// Walks behind it, at most.
const WALKS_BEHIND: usize = 16;

/// So many gaps of a class that begin before the plate comes are looked at, and as many that begin after.
const LOOK: usize = 16;

/// A plate waits inside a machine for the next one for at most its work divided by this: it keeps others
/// out meanwhile.
const BLOCKING: i64 = 8;

/// A departure and machines, of which each is free when the plate comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Way {
    /// The node that must not be before `depart`: where the plate leaves what is settled.
    pub(super) node: usize,
    pub(super) depart: i64,
    pub(super) machines: Vec<usize>,
}

/// Where a plate is while its way is walked.
#[derive(Clone, Copy)]
struct Stand {
    /// The machine, or else the station.
    machine: Option<usize>,
    station: usize,
    /// When it can leave.
    free: i64,
    /// How long it may wait there.
    slack: i64,
    /// When its place there was taken, if that is part of the walk.
    since: Option<i64>,
}

/// A machine for the next task.
#[derive(Clone, Copy)]
struct Found {
    machine: usize,
    loaded: i64,
    done: i64,
    wait: i64,
    idle: i64,
}

/// Looks for a way for the tasks that are open. `None` if some of them has few options, or there is none.
pub(super) fn sweep(shop: &Shop, tables: &Tables, ask: &Ask) -> Option<Way> {
    let open = &ask.job.tasks[ask.fixed.len()..];
    let lists: Vec<Option<&[Class]>> = (open.iter())
        .map(|task| tables.ready.classes(&task.options))
        .collect();
    if !lists.iter().any(Option::is_some) {
        return None;
    }
    let mut depart = leaves(shop, ask);
    let mut machines = Vec::with_capacity(ask.job.tasks.len());
    for turn in 0..WALKS + WALKS_BEHIND {
        if turn == WALKS {
            depart = depart.max(behind(&lists));
        }
        match walk(shop, tables, ask, &lists, depart, &mut machines) {
            Ok(()) => {
                let node = (ask.fixed.len().checked_sub(1)).map_or(ORIGIN, end);
                return Some(Way {
                    node,
                    depart,
                    machines,
                });
            }
            Err(missing) if missing < FAR => depart += missing.max(1),
            Err(_) => return None,
        }
    }
    None
}

/// From when on some machine of each list is free for good.
fn behind(lists: &[Option<&[Class]>]) -> i64 {
    let first = |classes: &&[Class]| {
        let open = classes.iter().filter_map(|c| c.open.first());
        open.map(|gap| gap.from).min().unwrap_or(-FAR)
    };
    let all = lists.iter().flatten().map(first);
    all.max().unwrap_or(-FAR)
}

/// One walk; or how much later it would have to begin, at least.
fn walk(
    shop: &Shop,
    tables: &Tables,
    ask: &Ask,
    lists: &[Option<&[Class]>],
    depart: i64,
    machines: &mut Vec<usize>,
) -> Result<(), i64> {
    let job = ask.job;
    machines.clear();
    machines.extend_from_slice(ask.fixed);
    let machine = match (ask.fixed.last(), job.at) {
        (Some(&machine), _) | (None, Where::In { machine, .. }) => Some(machine),
        _ => None,
    };
    let station = match job.at {
        Where::On { station } | Where::Outside { station } => station,
        Where::In { machine, .. } => shop.machines[machine].station,
        Where::Nowhere => shop.machines[job.tasks[0].options[0].machine].station,
    };
    let mut stand = Stand {
        machine,
        station,
        free: depart,
        slack: 0,
        since: None,
    };
    for (open, classes) in lists.iter().enumerate() {
        let task = ask.fixed.len() + open;
        let asked = &job.tasks[task];
        let after = match (task + 1 == job.tasks.len(), job.stays) {
            (true, true) => None,
            (true, false) => Some(false),
            _ => Some(true),
        };
        let found = match classes {
            Some(classes) => among(shop, tables, stand, classes, after),
            None => all(shop, tables, stand, &asked.options, after),
        };
        let found = found.ok_or(FAR)?;
        if found.wait > stand.slack {
            return Err(found.wait - stand.slack);
        }
        if let (Some(before), Some(since)) = (stand.machine, stand.since)
            && found.wait > 0
        {
            let until = stand.free + found.wait + shop.machines[before].unload.base();
            if tables.bay(before).fit(since, until, 0) > since {
                return Err(found.wait);
            }
        }
        machines.push(found.machine);
        let stay = found.done - found.loaded;
        let spare = (asked.stay_max).map_or(FAR / 4, |most| (most.base() - stay).max(0));
        let m = &shop.machines[found.machine];
        stand = Stand {
            machine: Some(found.machine),
            station: m.station,
            free: found.done,
            slack: shop.mover_wait_max.base() + spare.min(stay / BLOCKING),
            since: Some(found.loaded - m.load.base()),
        };
    }
    Ok(())
}

/// What becomes of a plate in a gap of a machine.
fn on(
    shop: &Shop,
    tables: &Tables,
    stand: Stand,
    (gap, choice): (&Gap, &Choice),
    after: Option<bool>,
) -> Option<Found> {
    let machine = choice.machine;
    let stay = choice.stay.base();
    let m = &shop.machines[machine];
    let load = m.load.base();
    let leg = match stand.machine {
        Some(from) => shop.leg(from, machine).base(),
        None => shop.travel.time(stand.station, m.station).base() + load,
    };
    let arrival = stand.free + leg;
    let from = (arrival - load).max(gap.from);
    let out = if after == Some(true) {
        m.unload.base()
    } else {
        0
    };
    let least = load + stay + out;
    let until = if after.is_none() { FAR } else { from + least };
    let fit = tables.room(choice, from, until, least);
    (fit < FAR).then(|| Found {
        machine,
        loaded: fit + load,
        done: fit + load + stay,
        wait: fit + load - arrival,
        idle: (fit - gap.from).min(gap.until - fit - least),
    })
}

/// The machine of these classes that has done it first; of several, the one that was idle for the
/// shortest time.
fn among(
    shop: &Shop,
    tables: &Tables,
    stand: Stand,
    classes: &[Class],
    after: Option<bool>,
) -> Option<Found> {
    let out = stand.machine.map_or(0, |m| shop.machines[m].unload.base());
    let zone = shop.travel.zone(stand.station);
    let exit = stand.free + out + shop.travel.access(stand.station).base();
    let mut best: Option<Found> = None;
    let home = classes.iter().position(|c| c.zone == zone);
    let order = home.into_iter().chain(0..classes.len());
    for (turn, index) in order.enumerate() {
        if turn > 0 && Some(index) == home {
            continue;
        }
        let class = &classes[index];
        let loaded = exit + shop.travel.between(zone, class.zone).base() + class.entry;
        if best.is_some_and(|b| loaded + class.stay >= b.done) {
            continue;
        }
        // The time in the machine, and when it would begin.
        let m = |gap: &Gap| &shop.machines[gap.machine as usize];
        let length = |gap: &Gap| {
            let out = after.map_or(FAR, |moved| if moved { m(gap).unload.base() } else { 0 });
            m(gap).load.base() + class.stay + out
        };
        let from = loaded - class.load;
        let mark = Gap {
            from,
            until: FAR,
            machine: u32::MAX,
            slot: u32::MAX,
        };
        let holds = |gap: &&Gap| gap.until - gap.from.max(from) >= length(gap);
        let before = class.gaps.range(..=mark).rev().take(LOOK).find(holds);
        let later = class.gaps.range(mark..).take(LOOK).find(holds);
        let open = class.open.range(..=mark).next_back();
        let last = class.open.range(mark..).next();
        for gap in [before, open, later, last].into_iter().flatten() {
            let choice = Choice {
                machine: gap.machine as usize,
                stay: Duration::from_base(class.stay),
                family: class.family,
                ..Choice::default()
            };
            let Some(found) = on(shop, tables, stand, (gap, &choice), after) else {
                continue;
            };
            if best.is_none_or(|b| (found.done, found.idle) < (b.done, b.idle)) {
                best = Some(found);
            }
        }
    }
    best
}

/// The same where there are few.
fn all(
    shop: &Shop,
    tables: &Tables,
    stand: Stand,
    options: &Arc<[Choice]>,
    after: Option<bool>,
) -> Option<Found> {
    let found = options.iter().filter_map(|option| {
        let gap = Gap {
            from: -FAR,
            until: FAR,
            machine: option.machine as u32,
            slot: 0,
        };
        on(shop, tables, stand, (&gap, option), after)
    });
    found.min_by_key(|f| (f.done, f.wait))
}
