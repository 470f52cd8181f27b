//! Best so far against experiments.

use super::at;
use super::frame::Frame;
use super::scale::Scale;
use crate::limits::DOTS_MAX;
use crate::markup::Markup;
use crate::number::{count, named, number, with_unit};
use crate::{Campaign, Goal, score};

/// Every measured experiment as a dot, the best so far as a line, the answer's interval as a band.
pub(crate) fn draw(m: &mut Markup, campaign: &Campaign) {
    let series = score::best_so_far(campaign);
    let answer = campaign.answer.candidates.first().filter(|best| {
        let (low, high) = best.interval;
        campaign.goal != Goal::Map && low.is_finite() && high.is_finite()
    });
    let ends = answer.map(|best| [best.interval.0, best.interval.1]);
    let values = series.iter().map(|(value, _)| *value);
    let y = Scale::around(values.chain(ends.into_iter().flatten()), 0.06);
    let frame = Frame::new(
        (1080.0, 330.0),
        (0.0, (series.len() as f64).max(1.0)),
        y,
        "experiments measured".into(),
        named(&campaign.response, &campaign.unit),
    );
    let last = series.last().map_or("–".into(), |(_, best)| number(*best));
    let description = format!(
        "{}; the best value so far goes from {} to {}.",
        count(series.len(), "experiment", "experiments"),
        series.first().map_or("–".into(), |(_, best)| number(*best)),
        with_unit(last, &campaign.unit),
    );
    let title = "Best so far against experiments";
    frame.draw(m, title, &description, None, |m, frame| {
        borders(m, campaign, frame);
        if let Some(best) = answer {
            let (low, high) = (
                frame.y.place(best.interval.0),
                frame.y.place(best.interval.1),
            );
            let height = at((low - high).max(1.0));
            m.within(
                "rect",
                &[
                    ("class", &"band"),
                    ("x", &frame.x.from),
                    ("width", &at(frame.x.to - frame.x.from)),
                    ("y", &at(high)),
                    ("height", &height),
                ],
                |m| {
                    m.element(
                        "title",
                        &[],
                        "95 % interval of the answer, from all its wells",
                    )
                },
            );
        }
        dots(m, campaign, frame);
        if campaign.goal != Goal::Map {
            let mut path = String::new();
            let mut before = None;
            for (index, (_, best)) in series.iter().enumerate() {
                if before == Some(*best) && index + 1 < series.len() {
                    continue;
                }
                let (x, y) = frame.place(index as f64 + 1.0, *best);
                let step = if before.is_none() { "M" } else { "H" };
                path.push_str(&match before {
                    None => format!("{step}{x} {y}"),
                    Some(_) => format!("{step}{x}V{y}"),
                });
                before = Some(*best);
            }
            m.shape("path", &[("class", &"line c2"), ("d", &path)]);
        }
    });
}

/// A thin line where a plate ends, named where there is room.
fn borders(m: &mut Markup, campaign: &Campaign, frame: &Frame) {
    let measured: Vec<_> = campaign
        .experiments
        .iter()
        .filter(|e| e.measured.is_some_and(|m| m.value.is_finite()))
        .collect();
    let mut start = 0;
    for index in 1..=measured.len() {
        let next = measured.get(index).map(|e| e.plate);
        if next == Some(measured[start].plate) {
            continue;
        }
        let (left, right) = (frame.x.place(start as f64), frame.x.place(index as f64));
        if index < measured.len() {
            let x = at(right);
            let (y1, y2) = (frame.y.to, frame.y.from);
            m.shape(
                "line",
                &[
                    ("class", &"border"),
                    ("x1", &x),
                    ("x2", &x),
                    ("y1", &y1),
                    ("y2", &y2),
                ],
            );
        }
        if let Some(plate) = measured[start].plate.filter(|_| right - left > 60.0) {
            let (x, y) = (at((left + right) / 2.0), frame.y.to + 2.0);
            m.element(
                "text",
                &[("class", &"faint middle"), ("x", &x), ("y", &y)],
                plate,
            );
        }
        start = index;
    }
}

fn dots(m: &mut Markup, campaign: &Campaign, frame: &Frame) {
    let measured = campaign
        .experiments
        .iter()
        .filter_map(|e| Some((e, e.measured.filter(|m| m.value.is_finite())?)));
    let measured: Vec<_> = measured.collect();
    let every = measured.len().div_ceil(DOTS_MAX).max(1);
    m.within("g", &[("class", &"dots")], |m| {
        for (index, (experiment, result)) in measured.iter().enumerate().step_by(every) {
            let (x, y) = frame.place(index as f64 + 1.0, result.value);
            let class = if experiment.why == "confirm" {
                "c3"
            } else {
                "c1"
            };
            m.within(
                "circle",
                &[("class", &class), ("cx", &x), ("cy", &y), ("r", &2.6)],
                |m| {
                    let value = with_unit(number(result.value), &campaign.unit);
                    let text = format!("experiment {}: {value} ({})", index + 1, experiment.why);
                    m.element("title", &[], text);
                },
            );
        }
    });
}
