//! A design drawn to scale: floor, track, stations with their instruments, and the traffic.

use crate::design::{Design, Floor, site::TILE, standing};
use crate::sizes::{self, Zone};
use std::fmt::Write as _;
use transport::{BerthKind, Point};

/// Drawing units for a metre.
const SCALE: f64 = 90.0;
/// Around the drawing.
const MARGIN: f64 = 24.0;
/// For the title, and for the legend.
const TITLE: f64 = 80.0;
const LEGEND: f64 = 58.0;
/// An arm's share of a station's depth, metres.
const ARM: f64 = 0.35;

const STYLE: &str = "text{font-family:system-ui,Helvetica,Arial,sans-serif;fill:#1d2733}\
.t{font-size:17px;font-weight:600}.s{font-size:12.5px;fill:#4a5866}\
.n{font-size:9.5px;font-weight:600;text-anchor:middle;fill:#34404d}\
.i{font-size:7.6px;text-anchor:middle;fill:#1d2733}\
.floor{fill:#f3f4f6;stroke:#9aa5b1;stroke-width:1.2}\
.path{fill:url(#hatch)}\
.tile{fill:#dfe5ec;stroke:#fff;stroke-width:.8}\
.rail{fill:none;stroke:#8a97a5;stroke-width:5;stroke-linecap:round;stroke-linejoin:round}\
.siding{fill:none;stroke:#b9c3cd;stroke-width:3}\
.dock{fill:#fff;stroke:#5d6b79;stroke-width:1}\
.park{fill:#e9edf1;stroke:#b3bec9;stroke-width:.8}\
.mover{fill:#2b6cb0;stroke:#173f6b;stroke-width:.6}\
.station{fill:#fff;stroke:#5d6b79;stroke-width:1}\
.arm{fill:#5d6b79}.reach{fill:none;stroke:#c3ccd5;stroke-width:.8;stroke-dasharray:2 2}\
.unit{stroke:#54616e;stroke-width:.6}\
.ride{fill:none;stroke:#c2410c;stroke-opacity:.42}";

const fn colour(zone: Zone) -> &'static str {
    match zone {
        Zone::Storage => "#e8dcc2",
        Zone::Liquid => "#bcd9ee",
        Zone::Cover => "#d7cdea",
        Zone::Bench => "#f3c9a5",
        Zone::Warm => "#f4b6ae",
        Zone::Cold => "#b5e3e6",
        Zone::Read => "#c2e2b8",
        Zone::Exit => "#d5d8dc",
    }
}

const ZONES: [(Zone, &str); 8] = [
    (Zone::Storage, "shelves"),
    (Zone::Liquid, "liquid"),
    (Zone::Cover, "lids and seals"),
    (Zone::Bench, "spin, shake, heat"),
    (Zone::Warm, "incubate"),
    (Zone::Cold, "cold"),
    (Zone::Read, "measure"),
    (Zone::Exit, "waste, quarantine"),
];

/// What is written on an instrument.
fn short(kind: &str) -> &str {
    match kind {
        "liquid_handler" => "pipette 8",
        "liquid_handler_96" => "pipette 96",
        "acoustic_dispenser" => "acoustic",
        "reagent_dispenser" => "dispense",
        "lid_handler" => "lid",
        "heater_shaker_bank" => "heat-shake",
        "thermocycler" => "cycler",
        "absorbance_reader" => "absorb.",
        "fluorescence_reader" => "fluor.",
        "luminescence_reader" => "lumin.",
        "plate_reader" => "reader",
        "conductivity_meter" => "conduct.",
        "barcode_reader" => "code",
        "cold_store" => "4 °C",
        "quarantine" => "quar.",
        other => other,
    }
}

/// One design.
#[must_use]
pub fn svg(design: &Design, title: &str) -> String {
    page(&[(design, title)])
}

/// Designs below each other at the same scale.
#[must_use]
pub fn page(designs: &[(&Design, &str)]) -> String {
    let size = |floor: &Floor| [floor.high[0] - floor.low[0], floor.high[1] - floor.low[1]];
    let width = designs
        .iter()
        .map(|(d, _)| size(&d.floor)[0] * SCALE)
        .fold(820.0, f64::max)
        + 2.0 * MARGIN;
    let mut body = String::new();
    let mut y = MARGIN;
    for (design, title) in designs {
        let _ = writeln!(
            body,
            "<text class=\"t\" x=\"{MARGIN}\" y=\"{:.1}\">{}</text>\
             <text class=\"s\" x=\"{MARGIN}\" y=\"{:.1}\">{}</text>\
             <text class=\"s\" x=\"{MARGIN}\" y=\"{:.1}\">{}</text>",
            y + 16.0,
            escape(title),
            y + 38.0,
            escape(&what(design)),
            y + 56.0,
            escape(&does(design))
        );
        y += TITLE;
        let sheet = Sheet {
            design,
            left: MARGIN,
            top: y,
        };
        sheet.draw(&mut body);
        y += size(&design.floor)[1] * SCALE + MARGIN;
    }
    legend(&mut body, y + 8.0);
    let height = y + LEGEND;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" \
         width=\"{width:.0}\" height=\"{height:.0}\" role=\"img\"><style>{STYLE}</style><defs>\
         <pattern id=\"hatch\" width=\"7\" height=\"7\" patternUnits=\"userSpaceOnUse\" \
         patternTransform=\"rotate(45)\"><rect width=\"7\" height=\"7\" fill=\"#f3f4f6\"/>\
         <path d=\"M0 0V7\" stroke=\"#dcdfe4\" stroke-width=\"2\"/></pattern></defs>\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n{body}</svg>\n"
    )
}

/// What a hall has.
fn what(design: &Design) -> String {
    let [w, h] = [0, 1].map(|k| design.floor.high[k] - design.floor.low[k]);
    format!(
        "{w:.1} × {h:.1} m = {:.1} m²; {} stations with {} instruments, {} movers on {}",
        design.floor.area(),
        design.hall.stations.len(),
        design.hall.instruments.len(),
        design.hall.movers.len(),
        design.site.form
    )
}

/// What it does.
fn does(design: &Design) -> String {
    let o = &design.outcome;
    format!(
        "in the twin {:.1} plates an hour, {:.1} % of them within every limit; {:.1} m of movers and {:.1} s of their time a plate",
        o.plates_per_hour(),
        o.compliance() * 100.0,
        o.metres(),
        o.mover_seconds()
    )
}

struct Sheet<'a> {
    design: &'a Design,
    left: f64,
    top: f64,
}

impl Sheet<'_> {
    fn xy(&self, at: [f64; 2]) -> [f64; 2] {
        let floor = &self.design.floor;
        [
            self.left + (at[0] - floor.low[0]) * SCALE,
            self.top + (floor.high[1] - at[1]) * SCALE,
        ]
    }

    fn point(&self, point: Point) -> [f64; 2] {
        self.xy([point.x.as_m(), point.y.as_m()])
    }

    /// A rectangle between two corners in metres.
    fn rect(&self, out: &mut String, class: &str, a: [f64; 2], b: [f64; 2], more: &str) {
        let (a, b) = (self.xy(a), self.xy(b));
        let _ = writeln!(
            out,
            "<rect class=\"{class}\" x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\"{more}",
            a[0].min(b[0]),
            a[1].min(b[1]),
            (a[0] - b[0]).abs(),
            (a[1] - b[1]).abs()
        );
    }

    fn draw(&self, out: &mut String) {
        let design = self.design;
        self.rect(out, "floor", design.floor.low, design.floor.high, "/>");
        for station in 0..design.modules.len() {
            self.path(out, station);
        }
        self.track(out);
        self.traffic(out);
        for station in 0..design.modules.len() {
            self.station(out, station);
        }
        let half = TILE * 0.32;
        for mover in &design.hall.movers {
            let p = design.hall.track.berth(mover.home).position;
            let (x, y) = (p.x.as_m(), p.y.as_m());
            self.rect(
                out,
                "mover",
                [x - half, y - half],
                [x + half, y + half],
                " rx=\"2\"/>",
            );
        }
    }

    /// Corners of a part of a station: from `u0` to `u1` along its front, `v0` to `v1` away from it.
    fn part(&self, station: usize, u: [f64; 2], v: [f64; 2]) -> ([f64; 2], [f64; 2]) {
        let (front, out) = standing(&self.design.hall, station);
        let along = [out[1].abs(), out[0].abs()];
        let at = |u: f64, v: f64| [0, 1].map(|k| front[k] + along[k] * u + out[k] * v);
        (at(u[0], v[0]), at(u[1], v[1]))
    }

    fn path(&self, out: &mut String, station: usize) {
        let (half, style) = (self.design.site.pitch / 2.0, &self.design.style);
        let v = [style.depth, style.depth + style.path];
        let (a, b) = self.part(station, [-half, half], v);
        self.rect(out, "path", a, b, "/>");
    }

    fn track(&self, out: &mut String) {
        let (track, every) = (&self.design.hall.track, quantity::Length::from_m(0.1));
        if track.keeps_heading() {
            let cell = |p: Point| [p.x, p.y].map(|c| (c.as_m() / TILE).floor() as i64);
            let mut cells: Vec<[i64; 2]> = track
                .blocks()
                .iter()
                .map(|b| cell(track.pose_on(b.id, b.length.scale(0.5)).point))
                .collect();
            cells.sort_unstable();
            cells.dedup();
            for [x, y] in cells {
                let (x, y) = (x as f64 * TILE, y as f64 * TILE);
                self.rect(out, "tile", [x, y], [x + TILE, y + TILE], "/>");
            }
        } else {
            let line = |points: &[Point]| {
                let mut path = String::new();
                for (k, point) in points.iter().enumerate() {
                    let [x, y] = self.point(*point);
                    let _ = write!(path, "{}{x:.1} {y:.1}", if k == 0 { 'M' } else { 'L' });
                }
                path
            };
            for berth in track.berths() {
                let path = line(&track.siding_outline(berth.id, every));
                let _ = writeln!(out, "<path class=\"siding\" d=\"{path}\"/>");
            }
            let all: String = track
                .blocks()
                .iter()
                .map(|b| line(&track.outline(b.id, every)))
                .collect();
            let _ = writeln!(out, "<path class=\"rail\" d=\"{all}\"/>");
        }
        for berth in track.berths() {
            let (x, y) = (berth.position.x.as_m(), berth.position.y.as_m());
            let (class, half) = match berth.kind {
                BerthKind::Dock => ("dock", TILE * 0.44),
                BerthKind::Parking => ("park", TILE * 0.4),
            };
            self.rect(
                out,
                class,
                [x - half, y - half],
                [x + half, y + half],
                " rx=\"3\"/>",
            );
        }
    }

    fn station(&self, out: &mut String, station: usize) {
        let design = self.design;
        let (module, style) = (&design.modules[station], &design.style);
        let half = design.site.pitch / 2.0 - 0.008;
        let name = &design.hall.stations[station].name;
        let (a, b) = self.part(station, [-half, half], [0.02, style.depth]);
        let title = format!(" rx=\"4\"><title>{}</title></rect>", escape(name));
        self.rect(out, "station", a, b, &title);
        let (arm, _) = self.part(station, [-half * 0.72, 0.0], [ARM / 2.0, 0.0]);
        let [x, y] = self.xy(arm);
        let _ = writeln!(
            out,
            "<circle class=\"reach\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"10\"/>\
             <circle class=\"arm\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4.5\"/>"
        );
        let (label, _) = self.part(station, [half * 0.12, 0.0], [ARM / 2.0, 0.0]);
        let [x, y] = self.xy(label);
        let _ = writeln!(
            out,
            "<text class=\"n\" x=\"{x:.1}\" y=\"{:.1}\">{}</text>",
            y + 3.4,
            escape(name)
        );
        let room = style.depth - ARM - 0.02;
        let left = -module.front / 2.0;
        for item in &module.items {
            let size = sizes::of(&item.kind);
            // Shelves are drawn one behind the other, the lower one in front.
            let (from, deep) = match item.level {
                Some(level) if style.frame.levels > 1 => {
                    let each = room / style.frame.levels as f64;
                    (ARM + each * level as f64, (each - 0.02).min(size.depth))
                }
                _ => (ARM, size.depth.min(room)),
            };
            let u = [left + item.at + 0.01, left + item.at + size.width - 0.01];
            let (a, b) = self.part(station, u, [from, from + deep]);
            let more = format!(
                " rx=\"2\" style=\"fill:{}\"><title>{}</title></rect>",
                colour(size.zone),
                escape(&item.kind)
            );
            self.rect(out, "unit", a, b, &more);
            let (a, b) = (self.xy(a), self.xy(b));
            let (w, h) = ((a[0] - b[0]).abs(), (a[1] - b[1]).abs());
            let [x, y] = [(a[0] + b[0]) / 2.0, (a[1] + b[1]) / 2.0];
            let word = short(&item.kind);
            let long = word.chars().count() as f64 * 4.1;
            if long <= w {
                let _ = writeln!(
                    out,
                    "<text class=\"i\" x=\"{x:.1}\" y=\"{:.1}\">{word}</text>",
                    y + 2.6
                );
            } else if long <= h {
                let _ = writeln!(
                    out,
                    "<text class=\"i\" transform=\"translate({:.1} {y:.1}) rotate(-90)\">{word}</text>",
                    x + 2.6
                );
            } else {
                let size = (7.6 * w.max(h) / long).max(4.6);
                let turn = if h > w { " rotate(-90)" } else { "" };
                let _ = writeln!(
                    out,
                    "<text class=\"i\" style=\"font-size:{size:.1}px\" transform=\"translate({x:.1} {y:.1}){turn} translate(0 {:.1})\">{word}</text>",
                    size * 0.34
                );
            }
        }
    }

    /// Movers over the track, as lines as wide as they are many.
    fn traffic(&self, out: &mut String) {
        let (track, every) = (&self.design.hall.track, quantity::Length::from_m(0.1));
        let blocks = &self.design.outcome.block_per_hour;
        let most = self.design.outcome.busiest_block_per_hour().max(1e-9);
        for block in track.blocks() {
            let passes = blocks.get(block.id.index()).copied().unwrap_or(0.0);
            if passes <= 0.0 {
                continue;
            }
            let mut path = String::new();
            for (k, point) in track.outline(block.id, every).iter().enumerate() {
                let [x, y] = self.point(*point);
                let _ = write!(path, "{}{x:.1} {y:.1}", if k == 0 { 'M' } else { 'L' });
            }
            let _ = writeln!(
                out,
                "<path class=\"ride\" stroke-width=\"{:.1}\" d=\"{path}\"/>",
                0.7 + 5.3 * passes / most
            );
        }
    }
}

fn legend(out: &mut String, y: f64) {
    let mut x = MARGIN;
    for (zone, word) in ZONES {
        let _ = writeln!(
            out,
            "<rect class=\"unit\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"12\" height=\"12\" rx=\"2\" style=\"fill:{}\"/>\
             <text class=\"s\" style=\"font-size:10.5px\" x=\"{:.1}\" y=\"{:.1}\">{word}</text>",
            colour(zone),
            x + 16.0,
            y + 10.0
        );
        x += 30.0 + word.chars().count() as f64 * 5.7;
    }
    let y = y + 24.0;
    let _ = writeln!(
        out,
        "<path d=\"M{MARGIN} {y:.1}v8m0 -4h{SCALE}m0 -4v8\" stroke=\"#34404d\" fill=\"none\"/>\
         <text class=\"s\" style=\"font-size:10.5px\" x=\"{:.1}\" y=\"{:.1}\">1 m</text>",
        MARGIN + SCALE + 8.0,
        y + 8.0
    );
    let mut x = MARGIN + SCALE + 50.0;
    let items = [
        ("mover", "mover in its berth", 12.0),
        ("dock", "dock", 12.0),
        ("path", "kept free: aisle, or path to swap stations", 22.0),
    ];
    for (class, word, wide) in items {
        let _ = writeln!(
            out,
            "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{:.1}\" width=\"{wide}\" height=\"12\" rx=\"2\"/>\
             <text class=\"s\" style=\"font-size:10.5px\" x=\"{:.1}\" y=\"{:.1}\">{word}</text>",
            y - 2.0,
            x + wide + 5.0,
            y + 8.0
        );
        x += wide + 20.0 + word.chars().count() as f64 * 5.6;
    }
    let _ = writeln!(
        out,
        "<path class=\"ride\" stroke-width=\"4\" d=\"M{x:.1} {:.1}h26\"/>\
         <text class=\"s\" style=\"font-size:10.5px\" x=\"{:.1}\" y=\"{:.1}\">traffic</text>",
        y + 4.0,
        x + 32.0,
        y + 8.0
    );
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
