//! Neighbourhoods: where an operation of a longest path may go, and what the makespan would be.

use super::graph::{Graph, Op};
use crate::planner::Draw;

/// An operation put right behind another (or first) on a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Move {
    pub(super) op: Op,
    pub(super) machine: u32,
    pub(super) left: Op,
    /// An estimate of the makespan afterwards, at least of the longest path through what is moved.
    pub(super) estimate: i64,
    /// The other end of the stretch that it passes, on its own machine; itself otherwise.
    pub(super) over: Op,
    pub(super) later: bool,
}

/// Working memory.
#[derive(Clone, Debug, Default)]
pub(super) struct Scratch {
    pub(super) path: Vec<Op>,
    pub(super) moves: Vec<Move>,
    chain: Vec<(i64, i64)>,
    done: Vec<i64>,
    rest: Vec<i64>,
    row: Vec<Op>,
}

/// A longest path, drawn where there are several.
pub(super) fn path(graph: &Graph, draw: &mut Draw, path: &mut Vec<Op>) {
    let none = graph.flat.ops as Op;
    path.clear();
    let mut seen = 0;
    let mut at = none;
    let firsts = graph.flat.first[..graph.flat.first.len() - 1]
        .iter()
        .map(|&f| f as Op)
        .chain(graph.head.iter().copied());
    for op in firsts {
        if op == none {
            continue;
        }
        let o = op as usize;
        if graph.rest[o] == graph.makespan && graph.done[o] == graph.p[o] {
            seen += 1;
            if draw.below(seen) == 0 {
                at = op;
            }
        }
    }
    while at != none {
        path.push(at);
        let o = at as usize;
        let (a, b) = (graph.flat.behind[o], graph.sm[o]);
        let next = |to: Op| {
            to != none
                && graph.done[to as usize] - graph.p[to as usize] == graph.done[o]
                && graph.critical(to)
        };
        at = match (next(a), next(b)) {
            (true, true) if a != b => [a, b][draw.below(2)],
            (true, _) => a,
            (_, true) => b,
            _ => none,
        };
    }
}

/// Moves to and from the borders of blocks of a longest path, on their own machine: N7 (Zhang, Li,
/// Guan and Rao, A tabu search algorithm with a new neighborhood structure for the job shop scheduling
/// problem, Computers & Operations Research 34, 2007), which holds N6 and N5, with the conditions and
/// estimates of Balas and Vazacopoulos (Management Science 44, 1998).
pub(super) fn blocks(graph: &Graph, scratch: &mut Scratch) {
    let Scratch {
        path, moves, chain, ..
    } = scratch;
    moves.clear();
    let mut from = 0;
    while from < path.len() {
        let mut until = from + 1;
        while until < path.len() && graph.pm[path[until] as usize] == path[until - 1] {
            until += 1;
        }
        let block = &path[from..until];
        let (first, last) = (from == 0, until == path.len());
        from = until;
        let n = block.len();
        if n < 2 {
            continue;
        }
        // To behind the last, and to before the first.
        if !last || n == 2 && !first {
            for u in 0..n - 1 {
                later(graph, &block[u..], chain, moves);
            }
        }
        if !first {
            for v in 1..n {
                if n > 2 || last {
                    sooner(graph, &block[..=v], chain, moves);
                }
            }
        }
        // The first to behind inner ones, and the last to before inner ones.
        if n > 2 {
            if !first {
                for v in 1..n - 1 {
                    later(graph, &block[..=v], chain, moves);
                }
            }
            if !last {
                for u in 1..n - 1 {
                    sooner(graph, &block[u..], chain, moves);
                }
            }
        }
    }
}

/// The first of a stretch goes behind its last, if that makes no circle for sure.
fn later(graph: &Graph, stretch: &[Op], chain: &mut Vec<(i64, i64)>, moves: &mut Vec<Move>) {
    let flat = graph.flat;
    let (u, v) = (stretch[0], stretch[stretch.len() - 1]);
    let js = flat.behind[u as usize] as usize;
    let job = flat.job[u as usize];
    if js < flat.ops {
        let (a, b) = (graph.rest[v as usize], graph.rest[js]);
        if a < b || a == b && graph.p[js] == 0 {
            return;
        }
        if stretch[1..].iter().any(|&o| flat.job[o as usize] == job) {
            return;
        }
    }
    chain.clear();
    let mut done = graph.done[graph.pm[u as usize] as usize];
    for &o in stretch[1..].iter().chain([&u]) {
        let o = o as usize;
        let begin = done.max(graph.done[flat.before[o] as usize]);
        done = begin + graph.p[o];
        chain.push((begin, done));
    }
    let mut rest = graph.rest[graph.sm[v as usize] as usize];
    let mut estimate = 0;
    for (&o, &(begin, _)) in stretch[1..]
        .iter()
        .chain([&u])
        .rev()
        .zip(chain.iter().rev())
    {
        let o = o as usize;
        rest = rest.max(graph.rest[flat.behind[o] as usize]) + graph.p[o];
        estimate = estimate.max(begin + rest);
    }
    moves.push(Move {
        op: u,
        machine: graph.machine[u as usize],
        left: v,
        estimate,
        over: v,
        later: true,
    });
}

/// The last of a stretch goes before its first, if that makes no circle for sure.
fn sooner(graph: &Graph, stretch: &[Op], chain: &mut Vec<(i64, i64)>, moves: &mut Vec<Move>) {
    let flat = graph.flat;
    let end = stretch.len() - 1;
    let (u, v) = (stretch[0], stretch[end]);
    let jp = flat.before[v as usize] as usize;
    let job = flat.job[v as usize];
    if jp < flat.ops {
        let (a, b) = (graph.done[u as usize], graph.done[jp]);
        if a < b || a == b && graph.p[jp] == 0 {
            return;
        }
        if stretch[..end].iter().any(|&o| flat.job[o as usize] == job) {
            return;
        }
    }
    chain.clear();
    let mut done = graph.done[graph.pm[u as usize] as usize];
    for &o in [&v].into_iter().chain(&stretch[..end]) {
        let o = o as usize;
        let begin = done.max(graph.done[flat.before[o] as usize]);
        done = begin + graph.p[o];
        chain.push((begin, done));
    }
    let mut rest = graph.rest[graph.sm[v as usize] as usize];
    let mut estimate = 0;
    for (&o, &(begin, _)) in stretch[..end]
        .iter()
        .rev()
        .chain([&v])
        .zip(chain.iter().rev())
    {
        let o = o as usize;
        rest = rest.max(graph.rest[flat.behind[o] as usize]) + graph.p[o];
        estimate = estimate.max(begin + rest);
    }
    moves.push(Move {
        op: v,
        machine: graph.machine[v as usize],
        left: graph.pm[u as usize],
        estimate,
        over: u,
        later: false,
    });
}

/// Every operation of the longest path to every machine that can do it, at the places among which the
/// best one is: Nopt of Mastrolilli and Gambardella (Effective neighbourhood functions for the flexible
/// job shop problem, Journal of Scheduling 3, 2000). `most` operations of the path are looked at.
pub(super) fn anywhere(graph: &Graph, scratch: &mut Scratch, draw: &mut Draw, most: usize) {
    let flat = graph.flat;
    let none = flat.ops as Op;
    scratch.moves.clear();
    let count = scratch.path.len();
    let skip = if count > most { draw.below(count) } else { 0 };
    for turn in 0..count.min(most) {
        let v = scratch.path[(skip + turn) % count];
        let makespan = without(graph, v, &mut scratch.done, &mut scratch.rest);
        let (done, rest) = (&scratch.done, &scratch.rest);
        let o = v as usize;
        let (head, tail) = (done[flat.before[o] as usize], rest[flat.behind[o] as usize]);
        for &(machine, p) in &flat.options[o] {
            if makespan.max(head + p + tail) > 2 * graph.makespan {
                continue;
            }
            let row = &mut scratch.row;
            row.clear();
            let mut x = graph.head[machine as usize];
            while x != none {
                if x != v {
                    row.push(x);
                }
                x = graph.sm[x as usize];
            }
            // Behind all that have a longer tail and end before its head, before all that end behind
            // its head and have a shorter tail: there it can be without a circle.
            let late = |x: &Op| done[*x as usize] > head;
            let long = |x: &Op| rest[*x as usize] > tail;
            let from = row
                .iter()
                .rposition(|x| long(x) && !late(x))
                .map_or(0, |i| i + 1);
            let until = row
                .iter()
                .position(|x| late(x) && !long(x))
                .unwrap_or(row.len());
            if from > until {
                continue;
            }
            // Where neither head nor tail changes, every place is as good as another.
            let own = graph.machine[o] == machine;
            for place in from..=until {
                let left = if place == 0 { none } else { row[place - 1] };
                if own && left == graph.pm[o] {
                    continue;
                }
                let begin = if place == 0 {
                    head
                } else {
                    head.max(done[left as usize])
                };
                let end = if place == row.len() {
                    tail
                } else {
                    tail.max(rest[row[place] as usize])
                };
                let free = begin == head && end == tail;
                scratch.moves.push(Move {
                    op: v,
                    machine,
                    left,
                    estimate: makespan.max(begin + p + end),
                    over: v,
                    later: true,
                });
                if free {
                    break;
                }
            }
        }
    }
}

/// Heads and tails with `v` off its machine and taking no time; the makespan then.
fn without(graph: &Graph, v: Op, done: &mut Vec<i64>, rest: &mut Vec<i64>) -> i64 {
    let flat = graph.flat;
    let v = v as usize;
    let (pm, sm) = (graph.pm[v] as usize, graph.sm[v] as usize);
    let at = graph.at[v] as usize;
    done.clear();
    done.extend_from_slice(&graph.done);
    rest.clear();
    rest.extend_from_slice(&graph.rest);
    done[v] = done[flat.before[v] as usize];
    for &op in &graph.topo[at + 1..] {
        let op = op as usize;
        let left = if op == sm { pm } else { graph.pm[op] as usize };
        done[op] = done[flat.before[op] as usize].max(done[left]) + graph.p[op];
    }
    rest[v] = rest[flat.behind[v] as usize];
    for &op in graph.topo[..at].iter().rev() {
        let op = op as usize;
        let right = if op == pm { sm } else { graph.sm[op] as usize };
        rest[op] = rest[flat.behind[op] as usize].max(rest[right]) + graph.p[op];
    }
    flat.first[1..]
        .iter()
        .filter(|&&end| end > 0)
        .map(|&end| done[end - 1])
        .max()
        .unwrap_or(0)
}
