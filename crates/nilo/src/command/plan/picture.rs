//! A plan as an SVG: instruments over time, and below every plate with its limits and its promise.

use super::view::{Bar, View, clock};
use std::fmt::Write as _;

/// Width of the names, and of the time axis, in drawing units.
const NAMES: f64 = 190.0;
const WIDTH: f64 = 1100.0;
/// On the right: utilisation, promises.
const RIGHT: f64 = 190.0;
/// Height of a lane of an instrument, and of a plate.
const LANE: f64 = 15.0;
const PLATE: f64 = 24.0;
/// Height of the title, and of the axis under it.
const TITLE: f64 = 74.0;
/// Height of the movers over time.
const MOVERS: f64 = 34.0;
/// Between the two parts.
const GAP: f64 = 46.0;
/// Lanes of instruments and plates that are drawn, at most: more is no picture.
const LANES_MOST: usize = 400;
const PLATES_MOST: usize = 200;

const STYLE: &str = "text{font-family:system-ui,Helvetica,Arial,sans-serif;fill:#1d2733;font-size:11px}\
.t{font-size:17px;font-weight:600}.s{font-size:12.5px;fill:#4a5866}.h{font-size:13px;font-weight:600}\
.n{text-anchor:end}.b{font-weight:700;fill:#9a3412}.k{font-size:9px;fill:#fff;font-weight:600}\
.g{stroke:#dfe4ea;stroke-width:1}.row{fill:#f6f7f9}.hot{fill:#fdeee3}.leg{stroke:#7b8794;stroke-width:1.4}\
.end{stroke:#1d2733;stroke-width:1.2}.bound{stroke:#b91c1c;stroke-width:1.2;stroke-dasharray:5 4}\
.wait{stroke:#7b8794;stroke-width:1;stroke-dasharray:2 2}.promise{fill:#1d2733}\
.service{fill:#cbd5e1;stroke:#64748b;stroke-width:.8;stroke-dasharray:3 2}\
.run{fill:#fff;fill-opacity:.12;stroke:#1d2733;stroke-width:1.3}\
.slack{stroke:#1d2733;stroke-width:1}.late{stroke:#b91c1c;stroke-width:1.6}.use{fill:#cbd5e1}.usehot{fill:#f0a87a}\
.m{fill:#94a3b8;fill-opacity:.55}.mark{font-size:11px;font-weight:600}.red{fill:#b91c1c}";

/// Colours of protocols; the plates of one protocol differ in lightness.
const HUES: [u32; 8] = [208, 24, 140, 280, 340, 180, 50, 0];

/// Steps of the time axis, seconds.
const STEPS: [f64; 14] = [
    10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0, 14_400.0, 21_600.0,
    43_200.0, 86_400.0,
];

struct Canvas<'a> {
    view: &'a View,
    out: String,
    scale: f64,
}

/// Draws a plan.
pub fn svg(view: &View) -> String {
    let lanes: usize = view.instruments.iter().map(|r| r.lanes as usize).sum();
    let lanes = lanes.min(LANES_MOST) as f64;
    let plates = view.plates.len().min(PLATES_MOST) as f64;
    let legend = 26.0 * view.protocols.len().div_ceil(5) as f64 + 50.0;
    let upper = TITLE + lanes * LANE + MOVERS;
    let height = upper + GAP + plates * PLATE + legend;
    let width = NAMES + WIDTH + RIGHT;
    let promised = view.plates.iter().map(|plate| plate.promised);
    let span = promised.fold(view.makespan.max(view.bound), f64::max);
    let mut canvas = Canvas {
        view,
        out: String::new(),
        scale: WIDTH / span.max(1.0),
    };
    let _ = write!(
        canvas.out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" \
         height=\"{height:.0}\"><style>{STYLE}</style><defs><pattern id=\"closed\" width=\"6\" height=\"6\" \
         patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\"><rect width=\"6\" height=\"6\" fill=\"#e5e7eb\"/>\
         <line x1=\"0\" x2=\"0\" y1=\"0\" y2=\"6\" stroke=\"#9ca3af\" stroke-width=\"2\"/></pattern></defs><rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>"
    );
    canvas.title();
    let top = TITLE;
    let bottom = upper + GAP + plates * PLATE;
    canvas.axis(top, bottom);
    let y = canvas.instruments(top);
    canvas.movers(y);
    canvas.plates(y + MOVERS + GAP);
    canvas.marks(top, bottom);
    canvas.legend(bottom + 40.0);
    canvas.out.push_str("</svg>\n");
    canvas.out
}

impl Canvas<'_> {
    fn x(&self, seconds: f64) -> f64 {
        NAMES + seconds * self.scale
    }

    fn text(&mut self, x: f64, y: f64, class: &str, text: &str) {
        let text = escape(text);
        let _ = write!(
            self.out,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" class=\"{class}\">{text}</text>"
        );
    }

    fn title(&mut self) {
        let view = self.view;
        let title = format!("{}: {} plates", view.lab, view.plates.len());
        self.text(16.0, 26.0, "t", &title);
        let line = format!(
            "done after {}; no plan is done before {}, by {} (gap {:.1} %)",
            clock(view.makespan),
            clock(view.bound),
            view.by,
            view.gap() * 100.0
        );
        self.text(16.0, 46.0, "s", &line);
        let hot = view.instruments.iter().filter(|row| row.bottleneck);
        let hot: Vec<&str> = hot.map(|row| row.name.as_str()).take(4).collect();
        if !hot.is_empty() {
            let line = format!("bottleneck (shaded): {}", hot.join(", "));
            self.text(NAMES + WIDTH * 0.55, 26.0, "b", &line);
        }
    }

    fn axis(&mut self, top: f64, bottom: f64) {
        let span = WIDTH / self.scale;
        let step = STEPS.into_iter().find(|s| span / s <= 16.0);
        let step = step.unwrap_or(86_400.0 * (span / 86_400.0 / 16.0).ceil());
        let mut at = 0.0;
        while at <= span {
            let x = self.x(at);
            let _ = write!(
                self.out,
                "<line x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{top:.0}\" y2=\"{bottom:.0}\" class=\"g\"/>"
            );
            let label = if step >= 60.0 {
                let minutes = (at / 60.0).round() as i64;
                format!("{}:{:02}", minutes / 60, minutes % 60)
            } else {
                format!("{at:.0} s")
            };
            self.text(x + 2.0, top - 5.0, "s", &label);
            at += step;
        }
    }

    /// Colour of a plate: its protocol's hue.
    fn colour(&self, plate: usize) -> String {
        let hue = HUES[self.view.plates[plate].protocol % HUES.len()];
        let light = 38 + plate * 7 % 24;
        format!("hsl({hue},55%,{light}%)")
    }

    fn bar(&mut self, bar: &Bar, y: f64, height: f64, label: &str) {
        let (x, end) = (self.x(bar.begin), self.x(bar.end));
        let width = (end - x).max(0.8);
        let colour = self.colour(bar.plate);
        let about = escape(&format!(
            "{}: {}, {} to {} ({})",
            self.view.plates[bar.plate].order,
            bar.what,
            clock(bar.begin),
            clock(bar.end),
            clock(bar.end - bar.begin)
        ));
        let _ = write!(
            self.out,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"2\" fill=\"{colour}\">\
             <title>{about}</title></rect>"
        );
        // About five units a letter.
        if width > 5.4 * label.chars().count() as f64 + 4.0 {
            self.text(x + 3.0, y + height - 3.2, "k", label);
        }
    }

    fn instruments(&mut self, top: f64) -> f64 {
        let view = self.view;
        let mut y = top;
        let mut left = LANES_MOST;
        for row in &view.instruments {
            let lanes = (row.lanes as usize).min(left);
            left -= lanes;
            let height = lanes as f64 * LANE;
            if lanes == 0 {
                continue;
            }
            let class = if row.bottleneck { "hot" } else { "row" };
            let _ = write!(
                self.out,
                "<rect x=\"{NAMES}\" y=\"{:.1}\" width=\"{WIDTH}\" height=\"{:.1}\" class=\"{class}\" fill-opacity=\".75\"/>",
                y + 0.7,
                height - 1.4
            );
            let class = if row.bottleneck { "n b" } else { "n" };
            self.text(NAMES - 8.0, y + 11.0, class, &row.name);
            self.share(y, row.busy, row.bottleneck);
            for (from, until) in &row.closed {
                let (x, end) = (self.x(*from), self.x(*until));
                let about = format!("closed from {} to {}", clock(*from), clock(*until));
                let _ = write!(
                    self.out,
                    "<rect x=\"{x:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"url(#closed)\">\
                     <title>{about}</title></rect>",
                    y + 0.7,
                    (end - x).max(0.8),
                    height - 1.4
                );
            }
            for service in view.services_of(row.instrument) {
                let (from, until) = (self.x(service.from), self.x(service.until));
                let about = escape(&format!(
                    "{}, {} to {}",
                    service.what,
                    clock(service.from),
                    clock(service.until)
                ));
                let _ = write!(
                    self.out,
                    "<rect x=\"{from:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" class=\"service\">\
                     <title>{about}</title></rect>",
                    y + 1.8,
                    (until - from).max(0.8),
                    height - 3.6
                );
            }
            for bar in view.bars.iter().filter(|b| b.instrument == row.instrument) {
                if (bar.slot as usize) < lanes {
                    let lane = y + f64::from(bar.slot) * LANE;
                    let label = view.plates[bar.plate].order.replace("order-", "");
                    self.bar(bar, lane + 1.8, LANE - 3.6, &label);
                }
            }
            for run in view.runs_of(row.instrument) {
                let (start, end) = (self.x(run.start), self.x(run.end));
                let about = escape(&format!(
                    "run of {}, {} to {}",
                    view.members(run).join(", "),
                    clock(run.start),
                    clock(run.end)
                ));
                let _ = write!(
                    self.out,
                    "<rect x=\"{start:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" class=\"run\">\
                     <title>{about}</title></rect>",
                    y + 0.6,
                    (end - start).max(0.8),
                    height - 1.2
                );
            }
            y += height;
        }
        y
    }

    /// On the right: how much of an instrument is in use.
    fn share(&mut self, y: f64, busy: f64, hot: bool) {
        let class = if hot { "usehot" } else { "use" };
        let x = NAMES + WIDTH + 8.0;
        let _ = write!(
            self.out,
            "<rect x=\"{x:.1}\" y=\"{0:.1}\" width=\"100\" height=\"9\" class=\"row\"/>\
             <rect x=\"{x:.1}\" y=\"{0:.1}\" width=\"{1:.1}\" height=\"9\" class=\"{class}\"/>",
            y + 3.0,
            100.0 * busy.clamp(0.0, 1.0)
        );
        self.text(x + 106.0, y + 11.0, "s", &format!("{:.0} %", busy * 100.0));
    }

    /// How many movers are needed over time.
    fn movers(&mut self, top: f64) {
        let movers = &self.view.movers;
        let (fleet, most) = (movers.fleet, movers.most());
        let (low, high) = (top + MOVERS - 4.0, top + 8.0);
        let unit = (low - high) / f64::from(most.max(1));
        let mut path = format!("M{NAMES:.1} {low:.1}");
        let mut level = low;
        for (at, count) in &movers.busy {
            let x = self.x(*at);
            let to = low - unit * f64::from(*count);
            let _ = write!(path, "L{x:.1} {level:.1}L{x:.1} {to:.1}");
            level = to;
        }
        let _ = write!(
            self.out,
            "<path d=\"{path}L{:.1} {low:.1}z\" class=\"m\"><title>movers that carry a plate or wait under one\
             </title></path>",
            self.x(self.view.makespan)
        );
        self.text(NAMES - 8.0, low - 6.0, "n", "movers in use");
        let most = format!("at most {most} of {fleet}");
        self.text(NAMES + WIDTH + 8.0, low - 6.0, "s", &most);
    }

    fn plates(&mut self, top: f64) {
        let view = self.view;
        self.text(
            16.0,
            top - 8.0,
            "h",
            "Plates, their limits and what they are promised",
        );
        for (index, plate) in view.plates.iter().enumerate().take(PLATES_MOST) {
            let y = top + index as f64 * PLATE;
            let _ = write!(
                self.out,
                "<rect x=\"{NAMES}\" y=\"{:.1}\" width=\"{WIDTH}\" height=\"{:.1}\" class=\"row\" fill-opacity=\".75\"/>",
                y + 0.7,
                PLATE - 1.4
            );
            let name = format!("{} {}", plate.order, view.protocols[plate.protocol]);
            self.text(NAMES - 8.0, y + 14.0, "n", &name);
            let (from, until) = (self.x(plate.release), self.x(view.starts(index)));
            let mid = y + 8.0;
            let _ = write!(
                self.out,
                "<line x1=\"{from:.1}\" x2=\"{until:.1}\" y1=\"{mid:.1}\" y2=\"{mid:.1}\" class=\"wait\"/>"
            );
            for bar in view.bars.iter().filter(|b| b.plate == index) {
                let (a, b) = (self.x(bar.leg_start), self.x(bar.begin));
                let _ = write!(
                    self.out,
                    "<line x1=\"{a:.1}\" x2=\"{b:.1}\" y1=\"{mid:.1}\" y2=\"{mid:.1}\" class=\"leg\"/>"
                );
                self.bar(bar, y + 2.5, 11.0, &bar.what);
            }
            for (number, lag) in plate.lags.iter().enumerate() {
                let part = lag.spare() / lag.max.max(1.0);
                let colour = match part {
                    p if p < 0.1 => "#dc2626",
                    p if p < 0.3 => "#d97706",
                    _ => "#16a34a",
                };
                let about = escape(&format!(
                    "{}: {} of at most {}, {} left",
                    lag.text,
                    clock(lag.to - lag.from),
                    clock(lag.max),
                    clock(lag.spare())
                ));
                let (a, b) = (self.x(lag.from), self.x(lag.to).max(self.x(lag.from) + 1.5));
                let at = y + 16.5 + (number % 2) as f64 * 3.5;
                let _ = write!(
                    self.out,
                    "<line x1=\"{a:.1}\" x2=\"{b:.1}\" y1=\"{at:.1}\" y2=\"{at:.1}\" stroke=\"{colour}\" stroke-width=\"2\">\
                     <title>{about}</title></line>"
                );
            }
            let done = self.x(plate.finish);
            let x = self.x(plate.promised).min(NAMES + WIDTH);
            let _ = write!(
                self.out,
                "<line x1=\"{done:.1}\" x2=\"{x:.1}\" y1=\"{mid:.1}\" y2=\"{mid:.1}\" class=\"slack\"/>\
                 <path d=\"M{x:.1} {mid:.1}l5 -4v8z\" class=\"promise\"><title>promised by {}</title></path>",
                clock(plate.promised)
            );
            if let Some(by) = plate.deadline {
                let x = self.x(by).min(NAMES + WIDTH);
                let _ = write!(
                    self.out,
                    "<line x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{:.1}\" y2=\"{:.1}\" class=\"late\"><title>must be finished \
                     by {}</title></line>",
                    y + 1.0,
                    y + PLATE - 2.0,
                    clock(by)
                );
            }
            let slack = plate.promised - plate.finish;
            let promised = format!("by {}, {} spare", clock(plate.promised), clock(slack));
            self.text(NAMES + WIDTH + 8.0, y + 13.0, "s", &promised);
        }
    }

    /// Where the plan ends, and where no plan can end before.
    fn marks(&mut self, top: f64, bottom: f64) {
        let (end, bound) = (self.view.makespan, self.view.bound);
        for (at, class) in [(end, "end"), (bound, "bound")] {
            let x = self.x(at);
            let _ = write!(
                self.out,
                "<line x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{top:.0}\" y2=\"{bottom:.0}\" class=\"{class}\"/>"
            );
        }
        // Between the two parts, on the side on which there is room.
        let y = bottom + 13.0;
        let label = format!("no plan ends before {}", clock(bound));
        let width = 6.2 * label.chars().count() as f64;
        let x = self.x(bound);
        let x = if x + width > NAMES + WIDTH {
            x - width
        } else {
            x
        };
        self.text(x, y, "mark red", &label);
    }

    fn legend(&mut self, top: f64) {
        for (index, name) in self.view.protocols.iter().enumerate() {
            let (x, y) = (
                NAMES + (index % 5) as f64 * 170.0,
                top + (index / 5) as f64 * 26.0,
            );
            let hue = HUES[index % HUES.len()];
            let _ = write!(
                self.out,
                "<rect x=\"{x:.0}\" y=\"{:.0}\" width=\"14\" height=\"11\" rx=\"2\" fill=\"hsl({hue},55%,46%)\"/>",
                y - 10.0
            );
            self.text(x + 20.0, y, "", name);
        }
        let y = top + 26.0 * self.view.protocols.len().div_ceil(5) as f64;
        self.text(
            NAMES,
            y,
            "s",
            "lines under a plate: limits between its steps (green: room left, amber: under 30 %, red: under 10 %); \
             triangle: promised, red bar: must be finished; hatched: closed; grey: set up or refilled; framed: a run of \
             several plates",
        );
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
