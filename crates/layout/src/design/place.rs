//! Which station stands in which slot: flow × distance, as a quadratic assignment.

use crate::qap::{self, Instance};
use quantity::{BerthId, Seed};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use transport::Track;

/// Exchanges of the search: enough for the optimum of halls of thirty stations.
const TURNS: u64 = 60_000;
/// Flows are counted in thousandths of a plate an hour.
const FLOW_UNIT: f64 = 1_000.0;

/// Micrometres over the track from each berth to each other, by the shortest way; from one to
/// itself, none.
pub fn distances(track: &Track, berths: &[BerthId]) -> Vec<Vec<i64>> {
    berths
        .iter()
        .map(|from| {
            let far = from_berth(track, *from);
            berths
                .iter()
                .map(|to| {
                    if to == from {
                        return 0;
                    }
                    let berth = track.berth(*to);
                    let ends = berth.entered_from.iter().map(|b| far[b.index()]);
                    let least = ends.min().unwrap_or(i64::MAX / 4);
                    least.saturating_add(berth.enter.length.base())
                })
                .collect()
        })
        .collect()
}

/// Micrometres from a berth to the end of each block.
fn from_berth(track: &Track, from: BerthId) -> Vec<i64> {
    let mut far = vec![i64::MAX / 4; track.blocks().len()];
    let mut heap = BinaryHeap::new();
    let berth = track.berth(from);
    for id in &berth.leaves_to {
        let length = berth.leave.length.base() + track.block(*id).length.base();
        far[id.index()] = length;
        heap.push(Reverse((length, *id)));
    }
    while let Some(Reverse((length, id))) = heap.pop() {
        if length > far[id.index()] {
            continue;
        }
        for next in &track.block(id).next {
            let total = length + track.block(*next).length.base();
            if total < far[next.index()] {
                far[next.index()] = total;
                heap.push(Reverse((total, *next)));
            }
        }
    }
    far
}

/// The slot of each module, so that flow × distance is least. `flows[i][j]` counts rides an hour
/// from module `i` to `j`; `distances` are between slots, of which there are as many or more.
pub fn place(flows: &[Vec<f64>], distances: &[Vec<i64>], seed: Seed) -> Vec<usize> {
    let (modules, n) = (flows.len(), distances.len());
    let identity: Vec<usize> = (0..modules).collect();
    let mut flow = vec![0; n * n];
    for (i, row) in flows.iter().enumerate() {
        for (j, rides) in row.iter().enumerate().filter(|(j, _)| *j != i) {
            flow[i * n + j] = (rides * FLOW_UNIT).round() as i64;
        }
    }
    // Millimetres are as fine as it needs to be.
    let distance = distances.iter().flatten().map(|d| d / 1_000).collect();
    let Ok(instance) = Instance::new(n, flow, distance) else {
        return identity;
    };
    let solution = qap::solve(&instance, seed, &mut |progress| progress.turns < TURNS);
    let before = instance.cost(&(0..n).collect::<Vec<_>>());
    if solution.cost < before {
        solution.places[..modules].to_vec()
    } else {
        identity
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use transport::BerthKind;
    use transport::layouts::{Plan, oval};

    #[test]
    fn ways_round_a_loop_add_up() {
        let track = oval(Plan::default(), 6, 2).unwrap();
        let docks: Vec<BerthId> = track
            .berths()
            .iter()
            .filter(|b| b.kind == BerthKind::Dock)
            .map(|b| b.id)
            .collect();
        let far = distances(&track, &docks);
        let round: i64 = track.blocks().iter().map(|b| b.length.base()).sum();
        let siding = |id: BerthId| track.berth(id).enter.length + track.berth(id).leave.length;
        for (i, a) in docks.iter().enumerate() {
            assert_eq!(far[i][i], 0);
            for (j, b) in docks.iter().enumerate().filter(|(j, _)| *j != i) {
                // There and back is once round, with both sidings in and out.
                let both = far[i][j] + far[j][i];
                assert_eq!(both, round + (siding(*a) + siding(*b)).base());
            }
        }
    }

    #[test]
    fn the_busiest_pair_stands_together() {
        // Four slots in a row; the first and the last module exchange most.
        let far: Vec<Vec<i64>> = (0..4_i64)
            .map(|i| (0..4_i64).map(|j| (i - j).abs() * 1_000_000).collect())
            .collect();
        let mut flows = vec![vec![0.0; 3]; 3];
        flows[0][2] = 10.0;
        flows[2][0] = 10.0;
        flows[0][1] = 1.0;
        let slots = place(&flows, &far, Seed(3));
        assert_eq!(slots[0].abs_diff(slots[2]), 1, "{slots:?}");
        assert_eq!(slots[0].abs_diff(slots[1]), 1, "{slots:?}");
    }
}
