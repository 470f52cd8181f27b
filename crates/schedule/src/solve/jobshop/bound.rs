//! Makespans that no solution of a job shop can beat.

use crate::formats::jobshop::JobShop;
use std::collections::{BTreeMap, BinaryHeap};

/// The greatest of these: the longest job at its fastest; for every set of machines that is the choice
/// of some operation, the work that can be done nowhere else, behind the least head and before the least
/// tail; and for every single machine the preemptive one-machine bound with heads and tails (Jackson 1955,
/// Carlier 1982).
#[must_use]
pub fn job_shop_bound(shop: &JobShop) -> i64 {
    // By operation: head, least time, tail, machines.
    let mut items: Vec<(i64, i64, i64, Vec<usize>)> = Vec::new();
    let mut bound = 0;
    for job in &shop.jobs {
        let least: Vec<i64> = job
            .iter()
            .map(|o| o.iter().map(|x| x.1).min().unwrap_or(0))
            .collect();
        let whole: i64 = least.iter().sum();
        bound = bound.max(whole);
        let mut head = 0;
        for (options, &time) in job.iter().zip(&least) {
            let mut machines: Vec<usize> = options.iter().map(|o| o.0).collect();
            machines.sort_unstable();
            machines.dedup();
            items.push((head, time, whole - head - time, machines));
            head += time;
        }
    }
    let mut sets: BTreeMap<Vec<usize>, ()> = items.iter().map(|i| (i.3.clone(), ())).collect();
    sets.insert((0..shop.machines).collect(), ());
    for set in sets.keys() {
        let inside: Vec<(i64, i64, i64)> = items
            .iter()
            .filter(|i| i.3.iter().all(|m| set.binary_search(m).is_ok()))
            .map(|&(h, p, t, _)| (h, p, t))
            .collect();
        if set.len() == 1 {
            bound = bound.max(preemptive(inside));
        } else if let (Some(head), Some(tail)) = (
            inside.iter().map(|i| i.0).min(),
            inside.iter().map(|i| i.2).min(),
        ) {
            let work: i64 = inside.iter().map(|i| i.1).sum();
            let machines = set.len() as i64;
            bound = bound.max(head + (work + machines - 1) / machines + tail);
        }
    }
    bound
}

/// The least makespan on one machine with heads and tails where work may be interrupted: always the
/// longest tail that is there.
fn preemptive(mut items: Vec<(i64, i64, i64)>) -> i64 {
    items.sort_unstable();
    let mut waiting: BinaryHeap<(i64, i64)> = BinaryHeap::new();
    let (mut now, mut bound, mut next) = (0, 0, 0);
    while next < items.len() || !waiting.is_empty() {
        if waiting.is_empty() {
            now = now.max(items[next].0);
        }
        while next < items.len() && items[next].0 <= now {
            waiting.push((items[next].2, items[next].1));
            next += 1;
        }
        let Some((tail, left)) = waiting.pop() else {
            continue;
        };
        let until = items.get(next).map_or(i64::MAX, |i| i.0);
        let run = left.min(until - now);
        now += run;
        if run < left {
            waiting.push((tail, left - run));
        } else {
            bound = bound.max(now + tail);
        }
    }
    bound
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_machine_is_worked_longest_tail_first() {
        // Carlier's example, 1982: the preemptive bound is 49.
        let items = vec![
            (10, 5, 7),
            (13, 6, 26),
            (11, 7, 24),
            (20, 4, 21),
            (30, 3, 8),
            (0, 6, 17),
            (30, 2, 0),
        ];
        assert_eq!(preemptive(items), 49);
    }
}
