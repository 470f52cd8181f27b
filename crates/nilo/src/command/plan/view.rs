//! A plan in the terms in which it is drawn and told.

use conductor::{Forecast, Refused};
use lab::Hall;
use quantity::{Duration, Instant};
use schedule::{Edge, Limiting, UNLIMITED};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Plates and instruments that are told of line by line in the terminal, at most.
const LINES: usize = 40;

/// Signs for plates in the terminal.
const SIGNS: &[u8] = b"123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// A stay of a plate in an instrument, in seconds from the start.
pub struct Bar {
    pub plate: usize,
    pub instrument: usize,
    pub slot: u32,
    pub what: String,
    pub leg_start: f64,
    pub begin: f64,
    pub end: f64,
    /// The number of the run that it shares with others, or could.
    pub run: Option<u32>,
}

/// A run of an instrument that works on several plates at once.
pub struct SharedRun {
    pub instrument: usize,
    pub number: u32,
    pub start: f64,
    pub end: f64,
    /// Plates in it.
    pub plates: Vec<usize>,
}

/// A time in which an instrument is seen to, and takes no plate.
pub struct Service {
    pub instrument: usize,
    pub what: String,
    pub from: f64,
    pub until: f64,
}

/// A limit between two edges.
pub struct LagSeen {
    pub from: f64,
    pub to: f64,
    pub text: String,
    pub min: f64,
    pub max: f64,
}

impl LagSeen {
    /// Seconds that it could still grow.
    pub fn spare(&self) -> f64 {
        self.max - (self.to - self.from)
    }
}

/// A plate's row.
pub struct PlateRow {
    pub order: String,
    pub protocol: usize,
    /// The hotel in which it has its home.
    pub home: String,
    pub deadline: Option<f64>,
    pub release: f64,
    pub finish: f64,
    pub promised: f64,
    pub lags: Vec<LagSeen>,
}

/// An instrument's row.
pub struct InstrumentRow {
    pub instrument: usize,
    pub name: String,
    pub lanes: u32,
    /// Place-seconds in use over place-seconds there are, up to the makespan.
    pub busy: f64,
    pub bottleneck: bool,
    /// When it is closed, up to the end of the plan.
    pub closed: Vec<(f64, f64)>,
}

/// Movers over time.
pub struct Movers {
    pub fleet: u32,
    /// How many carry a plate or wait under one from a moment on, in order of moments.
    pub busy: Vec<(f64, u32)>,
}

impl Movers {
    /// From the spans in which single movers are needed.
    fn new(fleet: u32, legs: &[(f64, f64)]) -> Self {
        let mut edges: Vec<(f64, i64)> = (legs.iter())
            .flat_map(|(from, until)| [(*from, 1), (*until, -1)])
            .collect();
        edges.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let mut count = 0;
        let mut busy: Vec<(f64, u32)> = Vec::new();
        for (at, by) in edges {
            count += by;
            match busy.last_mut() {
                Some(last) if last.0 >= at => last.1 = count as u32,
                _ => busy.push((at, count as u32)),
            }
        }
        Self { fleet, busy }
    }

    /// The most at a time.
    pub fn most(&self) -> u32 {
        self.busy.iter().map(|b| b.1).max().unwrap_or(0)
    }
}

/// A plan as it is drawn.
pub struct View {
    pub lab: String,
    pub protocols: Vec<String>,
    pub plates: Vec<PlateRow>,
    pub instruments: Vec<InstrumentRow>,
    pub movers: Movers,
    pub bars: Vec<Bar>,
    pub services: Vec<Service>,
    pub runs: Vec<SharedRun>,
    pub makespan: f64,
    pub bound: f64,
    /// What the bound comes from, in words.
    pub by: String,
    refused: Vec<Refused>,
}

fn seconds(at: Instant) -> f64 {
    (at - Instant::EPOCH).as_secs_f64()
}

impl View {
    pub fn new(hall: &Hall, forecast: &Forecast) -> Self {
        let planner = &forecast.planner;
        let shop = planner.shop();
        let mut protocols: Vec<String> = Vec::new();
        let (mut plates, mut bars, mut legs) = (Vec::new(), Vec::new(), Vec::new());
        for (index, planned) in forecast.taken.iter().enumerate() {
            let Some(plan) = planner.plan(planned.order.id) else {
                continue;
            };
            let name = planned.order.protocol.name.to_string();
            let protocol = (protocols.iter().position(|p| *p == name)).unwrap_or_else(|| {
                protocols.push(name);
                protocols.len() - 1
            });
            let task = |task: usize| match &planned.steps[task][..] {
                [] => "out".to_owned(),
                steps => steps.join(" + "),
            };
            bars.extend(plan.visits.iter().map(|visit| Bar {
                plate: index,
                instrument: visit.machine,
                slot: visit.slot,
                what: task(visit.task),
                leg_start: seconds(visit.leg_start),
                begin: seconds(visit.begin),
                end: seconds(visit.end),
                run: visit.run.map(|run| run.number),
            }));
            let mut from = planned.hotel.index();
            for visit in &plan.visits {
                if !shop.direct(from, visit.machine) {
                    legs.push((seconds(visit.leg_start), seconds(visit.begin)));
                }
                from = visit.machine;
            }
            // Limits must hold for slow and for quick work: from its earliest end, to its latest.
            let edge = |(task, edge): (usize, Edge), latest: bool| {
                let visit = &plan.visits[task];
                let begin = visit.run.map_or(visit.begin, |run| run.start);
                match edge {
                    Edge::Begin => seconds(begin),
                    Edge::Done => {
                        let mut options = planned.job.tasks[task].options.iter();
                        let chosen = options.find(|option| option.machine == visit.machine);
                        let work = chosen.map_or(Duration::ZERO, |chosen| {
                            let early = if latest { Duration::ZERO } else { chosen.early };
                            chosen.stay - early
                        });
                        seconds(begin + work)
                    }
                    Edge::End => seconds(visit.end),
                }
            };
            let lags = planned.job.lags.iter().filter_map(|lag| {
                let word = |e: (usize, Edge)| {
                    let edge = match e.1 {
                        Edge::Begin => "begin",
                        Edge::Done => "end",
                        Edge::End => "leaving",
                    };
                    format!("{edge} of {}", task(e.0))
                };
                Some(LagSeen {
                    from: edge(lag.from, false),
                    to: edge(lag.to, true),
                    text: format!("{} to {}", word(lag.from), word(lag.to)),
                    min: lag.min.as_secs_f64(),
                    max: lag.max.map(Duration::as_secs_f64)?,
                })
            });
            plates.push(PlateRow {
                order: planned.order.id.to_string(),
                protocol,
                home: hall.instrument(planned.hotel).name.to_string(),
                deadline: planned.order.deadline.map(seconds),
                release: seconds(planned.job.release),
                finish: seconds(plan.finish),
                promised: forecast
                    .promised(hall, planned.order.id)
                    .map_or(0.0, seconds),
                lags: lags.collect(),
            });
        }
        let jobs: Vec<_> = forecast.taken.iter().map(|p| p.job.clone()).collect();
        let bound = schedule::bound(shop, &jobs);
        let makespan = plates.iter().map(|p| p.finish).fold(0.0, f64::max);
        let mut limiting = Vec::new();
        let by = match bound.as_ref().map(|b| &b.by) {
            None => String::new(),
            Some(Limiting::Plate(index)) => format!("the way of {} alone", plates[*index].order),
            Some(Limiting::Movers) => format!("its {} movers", shop.movers),
            Some(Limiting::Machines(machines)) => {
                limiting.clone_from(machines);
                let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
                for &machine in machines {
                    *kinds.entry(&hall.instruments[machine].kind).or_default() += 1;
                }
                let kinds: Vec<_> = kinds.iter().map(|(k, n)| format!("{n} {k}")).collect();
                kinds.join(", ")
            }
        };
        let mut rows = Vec::new();
        for (machine, m) in shop.machines.iter().enumerate() {
            let here: Vec<&Bar> = bars.iter().filter(|b| b.instrument == machine).collect();
            if m.slots == UNLIMITED || here.is_empty() {
                continue;
            }
            let windows = m.down.iter().map(|w| (seconds(w.from), seconds(w.until)));
            let closed = windows
                .filter(|(from, _)| *from < makespan)
                .map(|(from, until)| (from, until.min(makespan)));
            let (load, unload) = (m.load.as_secs_f64(), m.unload.as_secs_f64());
            let taken: f64 = here.iter().map(|b| b.end - b.begin + load + unload).sum();
            rows.push(InstrumentRow {
                instrument: machine,
                name: m.name.clone(),
                lanes: here.iter().map(|b| b.slot + 1).max().unwrap_or(1),
                busy: taken / (f64::from(m.slots) * makespan.max(1.0)),
                bottleneck: limiting.contains(&machine),
                closed: closed.collect(),
            });
        }
        let set_ups =
            (planner.set_ups().into_iter()).map(|(m, when)| (m, when, "set-up".to_owned()));
        let refills = (planner.refills().into_iter()).map(|r| {
            let stock = &shop.machines[r.machine].stocks[r.stock];
            (r.machine, r.when, format!("refill of {}", stock.name))
        });
        let services = set_ups
            .chain(refills)
            .map(|(instrument, when, what)| Service {
                instrument,
                what,
                from: seconds(when.from),
                until: seconds(when.until),
            });
        let numbers: BTreeMap<_, usize> = (forecast.taken.iter().enumerate())
            .map(|(index, planned)| (planned.order.id, index))
            .collect();
        let runs = planner.runs().into_iter().map(|run| SharedRun {
            instrument: run.machine,
            number: run.number,
            start: seconds(run.start),
            end: seconds(run.end),
            plates: (run.members.iter())
                .filter_map(|member| numbers.get(&member.0).copied())
                .collect(),
        });
        Self {
            services: services.collect(),
            runs: runs.collect(),
            lab: hall.name.to_string(),
            protocols,
            plates,
            instruments: rows,
            movers: Movers::new(shop.movers, &legs),
            bars,
            makespan,
            bound: bound.map_or(0.0, |b| seconds(b.finish)),
            by,
            refused: forecast.refused.clone(),
        }
    }

    /// When an instrument is seen to.
    pub fn services_of(&self, instrument: usize) -> impl Iterator<Item = &Service> {
        (self.services.iter()).filter(move |s| s.instrument == instrument)
    }

    /// Runs of an instrument.
    pub fn runs_of(&self, instrument: usize) -> impl Iterator<Item = &SharedRun> {
        (self.runs.iter()).filter(move |run| run.instrument == instrument)
    }

    /// The plates of a run, by name.
    pub fn members(&self, run: &SharedRun) -> Vec<&str> {
        let plates = run.plates.iter().map(|&plate| &self.plates[plate]);
        plates.map(|plate| plate.order.as_str()).collect()
    }

    /// How far the plan is above the bound.
    pub fn gap(&self) -> f64 {
        if self.bound > 0.0 {
            self.makespan / self.bound - 1.0
        } else {
            0.0
        }
    }

    /// The lag with the least room, over all plates.
    fn tightest(&self) -> Option<(&PlateRow, &LagSeen)> {
        let all = (self.plates.iter()).flat_map(|p| p.lags.iter().map(move |l| (p, l)));
        all.min_by(|a, b| a.1.spare().total_cmp(&b.1.spare()))
    }

    /// For the terminal: instruments by time, a sign for each plate; then what there is to say.
    pub fn text(&self, columns: usize) -> String {
        let mut text = String::new();
        let count = self.plates.len();
        let _ = writeln!(
            text,
            "{}: {count} plates, done after {}; at least {} by {} (gap {:.1} %)",
            self.lab,
            clock(self.makespan),
            clock(self.bound),
            self.by,
            self.gap() * 100.0
        );
        if count == 0 {
            return text;
        }
        let step = self.makespan / columns as f64;
        let wide = self.instruments.iter().map(|r| r.name.len()).max();
        let wide = wide.unwrap_or(0).max(8);
        for row in self.instruments.iter().take(LINES) {
            for lane in 0..row.lanes {
                let mut line = vec![b'.'; columns];
                for (from, until) in &row.closed {
                    let first = ((from / step) as usize).min(columns - 1);
                    let last = ((until / step).ceil() as usize).clamp(first + 1, columns);
                    line[first..last].fill(b'#');
                }
                let here = |b: &&Bar| b.instrument == row.instrument && b.slot == lane;
                let cells = |from: f64, until: f64| {
                    let first = ((from / step) as usize).min(columns - 1);
                    first..((until / step).ceil() as usize).clamp(first + 1, columns)
                };
                for service in self.services_of(row.instrument) {
                    line[cells(service.from, service.until)].fill(b'~');
                }
                for bar in self.bars.iter().filter(here) {
                    line[cells(bar.begin, bar.end)].fill(SIGNS[bar.plate % SIGNS.len()]);
                }
                let name = if lane == 0 { row.name.as_str() } else { "" };
                let mark = if row.bottleneck { '*' } else { ' ' };
                let line = String::from_utf8_lossy(&line);
                let busy = if lane == 0 {
                    format!(" {:>3.0} %", row.busy * 100.0)
                } else {
                    String::new()
                };
                let _ = writeln!(text, "{mark}{name:<wide$} |{line}|{busy}");
            }
        }
        let end = clock(self.makespan);
        let fill = columns.saturating_sub(end.len());
        let _ = writeln!(text, " {:<wide$} |0{:>fill$}{end}|", "", "");
        if self.instruments.iter().any(|row| !row.closed.is_empty()) {
            let _ = writeln!(text, " {:<wide$}  # closed", "");
        }
        if self.instruments.len() > LINES {
            let more = self.instruments.len() - LINES;
            let _ = writeln!(text, " and {more} more instruments");
        }
        for what in self
            .services
            .iter()
            .map(|s| &s.what)
            .collect::<BTreeSet<_>>()
        {
            let times = self.services.iter().filter(|s| s.what == *what);
            let all: f64 = times.clone().map(|s| s.until - s.from).sum();
            let _ = writeln!(
                text,
                "  ~ {what}: {} times, {} in all",
                times.count(),
                clock(all)
            );
        }
        for row in &self.instruments {
            let runs: Vec<&SharedRun> = self.runs_of(row.instrument).collect();
            let sign = |plate: &usize| char::from(SIGNS[plate % SIGNS.len()]);
            let each = runs.iter().take(LINES).map(|run| {
                let plates: String = run.plates.iter().map(sign).collect();
                format!("{plates} at {}", clock(run.start))
            });
            let each: Vec<String> = each.collect();
            if !runs.is_empty() {
                let _ = writeln!(text, "  runs of {}: {}", row.name, each.join(", "));
            }
        }
        let _ = writeln!(text);
        for (index, plate) in self.plates.iter().enumerate().take(LINES) {
            let spare = plate
                .lags
                .iter()
                .map(LagSeen::spare)
                .fold(f64::MAX, f64::min);
            let spare = if spare < f64::MAX {
                format!(", tightest limit has {} left", clock(spare))
            } else {
                String::new()
            };
            let deadline = plate
                .deadline
                .map(|by| format!(", wanted by {}", clock(by)))
                .unwrap_or_default();
            let _ = writeln!(
                text,
                "  {} {} ({}): {} to {}, promised by {}{deadline}{spare}",
                char::from(SIGNS[index % SIGNS.len()]),
                plate.order,
                self.protocols[plate.protocol],
                clock(self.starts(index)),
                clock(plate.finish),
                clock(plate.promised),
            );
        }
        if count > LINES {
            let _ = writeln!(text, "  and {} more plates", count - LINES);
        }
        if let Some((plate, lag)) = self.tightest() {
            let _ = writeln!(
                text,
                "  tightest: {} of {}: {} of at most {}",
                lag.text,
                plate.order,
                clock(lag.to - lag.from),
                clock(lag.max)
            );
        }
        text
    }

    /// When a plate leaves where it was.
    pub fn starts(&self, plate: usize) -> f64 {
        let own = self.bars.iter().filter(|b| b.plate == plate);
        own.map(|b| b.leg_start).fold(f64::MAX, f64::min)
    }

    pub fn json(&self) -> Value {
        let names: BTreeMap<usize, &str> = (self.instruments.iter())
            .map(|row| (row.instrument, row.name.as_str()))
            .collect();
        let orders: Vec<Value> = (self.plates.iter().enumerate())
            .map(|(index, plate)| {
                let visits = self.bars.iter().filter(|b| b.plate == index).map(|bar| {
                    json!({
                        "steps": bar.what,
                        "instrument": names.get(&bar.instrument),
                        "slot": bar.slot,
                        "leg_start_s": bar.leg_start,
                        "begin_s": bar.begin,
                        "end_s": bar.end,
                        "run": bar.run,
                    })
                });
                let lags = plate.lags.iter().map(|lag| {
                    json!({
                        "limit": lag.text,
                        "min_s": lag.min,
                        "max_s": lag.max,
                        "planned_s": lag.to - lag.from,
                        "spare_s": lag.spare(),
                    })
                });
                json!({
                    "order": plate.order,
                    "protocol": self.protocols[plate.protocol],
                    "home": plate.home,
                    "deadline_s": plate.deadline,
                    "release_s": plate.release,
                    "finish_s": plate.finish,
                    "promised_s": plate.promised,
                    "slack_s": plate.promised - plate.finish,
                    "visits": visits.collect::<Vec<_>>(),
                    "lags": lags.collect::<Vec<_>>(),
                })
            })
            .collect();
        let instruments: Vec<Value> = (self.instruments.iter())
            .map(|row| {
                json!({
                    "instrument": row.name,
                    "utilisation": row.busy,
                    "bottleneck": row.bottleneck,
                    "services": self
                        .services_of(row.instrument)
                        .map(|s| json!({ "what": s.what, "from_s": s.from, "until_s": s.until }))
                        .collect::<Vec<_>>(),
                    "runs": self
                        .runs_of(row.instrument)
                        .map(|run| {
                            json!({
                                "run": run.number,
                                "start_s": run.start,
                                "end_s": run.end,
                                "orders": self.members(run),
                            })
                        })
                        .collect::<Vec<_>>(),
                    "closed_s": row.closed,
                })
            })
            .collect();
        let refused: Vec<Value> = (self.refused.iter())
            .map(|refused| {
                json!({
                    "order": refused.order.to_string(),
                    "why": refused.why,
                    "earliest_s": refused.earliest.map(seconds),
                })
            })
            .collect();
        json!({
            "ok": refused.is_empty(),
            "lab": self.lab,
            "makespan_s": self.makespan,
            "bound_s": self.bound,
            "bound_by": self.by,
            "gap_percent": self.gap() * 100.0,
            "orders": orders,
            "instruments": instruments,
            "movers": { "fleet": self.movers.fleet, "most_at_once": self.movers.most() },
            "refused": refused,
        })
    }
}

/// Seconds as people say them.
pub fn clock(seconds: f64) -> String {
    let whole = seconds.round() as i64;
    let (h, m, s) = (whole / 3600, whole / 60 % 60, whole % 60);
    match (h, m) {
        (0, 0) => format!("{s} s"),
        (0, _) => format!("{m}:{s:02} min"),
        _ => format!("{h}:{m:02} h"),
    }
}
