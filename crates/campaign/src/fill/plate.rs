//! Plates, well by well.

use super::levels;
use crate::answer::CONFIRM;
use crate::judge::Judgement;
use crate::map::Content;
use crate::record::Analysed;
use crate::state::{PlateState, State};
use crate::worklists::additions;
use crate::{Campaign, ControlKind, Normalise};
use quantity::{BatchId, Instant};
use std::collections::BTreeMap;

pub(super) fn of_plate(
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
