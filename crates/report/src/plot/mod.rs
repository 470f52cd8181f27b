//! Pictures of their own: SVG files that need nothing beside them.

mod evidence;

pub use evidence::{Forest, ForestRow, Funnel, forest, funnel};

use crate::chart::at;
use crate::markup::Markup;

/// What the page's style sheet gives a chart, for a picture without a page.
const STYLE: &str = "
svg { background: #ffffff; }
text { font-family: system-ui, \"Segoe UI\", Roboto, \"Noto Sans\", sans-serif; fill: #5c6973; font-size: 12px; }
.label { font-size: 13px; fill: #1c2730; } .strong { font-weight: 600; fill: #1c2730; } .faint { font-size: 11px; }
.end { text-anchor: end; } .middle { text-anchor: middle; }
.grid line { stroke: #e4dfd3; stroke-width: 1; } .axis { stroke: #5c6973; fill: none; stroke-width: 1; }
.target { stroke: #5c6973; stroke-dasharray: 6 4; fill: none; } .band { fill: #0b6e7822; }
.line { fill: none; stroke: #0072b2; stroke-width: 2.2; stroke-linejoin: round; }
.whisker { stroke: #0072b2; stroke-width: 1.6; } .dot { fill: #0072b2; stroke: #ffffff; stroke-width: 1; }
.other { fill: #ffffff; stroke: #d55e00; stroke-width: 1.6; } .sum { fill: #d55e00; } .spread { stroke: #d55e00; stroke-width: 3; }
";

/// An SVG file with its title, its description for those who can't see it, and its style.
fn picture(
    (width, height): (f64, f64),
    title: &str,
    description: &str,
    fill: impl FnOnce(&mut Markup),
) -> String {
    let mut m = Markup::new();
    m.within(
        "svg",
        &[
            ("xmlns", &"http://www.w3.org/2000/svg"),
            ("viewBox", &format!("0 0 {} {}", at(width), at(height))),
            ("width", &at(width)),
            ("height", &at(height)),
            ("role", &"img"),
            ("aria-label", &format!("{title}. {description}")),
        ],
        |m| {
            m.element("title", &[], title);
            m.literal("<style>");
            m.literal(STYLE);
            m.literal("</style>\n");
            fill(m);
        },
    );
    m.finish()
}
