//! Bounds on makespans from one kind of resource at a time.

/// Items looked at for one bound, at most: with more, fewer subsets are tried.
const WORK_MOST: usize = 4_000_000;

/// A makespan that identical machines can't beat with these items (head, time, tail): for every subset
/// of items with a head of at least `h` and a tail of at least `t`, the work over the machines behind the
/// least heads and before the least tails (Carlier 1987: as `m` machines begin one after the other, the
/// `m` least heads and tails count by their mean).
pub(crate) fn parallel(items: &[(i64, i64, i64)], machines: i64) -> i64 {
    if items.is_empty() || machines < 1 {
        return 0;
    }
    let mut bound = items.iter().map(|i| i.0 + i.1 + i.2).max().unwrap_or(0);
    // Of very many thresholds, an even choice: any choice of subsets is valid.
    let choice = (WORK_MOST / items.len()).isqrt().clamp(3, 60);
    let mut heads: Vec<i64> = items.iter().map(|i| i.0).collect();
    let mut tails: Vec<i64> = items.iter().map(|i| i.2).collect();
    for list in [&mut heads, &mut tails] {
        list.sort_unstable();
        list.dedup();
        let every = list.len().div_ceil(choice).max(1);
        *list = list.iter().copied().step_by(every).collect();
    }
    for &head in &heads {
        for &tail in &tails {
            let inside: Vec<&(i64, i64, i64)> = items
                .iter()
                .filter(|i| i.0 >= head && i.2 >= tail)
                .collect();
            if (inside.len() as i64) < machines {
                continue;
            }
            let work: i64 = inside.iter().map(|i| i.1).sum();
            let mut h: Vec<i64> = inside.iter().map(|i| i.0).collect();
            let mut t: Vec<i64> = inside.iter().map(|i| i.2).collect();
            let m = machines as usize;
            h.select_nth_unstable(m - 1);
            t.select_nth_unstable(m - 1);
            let ends: i64 = h[..m].iter().sum::<i64>() + t[..m].iter().sum::<i64>();
            let (first, last) = (h[..m].iter().min(), t[..m].iter().min());
            bound = bound.max((work + ends + machines - 1) / machines);
            // Some machine does at least so many of them, one after the other.
            let rounds = (inside.len() as i64 + machines - 1) / machines;
            let mut works: Vec<i64> = inside.iter().map(|i| i.1).collect();
            works.select_nth_unstable(rounds as usize - 1);
            let least: i64 = works[..rounds as usize].iter().sum();
            bound = bound.max(first.unwrap_or(&0) + least + last.unwrap_or(&0));
        }
    }
    bound
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_begin_one_after_the_other() {
        // Two machines, one plate that can begin at 0 and one at 10: the second machine can't help before.
        let items = [(0, 6, 0), (10, 6, 0)];
        assert_eq!(parallel(&items, 2), 16);
        // Four equal items on two machines.
        assert_eq!(parallel(&[(1, 5, 2); 4], 2), 13);
    }
}
