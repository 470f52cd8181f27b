//! An estimate and its interval as a dot on a line, small enough for a table.

use super::at;
use super::frame::svg;
use super::scale::Scale;
use crate::Candidate;
use crate::markup::Markup;
use crate::number::{interval, number};

const WIDTH: f64 = 130.0;
const HEIGHT: f64 = 22.0;

/// The common range of some candidates.
pub(crate) fn range(candidates: &[Candidate]) -> Scale {
    let ends = candidates
        .iter()
        .flat_map(|c| [c.interval.0, c.interval.1, c.estimate]);
    let (low, high) = Scale::around(ends, 0.05);
    Scale {
        low,
        high,
        from: 6.0,
        to: WIDTH - 6.0,
    }
}

pub(crate) fn draw(m: &mut Markup, candidate: &Candidate, range: &Scale) {
    let description = format!("95 % interval {}", interval(candidate.interval));
    svg(
        m,
        WIDTH,
        HEIGHT,
        &number(candidate.estimate),
        &description,
        |m| {
            let (low, high) = candidate.interval;
            if !(low.is_finite() && high.is_finite() && candidate.estimate.is_finite()) {
                return;
            }
            let middle = HEIGHT / 2.0;
            let (x1, x2) = (
                range.place(candidate.interval.0),
                range.place(candidate.interval.1),
            );
            let (x1, x2) = (at(x1), at(x2));
            m.shape(
                "line",
                &[
                    ("class", &"whisker"),
                    ("x1", &x1),
                    ("x2", &x2),
                    ("y1", &middle),
                    ("y2", &middle),
                ],
            );
            let x = at(range.place(candidate.estimate));
            m.within(
                "circle",
                &[("class", &"dot c1"), ("cx", &x), ("cy", &middle), ("r", &5)],
                |m| m.element("title", &[], description.clone()),
            );
        },
    );
}
