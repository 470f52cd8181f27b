//! How many movers are under way, as a strip below the chart of operations.

use super::at;
use super::gantt::faults;
use super::scale::Scale;
use crate::markup::Markup;
use crate::number::count;
use crate::{Device, Run};
use quantity::Instant;

/// The height of the strip.
pub(crate) const STRIP: f64 = 34.0;

/// Moments at which the number of movers under way changes, with the number from then on.
fn steps(run: &Run, until: Instant) -> Vec<(Instant, usize)> {
    let mut changes: Vec<(Instant, i64)> = Vec::new();
    let mover = |device: Device| matches!(device, Device::Mover(_));
    for work in run.work.iter().filter(|work| mover(work.device)) {
        let (began, ended) = (work.began.max(run.began), work.ended.min(until));
        if began < ended {
            changes.extend([(began, 1), (ended, -1)]);
        }
    }
    changes.sort_unstable();
    let mut steps: Vec<(Instant, usize)> = Vec::new();
    let mut under_way = 0i64;
    for (moment, change) in changes {
        under_way += change;
        let number = usize::try_from(under_way).unwrap_or(0);
        match steps.last_mut() {
            Some(last) if last.0 == moment => last.1 = number,
            _ => steps.push((moment, number)),
        }
    }
    steps
}

/// Whether there is anything to draw.
pub(crate) fn any(run: &Run, until: Instant) -> bool {
    !steps(run, until).is_empty()
}

/// The strip, with its top at `top`; faults of movers are marked on it.
pub(crate) fn draw(m: &mut Markup, run: &Run, x: &Scale, until: Instant, top: f64) {
    let steps = steps(run, until);
    let most = steps.iter().map(|(_, number)| *number).max().unwrap_or(0);
    let bottom = top + STRIP;
    let y = Scale {
        low: 0.0,
        high: most.max(1) as f64,
        from: bottom,
        to: top + 4.0,
    };
    let (name, most) = (
        ("end name", bottom - 12.0),
        format!("at most {most} at once"),
    );
    m.element(
        "text",
        &[("class", &"stationname"), ("x", &0), ("y", &name.1)],
        "track",
    );
    m.element(
        "text",
        &[("class", &name.0), ("x", &(x.from - 8.0)), ("y", &name.1)],
        "movers",
    );
    let mut path = format!("M{} {}", at(x.from), at(bottom));
    let mut last = None;
    for (moment, number) in &steps {
        // Changes closer than a fraction of a pixel only make the page heavy.
        let place = at(x.place(moment.as_secs_f64()));
        if last.is_some_and(|last| place - last < 0.3) && *number > 0 {
            continue;
        }
        path.push_str(&format!("H{place}V{}", at(y.place(*number as f64))));
        last = Some(place);
    }
    path.push_str(&format!("V{}H{}Z", at(bottom), at(x.from)));
    m.within("path", &[("class", &"traffic"), ("d", &path)], |m| {
        let trips = steps.len().div_ceil(2);
        let text = format!(
            "movers under way, {most}; about {}",
            count(trips, "trip", "trips")
        );
        m.element("title", &[], text);
    });
    let movers = run.hall.devices.iter().map(|info| info.device);
    for device in movers.filter(|device| matches!(device, Device::Mover(_))) {
        faults(m, run, device, x, until, (top, STRIP));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Hall, Provenance, Work};
    use quantity::{MoverId, Seed};

    #[test]
    fn the_number_under_way_is_counted() {
        let work = |mover, began, ended| Work {
            device: Device::Mover(MoverId(mover)),
            plate: None,
            operation: "carry".into(),
            began: Instant::from_base(began),
            ended: Instant::from_base(ended),
            done: true,
        };
        let run = Run {
            title: String::new(),
            campaigns: vec![],
            hall: Hall::default(),
            began: Instant::EPOCH,
            ended: Instant::from_base(100),
            work: vec![
                work(0, 0, 10),
                work(1, 5, 20),
                work(0, 10, 30),
                work(2, 90, 300),
            ],
            faults: vec![],
            losses: vec![],
            tasks: vec![],
            provenance: Provenance {
                run: String::new(),
                program: String::new(),
                seed: Seed(0),
                world: String::new(),
                inputs: vec![],
                version: 0,
                hash: String::new(),
                reproduce: String::new(),
                verify: String::new(),
            },
        };
        let found = steps(&run, run.ended);
        let expected = [(0, 1), (5, 2), (10, 2), (20, 1), (30, 0), (90, 1), (100, 0)];
        let found: Vec<(i64, usize)> = found.iter().map(|(at, n)| (at.base(), *n)).collect();
        assert_eq!(found, expected);
    }
}
