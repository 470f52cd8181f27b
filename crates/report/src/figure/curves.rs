//! Points, lines and bands over two axes.

use super::{colour, standalone};
use crate::chart::at;
use crate::chart::scale::{Scale, ticks};
use crate::markup::Markup;
use crate::number::number;

/// An axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// What is along it, with its unit.
    pub label: String,
    /// Whether steps are factors. Values at or below zero have no place then and are left out.
    pub logarithmic: bool,
}

/// How a series is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Dots, with whiskers where there are intervals.
    Points,
    /// A line, with a band where there are intervals.
    Line,
    /// A broken line: what lies beyond the data.
    Broken,
}

/// Points that belong together.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// What they are.
    pub name: String,
    /// How they are drawn.
    pub mark: Mark,
    /// Which colour, by number.
    pub colour: usize,
    /// Places: x, y.
    pub points: Vec<(f64, f64)>,
    /// An interval of y for each point; empty for none.
    pub intervals: Vec<(f64, f64)>,
}

/// A figure.
#[derive(Clone, Debug, PartialEq)]
pub struct Curves {
    /// Its title.
    pub title: String,
    /// What it shows, in a sentence.
    pub description: String,
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// What is drawn, the first lowest.
    pub series: Vec<Series>,
}

const SIZE: (f64, f64) = (760.0, 480.0);
const LEFT: f64 = 84.0;
const RIGHT: f64 = 20.0;
const TOP: f64 = 44.0;
const BOTTOM: f64 = 54.0;
/// Height of a line of the legend.
const LEGEND: f64 = 18.0;

/// A value on its axis.
fn along(axis: &Axis, value: f64) -> Option<f64> {
    let placed = if axis.logarithmic {
        value.log10()
    } else {
        value
    };
    placed.is_finite().then_some(placed)
}

/// Ticks of an axis; decades, and their halves and fifths where there are few.
fn ticks_of(axis: &Axis, low: f64, high: f64, about: usize) -> Vec<(f64, String)> {
    if !axis.logarithmic {
        return ticks(low, high, about);
    }
    let decades = (high - low).max(1e-9);
    if decades < 0.35 {
        // Too narrow for round decades: round values in between.
        return ticks(10f64.powf(low), 10f64.powf(high), about)
            .into_iter()
            .filter(|(value, _)| *value > 0.0)
            .map(|(value, text)| (value.log10(), text))
            .collect();
    }
    let within: &[f64] = if decades <= 2.5 {
        &[1.0, 2.0, 5.0]
    } else {
        &[1.0]
    };
    let every = (decades / about as f64).ceil().max(1.0) as i32;
    let mut all = Vec::new();
    let (first, last) = (low.floor() as i32, high.ceil() as i32);
    for power in (first..=last).filter(|power| within.len() > 1 || power % every == 0) {
        for factor in within {
            let value = f64::from(power) + factor.log10();
            if (low - 1e-9..=high + 1e-9).contains(&value) {
                all.push((value, number(factor * 10f64.powi(power))));
            }
        }
    }
    all
}

impl Curves {
    /// The figure as an SVG file.
    #[must_use]
    pub fn svg(&self) -> String {
        let named = self.series.iter().filter(|s| !s.name.is_empty()).count();
        let height = SIZE.1 + LEGEND * named as f64;
        let bottom = SIZE.1 - BOTTOM;
        let xs = self.series.iter().flat_map(|s| &s.points);
        let x = Scale::around(xs.clone().filter_map(|p| along(&self.x, p.0)), 0.03);
        let ends = self.series.iter().flat_map(|s| &s.intervals);
        let ys = xs
            .map(|p| p.1)
            .chain(ends.flat_map(|(low, high)| [*low, *high]))
            .filter_map(|v| along(&self.y, v));
        let y = Scale::around(ys, 0.05);
        let x = Scale {
            low: x.0,
            high: x.1,
            from: LEFT,
            to: SIZE.0 - RIGHT,
        };
        let y = Scale {
            low: y.0,
            high: y.1,
            from: bottom,
            to: TOP,
        };
        standalone((SIZE.0, height), &self.title, &self.description, |m| {
            self.axes(m, &x, &y);
            for series in &self.series {
                self.draw(m, series, &x, &y);
            }
            let legend = self.series.iter().filter(|s| !s.name.is_empty());
            for (at_line, series) in legend.enumerate() {
                let line = SIZE.1 + LEGEND * at_line as f64 + 4.0;
                key(m, series, line);
            }
        })
    }

    fn axes(&self, m: &mut Markup, x: &Scale, y: &Scale) {
        let (left, right) = (x.from, x.to);
        let (bottom, top) = (y.from, y.to);
        m.within("g", &[("class", &"grid")], |m| {
            for (value, text) in ticks_of(&self.y, y.low, y.high, 6) {
                let v = at(y.place(value));
                m.shape(
                    "line",
                    &[("x1", &left), ("x2", &right), ("y1", &v), ("y2", &v)],
                );
                let (tx, ty) = (left - 8.0, v + 4.0);
                m.element("text", &[("x", &tx), ("y", &ty), ("class", &"end")], text);
            }
            for (value, text) in ticks_of(&self.x, x.low, x.high, 8) {
                let v = at(x.place(value));
                m.shape(
                    "line",
                    &[("x1", &v), ("x2", &v), ("y1", &top), ("y2", &bottom)],
                );
                let ty = bottom + 18.0;
                m.element("text", &[("x", &v), ("y", &ty), ("class", &"middle")], text);
            }
        });
        let path = format!("M{left} {top}V{bottom}H{right}");
        m.shape("path", &[("class", &"axis"), ("d", &path)]);
        let (tx, ty) = (at((left + right) / 2.0), bottom + 40.0);
        let centred = "label middle";
        m.element(
            "text",
            &[("x", &tx), ("y", &ty), ("class", &centred)],
            &self.x.label,
        );
        let turned = format!("translate(18 {}) rotate(-90)", at((top + bottom) / 2.0));
        m.element(
            "text",
            &[("transform", &turned), ("class", &centred)],
            &self.y.label,
        );
    }

    fn draw(&self, m: &mut Markup, series: &Series, x: &Scale, y: &Scale) {
        let ink = colour(series.colour);
        let place = |(px, py): (f64, f64)| {
            let (a, b) = (along(&self.x, px)?, along(&self.y, py)?);
            Some((at(x.place(a)), at(y.place(b))))
        };
        // An end without a place, such as zero on a logarithmic axis, lies at the edge.
        let end = |px: f64, py: f64| {
            let a = along(&self.x, px)?;
            let b = along(&self.y, py).map_or(y.from, |b| y.place(b).clamp(y.to, y.from));
            Some((at(x.place(a)), at(b)))
        };
        let spans = series.points.iter().zip(&series.intervals);
        if series.mark == Mark::Points {
            for (point, (low, high)) in spans {
                if let (Some((px, top)), Some((_, bottom))) =
                    (end(point.0, *high), end(point.0, *low))
                {
                    let line: [(&'static str, &dyn std::fmt::Display); 5] = [
                        ("x1", &px),
                        ("x2", &px),
                        ("y1", &top),
                        ("y2", &bottom),
                        ("stroke", &ink),
                    ];
                    m.shape("line", &line);
                }
            }
            for (px, py) in series.points.iter().filter_map(|p| place(*p)) {
                let dot: [(&'static str, &dyn std::fmt::Display); 5] = [
                    ("cx", &px),
                    ("cy", &py),
                    ("r", &3.4),
                    ("fill", &ink),
                    ("fill-opacity", &0.75),
                ];
                m.shape("circle", &dot);
            }
            return;
        }
        let tops: Vec<_> = spans.clone().filter_map(|(p, i)| end(p.0, i.1)).collect();
        let mut round = tops;
        round.extend(spans.rev().filter_map(|(p, i)| end(p.0, i.0)));
        if round.len() > 2 {
            let path = format!("{}Z", path(&round));
            m.shape(
                "path",
                &[("d", &path), ("fill", &ink), ("fill-opacity", &0.14)],
            );
        }
        let line: Vec<_> = series.points.iter().filter_map(|p| place(*p)).collect();
        if !line.is_empty() {
            let d = path(&line);
            let dash = if series.mark == Mark::Broken {
                "7 5"
            } else {
                "none"
            };
            let stroke: [(&'static str, &dyn std::fmt::Display); 5] = [
                ("d", &d),
                ("fill", &"none"),
                ("stroke", &ink),
                ("stroke-width", &2.2),
                ("stroke-dasharray", &dash),
            ];
            m.shape("path", &stroke);
        }
    }
}

fn path(points: &[(f64, f64)]) -> String {
    crate::chart::frame::line(points.iter().copied())
}

fn key(m: &mut Markup, series: &Series, y: f64) {
    let ink = colour(series.colour);
    let (from, to) = (LEFT, LEFT + 26.0);
    if series.mark == Mark::Points {
        let x = (from + to) / 2.0;
        m.shape(
            "circle",
            &[("cx", &x), ("cy", &y), ("r", &3.6), ("fill", &ink)],
        );
    } else {
        let dash = if series.mark == Mark::Broken {
            "7 5"
        } else {
            "none"
        };
        let line: [(&'static str, &dyn std::fmt::Display); 7] = [
            ("x1", &from),
            ("x2", &to),
            ("y1", &y),
            ("y2", &y),
            ("stroke", &ink),
            ("stroke-width", &2.2),
            ("stroke-dasharray", &dash),
        ];
        m.shape("line", &line);
    }
    let (tx, ty) = (to + 10.0, y + 4.0);
    m.element("text", &[("x", &tx), ("y", &ty)], &series.name);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(label: &str, logarithmic: bool) -> Axis {
        Axis {
            label: label.into(),
            logarithmic,
        }
    }

    #[test]
    fn decades_are_ticked_and_values_without_a_place_left_out() {
        let texts: Vec<String> = ticks_of(&axis("x", true), 0.0, 6.0, 8)
            .into_iter()
            .map(|(_, text)| text)
            .collect();
        assert_eq!(
            texts,
            ["1", "10", "100", "1000", "10000", "100000", "1·10⁶"]
        );
        let figure = Curves {
            title: "a <b>".into(),
            description: "c".into(),
            x: axis("wells", true),
            y: axis("regret", true),
            series: vec![Series {
                name: "measured".into(),
                mark: Mark::Points,
                colour: 0,
                points: vec![(1.0, 1.0), (10.0, 0.1), (0.0, 0.1), (100.0, f64::NAN)],
                intervals: vec![(0.5, 2.0), (0.0, 0.2), (0.0, 0.0), (0.0, 0.0)],
            }],
        };
        let svg = figure.svg();
        assert_eq!(svg.matches("fill-opacity=\"0.75\"").count(), 2);
        assert!(svg.contains("a &lt;b&gt;") && !svg.contains("NaN"));
    }
}
