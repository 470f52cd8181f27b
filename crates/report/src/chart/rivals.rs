//! Rival hypotheses: their probabilities plate by plate, and their curves through the wells.

use super::frame::{Frame, line};
use super::scale::Scale;
use crate::limits::DOTS_MAX;
use crate::markup::Markup;
use crate::number::{chance, count, named, number, with_unit};
use crate::score::Z95;
use crate::{Campaign, Level, Rival, Rivals};

/// Colours that lines have; more hypotheses begin again.
const COLOURS: [&str; 7] = ["c1", "c2", "c3", "c4", "c5", "c6", "c7"];

/// The colour of the hypothesis at a place; what comes after the last is that none holds.
pub(crate) fn colour(at: usize, count: usize) -> &'static str {
    if at >= count {
        "c0"
    } else {
        COLOURS[at % COLOURS.len()]
    }
}

/// The probability of each hypothesis before any well and after each plate.
pub(crate) fn probabilities(m: &mut Markup, found: &Rivals) {
    let whole: f64 = found.each.iter().map(|rival| rival.prior).sum();
    let own = found.each.iter().map(|rival| {
        (
            rival.name.as_str(),
            Some(rival.prior / whole),
            &rival.probabilities,
        )
    });
    let all: Vec<(&str, Option<f64>, &Vec<f64>)> =
        own.chain([("none of these", None, &found.none)]).collect();
    let plates = all
        .iter()
        .map(|(_, _, shares)| shares.len())
        .max()
        .unwrap_or(0);
    let frame = Frame::new(
        (530.0, 300.0),
        (0.0, plates.max(1) as f64),
        (0.0, 1.04),
        "plates".into(),
        "probability".into(),
    );
    let description: Vec<String> = all
        .iter()
        .map(|(name, _, shares)| {
            let last = shares.last().copied().map_or("–".into(), chance);
            format!("{name}: {last}")
        })
        .collect();
    let ticks = (0..=plates).step_by(plates.div_ceil(12).max(1));
    let ticks = ticks
        .map(|plate| (plate as f64, plate.to_string()))
        .collect();
    frame.draw(
        m,
        "How probable each is",
        &format!("In the end {}.", description.join(", ")),
        Some(ticks),
        |m, frame| {
            let (x1, y) = frame.place(0.0, found.wanted);
            let ends: [(&'static str, &dyn std::fmt::Display); 5] = [
                ("class", &"target"),
                ("x1", &x1),
                ("x2", &frame.x.to),
                ("y1", &y),
                ("y2", &y),
            ];
            m.shape("line", &ends);
            // The most probable one is drawn last, above the others.
            let mut order: Vec<usize> = (0..all.len()).collect();
            let last = |at: &usize| all[*at].2.last().copied().unwrap_or(0.0);
            order.sort_by(|a, b| last(a).total_cmp(&last(b)));
            for at in order {
                let (name, prior, shares) = &all[at];
                let class = colour(at, found.each.len());
                let points: Vec<(f64, f64)> = prior
                    .iter()
                    .map(|share| (0.0, *share))
                    .chain((1..).map(f64::from).zip(shares.iter().copied()))
                    .collect();
                let path = line(points.iter().map(|(x, y)| frame.place(*x, *y)));
                m.shape("path", &[("class", &format!("line {class}")), ("d", &path)]);
                for (plate, share) in points {
                    let (x, y) = frame.place(plate, share);
                    let class = format!("dot {class}");
                    let at: [(&'static str, &dyn std::fmt::Display); 4] =
                        [("class", &class), ("cx", &x), ("cy", &y), ("r", &4.0)];
                    m.within("circle", &at, |m| {
                        let plates = count(plate as usize, "plate", "plates");
                        let text = format!("{name} after {plates}: {}", chance(share));
                        m.element("title", &[], text);
                    });
                }
            }
        },
    );
}

/// What each hypothesis expects along the factor, and what wells said.
pub(crate) fn curves(m: &mut Markup, campaign: &Campaign, found: &Rivals) {
    let wells: Vec<(f64, f64)> = campaign
        .experiments
        .iter()
        .filter_map(|experiment| {
            let x = match experiment.levels.first()? {
                Level::Number(x) => *x,
                Level::Integer(x) => *x as f64,
                Level::Text(_) => return None,
            };
            let y = experiment.measured?.value;
            (x.is_finite() && y.is_finite()).then_some((x, y))
        })
        .collect();
    let x = found.each.iter().flat_map(|rival| rival.curve.iter());
    let x = x.map(|(x, _, _)| *x).chain(wells.iter().map(|(x, _)| *x));
    let (low, high) = x.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| {
        (low.min(x), high.max(x))
    });
    // Only what was measured sets the scale: a hypothesis that misses may leave it.
    let y = Scale::around(wells.iter().map(|(_, y)| *y), 0.12);
    let factor = campaign.factors.first();
    let frame = Frame::new(
        (530.0, 300.0),
        (low, high),
        y,
        factor.map_or(String::new(), |factor| named(&factor.name, &factor.unit)),
        named(&campaign.response, &campaign.unit),
    );
    let best = best(found);
    let description = format!(
        "{} and {}; the most probable is {}.",
        count(wells.len(), "experiment", "experiments"),
        count(found.each.len(), "curve", "curves"),
        best.map_or("none", |at| found.each[at].name.as_str())
    );
    frame.draw(
        m,
        "What each says of the wells",
        &description,
        None,
        |m, frame| {
            if let Some(at) = best {
                band(m, frame, &found.each[at]);
            }
            let every = wells.len().div_ceil(DOTS_MAX).max(1);
            m.within("g", &[("class", &"dots c0")], |m| {
                for (x, y) in wells.iter().step_by(every) {
                    let (cx, cy) = frame.place(*x, *y);
                    m.within("circle", &[("cx", &cx), ("cy", &cy), ("r", &2.6)], |m| {
                        let at = factor.map_or("", |factor| factor.unit.as_str());
                        let text = format!(
                            "{} at {}",
                            with_unit(number(*y), &campaign.unit),
                            with_unit(number(*x), at)
                        );
                        m.element("title", &[], text);
                    });
                }
            });
            let mut order: Vec<usize> = (0..found.each.len()).collect();
            order.sort_by_key(|at| Some(*at) == best);
            for at in order {
                let rival = &found.each[at];
                let class = format!("line {}", colour(at, found.each.len()));
                let inside = |value: &f64| value.clamp(frame.y.low, frame.y.high);
                let path = line(
                    rival
                        .curve
                        .iter()
                        .map(|(x, y, _)| frame.place(*x, inside(y))),
                );
                m.within("path", &[("class", &class), ("d", &path)], |m| {
                    m.element("title", &[], &rival.name);
                });
            }
        },
    );
}

/// The most probable hypothesis.
fn best(found: &Rivals) -> Option<usize> {
    let last = |at: &usize| found.each[*at].probabilities.last().copied().unwrap_or(0.0);
    (0..found.each.len()).max_by(|a, b| last(a).total_cmp(&last(b)))
}

/// Where 95 % of what a hypothesis expects lies.
fn band(m: &mut Markup, frame: &Frame, rival: &Rival) {
    if rival.curve.is_empty() {
        return;
    }
    let end = |sign: f64| {
        move |(x, mean, sd): &(f64, f64, f64)| {
            let y = (mean + sign * Z95 * sd).clamp(frame.y.low, frame.y.high);
            frame.place(*x, y)
        }
    };
    let above = rival.curve.iter().map(end(1.0));
    let below = rival.curve.iter().rev().map(end(-1.0));
    let path = format!("{}Z", line(above.chain(below)));
    m.shape("path", &[("class", &"band"), ("d", &path)]);
}
