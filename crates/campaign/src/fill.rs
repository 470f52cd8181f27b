//! What a campaign found and how it went, as the value that a report is made of.

use crate::answer::CONFIRM;
use crate::judge::Judgement;
use crate::map::Content;
use crate::record::{Analysed, Candidate};
use crate::state::{AskedFor, Lost, PlateState, State};
use crate::turn::{Loop, additions};
use crate::{Campaign, ControlKind, Normalise};
use conductor::FaultEnd;
use design::{Aim, FactorKind, Level, Point};
use lab::Hall;
use protocol::Protocol;
use quantity::{BatchId, Instant, OrderId};
use report::Device;
use std::collections::BTreeMap;

/// Everything that a report says of a run with one campaign. `work` is what arms and movers did;
/// what instruments did is known here.
#[must_use]
pub fn fill(
    cycle: &Loop,
    hall: &Hall,
    provenance: report::Provenance,
    work: Vec<report::Work>,
) -> report::Run {
    let (campaign, state) = (cycle.campaign(), cycle.state());
    let mut work = work;
    for plate in &state.plates {
        for step in &plate.steps {
            work.push(report::Work {
                device: Device::Instrument(step.instrument),
                plate: Some(plate.plate),
                operation: operation(&campaign.assay.protocol, step.step),
                began: step.began,
                ended: step.ended.unwrap_or(state.now),
                done: step.ended.is_some(),
            });
        }
    }
    work.sort_by_key(|work| (work.began, work.ended, work.device));
    let ended = state
        .plates
        .iter()
        .filter_map(|plate| plate.ended.as_ref().map(|ended| ended.1))
        .max();
    report::Run {
        title: campaign.name.to_string(),
        campaigns: vec![of_campaign(campaign, state)],
        hall: of_hall(hall),
        began: state.began.unwrap_or(Instant::EPOCH),
        ended: ended
            .unwrap_or(state.now)
            .max(state.began.unwrap_or(Instant::EPOCH)),
        work,
        faults: faults(state, hall),
        losses: losses(campaign, state),
        tasks: tasks(state),
        provenance,
    }
}

fn operation(protocol: &Protocol, step: quantity::StepId) -> String {
    protocol.step(step).map_or_else(
        || step.to_string(),
        |step| step.operation.capability.replace('_', " "),
    )
}

fn of_hall(hall: &Hall) -> report::Hall {
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

fn device(device: bus::Device) -> Option<Device> {
    match device {
        bus::Device::Mover(id) => Some(Device::Mover(id)),
        bus::Device::Arm(id) => Some(Device::Arm(id)),
        bus::Device::Instrument(id) => Some(Device::Instrument(id)),
        bus::Device::Person => None,
    }
}

fn faults(state: &State, hall: &Hall) -> Vec<report::Fault> {
    let names = of_hall(hall);
    let mut faults: Vec<report::Fault> = state
        .chronicle
        .faults
        .iter()
        .map(|(fault, at)| {
            let device = fault.device.and_then(device);
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

fn losses(campaign: &Campaign, state: &State) -> Vec<report::Loss> {
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

fn tasks(state: &State) -> Vec<report::Task> {
    state
        .chronicle
        .tasks
        .iter()
        .map(|task| report::Task {
            id: task.id,
            at: task.at,
            request: task.request.clone(),
            why: task.why.to_string(),
            done: task.done,
        })
        .collect()
}

fn levels(point: &Point, campaign: &Campaign) -> Vec<report::Level> {
    campaign
        .space
        .factors
        .iter()
        .zip(&point.0)
        .map(|(factor, level)| match level {
            Level::Real(value) => report::Level::Number(*value),
            Level::Integer(value) => report::Level::Integer(*value),
            other => report::Level::Text(factor.print(other)),
        })
        .collect()
}

fn of_campaign(campaign: &Campaign, state: &State) -> report::Campaign {
    let goal = match campaign.aim {
        Aim::Maximise => report::Goal::Maximise,
        Aim::Minimise => report::Goal::Minimise,
        Aim::Map => report::Goal::Map,
    };
    let names: Vec<&str> = campaign
        .space
        .factors
        .iter()
        .map(|factor| factor.name.as_str())
        .collect();
    let question = campaign.about.clone().unwrap_or_else(|| {
        let verb = match campaign.aim {
            Aim::Maximise => "is highest",
            Aim::Minimise => "is lowest",
            Aim::Map => "is how high",
        };
        format!(
            "Where in {} {} {verb}?",
            names.join(", "),
            campaign.response.name
        )
    });
    let factors = campaign
        .space
        .factors
        .iter()
        .map(|factor| report::Factor {
            name: factor.name.clone(),
            unit: factor.unit.clone(),
            kind: match factor.kind {
                FactorKind::Integer { .. } => report::FactorKind::Integer,
                FactorKind::Categorical { .. } | FactorKind::Sequence { .. } => {
                    report::FactorKind::Text
                }
                _ => report::FactorKind::Number,
            },
        })
        .collect();
    let judged: Vec<Judgement> = state
        .plates
        .iter()
        .map(|plate| plate.judgement(&campaign.assay))
        .collect();
    report::Campaign {
        id: campaign.id,
        name: campaign.name.to_string(),
        question,
        goal,
        response: campaign.response.name.to_string(),
        unit: campaign.response.unit.to_string(),
        factors,
        answer: of_answer(campaign, state, &judged),
        experiments: experiments(campaign, state),
        plates: state
            .plates
            .iter()
            .zip(&judged)
            .map(|(plate, judged)| of_plate(campaign, state, plate, judged))
            .collect(),
    }
}

fn of_answer(campaign: &Campaign, state: &State, judged: &[Judgement]) -> report::Answer {
    let Some(answer) = &state.answer else {
        return report::Answer::default();
    };
    let mut notes = Vec::new();
    if let (Some(error), Some(noise)) = (answer.model_error, answer.noise) {
        notes.push(format!(
            "On the points of the last plate, before it had seen them, the model was off by {error:.3} (root mean square), of which {noise:.3} is the noise of measuring."
        ));
    }
    if let Some(covered) = answer.covered {
        notes.push(format!(
            "Of those points {:.0} % lay within the model's 95 % intervals.",
            100.0 * covered
        ));
    }
    if campaign.aim != Aim::Map
        && answer
            .candidates
            .iter()
            .all(|candidate| candidate.confirmed.is_none())
    {
        notes.push("No candidate was measured again: the best of many noisy values is likely to be a lucky one.".into());
    }
    report::Answer {
        candidates: answer
            .candidates
            .iter()
            .map(|candidate| of_candidate(campaign, state, judged, candidate))
            .collect(),
        unanswered: answer.unanswered,
        early: answer.early.clone(),
        notes,
    }
}

fn of_candidate(
    campaign: &Campaign,
    state: &State,
    judged: &[Judgement],
    candidate: &Candidate,
) -> report::Candidate {
    let texts: Vec<&str> = candidate.levels.iter().map(String::as_str).collect();
    let point = campaign.space.parse(&texts).unwrap_or(Point(Vec::new()));
    let ids: Vec<u32> = (0u32..)
        .zip(&state.points)
        .filter(|(_, asked)| asked.point == point)
        .map(|(id, _)| id)
        .collect();
    let mut wells = Vec::new();
    for (plate, judged) in state
        .plates
        .iter()
        .zip(judged)
        .filter(|(plate, _)| plate.counts())
    {
        for ((well, content), result) in plate.map.iter().zip(&judged.wells) {
            let Content::Sample { seat, .. } = content else {
                continue;
            };
            let id = plate.seats[seat as usize];
            if ids.contains(&id) && result.valid {
                wells.push(report::Evidence {
                    plate: plate.plate,
                    row: well.row,
                    column: well.column,
                    value: result.response,
                    confirms: &*state.points[id as usize].why == CONFIRM,
                });
            }
        }
    }
    report::Candidate {
        levels: levels(&point, campaign),
        estimate: candidate.estimate,
        sd: candidate.sd,
        interval: candidate.interval,
        model: candidate
            .model
            .map(|(mean, sd)| report::Prediction { mean, sd }),
        before: candidate.before,
        confirmed: candidate.confirmed,
        wells,
    }
}

fn experiments(campaign: &Campaign, state: &State) -> Vec<report::Experiment> {
    let mut order: Vec<usize> = (0..state.points.len()).collect();
    order.sort_by_key(|id| {
        let asked = &state.points[*id];
        let told = asked
            .told
            .as_ref()
            .map_or(Instant::from_base(i64::MAX), |told| told.1);
        (told, asked.order.unwrap_or(OrderId(u32::MAX)), *id)
    });
    order
        .into_iter()
        .map(|id| experiment(campaign, state, id as u32, &state.points[id]))
        .collect()
}

fn experiment(campaign: &Campaign, state: &State, id: u32, asked: &AskedFor) -> report::Experiment {
    let told = asked.told.as_ref();
    let measured = told.and_then(|(told, _)| {
        Some(report::Measured {
            value: told.value?,
            sd: told.sd,
            wells: told.wells,
        })
    });
    report::Experiment {
        point: id,
        batch: BatchId(asked.batch),
        policy: asked.policy.to_string(),
        why: asked.why.to_string(),
        plate: asked
            .order
            .and_then(|order| state.plate(order))
            .map(|plate| plate.plate),
        told: told.map(|told| told.1),
        levels: levels(&asked.point, campaign),
        expected: told
            .and_then(|told| told.0.expected)
            .map(|(mean, sd)| report::Prediction { mean, sd }),
        measured,
        failed: told.and_then(|told| told.0.failed.clone()),
    }
}

fn of_plate(
    campaign: &Campaign,
    state: &State,
    plate: &PlateState,
    judged: &Judgement,
) -> report::Plate {
    let labware = campaign.assay.labware();
    let mut batches: BTreeMap<u32, usize> = BTreeMap::new();
    for id in &plate.seats {
        *batches.entry(state.points[*id as usize].batch).or_default() += 1;
    }
    let batch = batches
        .iter()
        .max_by_key(|(batch, count)| (**count, std::cmp::Reverse(**batch)))
        .map(|(batch, _)| *batch);
    let policy = plate
        .seats
        .iter()
        .map(|id| state.points[*id as usize].policy.to_string())
        .find(|policy| policy != CONFIRM)
        .unwrap_or_else(|| campaign.policy.name.to_string());
    let earlier = state
        .plates
        .iter()
        .take_while(|known| known.order < plate.order)
        .find(|known| plate.seats.iter().any(|id| known.seats.contains(id)));
    let purpose = match (plate.confirms, earlier) {
        (true, _) => Some("confirmation".to_owned()),
        (false, Some(earlier)) => Some(format!("repeat of {}", earlier.plate)),
        _ => None,
    };
    let corrected_unit = match campaign.assay.analysis.normalise {
        Normalise::None | Normalise::Blank => campaign.response.unit.to_string(),
        _ => String::new(),
    };
    let reading = reading_times(campaign, plate);
    let wells = plate
        .map
        .iter()
        .zip(&judged.wells)
        .enumerate()
        .filter(|(_, ((_, content), _))| *content != Content::Empty)
        .map(|(index, ((well, content), result))| {
            let flags: Vec<String> = plate
                .data
                .flags
                .get(&index)
                .map(|flags| {
                    flags
                        .iter()
                        .map(|flag| flag_name(*flag).to_owned())
                        .collect()
                })
                .unwrap_or_default();
            let failed = match plate.data.lost.get(&index) {
                Some(why) => Some(why.to_string()),
                None if result.valid => None,
                None if result.raw.is_nan() => Some("no value".into()),
                None => Some(flags.join(", ")),
            };
            report::Well {
                row: well.row,
                column: well.column,
                role: role(campaign, content),
                point: point_in(campaign, state, plate, content),
                liquids: additions(campaign, state, plate, content)
                    .into_iter()
                    .map(|addition| report::Liquid {
                        name: campaign
                            .assay
                            .recipe
                            .shelf
                            .name(addition.reagent, &campaign.space),
                        volume: addition.volume,
                    })
                    .collect(),
                reading: reading.map(|(instrument, began, ended)| report::Reading {
                    instrument,
                    began,
                    ended,
                    raw: result.raw,
                    corrected: result.response.is_finite().then_some(result.response),
                }),
                flags,
                failed,
            }
        })
        .collect();
    report::Plate {
        id: plate.plate,
        order: plate.order,
        barcode: plate.barcode.to_string(),
        labware: labware.name.to_string(),
        rows: labware.rows,
        columns: labware.columns,
        batch: if plate.confirms {
            None
        } else {
            batch.map(BatchId)
        },
        policy,
        purpose,
        began: plate.steps.iter().map(|step| step.began).min(),
        ended: plate.ended.as_ref().map(|ended| ended.1),
        raw_unit: plate
            .reader
            .as_ref()
            .map(|reader| reader.1.to_string())
            .unwrap_or_default(),
        corrected_unit,
        verdict: verdict(plate),
        quality: plate.analysed.as_ref().map(quality).unwrap_or_default(),
        wells,
    }
}

/// The instrument that gave the reading that counts, and when.
fn reading_times(
    campaign: &Campaign,
    plate: &PlateState,
) -> Option<(quantity::InstrumentId, Instant, Instant)> {
    let (instrument, _) = plate.reader.as_ref()?;
    let name = &campaign.assay.analysis.reading;
    let step = campaign
        .assay
        .protocol
        .steps
        .iter()
        .find(|step| step.reading.as_ref() == Some(name))?;
    let times = plate
        .steps
        .iter()
        .rev()
        .find(|times| times.step == step.id && times.ended.is_some())?;
    Some((*instrument, times.began, times.ended?))
}

fn role(campaign: &Campaign, content: Content) -> report::Role {
    match content {
        Content::Sample { .. } => report::Role::Sample,
        Content::Blank => report::Role::Blank,
        Content::Empty => report::Role::Empty,
        Content::Control(index) => {
            let kind = campaign.assay.controls[index as usize].kind;
            let name = kind.name().to_owned();
            match kind {
                ControlKind::Positive => report::Role::Positive(name),
                ControlKind::Negative => report::Role::Negative(name),
            }
        }
    }
}

fn point_in(
    campaign: &Campaign,
    state: &State,
    plate: &PlateState,
    content: Content,
) -> Option<report::PointInWell> {
    let Content::Sample {
        seat, replicate, ..
    } = content
    else {
        return None;
    };
    let id = plate.seats[seat as usize];
    let asked = &state.points[id as usize];
    Some(report::PointInWell {
        point: id,
        replicate,
        batch: BatchId(asked.batch),
        levels: levels(&asked.point, campaign),
    })
}

fn verdict(plate: &PlateState) -> report::Verdict {
    match &plate.analysed {
        None => report::Verdict::Unfinished,
        Some(analysed) if analysed.rejected.is_empty() => report::Verdict::Accepted,
        Some(analysed) if analysed.valid == 0 => {
            report::Verdict::Lost(analysed.rejected.join("; "))
        }
        Some(analysed) => report::Verdict::Repeated(analysed.rejected.clone()),
    }
}

fn quality(analysed: &Analysed) -> report::Quality {
    report::Quality {
        z_prime: analysed.z_prime,
        robust_z_prime: analysed.robust_z_prime,
        ssmd: analysed.ssmd,
        control_cv: analysed.control_cv,
        replicate_sd: analysed.replicate_sd,
        valid: analysed.valid,
        wanted: analysed.wanted,
    }
}

fn flag_name(flag: bus::Flag) -> &'static str {
    use bus::Flag;
    match flag {
        Flag::Saturated => "saturated",
        Flag::VolumeShort => "volume short",
        Flag::NoSignal => "no signal",
        Flag::Defect => "defect",
        Flag::LagBroken => "lag broken",
        Flag::Spilled => "spilled",
        Flag::InDoubt => "in doubt",
        Flag::PlateRejected => "plate rejected",
    }
}
