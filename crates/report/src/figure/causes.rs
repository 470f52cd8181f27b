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
        let height = 2.0 * MARGIN.1 + HIGH * (rows.len() as f64 - 1.0);
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
            let mut labels = Vec::new();
            for (number, arrow) in self.arrows.iter().enumerate() {
                if arrow.from < places.len() && arrow.to < places.len() {
                    // Labels at different heights, so that those of neighbours don't collide.
                    let along = 0.3 + 0.13 * (number % 3) as f64;
                    labels.push(drive(m, &places, arrow, along));
                }
            }
            for (name, place) in self.names.iter().zip(&places) {
                variable(m, name, *place);
            }
            for ((x, y), text) in &labels {
                m.element(
                    "text",
                    &[("x", x), ("y", y), ("class", &"middle halo")],
                    text,
                );
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

/// A point of a quadratic curve.
fn curve(a: (f64, f64), middle: (f64, f64), b: (f64, f64), t: f64) -> (f64, f64) {
    let u = 1.0 - t;
    (
        u * u * a.0 + 2.0 * u * t * middle.0 + t * t * b.0,
        u * u * a.1 + 2.0 * u * t * middle.1 + t * t * b.1,
    )
}

/// Draws an arrow, bent such that it meets few boxes on its way; where its label goes, and the label.
fn drive(m: &mut Markup, places: &[(f64, f64)], arrow: &Arrow, along: f64) -> ((f64, f64), String) {
    let (from, to) = (places[arrow.from], places[arrow.to]);
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let bent = |bend: f64| {
        let middle = (
            (from.0 + to.0) / 2.0 - dy * bend,
            (from.1 + to.1) / 2.0 + dx * bend,
        );
        (border(from, middle), middle, border(to, middle))
    };
    let met = |bend: f64| {
        let (a, middle, b) = bent(bend);
        let others = places
            .iter()
            .enumerate()
            .filter(|(node, _)| *node != arrow.from && *node != arrow.to);
        others
            .map(|(_, place)| {
                (1..24)
                    .map(|i| curve(a, middle, b, f64::from(i) / 24.0))
                    .filter(|p| {
                        (p.0 - place.0).abs() < HALF.0 + 5.0 && (p.1 - place.1).abs() < HALF.1 + 5.0
                    })
                    .count()
            })
            .sum::<usize>()
    };
    let bend = [0.0, 0.12, -0.12, 0.25, -0.25, 0.4, -0.4]
        .into_iter()
        .min_by_key(|bend| met(*bend))
        .unwrap_or(0.0);
    let (a, middle, b) = bent(bend);
    let d = format!(
        "M{} {}Q{} {} {} {}",
        at(a.0),
        at(a.1),
        at(middle.0),
        at(middle.1),
        at(b.0),
        at(b.1)
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
    let percent = format!("{:.0} %", 100.0 * arrow.probability);
    let text = match arrow.effect {
        Some(effect) if arrow.probability > 0.995 => digits(effect, 2),
        Some(effect) => format!("{} ({percent})", digits(effect, 2)),
        None => percent,
    };
    let (x, y) = curve(a, middle, b, along);
    ((at(x), at(y + 4.0)), text)
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
        // A circle has no layers, and must not hang.
        let circle = CauseGraph {
            arrows: vec![arrow(0, 1), arrow(1, 0)],
            ..graph
        };
        assert!(circle.svg().contains("svg"));
    }
}
