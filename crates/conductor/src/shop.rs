//! The hall as the planner sees it.

use crate::conductor::HallError;
use crate::limits::{CALL_MARGIN, LEG_MARGIN, MOVER_WAIT};
use bus::Role;
use lab::Hall;
use quantity::Duration;
use schedule::{Machine, Shop, StationNode, Travel, UNLIMITED};
use transport::Traffic;

/// One machine for each instrument and one station for each station, with the same indices; and the
/// typical time of an empty run to each station.
pub(crate) fn shop(hall: &Hall, traffic: &mut Traffic) -> Result<(Shop, Vec<Duration>), HallError> {
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
                down: Vec::new(),
            }
        })
        .collect();
    let limits = hall
        .movers
        .iter()
        .map(|m| m.spec.limits)
        .reduce(|a, b| a.min(b));
    let count = hall.stations.len();
    let mut times = vec![Duration::ZERO; count * count];
    if let Some(limits) = limits {
        for from in 0..count {
            for to in 0..count {
                if from != to {
                    times[from * count + to] =
                        traffic.estimate(hall.docks[from][0], hall.docks[to][0], limits)?;
                }
            }
        }
    }
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
