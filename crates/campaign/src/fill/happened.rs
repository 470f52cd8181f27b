//! The hall, and what went wrong in it: faults, losses, and what persons were asked for.

use crate::Campaign;
use crate::state::{Lost, State};
use conductor::FaultEnd;
use lab::Hall;
use report::Device;

pub(super) fn of_hall(hall: &Hall) -> report::Hall {
    let mut devices = Vec::new();
    for station in &hall.stations {
        devices.push(report::DeviceInfo {
            device: Device::Arm(station.arm.id),
            station: Some(station.id),
            name: format!("arm of {}", station.name),
            kind: "arm".into(),
            places: 1,
        });
        for id in &station.instruments {
            let instrument = hall.instrument(*id);
            devices.push(report::DeviceInfo {
                device: Device::Instrument(*id),
                station: Some(station.id),
                name: instrument.name.to_string(),
                kind: instrument.kind.replace('_', " "),
                places: instrument.simultaneous.max(1),
            });
        }
    }
    for mover in &hall.movers {
        devices.push(report::DeviceInfo {
            device: Device::Mover(mover.id),
            station: None,
            name: mover.name.to_string(),
            kind: "mover".into(),
            places: 1,
        });
    }
    let stations = hall
        .stations
        .iter()
        .map(|station| report::Station {
            id: station.id,
            name: station.name.to_string(),
        })
        .collect();
    report::Hall {
        name: hall.name.to_string(),
        stations,
        devices,
    }
}

fn device_of(device: bus::Device) -> Option<Device> {
    match device {
        bus::Device::Mover(id) => Some(Device::Mover(id)),
        bus::Device::Arm(id) => Some(Device::Arm(id)),
        bus::Device::Instrument(id) => Some(Device::Instrument(id)),
        bus::Device::Person => None,
    }
}

pub(super) fn faults(state: &State, hall: &Hall) -> Vec<report::Fault> {
    let names = of_hall(hall);
    let mut faults: Vec<report::Fault> = state
        .chronicle
        .faults
        .iter()
        .map(|(fault, at)| {
            let device = fault.device.and_then(device_of);
            report::Fault {
                at: fault.noticed,
                device,
                place: device.map_or_else(|| "the hall".into(), |device| names.name_of(device)),
                plate: fault
                    .order
                    .and_then(|order| state.plate(order))
                    .map(|plate| plate.plate),
                class: fault.class.to_string(),
                recovery: fault.recovery.to_string(),
                end: match fault.ended {
                    FaultEnd::Recovered => report::FaultEnd::Recovered,
                    FaultEnd::Degraded => report::FaultEnd::WithLoss,
                    FaultEnd::ByPerson => report::FaultEnd::ByPerson,
                    FaultEnd::PlateGivenUp => report::FaultEnd::Quarantined,
                },
                ended: Some(*at),
            }
        })
        .collect();
    faults.sort_by_key(|fault| fault.at);
    faults
}

pub(super) fn losses(campaign: &Campaign, state: &State) -> Vec<report::Loss> {
    let mut losses = Vec::new();
    for (lost, at) in &state.chronicle.losses {
        let (what, why, made_good) = match lost {
            Lost::Wells(plate, wells, why) => {
                let all = state
                    .plates
                    .iter()
                    .find(|known| known.plate == *plate)
                    .is_some_and(|known| known.map.wells.len() == wells.len());
                let what = if all {
                    report::Lost::Plate(*plate)
                } else {
                    let wells = wells.iter().map(|well| (well.row, well.column)).collect();
                    report::Lost::Wells {
                        plate: *plate,
                        wells,
                    }
                };
                (what, why.to_string(), asked_again(state, *plate))
            }
            Lost::Lag(plate, lag, allowed, actual) => {
                let named = campaign.assay.protocol.lags.get(*lag).map(|lag| {
                    let name = |id: quantity::StepId| {
                        campaign.assay.protocol.steps[id.index()].name.to_string()
                    };
                    format!("from {} to {}", name(lag.from.0), name(lag.to.0))
                });
                let lag = named.unwrap_or_else(|| format!("lag {lag}"));
                let what = report::Lost::Lag {
                    plate: *plate,
                    lag,
                    allowed: *allowed,
                    actual: *actual,
                };
                (what, "its wells are flagged".into(), None)
            }
        };
        losses.push(report::Loss {
            at: *at,
            what,
            why,
            made_good,
        });
    }
    for plate in &state.plates {
        if let Some(analysed) = plate
            .analysed
            .as_ref()
            .filter(|analysed| !analysed.rejected.is_empty())
        {
            let at = plate.ended.as_ref().map_or(state.now, |ended| ended.1);
            losses.push(report::Loss {
                at,
                what: report::Lost::Plate(plate.plate),
                why: analysed.rejected.join("; "),
                made_good: asked_again(state, plate.plate),
            });
        }
    }
    losses.sort_by_key(|loss| loss.at);
    losses
}

/// The plate on which a lost plate's points were asked again.
fn asked_again(state: &State, plate: quantity::PlateId) -> Option<String> {
    let at = state.plates.iter().position(|known| known.plate == plate)?;
    let lost = &state.plates[at];
    let later = state.plates[at + 1..]
        .iter()
        .find(|later| later.seats.iter().any(|id| lost.seats.contains(id)))?;
    Some(format!("asked again on {}", later.plate))
}

pub(super) fn tasks(state: &State, hall: &Hall) -> Vec<report::Task> {
    state
        .chronicle
        .tasks
        .iter()
        .map(|task| report::Task {
            id: task.id,
            at: task.at,
            request: in_words(&task.request, hall),
            why: task.why.to_string(),
            done: task.done,
        })
        .collect()
}

/// What a person is asked for, with the names that things have in this hall.
#[must_use]
pub fn in_words(request: &bus::Request, hall: &Hall) -> String {
    use bus::Request;
    let of = |device: bus::Device| {
        device_of(device).map_or_else(|| "the hall".to_owned(), |d| of_hall(hall).name_of(d))
    };
    let nest = |nest: quantity::NestId| hall.instrument_of(nest).name.to_string();
    match request {
        Request::Bring {
            plate, nest: to, ..
        } => format!("bring {plate} to {}", nest(*to)),
        Request::TakeAway { plate, place } => {
            let place = match place {
                labware::Place::Nest(at) => nest(*at),
                labware::Place::Mover(id) => of(bus::Device::Mover(*id)),
                labware::Place::Arm(id) => of(bus::Device::Arm(*id)),
                other => other.to_string(),
            };
            format!("look at {plate} ({place}) and take it away")
        }
        Request::Service { device } => format!("service {}", of(*device)),
        Request::Refill {
            instrument,
            consumable,
        } => format!(
            "refill {consumable} of {}",
            of(bus::Device::Instrument(*instrument))
        ),
        Request::Free { mover } => format!("free {}", of(bus::Device::Mover(*mover))),
        Request::Empty { instrument } => {
            format!("empty {}", of(bus::Device::Instrument(*instrument)))
        }
    }
}
