//! The frame that every chart with two axes shares.

use super::at;
use super::scale::{Scale, ticks};
use crate::markup::Markup;

/// Axes, and where the marks go.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub width: f64,
    pub height: f64,
    pub x: Scale,
    pub y: Scale,
    pub x_label: String,
    pub y_label: String,
}

const LEFT: f64 = 62.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 46.0;

impl Frame {
    pub(crate) fn new(
        (width, height): (f64, f64),
        (x_low, x_high): (f64, f64),
        (y_low, y_high): (f64, f64),
        x_label: String,
        y_label: String,
    ) -> Self {
        Self {
            width,
            height,
            x: Scale {
                low: x_low,
                high: x_high,
                from: LEFT,
                to: width - RIGHT,
            },
            y: Scale {
                low: y_low,
                high: y_high,
                from: height - BOTTOM,
                to: TOP,
            },
            x_label,
            y_label,
        }
    }

    pub(crate) fn place(&self, x: f64, y: f64) -> (f64, f64) {
        (at(self.x.place(x)), at(self.y.place(y)))
    }

    /// The chart: title and description for those who can't see it, grid, axes, and what `marks`
    /// draws. `x_ticks` replaces the ticks of the x axis.
    pub(crate) fn draw(
        &self,
        m: &mut Markup,
        title: &str,
        description: &str,
        x_ticks: Option<Vec<(f64, String)>>,
        marks: impl FnOnce(&mut Markup, &Self),
    ) {
        svg(m, self.width, self.height, title, description, |m| {
            self.body(m, x_ticks, None, marks);
        });
    }

    /// What [`Frame::draw`] puts into its picture, for pictures that have a frame of their own.
    pub(crate) fn body(
        &self,
        m: &mut Markup,
        x_ticks: Option<Vec<(f64, String)>>,
        y_ticks: Option<Vec<(f64, String)>>,
        marks: impl FnOnce(&mut Markup, &Self),
    ) {
        let (left, right) = (self.x.from, self.x.to);
        let (bottom, top) = (self.y.from, self.y.to);
        m.within("g", &[("class", &"grid")], |m| {
            let chosen = y_ticks.unwrap_or_else(|| ticks(self.y.low, self.y.high, 5));
            for (value, text) in chosen {
                let y = at(self.y.place(value));
                m.shape(
                    "line",
                    &[("x1", &left), ("x2", &right), ("y1", &y), ("y2", &y)],
                );
                let (x, y) = (left - 8.0, y + 4.0);
                m.element("text", &[("x", &x), ("y", &y), ("class", &"end")], text);
            }
            let chosen = x_ticks
                .unwrap_or_else(|| ticks(self.x.low, self.x.high, (self.width / 95.0) as usize));
            for (value, text) in chosen {
                let x = at(self.x.place(value));
                let (low, high) = (bottom, bottom + 5.0);
                m.shape(
                    "line",
                    &[("x1", &x), ("x2", &x), ("y1", &low), ("y2", &high)],
                );
                let y = bottom + 19.0;
                m.element("text", &[("x", &x), ("y", &y), ("class", &"middle")], text);
            }
        });
        m.shape(
            "path",
            &[
                ("class", &"axis"),
                ("d", &format!("M{left} {top}V{bottom}H{right}")),
            ],
        );
        let (x, y) = (at((left + right) / 2.0), self.height - 8.0);
        let label = [
            ("x", &x as _),
            ("y", &y as _),
            ("class", &"label middle" as _),
        ];
        m.element("text", &label, &self.x_label);
        let turned = format!("translate(14 {}) rotate(-90)", at((top + bottom) / 2.0));
        m.element(
            "text",
            &[("transform", &turned), ("class", &"label middle")],
            &self.y_label,
        );
        marks(m, self);
    }
}

/// An SVG picture with its title and description.
pub(crate) fn svg(
    m: &mut Markup,
    width: f64,
    height: f64,
    title: &str,
    description: &str,
    fill: impl FnOnce(&mut Markup),
) {
    let label = format!("{title}. {description}");
    m.within(
        "svg",
        &[
            ("viewBox", &format!("0 0 {} {}", at(width), at(height))),
            ("style", &format!("max-width:{}px", at(width))),
            ("role", &"img"),
            ("aria-label", &label),
        ],
        fill,
    );
}

/// A path through points, broken where one is missing.
pub(crate) fn line(points: impl IntoIterator<Item = (f64, f64)>) -> String {
    let mut path = String::new();
    for (index, (x, y)) in points.into_iter().enumerate() {
        let step = if index == 0 { 'M' } else { 'L' };
        path.push_str(&format!("{step}{} {}", at(x), at(y)));
    }
    path
}
