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
