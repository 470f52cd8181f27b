//! A causal graph: who drives whom, how surely, and who has hidden causes in common.

use super::{colour, standalone};
use crate::chart::at;
use crate::markup::Markup;
use crate::number::digits;

/// An arrow.
#[derive(Clone, Debug, PartialEq)]
pub struct Arrow {
    /// The driver's number.
    pub from: usize,
    /// The driven one's number.
    pub to: usize,
    /// Its probability.
    pub probability: f64,
    /// How strongly, where that is known.
    pub effect: Option<f64>,
    /// Whether its direction is open: then it is drawn without a head.
    pub open: bool,
}

/// Two variables with a hidden common cause.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HiddenCause {
    /// One.
    pub a: usize,
    /// The other.
    pub b: usize,
    /// Its probability.
    pub probability: f64,
}

/// A causal graph to be drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct CauseGraph {
    /// Its title.
    pub title: String,
    /// Names of the variables.
    pub names: Vec<String>,
    /// Arrows.
    pub arrows: Vec<Arrow>,
    /// Hidden common causes.
    pub hidden: Vec<HiddenCause>,
}

const WIDE: f64 = 150.0;
const HIGH: f64 = 112.0;
const HALF: (f64, f64) = (46.0, 17.0);
const MARGIN: (f64, f64) = (90.0, 84.0);
/// Below the last layer, where no arc rises.
const FOOT: f64 = 40.0;
/// From an arc that lies flat to the middle of its label.
const LABEL_GAP: f64 = 12.0;
/// Characters of a name that fit into its box.
const NAME_MAX: usize = 11;

impl CauseGraph {
    /// The layer of each variable: how many arrows the longest way to it has. Circles, which a caller
    /// might ask to draw, end after as many rounds as there are variables.
    fn layers(&self) -> Vec<usize> {
        let n = self.names.len();
        let mut layer = vec![0_usize; n];
        for _ in 0..n {
            for arrow in &self.arrows {
                if arrow.from < n && arrow.to < n && layer[arrow.to] <= layer[arrow.from] {
                    layer[arrow.to] = (layer[arrow.from] + 1).min(n);
                }
            }
        }
        layer
    }

    /// Where each variable stands: layers from top to bottom, ordered such that few arrows cross (the
    /// barycentre rule of Sugiyama, Tagawa and Toda, IEEE Trans. SMC 11 (1981) 109).
    fn places(&self) -> (Vec<(f64, f64)>, (f64, f64)) {
        let n = self.names.len();
        let layer = self.layers();
        let mut rows: Vec<Vec<usize>> = vec![Vec::new(); layer.iter().max().map_or(1, |l| l + 1)];
        for node in 0..n {
            rows[layer[node]].push(node);
        }
        rows.retain(|row| !row.is_empty());
        let widest = rows.iter().map(Vec::len).max().unwrap_or(1);
        let mut x = vec![0.0; n];
        let spread = |row: &[usize], x: &mut Vec<f64>| {
            for (at, node) in row.iter().enumerate() {
                x[*node] = at as f64 - (row.len() as f64 - 1.0) / 2.0;
            }
        };
        for row in &rows {
            spread(row, &mut x);
        }
        for _ in 0..8 {
            for row in &mut rows {
                let pull = |node: usize, x: &[f64]| {
                    let beside: Vec<f64> = self
                        .arrows
                        .iter()
                        .filter_map(|a| match (a.from == node, a.to == node) {
                            (true, _) => x.get(a.to).copied(),
                            (_, true) => x.get(a.from).copied(),
                            _ => None,
                        })
                        .collect();
                    if beside.is_empty() {
                        x[node]
                    } else {
                        beside.iter().sum::<f64>() / beside.len() as f64
                    }
                };
                let mut order: Vec<(f64, usize)> = row.iter().map(|v| (pull(*v, &x), *v)).collect();
                order.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
                *row = order.into_iter().map(|(_, node)| node).collect();
                spread(row, &mut x);
            }
        }
        let width = 2.0 * MARGIN.0 + WIDE * (widest as f64 - 1.0);
        let height = MARGIN.1 + FOOT + HIGH * (rows.len() as f64 - 1.0);
        let width = width.max(420.0);
        let mut places = vec![(0.0, 0.0); n];
        for (depth, row) in rows.iter().enumerate() {
            // Every other row is shifted a little, so that arrows over several layers miss the boxes.
            let shift = if depth % 2 == 1 {
                0.16 * WIDE
            } else {
                -0.16 * WIDE
            };
            let shift = if rows.len() > 2 { shift } else { 0.0 };
            for node in row {
                places[*node] = (
                    width / 2.0 + x[*node] * WIDE + shift,
                    MARGIN.1 + HIGH * depth as f64,
                );
            }
        }
        (places, (width, height))
    }

    /// The graph as an SVG file. Arrows are the darker the surer they are.
    #[must_use]
    pub fn svg(&self) -> String {
        let (places, (width, height)) = self.places();
        let description = format!(
            "{} variables, {} arrows, {} hidden common causes",
            self.names.len(),
            self.arrows.len(),
            self.hidden.len()
        );
        standalone((width, height), &self.title, &description, |m| {
            m.literal("<defs><marker id=\"head\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" markerWidth=\"8\" markerHeight=\"8\" orient=\"auto-start-reverse\"><path d=\"M0 0L10 5L0 10z\" fill=\"context-stroke\"/></marker></defs>");
            for cause in &self.hidden {
                if let (Some(a), Some(b)) = (places.get(cause.a), places.get(cause.b)) {
                    hidden(m, *a, *b, cause.probability);
                }
            }
            let known = |arrow: &&Arrow| arrow.from < places.len() && arrow.to < places.len();
            let drawn: Vec<(&Arrow, Curve)> = self
                .arrows
                .iter()
                .filter(known)
                .map(|arrow| (arrow, Curve::of(arrow, &places)))
                .collect();
            for (arrow, curve) in &drawn {
                drive(m, arrow, curve);
            }
            for (name, place) in self.names.iter().zip(&places) {
                variable(m, name, *place);
            }
            let mut labels: Vec<Label> = Vec::new();
            for (arrow, curve) in &drawn {
                let label = Label::beside(curve, said(arrow), &places, &drawn, &labels);
                let (x, y) = (at(label.middle.0), at(label.middle.1 + 4.0));
                m.element(
                    "text",
                    &[("x", &x), ("y", &y), ("class", &"middle halo")],
                    &label.text,
                );
                labels.push(label);
            }
        })
    }
}

fn variable(m: &mut Markup, name: &str, (x, y): (f64, f64)) {
    let (left, top) = (at(x - HALF.0), at(y - HALF.1));
    let (w, h) = (2.0 * HALF.0, 2.0 * HALF.1);
    let shape: [(&'static str, &dyn std::fmt::Display); 7] = [
        ("x", &left),
        ("y", &top),
        ("width", &w),
        ("height", &h),
        ("rx", &8),
        ("fill", &"#f6f3ea"),
        ("stroke", &"#5c6973"),
    ];
    m.shape("rect", &shape);
    let text: String = if name.chars().count() > NAME_MAX {
        name.chars().take(NAME_MAX - 1).chain(['…']).collect()
    } else {
        name.to_owned()
    };
    let (x, y) = (at(x), at(y + 4.5));
    m.element(
        "text",
        &[("x", &x), ("y", &y), ("class", &"label middle")],
        text,
    );
}

/// Where the line from a box's middle to a point leaves the box.
fn border((x, y): (f64, f64), towards: (f64, f64)) -> (f64, f64) {
    let (dx, dy) = (towards.0 - x, towards.1 - y);
    let out = ((HALF.0 + 4.0) / dx.abs().max(1e-9)).min((HALF.1 + 4.0) / dy.abs().max(1e-9));
    let out = out.min(1.0);
    (x + dx * out, y + dy * out)
}

/// A quadratic curve from box to box.
#[derive(Clone, Copy, Debug)]
struct Curve {
    from: (f64, f64),
    middle: (f64, f64),
    to: (f64, f64),
}

/// Places along a curve at which it is looked at.
const STEPS: u32 = 24;

impl Curve {
    /// Of an arrow, bent such that it meets few boxes on its way.
    fn of(arrow: &Arrow, places: &[(f64, f64)]) -> Self {
        let (from, to) = (places[arrow.from], places[arrow.to]);
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let bent = |bend: f64| {
            let middle = (
                (from.0 + to.0) / 2.0 - dy * bend,
                (from.1 + to.1) / 2.0 + dx * bend,
            );
            Self {
                from: border(from, middle),
                middle,
                to: border(to, middle),
            }
        };
        let others = || {
            let all = places.iter().enumerate();
            all.filter(|(node, _)| *node != arrow.from && *node != arrow.to)
        };
        let met = |bend: f64| {
            let curve = bent(bend);
            let each =
                others().map(|(_, place)| curve.within(*place, (HALF.0 + 5.0, HALF.1 + 5.0)));
            each.sum::<usize>()
        };
        let bend = [0.0, 0.12, -0.12, 0.25, -0.25, 0.4, -0.4]
            .into_iter()
            .min_by_key(|bend| met(*bend))
            .unwrap_or(0.0);
        bent(bend)
    }

    fn at(&self, t: f64) -> (f64, f64) {
        let u = 1.0 - t;
        let of = |from: f64, middle: f64, to: f64| u * u * from + 2.0 * u * t * middle + t * t * to;
        (
            of(self.from.0, self.middle.0, self.to.0),
            of(self.from.1, self.middle.1, self.to.1),
        )
    }

    /// How many of its places lie within a box round a middle.
    fn within(&self, middle: (f64, f64), half: (f64, f64)) -> usize {
        (1..STEPS)
            .map(|i| self.at(f64::from(i) / f64::from(STEPS)))
            .filter(|p| (p.0 - middle.0).abs() < half.0 && (p.1 - middle.1).abs() < half.1)
            .count()
    }
}

/// Words beside an arrow.
struct Label {
    middle: (f64, f64),
    half: (f64, f64),
    text: String,
}

/// Half the width of a character, and half the height of a line.
const LETTER: (f64, f64) = (3.4, 7.0);
/// From an arrow to its words.
const BESIDE: f64 = 4.0;

impl Label {
    /// Beside its arrow, on the side and at the height where it covers least of the rest.
    fn beside(
        curve: &Curve,
        text: String,
        places: &[(f64, f64)],
        drawn: &[(&Arrow, Curve)],
        labels: &[Label],
    ) -> Self {
        let half = (LETTER.0 * text.chars().count() as f64, LETTER.1);
        let put = |along: f64, side: f64| {
            let (a, b) = (curve.at(along - 0.05), curve.at(along + 0.05));
            let length = (b.0 - a.0).hypot(b.1 - a.1).max(1e-9);
            let normal = ((a.1 - b.1) / length, (b.0 - a.0) / length);
            let away = half.0 * normal.0.abs() + half.1 * normal.1.abs() + BESIDE;
            let place = curve.at(along);
            (
                place.0 + side * away * normal.0,
                place.1 + side * away * normal.1,
            )
        };
        let covers = |middle: (f64, f64)| {
            let near = |other: (f64, f64), reach: (f64, f64)| {
                (middle.0 - other.0).abs() < half.0 + reach.0
                    && (middle.1 - other.1).abs() < half.1 + reach.1
            };
            let boxes = places.iter().filter(|place| near(**place, HALF)).count();
            let words = labels
                .iter()
                .filter(|label| near(label.middle, label.half))
                .count();
            let lines: usize = drawn
                .iter()
                .map(|(_, other)| other.within(middle, half))
                .sum();
            20 * (boxes + words) + lines
        };
        let spots = [0.5, 0.4, 0.6, 0.3, 0.7]
            .into_iter()
            .flat_map(|along| [(along, 1.0), (along, -1.0)]);
        let middle = spots
            .map(|(along, side)| put(along, side))
            .min_by_key(|middle| covers(*middle))
            .unwrap_or(curve.middle);
        Self { middle, half, text }
    }
}

/// What is said of an arrow: its effect, and its probability where that is not all but certain.
fn said(arrow: &Arrow) -> String {
    let percent = format!("{:.0} %", 100.0 * arrow.probability);
    match arrow.effect {
        Some(effect) if arrow.probability > 0.995 => digits(effect, 2),
        Some(effect) => format!("{} ({percent})", digits(effect, 2)),
        None => percent,
    }
}

fn drive(m: &mut Markup, arrow: &Arrow, curve: &Curve) {
    let d = format!(
        "M{} {}Q{} {} {} {}",
        at(curve.from.0),
        at(curve.from.1),
        at(curve.middle.0),
        at(curve.middle.1),
        at(curve.to.0),
        at(curve.to.1)
    );
    let ink = colour(usize::from(arrow.effect.is_some_and(|e| e < 0.0)));
    let strength = at(0.25 + 0.75 * arrow.probability.clamp(0.0, 1.0));
    let head = if arrow.open { "none" } else { "url(#head)" };
    let line: [(&'static str, &dyn std::fmt::Display); 6] = [
        ("d", &d),
        ("fill", &"none"),
        ("stroke", &ink),
        ("stroke-width", &2),
        ("stroke-opacity", &strength),
        ("marker-end", &head),
    ];
    m.shape("path", &line);
}

fn hidden(m: &mut Markup, a: (f64, f64), b: (f64, f64), probability: f64) {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let length = dx.hypot(dy).max(1e-9);
    // Above a pair side by side; aside of one on top of the other.
    let side = if dx >= 0.0 { 1.0 } else { -1.0 };
    let bend = 0.32 * length.min(260.0) + 14.0;
    let middle = (
        (a.0 + b.0) / 2.0 + dy / length * bend * side,
        (a.1 + b.1) / 2.0 - dx / length * bend * side,
    );
    let (from, to) = (border(a, middle), border(b, middle));
    let d = format!(
        "M{} {}Q{} {} {} {}",
        at(from.0),
        at(from.1),
        at(middle.0),
        at(middle.1),
        at(to.0),
        at(to.1)
    );
    let strength = at(0.25 + 0.75 * probability.clamp(0.0, 1.0));
    let line: [(&'static str, &dyn std::fmt::Display); 8] = [
        ("d", &d),
        ("fill", &"none"),
        ("stroke", &"#1c2730"),
        ("stroke-width", &1.8),
        ("stroke-dasharray", &"6 4"),
        ("stroke-opacity", &strength),
        ("marker-end", &"url(#head)"),
        ("marker-start", &"url(#head)"),
    ];
    m.shape("path", &line);
    // Beyond the top of an arc that lies flat, which the words would cover; on the side of a steep one.
    let beyond = -dx / length * side * LABEL_GAP;
    let (x, y) = (
        at((from.0 + 2.0 * middle.0 + to.0) / 4.0),
        at((from.1 + 2.0 * middle.1 + to.1) / 4.0 + 4.0 + beyond),
    );
    let text = format!("hidden cause ({:.0} %)", 100.0 * probability);
    m.element(
        "text",
        &[("x", &x), ("y", &y), ("class", &"middle halo")],
        text,
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_stand_above_what_they_drive() {
        let arrow = |from, to| Arrow {
            from,
            to,
            probability: 0.9,
            effect: Some(-0.5),
            open: false,
        };
        let graph = CauseGraph {
            title: "t".into(),
            names: ["a", "b", "c", "<d>"].map(String::from).to_vec(),
            arrows: vec![arrow(0, 1), arrow(1, 2), arrow(0, 2)],
            hidden: vec![HiddenCause {
                a: 1,
                b: 3,
                probability: 0.7,
            }],
        };
        assert_eq!(graph.layers(), [0, 1, 2, 0]);
        let (places, _) = graph.places();
        assert!(places[0].1 < places[1].1 && places[1].1 < places[2].1);
        let svg = graph.svg();
        assert!(svg.contains("&lt;d&gt;") && svg.contains("hidden cause (70 %)"));
        // Words stand beside their arrow, not on it.
        let drawn: Vec<(&Arrow, Curve)> = graph
            .arrows
            .iter()
            .map(|arrow| (arrow, Curve::of(arrow, &places)))
            .collect();
        for (arrow, curve) in &drawn {
            let label = Label::beside(curve, said(arrow), &places, &drawn, &[]);
            assert_eq!(curve.within(label.middle, label.half), 0);
        }
        // A circle has no layers, and must not hang.
        let circle = CauseGraph {
            arrows: vec![arrow(0, 1), arrow(1, 0)],
            ..graph
        };
        assert!(circle.svg().contains("svg"));
    }
}
