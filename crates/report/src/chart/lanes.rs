//! Time spent: overlaps stacked in lanes, and the share of time that something was under way.

use crate::{Device, Work};
use quantity::{Duration, Instant};
use std::collections::BTreeMap;

/// The lane of each span such that no two in a lane overlap, with as few lanes as possible; spans
/// are given by beginning.
pub(crate) fn lanes(spans: &[(Instant, Instant)]) -> (Vec<usize>, usize) {
    let mut free: Vec<Instant> = Vec::new();
    let chosen = spans
        .iter()
        .map(|(began, ended)| {
            let lane = free.iter().position(|until| until <= began);
            let lane = lane.unwrap_or_else(|| {
                free.push(*ended);
                free.len() - 1
            });
            free[lane] = *ended;
            lane
        })
        .collect();
    (chosen, free.len())
}

/// What a device did with its time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Use {
    /// Share of the time in which at least one operation was under way.
    pub busy: f64,
    /// Mean number of operations under way.
    pub mean: f64,
    /// Operations.
    pub count: usize,
}

/// The use of every device that did something, between two moments.
pub(crate) fn uses(work: &[Work], from: Instant, to: Instant) -> BTreeMap<Device, Use> {
    let mut spans: BTreeMap<Device, Vec<(Instant, Instant)>> = BTreeMap::new();
    for item in work {
        let (began, ended) = (item.began.max(from), item.ended.min(to));
        if began <= ended {
            spans.entry(item.device).or_default().push((began, ended));
        }
    }
    let whole = to.since(from);
    let share = |span: Duration| {
        if whole > Duration::ZERO {
            span.ratio(whole)
        } else {
            0.0
        }
    };
    spans
        .into_iter()
        .map(|(device, mut spans)| {
            spans.sort();
            let (mut busy, mut sum, mut until) = (Duration::ZERO, Duration::ZERO, from);
            for (began, ended) in &spans {
                sum += ended.since(*began);
                if *ended > until {
                    busy += ended.since(until.max(*began));
                    until = *ended;
                }
            }
            let found = Use {
                busy: share(busy),
                mean: share(sum),
                count: spans.len(),
            };
            (device, found)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use quantity::InstrumentId;

    fn span(began: i64, ended: i64) -> (Instant, Instant) {
        (Instant::from_base(began), Instant::from_base(ended))
    }

    #[test]
    fn overlaps_get_their_own_lanes() {
        let spans = [
            span(0, 10),
            span(2, 5),
            span(5, 8),
            span(9, 12),
            span(10, 11),
        ];
        assert_eq!(lanes(&spans), (vec![0, 1, 1, 1, 0], 2));
        assert_eq!(lanes(&[]), (vec![], 0));
    }

    #[test]
    fn busy_counts_time_once_and_mean_counts_every_operation() {
        let device = Device::Instrument(InstrumentId(1));
        let work: Vec<Work> = [span(0, 10), span(5, 20), span(6, 7), span(90, 130)]
            .into_iter()
            .map(|(began, ended)| Work {
                device,
                plate: None,
                operation: "read".into(),
                began,
                ended,
                done: true,
            })
            .collect();
        let found = uses(&work, Instant::EPOCH, Instant::from_base(100))[&device];
        assert!((found.busy - 0.30).abs() < 1e-12);
        assert!((found.mean - 0.36).abs() < 1e-12);
        assert_eq!(found.count, 4);
        assert!(uses(&work, Instant::EPOCH, Instant::EPOCH)[&device].busy == 0.0);
    }
}
