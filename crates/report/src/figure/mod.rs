//! Figures that stand alone: curves with intervals on linear or logarithmic axes, and causal graphs.

mod causes;
mod curves;

pub use causes::{Arrow, CauseGraph, HiddenCause};
pub use curves::{Axis, Curves, Mark, Series};

use crate::chart::at;
use crate::markup::Markup;

/// Colours that people with any common colour vision tell apart (Okabe and Ito 2008).
const COLOURS: [&str; 6] = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00",
];

const STYLE: &str = "svg{background:#fff}text{font-family:system-ui,\"Segoe UI\",Roboto,\"Noto Sans\",sans-serif;fill:#5c6973;font-size:12px}.head{font-size:15px;font-weight:600;fill:#1c2730}.label{font-size:13px;fill:#1c2730}.end{text-anchor:end}.middle{text-anchor:middle}.grid line{stroke:#e4dfd3}.axis{stroke:#5c6973;fill:none}.halo{paint-order:stroke;stroke:#fff;stroke-width:4px;stroke-linejoin:round}";

fn colour(index: usize) -> &'static str {
    COLOURS[index % COLOURS.len()]
}

/// An SVG file with its title, its description for those who can't see it, and its style.
fn standalone(
    (width, height): (f64, f64),
    title: &str,
    description: &str,
    fill: impl FnOnce(&mut Markup),
) -> String {
    let mut m = Markup::new();
    let attributes: [(&'static str, &dyn std::fmt::Display); 6] = [
        ("xmlns", &"http://www.w3.org/2000/svg"),
        ("viewBox", &format!("0 0 {} {}", at(width), at(height))),
        ("width", &at(width)),
        ("height", &at(height)),
        ("role", &"img"),
        ("aria-label", &format!("{title}. {description}")),
    ];
    m.within("svg", &attributes, |m| {
        m.element("title", &[], title);
        m.literal("<style>");
        m.literal(STYLE);
        m.literal("</style>");
        let (x, y) = (16.0, 24.0);
        m.element("text", &[("class", &"head"), ("x", &x), ("y", &y)], title);
        fill(m);
    });
    m.finish()
}
