//! Measured against predicted.

use super::frame::Frame;
use super::scale::Scale;
use crate::Campaign;
use crate::limits::DOTS_MAX;
use crate::markup::Markup;
use crate::number::{count, number, with_unit};
use crate::score::Foretold;

/// Every experiment that was predicted: what the model expected with its 90 % interval, and what
/// nature answered.
pub(crate) fn draw(m: &mut Markup, campaign: &Campaign) {
    let pairs: Vec<Foretold> = campaign
        .experiments
        .iter()
        .filter_map(Foretold::of)
        .collect();
    let all = pairs
        .iter()
        .flat_map(|p| [p.expected.mean, p.measured.value]);
    let range = Scale::around(all, 0.05);
    let unit = if campaign.unit.is_empty() {
        String::new()
    } else {
        format!(" ({})", campaign.unit)
    };
    let frame = Frame::new(
        (530.0, 560.0),
        range,
        range,
        format!("predicted {}{unit}", campaign.response),
        format!("measured {}{unit}", campaign.response),
    );
    let covered = pairs.iter().filter(|pair| pair.covered()).count();
    let description = format!(
        "{}, {covered} of them within the 90 % interval.",
        count(pairs.len(), "predicted experiment", "predicted experiments")
    );
    let every = pairs.len().div_ceil(DOTS_MAX).max(1);
    frame.draw(
        m,
        "Measured against predicted",
        &description,
        None,
        |m, frame| {
            let ((x1, y1), (x2, y2)) =
                (frame.place(range.0, range.0), frame.place(range.1, range.1));
            m.shape(
                "line",
                &[
                    ("class", &"target"),
                    ("x1", &x1),
                    ("x2", &x2),
                    ("y1", &y1),
                    ("y2", &y2),
                ],
            );
            m.within("g", &[("class", &"dots")], |m| {
                for pair in pairs.iter().step_by(every) {
                    let (x, y) = frame.place(pair.expected.mean, pair.measured.value);
                    let class = if pair.covered() { "c1" } else { "c2" };
                    m.within(
                        "circle",
                        &[("class", &class), ("cx", &x), ("cy", &y), ("r", &2.8)],
                        |m| {
                            let text = format!(
                                "predicted {} ± {} (90 %), measured {}",
                                number(pair.expected.mean),
                                number(pair.half_width()),
                                with_unit(number(pair.measured.value), &campaign.unit)
                            );
                            m.element("title", &[], text);
                        },
                    );
                }
            });
        },
    );
}
