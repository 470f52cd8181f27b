//! What several sources say: forest and funnel plots.

use super::picture;
use crate::chart::at;
use crate::chart::frame::{Frame, line};
use crate::chart::scale::{Scale, ticks};
use crate::number::{interval, number, with_interval};

/// One source, or a summary of several.
#[derive(Clone, Debug, PartialEq)]
pub struct ForestRow {
    /// Who says it.
    pub label: String,
    /// The effect.
    pub estimate: f64,
    /// Its 95 % interval.
    pub interval: (f64, f64),
    /// Its share of the whole weight, from 0 to 1; zero for a summary.
    pub weight: f64,
}

/// Sources, what they come to, and where a new one is expected.
#[derive(Clone, Debug, PartialEq)]
pub struct Forest {
    /// The title.
    pub title: String,
    /// What the effects are.
    pub effect: String,
    /// The sources.
    pub sources: Vec<ForestRow>,
    /// What they come to, by one way or several.
    pub summaries: Vec<ForestRow>,
    /// The 95 % interval of the effect in a new source.
    pub prediction: Option<(f64, f64)>,
    /// Whether the effects are logarithms of ratios, whose axis then shows the ratios.
    pub ratios: bool,
}

const ROW: f64 = 22.0;
const LABELS: f64 = 220.0;
const PLOT: f64 = 420.0;
const NUMBERS: f64 = 190.0;
const TOP: f64 = 58.0;
const BOTTOM: f64 = 56.0;
/// Sources that are drawn; a longer list is cut there and says so.
const SOURCES_MAX: usize = 400;
/// Characters of a source's name.
const LABEL_MAX: usize = 34;

fn short(text: &str) -> String {
    if text.chars().count() <= LABEL_MAX {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(LABEL_MAX - 1).collect();
    cut.push('…');
    cut
}

/// A forest plot: an interval for each source, its square as large as its weight, and diamonds below.
#[must_use]
pub fn forest(forest: &Forest) -> String {
    let shown = forest.sources.len().min(SOURCES_MAX);
    let rows = shown + forest.summaries.len() + usize::from(forest.prediction.is_some()) + 1;
    let height = TOP + ROW * rows as f64 + BOTTOM;
    let ends = forest.sources[..shown]
        .iter()
        .chain(&forest.summaries)
        .flat_map(|row| [row.interval.0, row.interval.1])
        .chain(
            forest
                .prediction
                .into_iter()
                .flat_map(|(low, high)| [low, high]),
        )
        .chain([0.0]);
    let (low, high) = Scale::around(ends, 0.04);
    let scale = Scale {
        low,
        high,
        from: LABELS,
        to: LABELS + PLOT,
    };
    let place = |value: f64| at(scale.place(value).clamp(LABELS, LABELS + PLOT));
    let print = |value: f64| number(if forest.ratios { value.exp() } else { value });
    let both = |(low, high): (f64, f64)| {
        if forest.ratios {
            interval((low.exp(), high.exp()))
        } else {
            interval((low, high))
        }
    };
    let all = |row: &ForestRow| {
        let (low, high) = row.interval;
        if forest.ratios {
            with_interval(row.estimate.exp(), (low.exp(), high.exp()))
        } else {
            with_interval(row.estimate, (low, high))
        }
    };
    let description = forest.summaries.first().map_or_else(
        || format!("{} sources.", forest.sources.len()),
        |sum| {
            format!(
                "{} sources; {}: {}, 95 % interval {}.",
                forest.sources.len(),
                sum.label,
                print(sum.estimate),
                both(sum.interval)
            )
        },
    );
    picture(
        (LABELS + PLOT + NUMBERS, height),
        &forest.title,
        &description,
        |m| {
            let (x, y) = (16.0, 24.0);
            m.element(
                "text",
                &[("x", &x), ("y", &y), ("class", &"label strong")],
                &forest.title,
            );
            let floor = height - BOTTOM;
            let zero = place(0.0);
            m.shape(
                "line",
                &[
                    ("class", &"axis"),
                    ("x1", &zero),
                    ("x2", &zero),
                    ("y1", &(TOP - 14.0)),
                    ("y2", &floor),
                ],
            );
            let text = |m: &mut crate::markup::Markup, x: f64, y: f64, class: &str, text: &str| {
                m.element("text", &[("x", &x), ("y", &at(y)), ("class", &class)], text);
            };
            let numbers_at = LABELS + PLOT + NUMBERS - 16.0;
            for (index, row) in forest.sources[..shown].iter().enumerate() {
                let y = TOP + ROW * index as f64;
                text(m, LABELS - 12.0, y + 4.0, "end", &short(&row.label));
                let numbers = all(row);
                text(m, numbers_at, y + 4.0, "end", &numbers);
                let (x1, x2, x) = (
                    place(row.interval.0),
                    place(row.interval.1),
                    place(row.estimate),
                );
                m.shape(
                    "line",
                    &[
                        ("class", &"whisker"),
                        ("x1", &x1),
                        ("x2", &x2),
                        ("y1", &y),
                        ("y2", &y),
                    ],
                );
                let side = at(4.0 + 12.0 * row.weight.clamp(0.0, 1.0).sqrt());
                let (left, top) = (at(x - side / 2.0), at(y - side / 2.0));
                m.shape(
                    "rect",
                    &[
                        ("class", &"dot"),
                        ("x", &left),
                        ("y", &top),
                        ("width", &side),
                        ("height", &side),
                    ],
                );
            }
            if shown < forest.sources.len() {
                let more = format!("{} more are not drawn", forest.sources.len() - shown);
                text(m, 16.0, 42.0, "faint", &more);
            }
            let mut y = TOP + ROW * shown as f64 + ROW / 2.0;
            for sum in &forest.summaries {
                text(m, LABELS - 12.0, y + 4.0, "end strong", &short(&sum.label));
                let numbers = all(sum);
                text(m, numbers_at, y + 4.0, "end strong", &numbers);
                let path = format!(
                    "M{} {y}L{x} {}L{} {y}L{x} {}Z",
                    place(sum.interval.0),
                    y - 6.0,
                    place(sum.interval.1),
                    y + 6.0,
                    x = place(sum.estimate),
                );
                m.shape("path", &[("class", &"sum"), ("d", &path)]);
                y += ROW;
            }
            if let Some(range) = forest.prediction {
                text(m, LABELS - 12.0, y + 4.0, "end", "a new source (95 %)");
                text(m, numbers_at, y + 4.0, "end", &both(range));
                let (x1, x2) = (place(range.0), place(range.1));
                m.shape(
                    "line",
                    &[
                        ("class", &"spread"),
                        ("x1", &x1),
                        ("x2", &x2),
                        ("y1", &y),
                        ("y2", &y),
                    ],
                );
            }
            let path = format!("M{LABELS} {floor}H{}", LABELS + PLOT);
            m.shape("path", &[("class", &"axis"), ("d", &path)]);
            for (value, plain) in axis(low, high, forest.ratios) {
                let x = place(value);
                let (from, to) = (floor, floor + 5.0);
                m.shape(
                    "line",
                    &[
                        ("class", &"axis"),
                        ("x1", &x),
                        ("x2", &x),
                        ("y1", &from),
                        ("y2", &to),
                    ],
                );
                text(m, x, floor + 19.0, "middle", &plain);
            }
            text(
                m,
                LABELS + PLOT / 2.0,
                height - 12.0,
                "label middle",
                &forest.effect,
            );
        },
    )
}

/// Ticks of the effects; for logarithms of ratios, at ratios that people read.
fn axis(low: f64, high: f64, ratios: bool) -> Vec<(f64, String)> {
    if !ratios {
        return ticks(low, high, 6);
    }
    let decades = (low / std::f64::consts::LN_10).floor() as i32
        ..=(high / std::f64::consts::LN_10).ceil() as i32;
    let factors: &[f64] = if high - low > 9.0 {
        &[1.0]
    } else {
        &[1.0, 2.0, 5.0]
    };
    decades
        .flat_map(|decade| {
            factors
                .iter()
                .map(move |factor| factor * 10f64.powi(decade))
        })
        .filter(|ratio| (low..=high).contains(&ratio.ln()))
        .map(|ratio| (ratio.ln(), number(ratio)))
        .collect()
}

/// Sources by effect and standard error.
#[derive(Clone, Debug, PartialEq)]
pub struct Funnel {
    /// The title.
    pub title: String,
    /// What the effects are.
    pub effect: String,
    /// Effect, standard error and name of each source.
    pub sources: Vec<(f64, f64, String)>,
    /// Effect and standard error of sources that trim and fill adds.
    pub filled: Vec<(f64, f64)>,
    /// Where the sources' mean is.
    pub centre: f64,
    /// What a source of infinite size would say at each standard error: intercept and slope of the regression on it.
    pub limit: Option<(f64, f64)>,
}

/// A funnel plot: large sources on top, with the region in which 95 % would lie if all measured one effect.
#[must_use]
pub fn funnel(funnel: &Funnel) -> String {
    const SIZE: (f64, f64) = (640.0, 460.0);
    let deepest = funnel
        .sources
        .iter()
        .map(|(_, se, _)| *se)
        .chain(funnel.filled.iter().map(|(_, se)| *se))
        .filter(|se| se.is_finite())
        .fold(0.0, f64::max);
    let deepest = if deepest > 0.0 { deepest * 1.06 } else { 1.0 };
    let half = 1.96 * deepest;
    let ends = funnel
        .sources
        .iter()
        .map(|(effect, ..)| *effect)
        .chain(funnel.filled.iter().map(|(effect, _)| *effect))
        .chain([funnel.centre - half, funnel.centre + half]);
    let x = Scale::around(ends, 0.03);
    // The axis is turned: precise sources stand on top.
    let frame = Frame::new(
        SIZE,
        x,
        (deepest, 0.0),
        funnel.effect.clone(),
        "standard error".into(),
    );
    let description = format!(
        "{} sources around {}, and {} that trim and fill adds.",
        funnel.sources.len(),
        number(funnel.centre),
        funnel.filled.len()
    );
    let mut keys = vec![
        "● a source; shaded: where 95 % of them would lie, if all measured one effect",
        "- - what they come to together",
    ];
    if funnel.limit.is_some() {
        keys.push("— by standard error: on top is what a source without any error would say");
    }
    if !funnel.filled.is_empty() {
        keys.push("○ what trim and fill adds");
    }
    let whole = SIZE.1 + ROW * keys.len() as f64;
    picture((SIZE.0, whole), &funnel.title, &description, |m| {
        for (at_line, key) in keys.iter().enumerate() {
            let (x, y) = (62.0, SIZE.1 + 8.0 + ROW * at_line as f64);
            m.element("text", &[("x", &x), ("y", &y)], key);
        }
        frame.body(m, None, Some(ticks(0.0, deepest, 5)), |m, frame| {
            let region = [
                frame.place(funnel.centre, 0.0),
                frame.place(funnel.centre - half, deepest),
                frame.place(funnel.centre + half, deepest),
            ];
            m.shape(
                "path",
                &[("class", &"band"), ("d", &format!("{}Z", line(region)))],
            );
            let middle = line([
                frame.place(funnel.centre, 0.0),
                frame.place(funnel.centre, deepest),
            ]);
            m.shape("path", &[("class", &"target"), ("d", &middle)]);
            if let Some((limit, slope)) = funnel.limit {
                let path = line([
                    frame.place(limit, 0.0),
                    frame.place(limit + slope * deepest, deepest),
                ]);
                m.shape("path", &[("class", &"line"), ("d", &path)]);
            }
            for (effect, se) in &funnel.filled {
                let (cx, cy) = frame.place(*effect, *se);
                m.shape(
                    "circle",
                    &[("class", &"other"), ("cx", &cx), ("cy", &cy), ("r", &4.5)],
                );
            }
            for (effect, se, label) in &funnel.sources {
                let (cx, cy) = frame.place(*effect, *se);
                m.within(
                    "circle",
                    &[("class", &"dot"), ("cx", &cx), ("cy", &cy), ("r", &4.5)],
                    |m| m.element("title", &[], label),
                );
            }
        });
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Forest {
        let row = |label: &str, estimate: f64| ForestRow {
            label: label.into(),
            estimate,
            interval: (estimate - 0.5, estimate + 0.5),
            weight: 0.5,
        };
        Forest {
            title: "Does it work?".into(),
            effect: "risk ratio".into(),
            sources: vec![row("A <b> & c", -0.7), row("B", 0.1)],
            summaries: vec![row("all", -0.3)],
            prediction: Some((-1.4, 0.8)),
            ratios: true,
        }
    }

    #[test]
    fn a_forest_is_one_svg_that_nothing_breaks() {
        let text = forest(&sample());
        assert!(text.starts_with("<svg xmlns=") && text.trim_end().ends_with("</svg>"));
        assert!(text.contains("A &lt;b&gt; &amp; c") && !text.contains("<b>"));
        // Two squares and one diamond, and the ratio of e^-0.7.
        assert_eq!(text.matches("<rect").count(), 2);
        assert_eq!(text.matches("class=\"sum\"").count(), 1);
        assert!(text.contains("0.50 (0.30 to 0.82)"), "{text}");
        let mut odd = sample();
        odd.sources[0].estimate = f64::NAN;
        odd.sources[1].interval = (f64::NEG_INFINITY, f64::INFINITY);
        assert!(!forest(&odd).contains("NaN"));
        odd.sources.clear();
        odd.summaries.clear();
        odd.prediction = None;
        assert!(forest(&odd).contains("</svg>"));
    }

    #[test]
    fn a_funnel_has_its_precise_sources_on_top() {
        let text = funnel(&Funnel {
            title: "Funnel".into(),
            effect: "effect".into(),
            sources: vec![(0.1, 0.1, "large".into()), (0.9, 0.8, "small".into())],
            filled: vec![(-0.7, 0.8)],
            centre: 0.2,
            limit: Some((0.0, 1.0)),
        });
        let height = |from: &str| -> f64 {
            let at = text.find(from).unwrap();
            let circle = &text[text[..at].rfind("<circle").unwrap()..at];
            let cy = circle.split("cy=\"").nth(1).unwrap();
            cy.split('"').next().unwrap().parse().unwrap()
        };
        assert!(height("<title>large") < height("<title>small"));
        assert_eq!(text.matches("class=\"other\"").count(), 1);
    }
}
