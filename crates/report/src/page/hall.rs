//! The hall: what every device did, what broke, what was lost, what persons did.

use super::table::{Cell, figure, table};
use crate::chart::{gantt, lanes};
use crate::limits::{FAULTS_OPEN_MAX, GANTT_NEAR, GANTT_SPAN, TABLE_ROWS_MAX};
use crate::markup::Markup;
use crate::number::{self, count, fixed, moment, percent, span};
use crate::{Device, DeviceInfo, Fault, FaultEnd, Lost, Plate, Run};
use quantity::Duration;
use std::collections::BTreeMap;

pub(super) fn operations(m: &mut Markup, run: &Run) {
    m.within("div", &[("class", &"card")], |m| {
        if run.work.is_empty() {
            m.element("p", &[("class", &"sub")], "No device did anything.");
            return;
        }
        let note = "A colour and a number for each plate; point at one to see only its way.";
        let keys = &[("tri", "fault")];
        for span in [GANTT_NEAR, GANTT_SPAN] {
            let until = run.ended.min(run.began.saturating_add(span));
            let whole = until == run.ended;
            let title = if whole {
                "All operations".to_owned()
            } else {
                format!("The first {}", number::span(span))
            };
            m.open("div", &[("class", &"tall")]);
            let chart = |m: &mut Markup| gantt::draw(m, run, until);
            figure(m, (&title, note), keys, chart, None);
            m.close("div");
            if whole {
                break;
            }
        }
    });
    m.element("h3", &[], "How busy each device was");
    m.within("div", &[("class", &"card")], |m| uses(m, run));
}

fn uses(m: &mut Markup, run: &Run) {
    let used = lanes::uses(&run.work, run.began, run.ended);
    let mut rows: Vec<(&DeviceInfo, lanes::Use)> = run
        .hall
        .devices
        .iter()
        .filter(|info| !matches!(info.device, Device::Mover(_)))
        .map(|info| (info, used.get(&info.device).copied().unwrap_or_default()))
        .collect();
    rows.sort_by(|a, b| b.1.busy.total_cmp(&a.1.busy));
    let idle = rows.iter().filter(|(_, used)| used.count == 0).count();
    rows.retain(|(_, used)| used.count > 0);
    let movers = run
        .hall
        .devices
        .iter()
        .filter(|info| matches!(info.device, Device::Mover(_)));
    let moving: Vec<lanes::Use> = movers
        .map(|info| used.get(&info.device).copied().unwrap_or_default())
        .collect();
    if !moving.is_empty() {
        let busy = moving.iter().map(|used| used.busy).sum::<f64>() / moving.len() as f64;
        let trips: usize = moving.iter().map(|used| used.count).sum();
        let text = format!(
            "{} made {}; each was under way {} of the time on average.",
            count(moving.len(), "mover", "movers"),
            count(trips, "trip", "trips"),
            percent(busy)
        );
        m.element("p", &[], text);
    }
    m.open("div", &[("class", &"tall")]);
    m.within("table", &[], |m| {
        m.within("thead", &[], |m| {
            m.within("tr", &[], |m| {
                for head in ["device", "station", "kind"] {
                    m.element("th", &[("scope", &"col")], head);
                }
                m.element("th", &[("scope", &"col")], "at work");
                for head in ["", "plates at once", "operations"] {
                    m.element("th", &[("scope", &"col"), ("class", &"n")], head);
                }
            });
        });
        m.within("tbody", &[], |m| {
            for (info, used) in rows.iter().take(TABLE_ROWS_MAX) {
                let station = run
                    .hall
                    .stations
                    .iter()
                    .find(|s| Some(s.id) == info.station);
                m.within("tr", &[], |m| {
                    m.element("td", &[("class", &"t")], &info.name);
                    m.element("td", &[], station.map_or("", |station| &station.name));
                    m.element("td", &[], &info.kind);
                    m.within("td", &[], |m| {
                        m.within("div", &[("class", &"use")], |m| {
                            let style = format!("width:{:.1}%", used.busy * 100.0);
                            m.element("i", &[("style", &style)], "");
                        });
                    });
                    m.element("td", &[("class", &"n")], percent(used.busy));
                    let places = format!("{} of {}", fixed(used.mean, 1), info.places);
                    m.element("td", &[("class", &"n")], places);
                    m.element("td", &[("class", &"n")], used.count);
                });
            }
        });
    });
    m.close("div");
    if idle > 0 {
        let text = format!(
            "{} was not needed.",
            count(idle, "other device", "other devices")
        );
        let text = if idle == 1 {
            text
        } else {
            text.replace(" was ", " were ")
        };
        m.element("p", &[("class", &"sub")], text);
    }
}

fn end(end: FaultEnd) -> (&'static str, &'static str) {
    match end {
        FaultEnd::Recovered => ("good", "recovered"),
        FaultEnd::WithLoss => ("bad", "went on with loss"),
        FaultEnd::Quarantined => ("bad", "quarantined"),
        FaultEnd::ByPerson => ("mute", "by a person"),
        FaultEnd::Open => ("bad", "open"),
    }
}

pub(super) fn faults(m: &mut Markup, run: &Run) {
    m.within("div", &[("class", &"card")], |m| {
        if run.faults.is_empty() {
            m.element("p", &[], "Nothing broke.");
            return;
        }
        let rows: Vec<Vec<Cell>> = run
            .faults
            .iter()
            .map(|fault| {
                let (class, text) = end(fault.end);
                let took = fault
                    .ended
                    .map_or("–".into(), |ended| span(ended.since(fault.at)));
                vec![
                    Cell::Short(moment(fault.at)),
                    Cell::Text(fault.place.clone()),
                    Cell::Short(fault.class.clone()),
                    Cell::Short(fault.plate.map_or("–".into(), |plate| plate.to_string())),
                    Cell::Text(fault.recovery.clone()),
                    Cell::Chip(class, text.into()),
                    Cell::Number(took),
                ]
            })
            .collect();
        let heads = [
            "when",
            "where",
            "what",
            "plate",
            "what was done",
            "how it ended",
            "after",
        ];
        if rows.len() > FAULTS_OPEN_MAX {
            summary(m, &run.faults);
            m.within("details", &[], |m| {
                m.element("summary", &[], "every fault");
                table(m, &heads, &rows);
            });
        } else {
            table(m, &heads, &rows);
        }
    });
}

fn summary(m: &mut Markup, faults: &[Fault]) {
    let mut classes: BTreeMap<&str, Vec<&Fault>> = BTreeMap::new();
    for fault in faults {
        classes.entry(&fault.class).or_default().push(fault);
    }
    let mut classes: Vec<(&str, Vec<&Fault>)> = classes.into_iter().collect();
    classes.sort_by_key(|(class, faults)| (std::cmp::Reverse(faults.len()), *class));
    let rows: Vec<Vec<Cell>> = classes
        .iter()
        .map(|(class, faults)| {
            let mut times: Vec<Duration> = faults
                .iter()
                .filter_map(|f| Some(f.ended?.since(f.at)))
                .collect();
            times.sort_unstable();
            let middle = times
                .get(times.len() / 2)
                .map_or("–".into(), |time| span(*time));
            let of = |wanted: FaultEnd| {
                let count = faults.iter().filter(|fault| fault.end == wanted).count();
                Cell::Number(if count == 0 {
                    "–".into()
                } else {
                    count.to_string()
                })
            };
            vec![
                Cell::Text((*class).to_owned()),
                Cell::Number(faults.len().to_string()),
                of(FaultEnd::Recovered),
                of(FaultEnd::WithLoss),
                of(FaultEnd::Quarantined),
                of(FaultEnd::ByPerson),
                of(FaultEnd::Open),
                Cell::Number(middle),
            ]
        })
        .collect();
    let heads = [
        "fault",
        "how often",
        "recovered",
        "with loss",
        "quarantined",
        "by a person",
        "open",
        "median time to end",
    ];
    table(m, &heads, &rows);
}

pub(super) fn losses(m: &mut Markup, run: &Run) {
    m.within("div", &[("class", &"card")], |m| {
        if run.losses.is_empty() {
            m.element("p", &[], "Nothing was lost.");
            return;
        }
        let rows: Vec<Vec<Cell>> = run
            .losses
            .iter()
            .map(|loss| {
                let what = match &loss.what {
                    Lost::Wells { plate, wells } => {
                        let names = wells
                            .iter()
                            .take(8)
                            .map(|(row, column)| Plate::well_name(*row, *column));
                        let names: Vec<String> = names.collect();
                        let more = if wells.len() > 8 { ", …" } else { "" };
                        let wells = count(wells.len(), "well", "wells");
                        format!("{wells} of {plate} ({}{more})", names.join(", "))
                    }
                    Lost::Plate(plate) => format!("{plate}, whole"),
                    Lost::Lag {
                        plate,
                        lag,
                        allowed,
                        actual,
                    } => format!(
                        "the time {lag} on {plate}: {} where {} is allowed",
                        span(*actual),
                        span(*allowed)
                    ),
                };
                vec![
                    Cell::Short(moment(loss.at)),
                    Cell::Text(what),
                    Cell::Text(loss.why.clone()),
                    Cell::Text(
                        loss.made_good
                            .clone()
                            .unwrap_or_else(|| "not made good".into()),
                    ),
                ]
            })
            .collect();
        table(m, &["when", "what", "why", "and then"], &rows);
    });
}

pub(super) fn tasks(m: &mut Markup, run: &Run) {
    m.within("div", &[("class", &"card")], |m| {
        if run.tasks.is_empty() {
            m.element("p", &[], "No person was needed.");
            return;
        }
        let rows: Vec<Vec<Cell>> = run
            .tasks
            .iter()
            .map(|task| {
                let (class, text) = match task.done {
                    Some(done) => ("good", format!("done after {}", span(done.since(task.at)))),
                    None => ("bad", "not done".into()),
                };
                vec![
                    Cell::Short(task.id.to_string()),
                    Cell::Short(moment(task.at)),
                    Cell::Text(task.request.clone()),
                    Cell::Text(task.why.clone()),
                    Cell::Chip(class, text),
                ]
            })
            .collect();
        table(m, &["task", "when", "what was asked", "why", ""], &rows);
    });
}
