//! Solving S-LAB instances.
//!
//! Operations that time constraints tie together form a block: a pattern with a temporal network, that
//! is placed as a whole and exactly. Between blocks there are only precedences, so blocks placed in any
//! order that respects them give a schedule (a serial schedule generation scheme). The search changes
//! the order, and makes every schedule denser by placing all blocks anew from its end and then from its
//! begin (forward-backward improvement, Tormos and Lova, Annals of Operations Research 102, 2001).

use super::Effort;
use crate::formats::slab::{Key, Placed, Slab, Solution};
use crate::grid::Grid;
use crate::line::{FAR, Line};
use crate::net::{NONE, Net};
use crate::pattern::{Need, Pattern};
use crate::planner::Draw;
use quantity::Seed;
use std::collections::BTreeMap;

/// Orders in which operations of one block that compete for machines may come, at most.
const VARIANTS: usize = 24;

/// Schedules in a wave of the search, from warm to cold.
const WAVE: u64 = 60_000;

/// The temperature at the begin of a wave, as a part of the makespan.
const WARM: f64 = 0.006;

struct Block {
    ops: Vec<usize>,
    variants: Vec<Pattern>,
    /// Blocks that it waits for: node here, block and node there, from begin to begin.
    after: Vec<(usize, usize, usize, i64)>,
    /// Blocks that wait for it, likewise.
    before: Vec<(usize, usize, usize, i64)>,
}

struct Model {
    keys: Vec<Key>,
    times: Vec<i64>,
    capacities: Vec<u8>,
    blocks: Vec<Block>,
}

/// A lower bound: the longest chain of every operation; for every type of machine the least head, the
/// work over the machines and the least tail.
#[must_use]
pub fn slab_bound(slab: &Slab) -> i64 {
    let Ok(whole) = whole_net(slab) else { return 0 };
    bound(slab, &whole)
}

fn bound(slab: &Slab, whole: &Net) -> i64 {
    let times: Vec<i64> = slab.operations.values().map(|o| o.1).collect();
    let n = times.len();
    let head = |o: usize| (0..n).map(|x| whole.bound(x, o)).max().unwrap_or(0).max(0);
    let tail = |o: usize| {
        (0..n)
            .filter(|&x| whole.bound(o, x) > NONE)
            .map(|x| whole.bound(o, x) + times[x])
            .max()
            .unwrap_or(0)
    };
    let mut bound = 0;
    let mut kinds: BTreeMap<i64, Vec<(i64, i64, i64)>> = BTreeMap::new();
    for (o, &(kind, time)) in slab.operations.values().enumerate() {
        let (h, t) = (head(o), tail(o));
        bound = bound.max(h + t);
        kinds.entry(kind).or_default().push((h, time, t - time));
    }
    for (kind, items) in kinds {
        let machines = slab
            .machines
            .values()
            .filter(|&&k| k == kind)
            .count()
            .max(1);
        bound = bound.max(super::bound::parallel(&items, machines as i64));
    }
    bound
}

/// The network of all operations, by begin; closed.
fn whole_net(slab: &Slab) -> Result<Net, String> {
    let index: BTreeMap<Key, usize> = slab.operations.keys().copied().zip(0..).collect();
    let time = |key: &Key| slab.operations[key].1;
    let mut net = Net::new(index.len());
    for (a, b) in &slab.dependencies {
        net.at_least(index[a], index[b], time(a));
    }
    for t in &slab.tcmb {
        let (a, b) = (index[&t.a.0], index[&t.b.0]);
        // begin(b) + bo - begin(a) - ao lies within the limit.
        let ao = if t.a.1 { time(&t.a.0) } else { 0 };
        let bo = if t.b.1 { time(&t.b.0) } else { 0 };
        net.at_most(a, b, t.limit + ao - bo);
        net.at_least(a, b, ao - bo - t.limit);
    }
    if net.close() {
        Ok(net)
    } else {
        Err("the time constraints contradict one another".to_owned())
    }
}

impl Model {
    fn new(slab: &Slab, whole: &Net, draw: &mut Draw) -> Result<Self, String> {
        let keys: Vec<Key> = slab.operations.keys().copied().collect();
        let times: Vec<i64> = slab.operations.values().map(|o| o.1).collect();
        let n = keys.len();
        let mut kinds: Vec<i64> = slab.operations.values().map(|o| o.0).collect();
        kinds.sort_unstable();
        kinds.dedup();
        let line: Vec<u32> = slab
            .operations
            .values()
            .map(|o| kinds.binary_search(&o.0).unwrap_or(0) as u32)
            .collect();
        let capacities: Vec<u8> = kinds
            .iter()
            .map(|k| slab.machines.values().filter(|m| *m == k).count().min(120) as u8)
            .collect();
        // Tied to one another: bounded both ways; that is an equivalence in a closed network.
        let tied = |a: usize, b: usize| whole.bound(a, b) > NONE && whole.bound(b, a) > NONE;
        let mut of = vec![usize::MAX; n];
        let mut members: Vec<Vec<usize>> = Vec::new();
        for a in 0..n {
            if of[a] == usize::MAX {
                let all: Vec<usize> = (a..n).filter(|&b| tied(a, b)).collect();
                for &b in &all {
                    of[b] = members.len();
                }
                members.push(all);
            }
        }
        let mut blocks = Vec::new();
        for ops in members {
            let variants = variants(whole, &ops, &times, &line, &capacities, draw);
            if variants.is_empty() {
                return Err(format!(
                    "operations {:?} don't fit on their machines together",
                    ops.iter().map(|&o| keys[o]).collect::<Vec<_>>()
                ));
            }
            blocks.push(Block {
                ops,
                variants,
                after: Vec::new(),
                before: Vec::new(),
            });
        }
        let place: BTreeMap<usize, (usize, usize)> = blocks
            .iter()
            .enumerate()
            .flat_map(|(b, block)| block.ops.iter().enumerate().map(move |(i, &o)| (o, (b, i))))
            .collect();
        let index: BTreeMap<Key, usize> = keys.iter().copied().zip(0..).collect();
        for (a, b) in &slab.dependencies {
            let (x, y) = (index[a], index[b]);
            let ((bx, ix), (by, iy)) = (place[&x], place[&y]);
            if bx != by {
                blocks[by].after.push((iy, bx, ix, times[x]));
                blocks[bx].before.push((ix, by, iy, times[x]));
            }
        }
        Ok(Self {
            keys,
            times,
            capacities,
            blocks,
        })
    }
}

/// Patterns of a block: where operations on one type of machine could overlap, in several orders.
fn variants(
    whole: &Net,
    ops: &[usize],
    times: &[i64],
    line: &[u32],
    capacities: &[u8],
    draw: &mut Draw,
) -> Vec<Pattern> {
    let n = ops.len();
    let mut base = Net::new(n);
    for a in 0..n {
        for b in 0..n {
            let least = whole.bound(ops[a], ops[b]);
            if least > NONE {
                base.at_least(a, b, least);
            }
        }
    }
    let needs: Vec<Need> = ops
        .iter()
        .enumerate()
        .filter(|&(_, &o)| times[o] > 0)
        .map(|(i, &o)| Need {
            line: line[o],
            a: i as u16,
            b: i as u16,
            a_off: 0,
            b_off: times[o],
            least: times[o],
            ..Need::default()
        })
        .collect();
    let ordered = |net: &Net, a: usize, b: usize| net.bound(a, b) >= times[ops[a]];
    let mut rivals: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for a in 0..n {
        for b in 0..n {
            if a != b
                && line[ops[a]] == line[ops[b]]
                && !ordered(&base, a, b)
                && !ordered(&base, b, a)
            {
                rivals.entry(line[ops[a]]).or_default().push(a);
            }
        }
    }
    if rivals.is_empty() {
        return vec![Pattern { net: base, needs }];
    }
    for list in rivals.values_mut() {
        list.sort_unstable();
        list.dedup();
    }
    let mut found = Vec::new();
    for turn in 0..VARIANTS * 8 {
        if found.len() == VARIANTS {
            break;
        }
        let mut net = base.clone();
        for (&line, list) in &rivals {
            let mut order = list.clone();
            for i in (1..order.len()).rev() {
                order.swap(i, draw.below(i + 1));
            }
            // As the network has them where it orders them.
            order.sort_by_key(|&o| list.iter().filter(|&&x| ordered(&base, x, o)).count());
            // Machines in turn; one after the other where that may not do.
            let apart = if turn % 2 == 0 {
                usize::from(capacities[line as usize])
            } else {
                1
            };
            for i in apart..order.len() {
                let before = order[i - apart];
                net.at_least(before, order[i], times[ops[before]]);
            }
        }
        if net.close() {
            found.push(Pattern {
                net,
                needs: needs.clone(),
            });
        }
    }
    found
}

/// A schedule under construction.
struct Board<'a> {
    model: &'a Model,
    lines: Vec<Grid>,
    /// Begin of every operation of every block.
    times: Vec<Vec<i64>>,
}

impl<'a> Board<'a> {
    fn new(model: &'a Model) -> Self {
        Self {
            lines: model.capacities.iter().map(|&c| Grid::new(c)).collect(),
            times: vec![Vec::new(); model.blocks.len()],
            model,
        }
    }

    fn clear(&mut self) {
        self.lines.iter_mut().for_each(Grid::clear);
        for times in &mut self.times {
            times.clear();
        }
    }

    /// Takes the needs of a block if they really fit together.
    fn take(&mut self, needs: &[Need], times: &[i64]) -> bool {
        for (index, need) in needs.iter().enumerate() {
            let (from, until) = need.span(times);
            let line = &mut self.lines[need.line as usize];
            if from < 0 || line.fit(from, until, 1) != from {
                for need in &needs[..index] {
                    let (from, until) = need.span(times);
                    self.lines[need.line as usize].give(from, until, 1);
                }
                return false;
            }
            line.take(from, until, 1);
        }
        true
    }

    /// Places all blocks as early as they can be, in this order. The makespan; none if one fits nowhere.
    fn forward(&mut self, order: &[usize], variant: &[usize]) -> Option<i64> {
        let model = self.model;
        self.clear();
        let mut makespan = 0;
        for &b in order {
            let block = &model.blocks[b];
            let mut placed = false;
            for turn in 0..block.variants.len() {
                let pattern = &block.variants[(variant[b] + turn) % block.variants.len()];
                let mut times = std::mem::take(&mut self.times[b]);
                times.resize(block.ops.len(), 0);
                for node in 0..times.len() {
                    let value = times[node];
                    pattern.net.raise(&mut times, node, value);
                }
                for &(node, other, there, least) in &block.after {
                    let value = self.times[other][there] + least;
                    pattern.net.raise(&mut times, node, value);
                }
                let fits = pattern
                    .earliest(&self.lines, &mut times, 0, i64::MIN, FAR)
                    .is_ok();
                if fits && self.take(&pattern.needs, &times) {
                    for (&o, &t) in block.ops.iter().zip(&times) {
                        makespan = makespan.max(t + model.times[o]);
                    }
                    self.times[b] = times;
                    placed = true;
                    break;
                }
            }
            if !placed {
                return None;
            }
        }
        Some(makespan)
    }

    /// Places all blocks as late as they can be before `end`, in this order. Whether that went well.
    fn backward(&mut self, order: &[usize], variant: &[usize], end: i64) -> bool {
        let model = self.model;
        self.clear();
        for &b in order {
            let block = &model.blocks[b];
            let mut placed = false;
            for turn in 0..block.variants.len() {
                let pattern = &block.variants[(variant[b] + turn) % block.variants.len()];
                let mut times = std::mem::take(&mut self.times[b]);
                times.resize(block.ops.len(), FAR);
                for (node, &o) in block.ops.iter().enumerate() {
                    pattern.net.lower(&mut times, node, end - model.times[o]);
                }
                for &(node, other, there, least) in &block.before {
                    let value = self.times[other][there] - least;
                    pattern.net.lower(&mut times, node, value);
                }
                let fits = pattern
                    .latest(&self.lines, &mut times, 0, i64::MIN)
                    .is_some();
                if fits && self.take(&pattern.needs, &times) {
                    self.times[b] = times;
                    placed = true;
                    break;
                }
            }
            if !placed {
                return false;
            }
        }
        true
    }

    fn first(&self, block: usize) -> i64 {
        self.times[block].iter().copied().min().unwrap_or(0)
    }

    fn last(&self, block: usize) -> i64 {
        self.model.blocks[block]
            .ops
            .iter()
            .zip(&self.times[block])
            .map(|(&o, &t)| t + self.model.times[o])
            .max()
            .unwrap_or(0)
    }
}

/// Sorts by a key, but puts nothing before what it waits for.
fn sorted(model: &Model, key: &[i64], backward: bool) -> Vec<usize> {
    let mut left: Vec<usize> = model
        .blocks
        .iter()
        .map(|b| {
            if backward {
                b.before.len()
            } else {
                b.after.len()
            }
        })
        .collect();
    let mut heap: std::collections::BinaryHeap<std::cmp::Reverse<(i64, usize)>> = left
        .iter()
        .enumerate()
        .filter(|&(_, &count)| count == 0)
        .map(|(b, _)| std::cmp::Reverse((key[b], b)))
        .collect();
    let mut order = Vec::with_capacity(key.len());
    while let Some(std::cmp::Reverse((_, b))) = heap.pop() {
        order.push(b);
        let block = &model.blocks[b];
        for link in if backward {
            &block.after
        } else {
            &block.before
        } {
            left[link.1] -= 1;
            if left[link.1] == 0 {
                heap.push(std::cmp::Reverse((key[link.1], link.1)));
            }
        }
    }
    order
}

/// Solves an instance for the least makespan; the solution and how many schedules were made.
///
/// # Errors
/// Why there is no solution.
pub fn slab(slab: &Slab, name: &str, effort: Effort) -> Result<(Solution, u64), String> {
    let mut draw = Draw::new(Seed(effort.seed).derive("slab", 0));
    let whole = whole_net(slab)?;
    let least = bound(slab, &whole);
    let model = Model::new(slab, &whole, &mut draw)?;
    let count = model.blocks.len();
    let mut board = Board::new(&model);
    let mut variant = vec![0; count];
    let mut key: Vec<i64> = model
        .blocks
        .iter()
        .map(|b| whole_head(&whole, b.ops[0]))
        .collect();
    let mut spent = 0;
    let mut best: Option<(i64, Vec<Vec<i64>>)> = None;
    let mut current = i64::MAX;
    let (mut kept, mut kept_variant) = (key.clone(), variant.clone());
    while spent < effort.iterations
        && (spent % 16 != 0 || best.is_none() || (effort.go_on)())
        && best.as_ref().is_none_or(|b| b.0 > least)
    {
        if best.is_none() && spent > 10_000 {
            return Err("no schedule was found".to_owned());
        }
        let step = spent % WAVE;
        spent += 1;
        let order = sorted(&model, &key, false);
        if let Some(mut makespan) = board.forward(&order, &variant) {
            let lead = best.as_ref().map_or(i64::MAX, |b| b.0);
            if step == 0 || makespan <= lead {
                makespan = squeeze(&mut board, &variant, makespan);
            }
            if makespan < lead {
                best = Some((makespan, board.times.clone()));
            }
            // Simulated annealing in waves (Kirkpatrick, Gelatt and Vecchi 1983); the ends of what
            // nothing waits for tell schedules of one makespan apart.
            let ends: i64 = (0..count)
                .filter(|&b| model.blocks[b].before.is_empty())
                .map(|b| board.last(b))
                .sum();
            let cost = makespan * 256 + ends * 32 / count as i64;
            let cold = step as f64 / WAVE as f64;
            let warm = lead.min(makespan) as f64 * 256.0 * WARM * (1.0 - cold).powi(2);
            let most =
                current as f64 - warm * (draw.below(1 << 20) as f64 / f64::from(1 << 20)).ln();
            if cost as f64 <= most {
                current = cost;
                kept = (0..count).map(|b| board.first(b) * 8).collect();
                kept_variant.clone_from(&variant);
            }
        }
        (key, variant) = (kept.clone(), kept_variant.clone());
        disturb(&model, &mut key, &mut variant, &mut draw);
    }
    let Some((makespan, times)) = best else {
        return Err("no schedule was found".to_owned());
    };
    Ok((
        Solution {
            format: "slab-solution-1".to_owned(),
            instance: name.to_owned(),
            makespan,
            bound: least,
            operations: assign(slab, &model, &times),
        },
        spent,
    ))
}

/// Makes a schedule denser from the end and from the begin, as long as that helps.
fn squeeze(board: &mut Board, variant: &[usize], mut makespan: i64) -> i64 {
    let model = board.model;
    let count = model.blocks.len();
    loop {
        let times = board.times.clone();
        let ends: Vec<i64> = (0..count).map(|b| -board.last(b)).collect();
        if board.backward(&sorted(model, &ends, true), variant, 2 * makespan) {
            let begins: Vec<i64> = (0..count).map(|b| board.first(b)).collect();
            match board.forward(&sorted(model, &begins, false), variant) {
                Some(shorter) if shorter < makespan => {
                    makespan = shorter;
                    continue;
                }
                _ => {}
            }
        }
        board.times = times;
        return makespan;
    }
}

fn whole_head(whole: &Net, op: usize) -> i64 {
    (0..whole.nodes())
        .map(|x| whole.bound(x, op))
        .max()
        .unwrap_or(0)
        .max(0)
}

/// A few blocks earlier or later in the order, or all that begin within a stretch in a drawn order.
fn disturb(model: &Model, key: &mut [i64], variant: &mut [usize], draw: &mut Draw) {
    let count = key.len();
    let span = key.iter().max().map_or(8, |&m| m.max(8));
    for _ in 0..1 + draw.below(2) {
        // Just before or behind another one that is not far.
        let b = draw.below(count);
        let other = draw.below(count);
        if (key[other] - key[b]).abs() < span / 6 {
            key[b] = key[other] + draw.below(2) as i64 * 2 - 1;
        }
    }
    let b = draw.below(count);
    if model.blocks[b].variants.len() > 1 {
        variant[b] = draw.below(model.blocks[b].variants.len());
    }
}

/// Tells the machines of a type apart, in order of begin.
fn assign(slab: &Slab, model: &Model, times: &[Vec<i64>]) -> Vec<Placed> {
    let mut all: Vec<(i64, i64, usize)> = Vec::new();
    for (block, times) in model.blocks.iter().zip(times) {
        for (&o, &begin) in block.ops.iter().zip(times) {
            all.push((begin, begin + model.times[o], o));
        }
    }
    all.sort_unstable();
    let mut free: BTreeMap<i64, i64> = slab.machines.keys().map(|&m| (m, 0)).collect();
    all.into_iter()
        .map(|(start, until, o)| {
            let (job, operation) = model.keys[o];
            let kind = slab.operations[&model.keys[o]].0;
            let machine = slab
                .machines
                .iter()
                .filter(|m| *m.1 == kind)
                .map(|m| *m.0)
                .find(|m| free[m] <= start)
                .unwrap_or(0);
            if until > start {
                free.insert(machine, until);
            }
            Placed {
                job,
                operation,
                machine,
                start,
            }
        })
        .collect()
}
