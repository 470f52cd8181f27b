//! Whether the times of a protocol can all be kept.
//!
//! Begins and ends of steps are points of a simple temporal network (Dechter, Meiri, Pearl,
//! Artif. Intell. 49 (1991) 61-95): every condition is a least difference `time(b) - time(a) >= w`,
//! and all can be kept exactly if no circle of conditions has a positive sum.

use crate::{Edge, Protocol};
use quantity::{Duration, StepId};

/// A condition that takes part in a contradiction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// A step takes at least so long.
    Lasts(StepId, Duration),
    /// From the end of a step to the begin of the next one of the plate, at least so long.
    Gap(StepId, StepId, Duration),
    /// The minimum of a lag, by its place in [`Protocol::lags`].
    AtLeast(usize),
    /// The maximum of a lag, by its place in [`Protocol::lags`].
    AtMost(usize),
}

/// Conditions that can't be kept together: a circle with a positive sum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contradiction {
    /// The conditions, in order round the circle.
    pub conditions: Vec<Condition>,
    /// By how much they miss one another.
    pub excess: Duration,
}

struct Arc {
    from: usize,
    to: usize,
    weight: i64,
    why: Condition,
}

fn point(step: StepId, edge: Edge) -> usize {
    step.index() * 2 + usize::from(edge == Edge::End)
}

/// Looks for a contradiction between the lags, the least time that each step `lasts`, and the least
/// `gap` from the end of a step to the begin of the next in the plate's order.
///
/// Bellman-Ford over begins and ends: `O(steps x (steps + lags))`.
pub fn contradiction(
    protocol: &Protocol,
    lasts: impl Fn(StepId) -> Duration,
    gap: impl Fn(StepId, StepId) -> Duration,
) -> Option<Contradiction> {
    let steps = &protocol.steps;
    let mut arcs = Vec::new();
    let mut demand = |from, to, weight: i64, why| {
        arcs.push(Arc {
            from,
            to,
            weight,
            why,
        });
    };
    for step in steps {
        let least = lasts(step.id);
        let why = Condition::Lasts(step.id, least);
        demand(
            point(step.id, Edge::Begin),
            point(step.id, Edge::End),
            least.base(),
            why,
        );
    }
    for pair in steps.windows(2) {
        let (a, b) = (pair[0].id, pair[1].id);
        let least = gap(a, b);
        let why = Condition::Gap(a, b, least);
        demand(
            point(a, Edge::End),
            point(b, Edge::Begin),
            least.base(),
            why,
        );
    }
    for (index, lag) in protocol.lags.iter().enumerate() {
        let (from, to) = (point(lag.from.0, lag.from.1), point(lag.to.0, lag.to.1));
        demand(from, to, lag.min.base(), Condition::AtLeast(index));
        if let Some(max) = lag.max {
            demand(to, from, -max.base(), Condition::AtMost(index));
        }
    }
    circle(steps.len() * 2, &arcs)
}

fn circle(points: usize, arcs: &[Arc]) -> Option<Contradiction> {
    let mut earliest = vec![0_i64; points];
    let mut by: Vec<Option<usize>> = vec![None; points];
    let mut last = None;
    for _ in 0..=points {
        last = None;
        for (index, arc) in arcs.iter().enumerate() {
            let reached = earliest[arc.from].saturating_add(arc.weight);
            if reached > earliest[arc.to] {
                earliest[arc.to] = reached;
                by[arc.to] = Some(index);
                last = Some(arc.to);
            }
        }
        last?;
    }
    // A point that still moves hangs on a circle; after so many steps back we are on it.
    let mut at = last?;
    for _ in 0..points {
        at = arcs[by[at]?].from;
    }
    let start = at;
    let mut conditions = Vec::new();
    let mut excess = 0_i64;
    loop {
        let arc = &arcs[by[at]?];
        conditions.push(arc.why);
        excess = excess.saturating_add(arc.weight);
        at = arc.from;
        if at == start {
            break;
        }
    }
    conditions.reverse();
    // Told from where the maximum begins to where it ends.
    if let Some(most) = conditions
        .iter()
        .position(|c| matches!(c, Condition::AtMost(_)))
    {
        conditions.rotate_left(most + 1);
    }
    Some(Contradiction {
        conditions,
        excess: Duration::from_base(excess),
    })
}
