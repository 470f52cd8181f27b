//! An instance as blocks: operations that time constraints tie together, with a network each.

use crate::formats::slab::{Key, Placed, Slab};
use crate::net::{NONE, Net};
use crate::pattern::{Need, Pattern};
use crate::planner::Draw;
use crate::solve::bound::parallel;
use std::collections::BTreeMap;

/// Orders in which operations of one block that compete for machines may come, at most.
const VARIANTS: usize = 24;

/// Operations that are placed as a whole.
pub(super) struct Block {
    pub(super) ops: Vec<usize>,
    /// From the begin of each operation to the end of the longest chain that follows it.
    pub(super) tails: Vec<i64>,
    pub(super) variants: Vec<Variant>,
    /// Blocks that it waits for: node here, block and node there, from begin to begin.
    pub(super) after: Vec<(usize, usize, usize, i64)>,
    /// Blocks that wait for it, likewise.
    pub(super) before: Vec<(usize, usize, usize, i64)>,
}

/// One of the patterns of a block.
pub(super) struct Variant {
    pub(super) pattern: Pattern,
    /// The earliest times where nothing else is in the way.
    pub(super) earliest: Vec<i64>,
    /// Whether two of its operations use one type of machine.
    pub(super) shares: bool,
}

impl Variant {
    fn new(pattern: Pattern) -> Self {
        let mut earliest = vec![0; pattern.nodes()];
        for node in 0..earliest.len() {
            let value = earliest[node];
            pattern.net.raise(&mut earliest, node, value);
        }
        let mut lines: Vec<u32> = pattern.needs.iter().map(|need| need.line).collect();
        lines.sort_unstable();
        Self {
            shares: lines.windows(2).any(|pair| pair[0] == pair[1]),
            pattern,
            earliest,
        }
    }
}

/// The instance.
pub(super) struct Model {
    keys: Vec<Key>,
    pub(super) times: Vec<i64>,
    /// The type of machine of every operation, as a place in `capacities`.
    lines: Vec<u32>,
    pub(super) capacities: Vec<u8>,
    pub(super) blocks: Vec<Block>,
    /// Where blocks come in an order in which each comes after those that it waits for; and that order.
    pub(super) ranks: (Vec<usize>, Vec<usize>),
}

/// Blocks in an order in which each comes after those that it waits for: the place of each, and the order.
fn ranks(blocks: &[Block]) -> (Vec<usize>, Vec<usize>) {
    let mut left: Vec<usize> = blocks.iter().map(|b| b.after.len()).collect();
    let mut order: Vec<usize> = (0..blocks.len()).filter(|&b| left[b] == 0).collect();
    let mut next = 0;
    while let Some(&b) = order.get(next) {
        next += 1;
        for link in &blocks[b].before {
            left[link.1] -= 1;
            if left[link.1] == 0 {
                order.push(link.1);
            }
        }
    }
    let mut rank = vec![0; blocks.len()];
    for (place, &b) in order.iter().enumerate() {
        rank[b] = place;
    }
    (rank, order)
}

/// A lower bound: the longest chain of every operation; for every type of machine the least head, the
/// work over the machines and the least tail.
#[must_use]
pub fn slab_bound(slab: &Slab) -> i64 {
    let Ok(whole) = whole_net(slab) else { return 0 };
    bound(slab, &whole)
}

pub(super) fn bound(slab: &Slab, whole: &Net) -> i64 {
    let times: Vec<i64> = slab.operations.values().map(|o| o.1).collect();
    let n = times.len();
    let head = |o: usize| (0..n).map(|x| whole.bound(x, o)).max().unwrap_or(0).max(0);
    let mut bound = 0;
    let mut kinds: BTreeMap<i64, Vec<(i64, i64, i64)>> = BTreeMap::new();
    for (o, &(kind, time)) in slab.operations.values().enumerate() {
        let (h, t) = (head(o), tail(whole, &times, o));
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
        bound = bound.max(parallel(&items, machines as i64));
    }
    bound
}

/// From the begin of an operation to the end of the longest chain that follows it.
fn tail(whole: &Net, times: &[i64], op: usize) -> i64 {
    (0..times.len())
        .filter(|&x| whole.bound(op, x) > NONE)
        .map(|x| whole.bound(op, x) + times[x])
        .max()
        .unwrap_or(0)
}

/// The network of all operations, by begin; closed.
pub(super) fn whole_net(slab: &Slab) -> Result<Net, String> {
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
    /// The type of machine that an operation of a block needs.
    pub(super) fn line(&self, block: usize, node: usize) -> u32 {
        self.lines[self.blocks[block].ops[node]]
    }

    /// How long an operation of a block takes.
    pub(super) fn takes(&self, block: usize, node: usize) -> i64 {
        self.times[self.blocks[block].ops[node]]
    }

    pub(super) fn new(slab: &Slab, whole: &Net, draw: &mut Draw) -> Result<Self, String> {
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
            let tails = ops.iter().map(|&o| tail(whole, &times, o)).collect();
            blocks.push(Block {
                ops,
                tails,
                variants: variants.into_iter().map(Variant::new).collect(),
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
            ranks: ranks(&blocks),
            keys,
            times,
            lines: line,
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
        return vec![Pattern::new(base, needs)];
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
            found.push(Pattern::new(net, needs.clone()));
        }
    }
    found
}

/// The longest chain that ends at an operation.
pub(super) fn whole_head(whole: &Net, op: usize) -> i64 {
    (0..whole.nodes())
        .map(|x| whole.bound(x, op))
        .max()
        .unwrap_or(0)
        .max(0)
}

impl Model {
    /// Tells the machines of a type apart, in order of begin.
    pub(super) fn assign(&self, slab: &Slab, times: &[Vec<i64>]) -> Vec<Placed> {
        let mut all: Vec<(i64, i64, usize)> = Vec::new();
        for (block, times) in self.blocks.iter().zip(times) {
            for (&o, &begin) in block.ops.iter().zip(times) {
                all.push((begin, begin + self.times[o], o));
            }
        }
        all.sort_unstable();
        let mut free: BTreeMap<i64, i64> = slab.machines.keys().map(|&m| (m, 0)).collect();
        all.into_iter()
            .map(|(start, until, o)| {
                let (job, operation) = self.keys[o];
                let kind = slab.operations[&self.keys[o]].0;
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
}
