//! First solutions: active schedules built in the order of time (Giffler and Thompson 1960).

use super::graph::{Code, Flat, Op};
use crate::planner::Draw;

/// A schedule built by a rule: the first few turns are rules without chance, the later ones are drawn.
pub(super) fn dispatch(flat: &Flat, turn: usize, draw: &mut Draw) -> Code {
    let n = flat.ops;
    let jobs = flat.first.len() - 1;
    // Least work from each operation on to the end of its job, and how loaded its machines are.
    let mut left = vec![0_i64; n + 1];
    let mut load = vec![0_i64; flat.machines];
    for op in (0..n).rev() {
        let least = flat.options[op].iter().map(|o| o.1).min().unwrap_or(0);
        left[op] = least + left[flat.behind[op] as usize];
        let count = flat.options[op].len() as i64;
        for &(machine, time) in &flat.options[op] {
            load[machine as usize] += time / count;
        }
    }
    // Work to come on the most loaded machine counts more: it must never starve.
    let busiest = load.iter().copied().max().unwrap_or(1).max(1);
    let mut weighted = vec![0_i64; n + 1];
    for op in (0..n).rev() {
        let (machine, time) = flat.options[op]
            .iter()
            .copied()
            .min_by_key(|o| o.1)
            .unwrap_or((0, 0));
        let share = load[machine as usize] * 64 / busiest;
        weighted[op] = time * share + weighted[flat.behind[op] as usize];
    }
    let noise = match turn {
        0..3 => 0,
        _ => 1 + draw.below(4) as i64,
    };
    let mut next: Vec<Op> = flat.first[..jobs].iter().map(|&f| f as Op).collect();
    let mut ready = vec![0_i64; jobs];
    let mut free = vec![0_i64; flat.machines];
    let mut code = Code {
        order: Vec::with_capacity(n),
        machine: vec![0; n],
    };
    // Only jobs with something left.
    let mut open: Vec<u32> = (0..jobs as u32)
        .filter(|&j| flat.first[j as usize] < flat.first[j as usize + 1])
        .collect();
    while !open.is_empty() {
        // The operation that could end first, and its machine.
        let mut soonest = (i64::MAX, 0_u32);
        for &job in &open {
            let j = job as usize;
            for &(machine, time) in &flat.options[next[j] as usize] {
                let end = ready[j].max(free[machine as usize]) + time;
                soonest = soonest.min((end, machine));
            }
        }
        // Of those that could begin on it before that, the one that has most to do yet.
        let (end, machine) = soonest;
        let mut best: Option<(i64, usize)> = None;
        for (index, &job) in open.iter().enumerate() {
            let j = job as usize;
            let op = next[j] as usize;
            let Some(&(_, time)) = flat.options[op].iter().find(|o| o.0 == machine) else {
                continue;
            };
            let begin = ready[j].max(free[machine as usize]);
            if begin >= end && time > 0 {
                continue;
            }
            let value = match turn % 3 {
                0 => left[op] * 64,
                1 => weighted[op],
                _ => left[op] * 64 - begin * 64,
            };
            let value = if noise > 0 {
                value + value.abs() * noise * draw.below(64) as i64 / 512
            } else {
                value
            };
            if best.is_none_or(|b| value > b.0) {
                best = Some((value, index));
            }
        }
        let index = best.map_or(0, |b| b.1);
        let j = open[index] as usize;
        let op = next[j];
        let begin = ready[j].max(free[machine as usize]);
        let done = begin + flat.time(op, machine);
        code.order.push(op);
        code.machine[op as usize] = machine;
        ready[j] = done;
        free[machine as usize] = done;
        next[j] = op + 1;
        if next[j] as usize == flat.first[j + 1] {
            open.swap_remove(index);
        }
    }
    code
}
