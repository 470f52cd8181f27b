//! A floor plan of a hall as SVG, to scale: track, berths, movers in their homes, stations with
//! their instruments.

use crate::Hall;
use bus::{Role, Station};
use quantity::Length;
use std::fmt::Write as _;
use transport::{Berth, BerthKind, Point};

/// Drawing units for a metre.
const SCALE: f64 = 100.0;
/// Metres around the track: stations stand outside.
const MARGIN: f64 = 1.0;
/// Depth of a station away from its dock, metres.
const DEPTH: f64 = 0.5;
/// Greatest width of a station along the track, metres, for each of its docks.
const WIDTH: f64 = 0.75;
/// Gap between a mover at the dock and its station, metres.
const GAP: f64 = 0.04;

const STYLE: &str = "text{font:9px system-ui,sans-serif;fill:#222;text-anchor:middle}\
.rail{fill:none;stroke:#8a94a0;stroke-width:5;stroke-linecap:round;stroke-linejoin:round}\
.siding{fill:none;stroke:#b9c1ca;stroke-width:3}\
.berth{fill:#fff;stroke:#8a94a0;stroke-width:1}\
.dock{stroke:#333;stroke-width:1.5}\
.mover{fill:#2f6fab;stroke:#123;stroke-width:.6}\
.station{fill:#f4f1ea;stroke:#555;stroke-width:1}\
.work{fill:#dfe8d8;stroke:#5b7050;stroke-width:.6}\
.storage{fill:#e6dcc8;stroke:#86714a;stroke-width:.6}\
.waste{fill:#ddd;stroke:#555;stroke-width:.6;stroke-dasharray:2 1}\
.quarantine{fill:#f3d9d2;stroke:#9c4a38;stroke-width:.6;stroke-dasharray:2 1}";

/// Maps metres north-up to drawing units south-down.
struct Page {
    west: f64,
    north: f64,
}

impl Page {
    fn xy(&self, x: f64, y: f64) -> [f64; 2] {
        [(x - self.west) * SCALE, (self.north - y) * SCALE]
    }

    fn point(&self, point: Point) -> [f64; 2] {
        self.xy(point.x.as_m(), point.y.as_m())
    }

    fn path(&self, points: &[Point]) -> String {
        let mut path = String::new();
        for (index, point) in points.iter().enumerate() {
            let [x, y] = self.point(*point);
            let _ = write!(path, "{}{x:.1} {y:.1}", if index == 0 { 'M' } else { 'L' });
        }
        path
    }
}

/// The floor plan of a hall.
#[must_use]
pub fn svg(hall: &Hall) -> String {
    let (low, high) = hall.track.bounds();
    let page = Page {
        west: low.x.as_m() - MARGIN,
        north: high.y.as_m() + MARGIN,
    };
    let [width, height] = page.xy(high.x.as_m() + MARGIN, low.y.as_m() - MARGIN);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" role=\"img\">\
         <title>{}: {} stations, {} movers, {:.0} by {:.0} m</title><style>{STYLE}</style>\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n",
        escape(&hall.name),
        hall.stations.len(),
        hall.movers.len(),
        width / SCALE,
        height / SCALE
    );
    track(hall, &page, &mut out);
    let wide = station_width(hall);
    for station in &hall.stations {
        draw_station(hall, station, wide, &page, &mut out);
    }
    for mover in &hall.movers {
        let pose = hall.track.pose_in(mover.home);
        let [x, y] = page.point(pose.point);
        let side = hall.track.footprint();
        let [l, w] = [side.length, side.width].map(|s| s.as_m() * SCALE);
        let turn = -pose.heading.as_rad().to_degrees();
        let _ = writeln!(
            out,
            "<rect class=\"mover\" x=\"{:.1}\" y=\"{:.1}\" width=\"{l:.1}\" height=\"{w:.1}\" rx=\"2\" \
             transform=\"rotate({turn:.0} {x:.1} {y:.1})\"><title>{}</title></rect>",
            x - l / 2.0,
            y - w / 2.0,
            escape(&mover.name)
        );
    }
    scale_bar(height, &mut out);
    out.push_str("</svg>\n");
    out
}

fn track(hall: &Hall, page: &Page, out: &mut String) {
    let every = Length::from_m(0.1);
    let mut rails = String::new();
    for block in hall.track.blocks() {
        rails.push_str(&page.path(&hall.track.outline(block.id, every)));
    }
    let _ = writeln!(out, "<path class=\"rail\" d=\"{rails}\"/>");
    let mut sidings = String::new();
    for berth in hall.track.berths() {
        sidings.push_str(&page.path(&hall.track.siding_outline(berth.id, every)));
    }
    let _ = writeln!(out, "<path class=\"siding\" d=\"{sidings}\"/>");
    let side = hall.track.footprint();
    let half = side.length.max(side.width).as_m() * SCALE / 2.0 + 2.0;
    for berth in hall.track.berths() {
        let [x, y] = page.point(berth.position);
        let class = match berth.kind {
            BerthKind::Dock => "berth dock",
            BerthKind::Parking => "berth",
        };
        let _ = writeln!(
            out,
            "<rect class=\"{class}\" x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"3\">\
             <title>{}</title></rect>",
            x - half,
            y - half,
            2.0 * half,
            2.0 * half,
            escape(&berth.name)
        );
    }
}

/// As wide as neighbouring docks allow, so that stations do not overlap along the track.
fn station_width(hall: &Hall) -> f64 {
    let docks: Vec<(Point, [f64; 2])> = hall
        .docks
        .iter()
        .flatten()
        .map(|id| hall.track.berth(*id))
        .map(|berth| (berth.position, outwards(hall, berth)))
        .collect();
    // Docks are numbered along the track, so near ones have near numbers.
    let mut least = WIDTH;
    for near in docks.windows(2).chain(docks.windows(3)) {
        let ((a, a_out), (b, b_out)) = (near[0], near[near.len() - 1]);
        let (dx, dy) = ((b.x - a.x).as_m(), (b.y - a.y).as_m());
        let facing = a_out[0] * b_out[0] + a_out[1] * b_out[1] > 0.9;
        let level = (dx * a_out[0] + dy * a_out[1]).abs() < DEPTH;
        if facing && level {
            least = least.min(dx.hypot(dy));
        }
    }
    least.max(0.2) - 2.0 * GAP
}

/// The way from the track to a dock, as a unit vector.
fn outwards(hall: &Hall, berth: &Berth) -> [f64; 2] {
    let node = hall.track.node(berth.enter.node).point;
    let (dx, dy) = (
        (berth.position.x - node.x).as_m(),
        (berth.position.y - node.y).as_m(),
    );
    let length = dx.hypot(dy).max(1e-9);
    [dx / length, dy / length]
}

fn draw_station(hall: &Hall, station: &Station, wide: f64, page: &Page, out: &mut String) {
    let docks = &hall.docks[station.id.index()];
    let Some(first) = docks.first().map(|id| hall.track.berth(*id)) else {
        return;
    };
    let [ox, oy] = outwards(hall, first);
    // Docks on the same side of the track carry the station; one across it is only reached.
    let same: Vec<Point> = docks
        .iter()
        .map(|id| hall.track.berth(*id))
        .filter(|berth| {
            let [x, y] = outwards(hall, berth);
            x * ox + y * oy > 0.9
        })
        .map(|berth| berth.position)
        .collect();
    let n = same.len() as f64;
    let [mx, my] = [
        same.iter().map(|p| p.x.as_m()).sum::<f64>() / n,
        same.iter().map(|p| p.y.as_m()).sum::<f64>() / n,
    ];
    let side = hall.track.footprint();
    let away = side.length.max(side.width).as_m() / 2.0 + GAP + DEPTH / 2.0;
    let [x, y] = page.xy(mx + ox * away, my + oy * away);
    let spread = same
        .iter()
        .map(|p| p.distance(same[0]).as_m())
        .fold(0.0, f64::max);
    let along = (wide + spread.min(wide)) * SCALE;
    let deep = DEPTH * SCALE;
    let upright = oy.abs() >= ox.abs();
    let [w, h] = if upright {
        [along, deep]
    } else {
        [deep, along]
    };
    let _ = writeln!(
        out,
        "<g><rect class=\"station\" x=\"{:.1}\" y=\"{:.1}\" width=\"{w:.1}\" height=\"{h:.1}\" rx=\"4\">\
         <title>{}</title></rect>",
        x - w / 2.0,
        y - h / 2.0,
        escape(&station.name)
    );
    let count = station.instruments.len().max(1) as f64;
    let (pad, label) = (3.0, 12.0);
    for (index, id) in station.instruments.iter().enumerate() {
        let instrument = hall.instrument(*id);
        let class = match instrument.role {
            Role::Work => "work",
            Role::Storage => "storage",
            Role::Waste => "waste",
            Role::Quarantine => "quarantine",
        };
        let k = index as f64;
        let (cell, room) = if upright {
            ((w - pad) / count, h - label - 2.0 * pad)
        } else {
            ((h - label - pad) / count, w - 2.0 * pad)
        };
        let (ix, iy, iw, ih) = if upright {
            (
                x - w / 2.0 + pad + k * cell,
                y - h / 2.0 + label + pad,
                cell - pad,
                room,
            )
        } else {
            (
                x - w / 2.0 + pad,
                y - h / 2.0 + label + k * cell,
                room,
                cell - pad,
            )
        };
        let _ = writeln!(
            out,
            "<rect class=\"{class}\" x=\"{ix:.1}\" y=\"{iy:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"2\">\
             <title>{} ({}, {} nests)</title></rect>",
            iw.max(1.0),
            ih.max(1.0),
            escape(&instrument.name),
            escape(&instrument.kind),
            instrument.nests.len()
        );
    }
    let _ = writeln!(
        out,
        "<text x=\"{x:.1}\" y=\"{:.1}\">{}</text></g>",
        y - h / 2.0 + 9.5,
        escape(&station.name)
    );
}

fn scale_bar(height: f64, out: &mut String) {
    let y = height - 20.0;
    let _ = writeln!(
        out,
        "<path d=\"M20 {y:.0}h{SCALE:.0}M20 {:.0}v8M{:.0} {:.0}v8\" stroke=\"#333\" fill=\"none\"/>\
         <text x=\"{:.0}\" y=\"{:.0}\">1 m</text>",
        y - 4.0,
        20.0 + SCALE,
        y - 4.0,
        20.0 + SCALE / 2.0,
        y - 5.0
    );
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
