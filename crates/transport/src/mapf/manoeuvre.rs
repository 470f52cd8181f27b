//! Manoeuvres: what a robot with a heading may do in the next few steps, as a tree of prefixes.

use super::Cell;
use super::grid::{Grid, NONE};
use super::lifelong::Turn;
use std::collections::BTreeSet;

/// Robots plan this many steps ahead: on a crowded map four serve a sixth more errands than three.
pub(crate) const AHEAD: usize = 4;

/// All turns.
const ALL: [Turn; 4] = [Turn::Forward, Turn::Clockwise, Turn::Counter, Turn::Wait];

/// The cells of a manoeuvre, from where it begins.
pub(crate) type Path = [Cell; AHEAD + 1];

/// A step of some manoeuvres, in preorder.
#[derive(Clone, Copy, Debug)]
struct Node {
    turn: Turn,
    depth: u8,
    /// The first node that is not below this one.
    after: u16,
    /// Which manoeuvre ends here.
    leaf: Option<u16>,
}

/// All manoeuvres of [`AHEAD`] steps, but of those that lead the same way only one.
#[derive(Debug)]
pub(crate) struct Manoeuvres {
    list: Vec<[Turn; AHEAD]>,
    nodes: Vec<Node>,
}

impl Manoeuvres {
    pub(crate) fn new() -> Self {
        let mut list: Vec<[Turn; AHEAD]> = (0..4_usize.pow(AHEAD as u32))
            .map(|number| std::array::from_fn(|k| ALL[number / 4_usize.pow(k as u32) % 4]))
            .collect();
        // Where several lead the same way, the one that turns least and earliest does: who waits
        // must not spin.
        list.sort_by_cached_key(|turns| {
            let steps = (0..AHEAD).filter(|k| matches!(turns[*k], Turn::Clockwise | Turn::Counter));
            (steps.clone().count(), steps.sum::<usize>())
        });
        let mut seen = BTreeSet::new();
        list.retain(|turns| seen.insert(trace(turns)));
        list.sort_by_cached_key(|turns| turns.map(|t| t as u8));
        let mut nodes = Vec::new();
        grow(&mut nodes, &list, 0, 0);
        Self { list, nodes }
    }

    /// The turns of a manoeuvre.
    pub(crate) fn turns(&self, manoeuvre: u16) -> &[Turn; AHEAD] {
        &self.list[usize::from(manoeuvre)]
    }

    /// The manoeuvres that stay on the map, with what they cost and their cells: the cost is the sum of the rates of where the
    /// steps lead, or, where one ends the errand, what arriving in that step costs.
    pub(crate) fn each(
        &self,
        grid: &Grid,
        from: (Cell, u8),
        rate: &impl Rate,
        mut found: impl FnMut(u16, u32, &Path),
    ) {
        let mut states = [(from.1, 0_u32, false); AHEAD + 1];
        let mut path = [from.0; AHEAD + 1];
        let mut at = 0;
        while let Some(node) = self.nodes.get(at) {
            let depth = usize::from(node.depth);
            let (heading, cost, reached) = states[depth];
            let Some((cell, heading)) = step(grid, path[depth], heading, node.turn) else {
                at = usize::from(node.after);
                continue;
            };
            let last = depth + 1 == AHEAD;
            path[depth + 1] = cell;
            states[depth + 1] = if reached {
                (heading, cost, true)
            } else if rate.reached(cell) {
                (heading, rate.arrival(depth), true)
            } else {
                (heading, cost + rate.rate(cell, heading, last), false)
            };
            if let Some(leaf) = node.leaf {
                found(leaf, states[depth + 1].1, &path);
            }
            at += 1;
        }
    }
}

/// Adds the nodes below a prefix of `depth` turns, which all of `list` have in common.
fn grow(nodes: &mut Vec<Node>, list: &[[Turn; AHEAD]], depth: usize, first: usize) {
    let mut done = 0;
    for alike in list.chunk_by(|a, b| a[depth] == b[depth]) {
        let node = nodes.len();
        let last = depth + 1 == AHEAD;
        nodes.push(Node {
            turn: alike[0][depth],
            depth: depth as u8,
            after: 0,
            leaf: last.then_some((first + done) as u16),
        });
        if !last {
            grow(nodes, alike, depth + 1, first + done);
        }
        nodes[node].after = nodes.len() as u16;
        done += alike.len();
    }
}

/// What places cost.
pub(crate) trait Rate {
    /// Whether an errand ends here.
    fn reached(&self, cell: Cell) -> bool;
    /// What a manoeuvre costs that ends its errand in this step, counted from zero.
    fn arrival(&self, step: usize) -> u32;
    /// What it costs to be here, after the last step of a manoeuvre or before.
    fn rate(&self, cell: Cell, heading: u8, last: bool) -> u32;
}

/// Where a turn leads; none off the map.
#[inline]
pub(crate) fn step(grid: &Grid, cell: Cell, heading: u8, turn: Turn) -> Option<(Cell, u8)> {
    match turn {
        Turn::Forward => {
            let to = grid.sides(cell)[usize::from(heading)];
            (to != NONE).then_some((to, heading))
        }
        Turn::Clockwise => Some((cell, (heading + 1) % 4)),
        Turn::Counter => Some((cell, (heading + 3) % 4)),
        Turn::Wait => Some((cell, heading)),
    }
}

/// Where a manoeuvre leads from the origin, facing east: places by step, and the last heading.
fn trace(manoeuvre: &[Turn; AHEAD]) -> ([(i8, i8); AHEAD], u8) {
    let (mut x, mut y, mut heading) = (0, 0, 0_u8);
    let places = manoeuvre.map(|turn| {
        match turn {
            Turn::Forward => {
                x += [1, 0, -1, 0][usize::from(heading)];
                y += [0, 1, 0, -1][usize::from(heading)];
            }
            Turn::Clockwise => heading = (heading + 1) % 4,
            Turn::Counter => heading = (heading + 3) % 4,
            Turn::Wait => {}
        }
        (x, y)
    });
    (places, heading)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_is_there_once() {
        let found = Manoeuvres::new();
        let ways: BTreeSet<_> = found.list.iter().map(trace).collect();
        assert_eq!(ways.len(), found.list.len());
        for number in 0..4_usize.pow(AHEAD as u32) {
            let turns = std::array::from_fn(|k| ALL[number / 4_usize.pow(k as u32) % 4]);
            assert!(ways.contains(&trace(&turns)), "{turns:?}");
        }
        assert!(
            found.list.contains(&[Turn::Wait; AHEAD]),
            "who waits must not spin"
        );
    }

    /// Nothing but the end counts.
    struct Ends;

    impl Rate for Ends {
        fn reached(&self, _: Cell) -> bool {
            false
        }
        fn arrival(&self, _: usize) -> u32 {
            0
        }
        fn rate(&self, cell: Cell, _: u8, last: bool) -> u32 {
            if last { cell } else { 0 }
        }
    }

    #[test]
    fn the_tree_leads_where_the_turns_lead() {
        let grid = Grid::new(3, 1, &[true; 3]);
        let manoeuvres = Manoeuvres::new();
        let mut ends = 0;
        manoeuvres.each(&grid, (0, 0), &Ends, |k, cell, path| {
            let mut at = (0, 0);
            for turn in manoeuvres.turns(k) {
                at = step(&grid, at.0, at.1, *turn).unwrap();
            }
            assert_eq!((at.0, at.0), (cell, path[AHEAD]));
            ends += 1;
        });
        let inside = manoeuvres.list.iter().filter(|turns| {
            let (places, _) = trace(turns);
            places.iter().all(|(x, y)| (0..3).contains(x) && *y == 0)
        });
        assert_eq!(ends, inside.count());
    }
}
