//! Charts as inline SVG: axes with ticks that people would choose, colours from the page's style.

pub(crate) mod colour;
pub(crate) mod error;
pub(crate) mod frame;
pub(crate) mod gantt;
pub(crate) mod heat;
pub(crate) mod intervals;
pub(crate) mod lanes;
pub(crate) mod parity;
pub(crate) mod progress;
pub(crate) mod rivals;
pub(crate) mod scale;
pub(crate) mod traffic;

/// A coordinate of SVG: two decimals are finer than any screen.
pub(crate) fn at(value: f64) -> f64 {
    let rounded = (value * 100.0).round() / 100.0;
    if rounded == 0.0 { 0.0 } else { rounded }
}
