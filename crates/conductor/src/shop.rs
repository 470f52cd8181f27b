//! The hall as the planner sees it.

use crate::conductor::HallError;
use crate::families::Families;
use crate::limits::{CALL_MARGIN, EXACT_RIDES, LEG_MARGIN, MOVER_WAIT, RIDES_SAMPLED};
use bus::Role;
use lab::Hall;
use quantity::Duration;
use schedule::{Batch, Machine, Shop, StationNode, Stock, Travel, UNLIMITED, Window};
use transport::{Limits, Traffic};

/// One machine for each instrument and one station for each station, with the same indices; and the
/// typical time of an empty run to each station.
pub(crate) fn shop(
    hall: &Hall,
    traffic: &mut Traffic,
    families: &mut Families,
) -> Result<(Shop, Vec<Duration>), HallError> {
    for (station, docks) in hall.stations.iter().zip(&hall.docks) {
        if docks.is_empty() {
            return Err(HallError::NoDock(station.name.clone()));
        }
    }
    let machines = hall
        .instruments
        .iter()
        .map(|instrument| {
            let arm = &hall.station(instrument.station).arm;
            Machine {
                name: instrument.name.to_string(),
                station: instrument.station.index(),
                slots: match instrument.role {
                    // Homes are kept by the conductor; waste and quarantine are emptied.
                    Role::Storage | Role::Waste | Role::Quarantine => UNLIMITED,
                    Role::Work => instrument
                        .simultaneous
                        .min(instrument.nests.len() as u32)
                        .max(1),
                },
                load: arm.pick + arm.place,
                unload: arm.pick + arm.place,
                gate: instrument.door,
                down: (instrument.closed.iter())
                    .map(|closed| Window {
                        from: closed.from,
                        until: closed.until,
                    })
                    .collect(),
                batch: instrument.batch.map(|batch| Batch {
                    least: 0,
                    even: batch.even,
                    weights: batch.counterweights,
                }),
                setups: instrument
                    .setup
                    .as_ref()
                    .map(|setup| families.setups(setup)),
                stocks: (instrument.consumables.iter())
                    .filter_map(|c| {
                        Some(Stock {
                            name: c.name.to_string(),
                            full: c.stock,
                            refill: c.refill?,
                        })
                    })
                    .collect(),
            }
        })
        .collect();
    let limits = hall
        .movers
        .iter()
        .map(|m| m.spec.limits)
        .reduce(|a, b| a.min(b));
    let count = hall.stations.len();
    let times = match limits {
        Some(limits) if count * count <= EXACT_RIDES => exact(hall, traffic, limits)?,
        Some(limits) => nearly(hall, traffic, limits)?,
        None => vec![Duration::ZERO; count * count],
    };
    let call_time = (0..count)
        .map(|to| {
            let sum: Duration = (0..count).map(|from| times[from * count + to]).sum();
            sum / (count.max(2) as i64 - 1) + CALL_MARGIN
        })
        .collect();
    let shop = Shop {
        machines,
        stations: vec![
            StationNode {
                arms: 1,
                direct: true,
            };
            count
        ],
        movers: hall.movers.len() as u32,
        travel: Travel::matrix(count, |from, to| {
            if from == to {
                Duration::ZERO
            } else {
                times[from * count + to] + LEG_MARGIN
            }
        }),
        mover_wait_max: MOVER_WAIT,
    };
    Ok((shop, call_time))
}

/// The time of a ride between any two stations, by rows of where it begins.
fn exact(hall: &Hall, traffic: &mut Traffic, limits: Limits) -> Result<Vec<Duration>, HallError> {
    let count = hall.stations.len();
    let mut times = vec![Duration::ZERO; count * count];
    for from in 0..count {
        for to in 0..count {
            if from != to {
                times[from * count + to] =
                    traffic.estimate(hall.docks[from][0], hall.docks[to][0], limits)?;
            }
        }
    }
    Ok(times)
}

/// The same for a hall with so many stations that rides between all of them would take minutes to work
/// out: the nominal time over the shortest way, on the straight line that fits the rides between
/// some of the stations best. The margin that plans add to a leg covers what is between.
fn nearly(hall: &Hall, traffic: &mut Traffic, limits: Limits) -> Result<Vec<Duration>, HallError> {
    let count = hall.stations.len();
    let mut pairs = Vec::with_capacity(RIDES_SAMPLED);
    for k in 0..RIDES_SAMPLED {
        // Steps of the golden ratio spread evenly over all pairs.
        let at = ((k as f64 * 0.618_033_988_749_895).fract() * (count * count) as f64) as usize;
        let (from, to) = (at / count, at % count);
        if from == to {
            continue;
        }
        let (from, to) = (hall.docks[from][0], hall.docks[to][0]);
        let ride = traffic.estimate(from, to, limits)?.as_secs_f64();
        if let Some(nominal) = traffic.nominal(from, to) {
            pairs.push((nominal.as_secs_f64(), ride));
        }
    }
    let n = pairs.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| pairs.iter().map(of).sum::<f64>() / n;
    let (x, y) = (mean(|p| p.0), mean(|p| p.1));
    let over = |of: &dyn Fn(&(f64, f64)) -> f64| pairs.iter().map(of).sum::<f64>();
    let spread = over(&|p| (p.0 - x).powi(2));
    let slope = if spread > 0.0 {
        over(&|p| (p.0 - x) * (p.1 - y)) / spread
    } else {
        1.0
    };
    let mut times = vec![Duration::ZERO; count * count];
    for to in 0..count {
        for from in 0..count {
            if from == to {
                continue;
            }
            let (a, b) = (hall.docks[from][0], hall.docks[to][0]);
            times[from * count + to] = match traffic.nominal(a, b) {
                Some(nominal) => {
                    let seconds = y + slope * (nominal.as_secs_f64() - x);
                    Duration::from_secs_f64(seconds.max(0.0))
                }
                None => traffic.estimate(a, b, limits)?,
            };
        }
    }
    Ok(times)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearly_is_within_the_margin_of_a_leg() {
        let (file, _) = lab::LabFile::parse("hall", &lab::generate(60)).unwrap();
        let hall = &file.hall;
        let limits = hall.movers.iter().map(|m| m.spec.limits);
        let limits = limits.reduce(|a, b| a.min(b)).unwrap();
        let movers: Vec<_> = hall.movers.iter().map(|m| (m.spec, m.home)).collect();
        let mut traffic = Traffic::new(hall.track.clone(), &movers).unwrap();
        let exact = exact(hall, &mut traffic, limits).unwrap();
        let nearly = nearly(hall, &mut traffic, limits).unwrap();
        assert_eq!(exact.len(), 3600);
        for (a, b) in exact.iter().zip(&nearly) {
            assert!((*a - *b).abs() < LEG_MARGIN, "{a} {b}");
        }
    }
}
