//! Plates that arrive one by one: `online MILLISECONDS FILE...`, improving for so long after each.
#![allow(missing_docs)]

use schedule::formats::lab::{Lab, check};
use schedule::solve::{Moment, lab_online};
use std::time::Instant;

fn main() -> Result<(), String> {
    let mut args = std::env::args().skip(1);
    let budget: f64 = args
        .next()
        .and_then(|a| a.parse().ok())
        .ok_or("online MILLISECONDS FILE...")?;
    for file in args {
        let text = std::fs::read_to_string(&file).map_err(|e| format!("{file}: {e}"))?;
        let lab = Lab::read(&text)?;
        let (mut since, mut promises) = (Instant::now(), Vec::new());
        let begun = Instant::now();
        let service = lab_online(&lab, 1, u64::MAX, &mut |moment| {
            match moment {
                Moment::Asked => since = Instant::now(),
                Moment::Promised => {
                    promises.push(since.elapsed().as_secs_f64() * 1e3);
                    since = Instant::now();
                }
                Moment::Idle => {}
            }
            since.elapsed().as_secs_f64() * 1e3 < budget
        })?;
        promises.sort_by(f64::total_cmp);
        let wrong = check(&lab, &service.solution);
        println!(
            "{file}: mean flow {:.0} s, weighted tardiness {}, promises in {:.2} ms (median) to {:.2} ms (slowest), {} broken, \
             {} steps in {:.1} s, {}",
            service.flow,
            service.tardiness,
            promises[promises.len() / 2],
            promises[promises.len() - 1],
            service.broken,
            service.steps,
            begun.elapsed().as_secs_f64(),
            if wrong.is_empty() {
                "valid".to_owned()
            } else {
                format!("{wrong:?}")
            }
        );
    }
    Ok(())
}
