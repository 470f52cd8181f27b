//! Contradictions between times, against a slower and more obvious checker.
#![allow(clippy::unwrap_used)]

use labware::Catalogue;
use proptest::prelude::*;
use protocol::timing::{Condition, contradiction};
use protocol::{Edge, Lag, Operation, Params, Protocol, Step};
use quantity::{Duration, StepId};
use std::sync::Arc;

fn protocol(steps: usize, lags: Vec<Lag>) -> Protocol {
    let labware = Catalogue::standard();
    let labware = labware.get("corning_96_wellplate_360ul_flat").unwrap();
    Protocol {
        name: "random".into(),
        labware: Arc::clone(labware),
        steps: (0..steps)
            .map(|i| Step {
                id: StepId(i as u16),
                name: format!("s{i}").into(),
                operation: Operation {
                    capability: "scan".into(),
                    params: Params::new(),
                },
                after: i
                    .checked_sub(1)
                    .map(|j| StepId(j as u16))
                    .into_iter()
                    .collect(),
                worklist: None,
                reading: None,
            })
            .collect(),
        lags,
    }
}

/// Begins and ends at the earliest times that keep every minimum, by trying again and again from
/// scratch; none if some maximum is still broken after as many rounds as there are edges.
fn earliest(protocol: &Protocol, lasts: &[i64], gaps: &[i64]) -> Option<Vec<i64>> {
    let n = protocol.steps.len() * 2;
    let at = |(step, edge): (StepId, Edge)| step.index() * 2 + usize::from(edge == Edge::End);
    let mut time = vec![0_i64; n];
    for _ in 0..=n {
        let mut next = vec![0_i64; n];
        for i in 0..protocol.steps.len() {
            let before = if i == 0 {
                0
            } else {
                next[2 * i - 1] + gaps[i - 1]
            };
            next[2 * i] = time[2 * i].max(before);
            next[2 * i + 1] = time[2 * i + 1].max(next[2 * i] + lasts[i]);
        }
        for lag in &protocol.lags {
            let (a, b) = (at(lag.from), at(lag.to));
            next[b] = next[b].max(next[a] + lag.min.base());
            if let Some(max) = lag.max {
                next[a] = next[a].max(next[b] - max.base());
            }
        }
        if next == time {
            return Some(time);
        }
        time = next;
    }
    None
}

type Drawn = (usize, Edge, usize, Edge, i64, Option<i64>);

fn lags(steps: usize, drawn: &[Drawn]) -> Vec<Lag> {
    drawn
        .iter()
        .filter_map(|&(a, ea, b, eb, min, over)| {
            let ends = [
                (StepId((a % steps) as u16), ea),
                (StepId((b % steps) as u16), eb),
            ];
            let (from, to) = (ends[0].min(ends[1]), ends[0].max(ends[1]));
            (from != to).then_some(Lag {
                from,
                to,
                min: Duration::from_base(min),
                max: over.map(|over| Duration::from_base(min + over)),
            })
        })
        .collect()
}

fn edge() -> impl Strategy<Value = Edge> {
    prop_oneof![Just(Edge::Begin), Just(Edge::End)]
}

proptest! {
    #[test]
    fn found_exactly_where_no_times_keep_all(
        steps in 1_usize..7,
        lasts in prop::collection::vec(0_i64..20, 7),
        gaps in prop::collection::vec(0_i64..5, 7),
        drawn in prop::collection::vec(
            (0_usize..7, edge(), 0_usize..7, edge(), 0_i64..30, prop::option::of(0_i64..30)), 0..6),
    ) {
        let protocol = protocol(steps, lags(steps, &drawn));
        let found = contradiction(
            &protocol,
            |id| Duration::from_base(lasts[id.index()]),
            |a, _| Duration::from_base(gaps[a.index()]),
        );
        let times = earliest(&protocol, &lasts, &gaps);
        prop_assert_eq!(found.is_none(), times.is_some());
        if let Some(found) = found {
            let sum: i64 = found.conditions.iter().map(|condition| match condition {
                Condition::Lasts(_, time) | Condition::Gap(_, _, time) => time.base(),
                Condition::AtLeast(lag) => protocol.lags[*lag].min.base(),
                Condition::AtMost(lag) => -protocol.lags[*lag].max.unwrap().base(),
            }).sum();
            prop_assert!(sum > 0);
            prop_assert_eq!(found.excess.base(), sum);
        }
    }
}
