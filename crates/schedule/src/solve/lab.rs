//! Solving `labsched-1` instances.

use super::Effort;
use super::pack::{Kind, Place, Plate, Search};
use crate::formats::lab::{Lab, PlatePlan, Solution, Stay, Workflow};
use crate::net::Net;
use crate::pattern::{Need, Pattern};
use quantity::Seed;
use std::collections::BTreeMap;

/// Ways to choose among machines that are kept per workflow, at most.
const VARIANTS: usize = 81;

/// The timetables of a laboratory: capacities, and where each type's begin.
pub(super) struct Layout {
    pub(super) capacities: Vec<u8>,
    /// By type: the line of the first machine's places; for types of several slots the door follows,
    /// then the next machine. Types of one slot have one line for all machines.
    first: BTreeMap<String, u32>,
}

const MOVERS: u32 = 0;

impl Layout {
    fn new(lab: &Lab) -> Self {
        let mut capacities = vec![lab.movers.min(255) as u8];
        let mut first = BTreeMap::new();
        for (name, t) in &lab.types {
            first.insert(name.clone(), capacities.len() as u32);
            if t.slots == 1 {
                capacities.push(t.machines.min(255) as u8);
            } else {
                for _ in 0..t.machines {
                    capacities.push(t.slots.min(255) as u8);
                    capacities.push(1);
                }
            }
        }
        Self { capacities, first }
    }
}

/// Kinds of plates by workflow name, in name order.
pub(super) fn kinds(lab: &Lab) -> Result<(Vec<Kind>, Layout), String> {
    let layout = Layout::new(lab);
    let mut kinds = Vec::new();
    for (name, workflow) in &lab.workflows {
        let net = net(lab, workflow)
            .ok_or_else(|| format!("the limits of workflow '{name}' contradict one another"))?;
        let first = &workflow.steps[0].kind;
        let last = &workflow.steps[workflow.steps.len() - 1].kind;
        let variants = choices(lab, workflow)
            .into_iter()
            .map(|machines| Pattern::new(net.clone(), needs(lab, workflow, &layout, &machines)))
            .collect();
        kinds.push(Kind {
            variants,
            head: lab.travel("hotel", first) + lab.types[first].load,
            tail: lab.types[last].unload + lab.travel(last, "hotel"),
        });
    }
    Ok((kinds, layout))
}

/// Machines per step, for every way to choose; always 0 for types of one slot, whose machines are
/// told apart afterwards.
fn choices(lab: &Lab, workflow: &Workflow) -> Vec<Vec<u32>> {
    let mut all = vec![Vec::new()];
    for step in &workflow.steps {
        let t = &lab.types[&step.kind];
        let options = if t.slots == 1 { 1 } else { t.machines };
        let mut next: Vec<Vec<u32>> = Vec::new();
        for chosen in &all {
            for machine in 0..options {
                let mut more = chosen.clone();
                more.push(machine);
                next.push(more);
            }
        }
        // Of too many, an even choice.
        let every = next.len().div_ceil(VARIANTS).max(1);
        all = next.into_iter().step_by(every).collect();
    }
    all
}

fn net(lab: &Lab, workflow: &Workflow) -> Option<Net> {
    let mut net = Net::new(2 * workflow.steps.len());
    for (k, step) in workflow.steps.iter().enumerate() {
        net.at_least(2 * k, 2 * k + 1, step.stay_min);
        net.at_most(2 * k, 2 * k + 1, step.stay_max);
        if k > 0 {
            let from = &workflow.steps[k - 1].kind;
            let leg =
                lab.types[from].unload + lab.travel(from, &step.kind) + lab.types[&step.kind].load;
            net.at_least(2 * k - 1, 2 * k, leg);
            net.at_most(2 * k - 1, 2 * k, leg + lab.wait_max);
        }
    }
    for lag in &workflow.lags {
        let node = |step: usize, edge: &str| 2 * step + usize::from(edge != "b");
        let (from, to) = (node(lag.a, &lag.ae), node(lag.b, &lag.be));
        net.at_least(from, to, lag.min);
        net.at_most(from, to, lag.max);
    }
    net.close().then_some(net)
}

fn needs(lab: &Lab, workflow: &Workflow, layout: &Layout, machines: &[u32]) -> Vec<Need> {
    let mut needs = Vec::new();
    let mut add = |line: u32, a: usize, a_off: i64, b: usize, b_off: i64, least: i64| {
        if least > 0 {
            needs.push(Need {
                line,
                a: a as u16,
                b: b as u16,
                a_off,
                b_off,
                least,
                ..Need::default()
            });
        }
    };
    for (k, step) in workflow.steps.iter().enumerate() {
        let t = &lab.types[&step.kind];
        let (b, e) = (2 * k, 2 * k + 1);
        if k == 0 {
            let out = lab.travel("hotel", &step.kind) + t.load;
            add(MOVERS, b, -out, b, 0, out);
        } else {
            let from = &workflow.steps[k - 1].kind;
            let leg = lab.types[from].unload + lab.travel(from, &step.kind) + t.load;
            add(MOVERS, b - 1, 0, b, 0, leg);
        }
        let mut line = layout.first[&step.kind];
        if t.slots > 1 {
            line += 2 * machines[k];
        }
        add(
            line,
            b,
            -t.load,
            e,
            t.unload,
            t.load + step.stay_min + t.unload,
        );
        if t.slots > 1 && t.gate {
            add(line + 1, b, -t.load, b, 0, t.load);
            add(line + 1, e, 0, e, t.unload, t.unload);
        }
    }
    let k = workflow.steps.len() - 1;
    let last = &workflow.steps[k].kind;
    let tail = lab.types[last].unload + lab.travel(last, "hotel");
    add(MOVERS, 2 * k + 1, 0, 2 * k + 1, tail, tail);
    needs
}

/// A bound that no makespan beats: the longest plate; for every type of device least head + work /
/// capacity + least tail over the steps on it; movers and doors likewise.
#[must_use]
pub fn lab_bound(lab: &Lab) -> i64 {
    let Ok((kinds, layout)) = kinds(lab) else {
        return 0;
    };
    let index: BTreeMap<&str, usize> = lab.workflows.keys().map(String::as_str).zip(0..).collect();
    // Per line: least time before, work, least time after.
    let mut lines: BTreeMap<u32, (i64, i64, i64, i64)> = BTreeMap::new();
    let mut bound = 0;
    for plate in &lab.plates {
        let kind = &kinds[index[plate.wf.as_str()]];
        let pattern = &kind.variants[0];
        let last = pattern.nodes() - 1;
        let whole = plate.release + kind.head + pattern.net.bound(0, last) + kind.tail;
        bound = bound.max(whole);
        for need in &pattern.needs {
            let (a, b) = (need.a as usize, need.b as usize);
            let before = plate.release + kind.head + pattern.net.bound(0, a) + need.a_off;
            let after = pattern.net.bound(b, last) + kind.tail - need.b_off;
            let entry = lines.entry(need.line).or_insert((i64::MAX, 0, i64::MAX, 0));
            entry.0 = entry.0.min(before);
            entry.1 += need.least;
            entry.2 = entry.2.min(after);
        }
    }
    for (name, t) in &lab.types {
        let first = layout.first[name];
        let machines = i64::from(t.machines);
        let capacity = machines * i64::from(t.slots);
        if let Some(&(head, work, tail, _)) = lines.get(&first) {
            bound = bound.max(head + (work + capacity - 1) / capacity + tail);
        }
        if t.slots > 1
            && let Some(&(head, work, tail, _)) = lines.get(&(first + 1))
        {
            bound = bound.max(head + (work + machines - 1) / machines + tail);
        }
    }
    if let Some(&(head, work, tail, _)) = lines.get(&MOVERS) {
        let movers = i64::from(lab.movers);
        bound = bound.max(head + (work + movers - 1) / movers + tail);
    }
    bound
}

/// Solves a batch instance for the least makespan.
///
/// # Errors
/// Why there is no solution at all.
pub fn lab(lab: &Lab, effort: Effort) -> Result<(Solution, u64), String> {
    let (kinds, layout) = kinds(lab)?;
    let index: BTreeMap<&str, usize> = lab.workflows.keys().map(String::as_str).zip(0..).collect();
    let plates: Vec<Plate> = lab
        .plates
        .iter()
        .map(|p| Plate {
            kind: index[p.wf.as_str()],
            release: p.release,
        })
        .collect();
    let bound = lab_bound(lab);
    let begin = |kinds| {
        let seed = Seed(effort.seed);
        Search::new(kinds, &plates, &layout.capacities, seed, bound)
    };
    let mut search = begin(&kinds);
    let brisk_kinds = brisk(&kinds);
    let mut brisk = brisk_kinds.as_deref().map(begin);
    let mut spent = 0;
    while spent < effort.iterations
        && (spent % 64 != 0 || (effort.go_on)())
        && match &mut brisk {
            Some(brisk) if (spent / ROUND).is_multiple_of(2) => brisk.step(),
            _ => search.step(),
        }
    {
        spent += 1;
        if spent % ROUND == 0
            && let Some(brisk) = &brisk
            && brisk.makespan() < search.makespan()
        {
            search.take_over(brisk.best());
        }
    }
    let best = match &brisk {
        Some(brisk) if brisk.makespan() < search.makespan() => brisk.best(),
        _ => search.best(),
    };
    Ok((solution(lab, &kinds, &layout, &plates, best, bound), spent))
}

/// Neighbourhoods that each of two searches tries in turn.
const ROUND: u64 = 4_096;

/// The longest that a plate may stay somewhere beyond what it needs, as a part of the shortest way
/// through, in a search for plans in which plates move on briskly.
const LINGER: i64 = 64;

/// The same kinds of plates, allowed to linger only briefly where they may stay almost for ever: then
/// they don't keep others out, and the search has far fewer ways to go wrong. `None` where there is
/// no such stay. What is found for these is a packing of the original ones.
fn brisk(kinds: &[Kind]) -> Option<Vec<Kind>> {
    let mut any = false;
    let brisk = kinds.iter().map(|kind| {
        let mut net = kind.variants[0].net.clone();
        let whole = net.bound(0, net.nodes() - 1);
        for stay in (0..net.nodes()).step_by(2) {
            let least = net.bound(stay, stay + 1);
            if -net.bound(stay + 1, stay) > least + whole {
                net.at_most(stay, stay + 1, least + whole / LINGER);
                any = true;
            }
        }
        net.close().then(|| Kind {
            variants: kind
                .variants
                .iter()
                .map(|v| Pattern::new(net.clone(), v.needs.clone()))
                .collect(),
            ..*kind
        })
    });
    let brisk = brisk.collect::<Option<Vec<Kind>>>();
    brisk.filter(|_| any)
}

/// Writes places as a solution; tells machines of one slot apart in order of arrival.
pub(super) fn solution(
    lab: &Lab,
    kinds: &[Kind],
    layout: &Layout,
    plates: &[Plate],
    places: &[Place],
    bound: i64,
) -> Solution {
    let mut plans: Vec<PlatePlan> = Vec::new();
    let mut makespan = 0;
    let mut stays: BTreeMap<&str, Vec<(i64, i64, usize, usize)>> = BTreeMap::new();
    for (index, (plate, place)) in lab.plates.iter().zip(places).enumerate() {
        let workflow = &lab.workflows[&plate.wf];
        let kind = &kinds[plates[index].kind];
        let chosen = &kind.variants[place.variant as usize];
        let mut steps = Vec::new();
        for (k, step) in workflow.steps.iter().enumerate() {
            let t = &lab.types[&step.kind];
            let (begin, end) = (place.times[2 * k], place.times[2 * k + 1]);
            let mut machine = 0;
            if t.slots == 1 {
                let stay = (begin - t.load, end + t.unload, index, k);
                stays.entry(&step.kind).or_default().push(stay);
            } else {
                let first = layout.first[&step.kind];
                let lines = first..first + 2 * t.machines;
                machine = chosen
                    .needs
                    .iter()
                    .find(|n| {
                        n.a as usize == 2 * k
                            && n.b as usize == 2 * k + 1
                            && lines.contains(&n.line)
                    })
                    .map_or(0, |n| (n.line - first) / 2);
            }
            steps.push(Stay {
                begin,
                end,
                machine,
            });
        }
        let end = place.times[place.times.len() - 1];
        makespan = makespan.max(lab.completion(workflow, end));
        plans.push(PlatePlan {
            id: plate.id,
            steps,
            promise: None,
        });
    }
    for (kind, mut list) in stays {
        list.sort_unstable();
        let mut free = vec![i64::MIN; lab.types[kind].machines as usize];
        for (from, until, plate, k) in list {
            let machine = free.iter().position(|&f| f <= from).unwrap_or(0);
            free[machine] = until;
            plans[plate].steps[k].machine = machine as u32;
        }
    }
    Solution {
        format: "labsched-solution-1".to_owned(),
        instance: lab.name.clone(),
        makespan,
        bound,
        plates: plans,
    }
}
