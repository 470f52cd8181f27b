//! The track as decisions: blocks with several ways on, and the stems between them.
//!
//! From a block with one way on there is nothing to choose until a block with several, its *fork*.
//! The blocks that lead to one fork are a tree that grows together towards it, so whether one block
//! is on the way from another to its fork is told from two numbers, as in the parenthesis theorem of
//! depth-first search (Cormen et al., *Introduction to Algorithms*, 3rd edition, section 22.3).

use crate::track::Track;

/// No block.
pub(crate) const NONE: u32 = u32::MAX;

/// Where a block leads without a choice.
#[derive(Clone, Copy, Debug)]
struct Stem {
    /// Which fork, counted among the forks.
    fork: u32,
    /// The nominal time from the block's start to the start of the fork.
    down: u32,
    /// The next block; none at a fork.
    next: u32,
    /// When a search back from the forks comes to the block and leaves what is behind it.
    comes: u32,
    leaves: u32,
}

/// The forks of a track and what leads to them.
#[derive(Clone, Debug)]
pub(crate) struct Stems {
    stems: Vec<Stem>,
    /// The block of each fork.
    forks: Vec<u32>,
    /// For each fork where its ways begin in `reached_from`; one more for the end of the last.
    starts: Vec<u32>,
    /// A way from one fork to another: the fork it comes from, its first block after that, and the
    /// nominal time from start to start.
    reached_from: Vec<(u32, u32, u32)>,
}

impl Stems {
    /// Of a track whose blocks take `costs` and follow those in `before`.
    pub(crate) fn new(track: &Track, costs: &[u32], before: &[Vec<u32>]) -> Self {
        let n = track.blocks.len();
        let mut forks: Vec<u32> = Vec::new();
        let unknown = Stem {
            fork: NONE,
            down: 0,
            next: NONE,
            comes: NONE,
            leaves: 0,
        };
        let mut stems = vec![unknown; n];
        let mut clock = 0;
        // True forks first; a ring without any gets one where it is first met.
        let mut is_fork: Vec<bool> = track.blocks.iter().map(|b| b.next.len() != 1).collect();
        let mut roots: Vec<u32> = (0..n as u32).filter(|b| is_fork[*b as usize]).collect();
        roots.extend((0..n as u32).filter(|b| !is_fork[*b as usize]));
        let mut stack: Vec<(u32, bool)> = Vec::new();
        for root in roots {
            if stems[root as usize].comes != NONE {
                continue;
            }
            is_fork[root as usize] = true;
            let fork = forks.len() as u32;
            forks.push(root);
            stems[root as usize].fork = fork;
            stack.push((root, false));
            while let Some((b, done)) = stack.pop() {
                if done {
                    stems[b as usize].leaves = clock;
                    continue;
                }
                stems[b as usize].comes = clock;
                clock += 1;
                stack.push((b, true));
                for &p in &before[b as usize] {
                    if !is_fork[p as usize] && stems[p as usize].comes == NONE {
                        let down = if b == root { 0 } else { stems[b as usize].down };
                        stems[p as usize].fork = fork;
                        stems[p as usize].next = b;
                        stems[p as usize].down = costs[p as usize].saturating_add(down);
                        stack.push((p, false));
                    }
                }
            }
        }
        let mut ways: Vec<(u32, u32, u32, u32)> = Vec::new();
        for (from, &block) in forks.iter().enumerate() {
            for next in &track.blocks[block as usize].next {
                let stem = stems[next.index()];
                let cost = costs[block as usize].saturating_add(stem.down);
                ways.push((stem.fork, from as u32, next.0, cost));
            }
        }
        ways.sort_unstable();
        let starts = (0..=forks.len() as u32)
            .map(|fork| ways.partition_point(|way| way.0 < fork) as u32)
            .collect();
        Self {
            stems,
            forks,
            starts,
            reached_from: ways.into_iter().map(|way| (way.1, way.2, way.3)).collect(),
        }
    }

    /// How many forks there are.
    pub(crate) fn forks(&self) -> usize {
        self.forks.len()
    }

    /// The block of a fork.
    #[cfg(test)]
    pub(crate) fn block_of(&self, fork: u32) -> u32 {
        self.forks[fork as usize]
    }

    /// The fork to which a block leads, and the nominal time from the block's start to the fork's.
    pub(crate) fn fork_of(&self, block: u32) -> (u32, u32) {
        let stem = &self.stems[block as usize];
        (stem.fork, stem.down)
    }

    /// The only block after one that is no fork.
    pub(crate) fn next(&self, block: u32) -> Option<u32> {
        let next = self.stems[block as usize].next;
        (next != NONE).then_some(next)
    }

    /// Whether a mover on a block passes another before it can choose, or is on it.
    pub(crate) fn passes(&self, block: u32, other: u32) -> bool {
        let (block, other) = (&self.stems[block as usize], &self.stems[other as usize]);
        other.comes <= block.comes && block.comes < other.leaves
    }

    /// The ways that lead straight to a fork: the fork each comes from, its first block after that,
    /// and the nominal time from start to start.
    pub(crate) fn ways_to(&self, fork: u32) -> &[(u32, u32, u32)] {
        let [from, to] = [fork, fork + 1].map(|f| self.starts[f as usize] as usize);
        &self.reached_from[from..to]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layouts::{self, Plan};
    use quantity::Length;

    #[test]
    fn stems_follow_single_ways_to_their_forks() {
        let plan = Plan::default();
        for track in [
            layouts::oval(plan, 6, 6).unwrap(),
            layouts::streets(plan, 4, 6, 3, 60, 44).unwrap(),
            layouts::comb(plan, 4, 16, 12).unwrap(),
            layouts::open_floor(plan.footprint, Length::from_mm(240.0), 6, 5, 10, 12).unwrap(),
        ] {
            let n = track.blocks.len();
            let mut before = vec![Vec::new(); n];
            for block in &track.blocks {
                for next in &block.next {
                    before[next.index()].push(block.id.0);
                }
            }
            let costs: Vec<u32> = (0..n as u32).map(|b| b % 7 + 1).collect();
            let stems = Stems::new(&track, &costs, &before);
            for b in 0..n as u32 {
                let (fork, down) = stems.fork_of(b);
                let (mut at, mut sum) = (b, 0);
                let mut passed = vec![b];
                while let Some(next) = stems.next(at) {
                    assert_eq!(track.blocks[at as usize].next, [quantity::BlockId(next)]);
                    sum += costs[at as usize];
                    at = next;
                    passed.push(at);
                }
                assert_eq!((stems.block_of(fork), down), (at, sum));
                for other in 0..n as u32 {
                    assert_eq!(stems.passes(b, other), passed.contains(&other));
                }
            }
            let ways: usize = (0..stems.forks() as u32)
                .map(|f| stems.ways_to(f).len())
                .sum();
            let expected: usize = (0..stems.forks() as u32)
                .map(|f| track.blocks[stems.block_of(f) as usize].next.len())
                .sum();
            assert_eq!(ways, expected);
        }
    }
}
