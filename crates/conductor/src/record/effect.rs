//! Effects on the wire: written for people and to be compared, not read back.

use super::parts::{DeviceWire, FlagWire, PlaceWire, WellWire, well};
use crate::{Effect, Ending, FaultEnd};
use bus::{Action, Command, Request};
use serde::Serialize;

#[derive(Serialize)]
#[serde(untagged)]
enum Wire<'a> {
    Command {
        id: u64,
        #[serde(skip_serializing_if = "Option::is_none")]
        order: Option<u32>,
        action: ActionWire<'a>,
    },
    Promise {
        order: u32,
        finish: i64,
    },
    Refused {
        order: u32,
        why: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        earliest: Option<i64>,
    },
    StepBegan {
        order: u32,
        step: u16,
        instrument: u32,
    },
    StepDone {
        order: u32,
        step: u16,
        instrument: u32,
        began: i64,
        ended: i64,
    },
    Reading {
        order: u32,
        plate: u32,
        step: u16,
        instrument: u32,
        channel: &'a str,
        unit: &'a str,
        at: i64,
        wells: usize,
    },
    WellsFlagged {
        order: u32,
        plate: u32,
        step: Option<u16>,
        flag: FlagWire,
        wells: Vec<WellWire>,
    },
    WellsLost {
        order: u32,
        plate: u32,
        why: &'a str,
        wells: Vec<WellWire>,
    },
    LagBroken {
        order: u32,
        lag: usize,
        allowed: i64,
        actual: i64,
    },
    Fault {
        id: u64,
        class: &'a str,
        device: Option<DeviceWire>,
        command: Option<u64>,
        order: Option<u32>,
        recovery: &'a str,
        ended: EndWire,
        noticed: i64,
    },
    OrderEnded {
        order: u32,
        how: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        why: Option<&'a str>,
    },
    PersonTask {
        task: u32,
        request: RequestWire<'a>,
        why: &'a str,
    },
    PersonTaskDone {
        task: u32,
    },
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum EndWire {
    Recovered,
    Degraded,
    ByPerson,
    PlateGivenUp,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum ActionWire<'a> {
    Travel {
        mover: u32,
        to: u32,
        depart: i64,
        arrive: i64,
        path: Vec<u32>,
        speed: i64,
        acceleration: i64,
        jerk: i64,
    },
    Halt {
        mover: u32,
    },
    Pick {
        arm: u32,
        plate: u32,
        from: PlaceWire,
    },
    Place {
        arm: u32,
        plate: u32,
        to: PlaceWire,
    },
    Scan {
        arm: u32,
        plate: u32,
    },
    Perform {
        instrument: u32,
        nest: u32,
        plate: u32,
        step: u16,
        capability: &'a str,
        /// Plates that take part in the same run.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        with: Vec<u32>,
    },
    Abort {
        instrument: u32,
        command: u64,
    },
    Query {
        device: DeviceWire,
        command: u64,
    },
    Reset {
        device: DeviceWire,
    },
    Ask {
        task: u32,
        request: RequestWire<'a>,
    },
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum RequestWire<'a> {
    Bring {
        plate: u32,
        labware: &'a str,
        barcode: &'a str,
        nest: u32,
    },
    TakeAway {
        plate: u32,
        place: PlaceWire,
    },
    Service {
        device: DeviceWire,
    },
    Refill {
        instrument: u32,
        consumable: &'a str,
    },
    Free {
        mover: u32,
    },
    Empty {
        instrument: u32,
    },
}

fn request(request: &Request) -> RequestWire<'_> {
    match request {
        Request::Bring {
            plate,
            labware,
            barcode,
            nest,
        } => RequestWire::Bring {
            plate: plate.0,
            labware: &labware.name,
            barcode,
            nest: nest.0,
        },
        Request::TakeAway { plate, place } => RequestWire::TakeAway {
            plate: plate.0,
            place: (*place).into(),
        },
        Request::Service { device } => RequestWire::Service {
            device: (*device).into(),
        },
        Request::Refill {
            instrument,
            consumable,
        } => RequestWire::Refill {
            instrument: instrument.0,
            consumable,
        },
        Request::Free { mover } => RequestWire::Free { mover: mover.0 },
        Request::Empty { instrument } => RequestWire::Empty {
            instrument: instrument.0,
        },
    }
}

fn action(command: &Command) -> ActionWire<'_> {
    match &command.action {
        Action::Travel {
            mover,
            to,
            depart,
            arrive,
            path,
            speed,
            acceleration,
            jerk,
        } => ActionWire::Travel {
            mover: mover.0,
            to: to.0,
            depart: depart.base(),
            arrive: arrive.base(),
            path: path.iter().map(|block| block.0).collect(),
            speed: speed.base(),
            acceleration: acceleration.base(),
            jerk: jerk.base(),
        },
        Action::Halt { mover } => ActionWire::Halt { mover: mover.0 },
        Action::Pick { arm, plate, from } => ActionWire::Pick {
            arm: arm.0,
            plate: plate.0,
            from: (*from).into(),
        },
        Action::Place { arm, plate, to } => ActionWire::Place {
            arm: arm.0,
            plate: plate.0,
            to: (*to).into(),
        },
        Action::Scan { arm, plate, .. } => ActionWire::Scan {
            arm: arm.0,
            plate: plate.0,
        },
        Action::Perform {
            instrument,
            nest,
            plate,
            step,
            operation,
            with,
            ..
        } => ActionWire::Perform {
            instrument: instrument.0,
            nest: nest.0,
            plate: plate.0,
            step: step.0,
            capability: &operation.capability,
            with: with.iter().map(|companion| companion.plate.0).collect(),
        },
        Action::Abort {
            instrument,
            command,
        } => ActionWire::Abort {
            instrument: instrument.0,
            command: command.0,
        },
        Action::Query { device, command } => ActionWire::Query {
            device: (*device).into(),
            command: command.0,
        },
        Action::Reset { device } => ActionWire::Reset {
            device: (*device).into(),
        },
        Action::Ask { task, request: r } => ActionWire::Ask {
            task: task.0,
            request: request(r),
        },
    }
}

/// The kind under which an effect is kept.
#[must_use]
pub fn effect_kind(effect: &Effect) -> &'static str {
    match effect {
        Effect::Command(_) => "out.command",
        Effect::Promise { .. } => "out.promise",
        Effect::Refused { .. } => "out.refused",
        Effect::StepBegan { .. } => "out.step_began",
        Effect::StepDone { .. } => "out.step_done",
        Effect::Reading { .. } => "out.reading",
        Effect::WellsFlagged { .. } => "out.wells_flagged",
        Effect::WellsLost { .. } => "out.wells_lost",
        Effect::LagBroken { .. } => "out.lag_broken",
        Effect::FaultHandled(_) => "out.fault",
        Effect::OrderEnded { .. } => "out.order_ended",
        Effect::PersonTask { .. } => "out.person_task",
        Effect::PersonTaskDone { .. } => "out.person_task_done",
    }
}

/// The body under which an effect is kept.
#[must_use]
pub fn write_effect(effect: &Effect) -> Vec<u8> {
    let wells = |wells: &[labware::Well]| wells.iter().map(|w| well(*w)).collect();
    let wire = match effect {
        Effect::Command(command) => Wire::Command {
            id: command.id.0,
            order: command.order.map(|id| id.0),
            action: action(command),
        },
        Effect::Promise { order, finish } => Wire::Promise {
            order: order.0,
            finish: finish.base(),
        },
        Effect::Refused {
            order,
            why,
            earliest,
        } => Wire::Refused {
            order: order.0,
            why,
            earliest: earliest.map(quantity::Instant::base),
        },
        Effect::StepBegan {
            order,
            step,
            instrument,
        } => Wire::StepBegan {
            order: order.0,
            step: step.0,
            instrument: instrument.0,
        },
        Effect::StepDone {
            order,
            step,
            instrument,
            began,
            ended,
        } => Wire::StepDone {
            order: order.0,
            step: step.0,
            instrument: instrument.0,
            began: began.base(),
            ended: ended.base(),
        },
        Effect::Reading { order, reading } => Wire::Reading {
            order: order.0,
            plate: reading.plate.0,
            step: reading.step.0,
            instrument: reading.instrument.0,
            channel: &reading.channel,
            unit: &reading.unit,
            at: reading.at.base(),
            wells: reading.values.len(),
        },
        Effect::WellsFlagged {
            order,
            plate,
            step,
            wells: list,
            flag,
        } => Wire::WellsFlagged {
            order: order.0,
            plate: plate.0,
            step: step.map(|id| id.0),
            flag: (*flag).into(),
            wells: wells(list),
        },
        Effect::WellsLost {
            order,
            plate,
            wells: list,
            why,
        } => Wire::WellsLost {
            order: order.0,
            plate: plate.0,
            why,
            wells: wells(list),
        },
        Effect::LagBroken {
            order,
            lag,
            allowed,
            actual,
        } => Wire::LagBroken {
            order: order.0,
            lag: *lag,
            allowed: allowed.base(),
            actual: actual.base(),
        },
        Effect::FaultHandled(fault) => Wire::Fault {
            id: fault.id,
            class: &fault.class,
            device: fault.device.map(Into::into),
            command: fault.command.map(|id| id.0),
            order: fault.order.map(|id| id.0),
            recovery: &fault.recovery,
            ended: match fault.ended {
                FaultEnd::Recovered => EndWire::Recovered,
                FaultEnd::Degraded => EndWire::Degraded,
                FaultEnd::ByPerson => EndWire::ByPerson,
                FaultEnd::PlateGivenUp => EndWire::PlateGivenUp,
            },
            noticed: fault.noticed.base(),
        },
        Effect::OrderEnded { order, how } => {
            let (how, why) = match how {
                Ending::Completed => ("completed", None),
                Ending::Quarantined(why) => ("quarantined", Some(&**why)),
                Ending::Lost(why) => ("lost", Some(&**why)),
                Ending::Cancelled => ("cancelled", None),
            };
            Wire::OrderEnded {
                order: order.0,
                how,
                why,
            }
        }
        Effect::PersonTask {
            task,
            request: r,
            why,
        } => Wire::PersonTask {
            task: task.0,
            request: request(r),
            why,
        },
        Effect::PersonTaskDone { task } => Wire::PersonTaskDone { task: task.0 },
    };
    // Writing to memory does not fail, and these types have no key that is not text.
    serde_json::to_vec(&wire).unwrap_or_default()
}
