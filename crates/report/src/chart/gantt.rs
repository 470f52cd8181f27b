//! The chart of operations of the first hours.

use super::frame::svg;
use super::lanes::lanes;
use super::scale::{Scale, time_ticks};
use super::{at, colour, traffic};
use crate::limits::GANTT_BARS_MAX;
use crate::markup::Markup;
use crate::number::{count, moment, span};
use crate::{Device, DeviceInfo, Run, Work};
use quantity::{Instant, PlateId};
use std::collections::BTreeMap;

const WIDTH: f64 = 1080.0;
const LEFT: f64 = 206.0;
const TOP: f64 = 30.0;
const ROW: f64 = 18.0;
const LANE: f64 = 7.0;
const GAP: f64 = 4.0;

/// A row: a device and what it did in the window, by beginning.
struct Row<'a> {
    station: &'a str,
    info: &'a DeviceInfo,
    work: Vec<&'a Work>,
}

fn rows(run: &Run, until: Instant) -> Vec<Row<'_>> {
    let mut by_device: BTreeMap<Device, Vec<&Work>> = BTreeMap::new();
    for work in &run.work {
        if work.began < until && work.ended >= run.began {
            by_device.entry(work.device).or_default().push(work);
        }
    }
    let mut rows = Vec::new();
    let stations = run
        .hall
        .stations
        .iter()
        .map(|s| (Some(s.id), s.name.as_str()));
    for (id, station) in stations.chain([(None, "")]) {
        let devices = run.hall.devices.iter();
        for info in devices.filter(|info| info.station == id) {
            // Movers are many and their ways short: they have a strip of their own.
            if matches!(info.device, Device::Mover(_)) {
                continue;
            }
            if let Some(mut work) = by_device.remove(&info.device) {
                work.sort_by_key(|work| (work.began, work.ended));
                rows.push(Row {
                    station,
                    info,
                    work,
                });
            }
        }
    }
    rows
}

/// What happened until a moment: one row per instrument and arm that did something, plates in
/// colours, faults as triangles.
pub(crate) fn draw(m: &mut Markup, run: &Run, until: Instant) {
    let rows = rows(run, until);
    let x = Scale {
        low: run.began.as_secs_f64(),
        high: until.as_secs_f64().max(run.began.as_secs_f64() + 1.0),
        from: LEFT,
        to: WIDTH - 30.0,
    };
    let stacked: Vec<(Vec<usize>, usize)> = rows
        .iter()
        .map(|row| {
            let spans: Vec<_> = row.work.iter().map(|w| (w.began, w.ended)).collect();
            lanes(&spans)
        })
        .collect();
    let heights = stacked.iter().map(|(_, count)| match count {
        0 | 1 => ROW,
        lanes => (*lanes as f64 * LANE).max(ROW),
    });
    let heights: Vec<f64> = heights.collect();
    let tall: f64 = heights.iter().map(|height| height + GAP).sum();
    let strip = if traffic::any(run, until) {
        traffic::STRIP + 2.0 * GAP
    } else {
        0.0
    };
    let height = TOP + tall + strip + 10.0;
    let bars = rows.iter().map(|row| row.work.len()).sum::<usize>();
    let description = format!(
        "{} of {} until {}",
        count(bars, "operation", "operations"),
        count(rows.len(), "device", "devices"),
        moment(until)
    );
    svg(m, WIDTH, height, "Operations", &description, |m| {
        m.within("g", &[("class", &"grid")], |m| {
            for (value, text) in time_ticks(run.began, until, 9) {
                let x = at(x.place(value));
                let (y1, y2) = (TOP - 6.0, height - 8.0);
                m.shape("line", &[("x1", &x), ("x2", &x), ("y1", &y1), ("y2", &y2)]);
                let y = TOP - 12.0;
                m.element("text", &[("class", &"middle"), ("x", &x), ("y", &y)], text);
            }
        });
        let mut y = TOP;
        let mut station = None;
        let mut left = GANTT_BARS_MAX;
        for ((row, (lane, lanes)), height) in rows.iter().zip(&stacked).zip(&heights) {
            if station != Some(row.station) {
                let line = at(y - GAP / 2.0);
                m.shape(
                    "line",
                    &[
                        ("class", &"station"),
                        ("x1", &0),
                        ("x2", &(WIDTH - 14.0)),
                        ("y1", &line),
                        ("y2", &line),
                    ],
                );
                let (class, y) = ("stationname", at(y + 12.0));
                let name = shortened(row.station, 11);
                m.element("text", &[("class", &class), ("x", &0), ("y", &y)], name);
                station = Some(row.station);
            }
            let middle = at(y + height / 2.0 + 4.0);
            // A name often begins with that of its station, which stands beside it.
            let name = row.info.name.strip_prefix(row.station);
            let name = name.and_then(|name| name.strip_prefix('/'));
            let name = shortened(name.unwrap_or(&row.info.name), 19);
            let x_name = LEFT - 8.0;
            m.within(
                "text",
                &[("class", &"end name"), ("x", &x_name), ("y", &middle)],
                |m| {
                    m.text(&name);
                    m.element(
                        "title",
                        &[],
                        format!("{} ({})", row.info.name, row.info.kind),
                    );
                },
            );
            let lane_height = height / (*lanes).max(1) as f64;
            for (work, lane) in row.work.iter().zip(lane) {
                if left == 0 {
                    break;
                }
                left -= 1;
                let top = y + *lane as f64 * lane_height;
                bar(m, run, row, work, &x, (top, lane_height));
            }
            faults(m, run, row.info.device, &x, until, (y, *height));
            y += height + GAP;
        }
        if strip > 0.0 {
            let line = at(y - GAP / 2.0);
            let right = WIDTH - 14.0;
            m.shape(
                "line",
                &[
                    ("class", &"station"),
                    ("x1", &0),
                    ("x2", &right),
                    ("y1", &line),
                    ("y2", &line),
                ],
            );
            traffic::draw(m, run, &x, until, y + GAP);
        }
    });
}

/// The class of a plate's colour.
pub(crate) fn colour_of(plate: Option<PlateId>) -> String {
    match plate {
        Some(plate) => format!("p{}", plate.0 % colour::PLATE_COLOURS),
        None => "p".into(),
    }
}

fn bar(m: &mut Markup, run: &Run, row: &Row<'_>, work: &Work, x: &Scale, (top, tall): (f64, f64)) {
    let from = x.place(work.began.max(run.began).as_secs_f64());
    let to = x.place(work.ended.as_secs_f64()).min(x.to);
    let width = (to - from).max(1.2);
    let plate = work
        .plate
        .map_or("no plate".into(), |plate| plate.to_string());
    let tip = format!(
        "{plate}: {} on {}, {} to {} ({}){}",
        work.operation,
        row.info.name,
        moment(work.began),
        moment(work.ended),
        span(work.ended.since(work.began)),
        if work.done { "" } else { ", did not succeed" }
    );
    let class = format!(
        "bar {}{}",
        colour_of(work.plate),
        if work.done { "" } else { " broken" }
    );
    let inset = if tall > 12.0 { 1.0 } else { 0.5 };
    m.within(
        "rect",
        &[
            ("class", &class),
            ("data-plate", &plate),
            ("x", &at(from)),
            ("y", &at(top + inset)),
            ("width", &at(width)),
            ("height", &at(tall - 2.0 * inset)),
            ("rx", &1.5),
        ],
        |m| m.element("title", &[], tip),
    );
    let number = work
        .plate
        .map(|plate| plate.0.to_string())
        .unwrap_or_default();
    if tall > 12.0 {
        let whole = format!("{} {number}", work.operation);
        // About 5.6 units a character at 10 units of height.
        let fits = |text: &str| text.chars().count() as f64 * 5.6 + 6.0 < width;
        let label = [whole.trim(), &work.operation, &number]
            .into_iter()
            .find(|text| fits(text));
        if let Some(label) = label.filter(|label| !label.is_empty()) {
            let class = format!("on {}", colour_of(work.plate));
            let (x, y) = (at(from + 3.0), at(top + tall / 2.0 + 3.5));
            m.element("text", &[("class", &class), ("x", &x), ("y", &y)], label);
        }
    }
}

/// A triangle for each fault of a device, at the top of its row.
pub(super) fn faults(
    m: &mut Markup,
    run: &Run,
    device: Device,
    x: &Scale,
    until: Instant,
    (top, tall): (f64, f64),
) {
    let here = run.faults.iter().filter(|f| f.device == Some(device));
    for fault in here.filter(|f| f.at >= run.began && f.at <= until) {
        let place = at(x.place(fault.at.as_secs_f64()));
        let (up, down) = (at(top - 1.0), at(top + tall.min(ROW) * 0.62));
        let path = format!(
            "M{place} {up}L{} {down}H{}Z",
            at(place + 6.0),
            at(place - 6.0)
        );
        let tip = format!(
            "{}: {} at {}. {}",
            moment(fault.at),
            fault.class,
            fault.place,
            fault.recovery
        );
        m.within("path", &[("class", &"fault"), ("d", &path)], |m| {
            m.element("title", &[], tip)
        });
    }
}

fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(most - 1).collect();
    short.push('…');
    short
}
