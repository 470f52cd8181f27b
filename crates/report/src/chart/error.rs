//! The model's error on wells that it had not seen, plate by plate.

use super::frame::{Frame, line};
use crate::markup::Markup;
use crate::number::{named, number, percent};
use crate::score::PlateScore;

fn marks(m: &mut Markup, frame: &Frame, points: &[(f64, f64, String)], class: &'static str) {
    let path = line(points.iter().map(|(x, y, _)| frame.place(*x, *y)));
    let of_line = format!("line {class}");
    m.shape("path", &[("class", &of_line), ("d", &path)]);
    for (x, y, text) in points {
        let (x, y) = frame.place(*x, *y);
        let class = format!("dot {class}");
        m.within(
            "circle",
            &[("class", &class), ("cx", &x), ("cy", &y), ("r", &4.5)],
            |m| m.element("title", &[], text),
        );
    }
}

fn end(scores: &[PlateScore]) -> f64 {
    scores.iter().map(|s| s.measured as f64).fold(1.0, f64::max) * 1.04
}

fn plate(score: &PlateScore) -> String {
    score
        .plate
        .map_or("no plate".into(), |plate| plate.to_string())
}

/// Root mean square error against experiments.
pub(crate) fn rmse(m: &mut Markup, scores: &[PlateScore], response: &str, unit: &str) {
    let high = scores.iter().map(|s| s.rmse).fold(0.0, f64::max);
    let high = if high > 0.0 && high.is_finite() {
        high * 1.15
    } else {
        1.0
    };
    let frame = Frame::new(
        (530.0, 260.0),
        (0.0, end(scores)),
        (0.0, high),
        "experiments measured".into(),
        named(&format!("error of {response}"), unit),
    );
    let points: Vec<_> = scores
        .iter()
        .map(|s| {
            let text = format!(
                "{}: error {} on {} predicted experiments",
                plate(s),
                number(s.rmse),
                s.foretold
            );
            (s.measured as f64, s.rmse, text)
        })
        .collect();
    let description = match (scores.first(), scores.last()) {
        (Some(first), Some(last)) => format!(
            "Root mean square of measured minus predicted: {} on the first plate, {} on the last.",
            number(first.rmse),
            number(last.rmse)
        ),
        _ => "Nothing was predicted.".into(),
    };
    frame.draw(
        m,
        "Model error against experiments",
        &description,
        None,
        |m, frame| {
            marks(m, frame, &points, "c1");
        },
    );
}

/// Share of values in the model's 90 % interval against experiments.
pub(crate) fn coverage(m: &mut Markup, scores: &[PlateScore]) {
    let frame = Frame::new(
        (530.0, 260.0),
        (0.0, end(scores)),
        (0.0, 1.05),
        "experiments measured".into(),
        "share in the 90 % interval".into(),
    );
    let points: Vec<_> = scores
        .iter()
        .map(|s| {
            let text = format!(
                "{}: {} of {} predicted experiments",
                plate(s),
                percent(s.covered),
                s.foretold
            );
            (s.measured as f64, s.covered, text)
        })
        .collect();
    let description = match scores.last() {
        Some(last) => format!(
            "An honest model has 90 % of values in its 90 % interval; the last plate has {}.",
            percent(last.covered)
        ),
        None => "Nothing was predicted.".into(),
    };
    frame.draw(
        m,
        "Coverage against experiments",
        &description,
        None,
        |m, frame| {
            let (x1, y) = frame.place(0.0, 0.9);
            let x2 = frame.x.to;
            m.shape(
                "line",
                &[
                    ("class", &"target"),
                    ("x1", &x1),
                    ("x2", &x2),
                    ("y1", &y),
                    ("y2", &y),
                ],
            );
            let (x, y) = (x1 + 6.0, y - 6.0);
            m.element("text", &[("class", &"faint"), ("x", &x), ("y", &y)], "90 %");
            marks(m, frame, &points, "c3");
        },
    );
}
