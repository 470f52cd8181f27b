//! What liquid does: comes out of a dispenser, evaporates, leaps over rims.

use crate::physics::LiquidPhysics;
use crate::plate::{Plate, well_area_mm2};
use crate::random::{Draws, normal_at};
use labware::{Cover, Well, WellContents, WellShape};
use protocol::Worklist;
use quantity::{Instant, InstrumentId, Seed, Volume};

/// What came of a dispense.
#[derive(Clone, Debug, Default)]
pub(crate) struct Dispensed {
    /// The sum that truly came out.
    pub total: Volume,
    /// What wells lack because of a clot.
    pub short: Vec<(Well, Volume)>,
    /// Whether a well ran over.
    pub overflow: bool,
    /// Whether a well was named that the plate doesn't have.
    pub missing: bool,
}

/// A clot in one channel.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clot {
    pub channel: u8,
    /// The share that is left out.
    pub share: f64,
}

/// The lasting bias of each channel of an instrument.
pub(crate) fn channel_biases(
    seed: Seed,
    instrument: InstrumentId,
    physics: &LiquidPhysics,
) -> Vec<f64> {
    (0..physics.channels)
        .map(|channel| {
            let number = u64::from(instrument.0) << 8 | u64::from(channel);
            physics.channel_bias * normal_at(seed, "channel bias", number)
        })
        .collect()
}

/// Puts a worklist's liquid into a plate, with the errors of a dispenser. Each channel serves every
/// n-th row.
pub(crate) fn dispense(
    plate: &mut Plate,
    worklist: &Worklist,
    physics: &LiquidPhysics,
    biases: &[f64],
    clot: Option<Clot>,
    draws: &mut Draws,
    now: Instant,
) -> Dispensed {
    let mut out = Dispensed::default();
    let rim = plate.labware.well.volume;
    let columns = plate.labware.columns;
    for transfer in &worklist.transfers {
        let channel = usize::from(transfer.well.row) % biases.len().max(1);
        let mut factor = 1.0
            + biases.get(channel).copied().unwrap_or(0.0)
            + physics.dispense_cv * draws.normal();
        let short = clot.filter(|clot| usize::from(clot.channel) == channel);
        if let Some(clot) = short {
            factor *= 1.0 - clot.share;
        }
        let volume = transfer.volume.scale(factor.max(0.0));
        let Some(liquid) = plate.contents.well_mut(transfer.well) else {
            out.missing = true;
            continue;
        };
        liquid.add(transfer.reagent, volume);
        out.total += volume;
        if short.is_some() {
            out.short.push((transfer.well, transfer.volume - volume));
        }
        let over = liquid.volume() - rim;
        if over > Volume::ZERO {
            plate.lost += liquid.take(over).volume();
            out.overflow = true;
        }
        plate.filled[transfer.well.index(columns)] = now;
    }
    out
}

/// Saturation pressure of water over its value at 25 °C (Buck, J. Appl. Meteorol. 20 (1981) 1527,
/// equation e_w1: 6.1121 exp(17.502 T / (240.97 + T)) hPa).
fn vapour_pressure_ratio(celsius: f64) -> f64 {
    let pressure = |t: f64| (17.502 * t / (240.97 + t)).exp();
    pressure(celsius) / pressure(25.0)
}

/// Lets a plate's liquid evaporate up to now, in the air in which it has been since the last call.
pub(crate) fn evaporate(plate: &mut Plate, physics: &LiquidPhysics, now: Instant) {
    let hours = now.since(plate.evaporated_until).as_secs_f64() / 3600.0;
    plate.evaporated_until = now;
    let cover = match plate.cover {
        Cover::Open => 1.0,
        Cover::Lid => physics.lid,
        Cover::Seal => 0.0,
    };
    let humid = if plate.humid { physics.humid } else { 1.0 };
    let inner = physics.evaporation
        * well_area_mm2(&plate.labware)
        * hours
        * cover
        * humid
        * vapour_pressure_ratio(plate.celsius());
    if inner <= 0.0 {
        return;
    }
    let (rows, columns) = (plate.labware.rows, plate.labware.columns);
    for (index, (liquid, gone)) in plate
        .contents
        .wells()
        .iter()
        .zip(&mut plate.evaporated)
        .enumerate()
    {
        let volume = liquid.volume().base() as f64;
        if volume > 0.0 {
            let well = Well::from_index(index, columns);
            let edge = well.row == 0
                || well.column == 0
                || well.row + 1 == rows
                || well.column + 1 == columns;
            let rate = if edge { physics.edge * inner } else { inner };
            *gone = (*gone + rate).min(volume);
        }
    }
}

/// Standard gravity, m/s².
const G: f64 = 9.806_65;
/// Surface tension of water over its density at 25 °C, m³/s².
const TENSION: f64 = 0.0720 / 997.0;
/// First root of the derivative of the Bessel function J1.
const ROOT: f64 = 1.8412;

/// How far liquid rises at the wall of a well, over what a steady tilt would give, when the
/// acceleration grows to its full value within a time: 1 for a rise over one slosh period, 1.84 for
/// a sudden one (undamped oscillator with a ramp input; frequency of the first mode with surface
/// tension).
fn overshoot(radius_m: f64, round: bool, depth_m: f64, rise: f64) -> f64 {
    let k = if round {
        ROOT / radius_m
    } else {
        std::f64::consts::PI / (2.0 * radius_m)
    };
    let frequency =
        ((G * k + TENSION * k.powi(3)) * (k * depth_m).tanh()).sqrt() / std::f64::consts::TAU;
    let x = std::f64::consts::PI * frequency * rise;
    let residual = if x < 1e-9 { 1.0 } else { (x.sin() / x).abs() };
    1.0 + 0.84 * residual
}

/// What leapt over the rims.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Spill {
    /// In all.
    pub volume: Volume,
    /// The greatest rise at a wall over the freeboard there was.
    pub excess: f64,
}

/// Carries an open plate through an acceleration along its long side and a deceleration: liquid
/// that rises above a rim leaps over, half of it into the next well behind (then ahead), the rest
/// onto the plate.
///
/// The wedge above the rim of a well of area `A` whose surface rises by `r` at the wall, with
/// freeboard `f`, holds `A (r - f)² / (4 r)`: exact for a rectangular well, used for all.
pub(crate) fn slosh(
    plate: &mut Plate,
    acceleration: f64,
    jerk: f64,
    physics: &LiquidPhysics,
) -> Spill {
    let mut spill = Spill::default();
    if plate.cover != Cover::Open || acceleration <= 0.0 {
        return spill;
    }
    let labware = plate.labware.clone();
    // The liquid stands as high as in a well of the same depth and volume with straight walls.
    let depth = labware.well.depth.as_mm();
    let area = labware.well.volume.as_ul() / depth;
    let (radius, round) = match labware.well.shape {
        WellShape::Round { diameter } => (diameter.as_mm() / 2.0, true),
        WellShape::Rectangular { x, .. } => (x.as_mm() / 2.0, false),
    };
    let rise_time = acceleration / jerk.max(1e-6);
    let rise_at = |height: f64| {
        acceleration / G
            * radius
            * overshoot(radius * 1e-3, round, height.max(0.1) * 1e-3, rise_time)
    };
    // The fullest well decides whether any spills; most rides end here.
    let fullest = plate.contents.fullest().as_ul() / area;
    if fullest <= 0.0 || rise_at(fullest) <= depth - fullest {
        return spill;
    }
    for side in [-1_i16, 1] {
        // All wells leap at once: what lands is not in the air a second time.
        let mut leaps: Vec<(usize, WellContents, f64)> = Vec::new();
        for index in 0..labware.wells() {
            let height = plate.volume_ul(index) / area;
            if height <= 0.0 {
                continue;
            }
            let (rise, freeboard) = (rise_at(height), (depth - height).max(0.0));
            if rise <= freeboard {
                continue;
            }
            spill.excess = spill.excess.max(rise / freeboard.max(0.01) - 1.0);
            let wedge_ul = area * (rise - freeboard).powi(2) / (4.0 * rise);
            // What leaps is the mixed liquid: parts as put in, less what evaporated from them.
            let share = (wedge_ul / plate.volume_ul(index)).min(1.0);
            let parts = plate.contents.wells()[index].volume();
            let well = Well::from_index(index, labware.columns);
            if let Some(liquid) = plate.contents.well_mut(well) {
                let dried = plate.evaporated[index] * share;
                plate.evaporated[index] -= dried;
                leaps.push((index, liquid.take(parts.scale(share)), dried));
            }
        }
        for (index, mut leapt, dried) in leaps {
            let well = Well::from_index(index, labware.columns);
            spill.volume += leapt.volume();
            let column = i16::from(well.column) + side;
            if (0..i16::from(labware.columns)).contains(&column) {
                let landed = leapt.take(leapt.volume().scale(physics.spill_to_neighbour));
                let next = Well::new(well.row, column as u8);
                if let Some(liquid) = plate.contents.well_mut(next) {
                    liquid.pour(&landed);
                    plate.evaporated[next.index(labware.columns)] +=
                        dried * physics.spill_to_neighbour;
                }
            }
            plate.lost += leapt.volume();
        }
    }
    spill
}

/// How many wells an operation touches: those of its worklist, or all.
#[must_use]
pub fn wells_touched(worklist: Option<&Worklist>, wells_of_plate: usize, columns: u8) -> usize {
    let Some(worklist) = worklist else {
        return wells_of_plate;
    };
    let mut seen = [0_u64; 24];
    for transfer in &worklist.transfers {
        let index = transfer.well.index(columns);
        if let Some(word) = seen.get_mut(index / 64) {
            *word |= 1 << (index % 64);
        }
    }
    seen.iter().map(|word| word.count_ones() as usize).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use labware::Catalogue;
    use protocol::Transfer;
    use quantity::{Duration, ReagentId};

    fn filled(labware: &str, ul: f64) -> Plate {
        let labware = Catalogue::standard().get(labware).unwrap().clone();
        let mut plate = Plate::new(labware.clone(), "p".into(), Instant::EPOCH);
        for (i, well) in labware.each_well().enumerate() {
            let liquid = plate.contents.well_mut(well).unwrap();
            liquid.add(ReagentId(i as u32), Volume::from_ul(ul));
        }
        plate
    }

    fn total(plate: &Plate) -> Volume {
        plate.contents.wells().iter().map(|w| w.volume()).sum()
    }

    /// Rows of section 8 of the motion facts: the acceleration at which water reaches the rim, for a
    /// sudden acceleration and for one that grows over a slosh period.
    #[test]
    fn spills_start_where_theory_says() {
        let physics = LiquidPhysics::default();
        for (labware, fill, frequency, tilt, step) in [
            ("corning_96_wellplate_360ul_flat", 0.9, 20.40, 3.05, 1.66),
            ("corning_96_wellplate_360ul_flat", 0.6, 20.38, 12.20, 6.64),
            // Of the row for a depth of 40 mm, by freeboard.
            (
                "nest_96_wellplate_2ml_deep",
                0.9,
                14.1,
                9.57 * 0.95,
                5.28 * 0.95,
            ),
        ] {
            let kind = Catalogue::standard().get(labware).unwrap().clone();
            let ul = kind.well.volume.as_ul() * fill;
            for (limit, shaped) in [(tilt, true), (step, false)] {
                let spills = |a: f64| {
                    let jerk = if shaped { a * frequency } else { 1e9 };
                    slosh(&mut filled(labware, ul), a, jerk, &physics).volume > Volume::ZERO
                };
                assert!(!spills(limit * 0.97), "{labware} {fill} {limit}");
                assert!(spills(limit * 1.03), "{labware} {fill} {limit}");
            }
        }
    }

    #[test]
    fn a_spill_goes_into_neighbours_and_nothing_is_made_or_lost_unseen() {
        let physics = LiquidPhysics::default();
        let mut plate = filled("corning_96_wellplate_360ul_flat", 325.0);
        let before = total(&plate);
        let spill = slosh(&mut plate, 9.0, 1e9, &physics);
        assert!(spill.volume > Volume::ZERO && spill.excess > 0.0);
        assert_eq!(total(&plate) + plate.lost, before);
        // B6 now holds something of its neighbours.
        let b6 = plate.contents.well("B6".parse().unwrap());
        assert_eq!(b6.parts().len(), 3, "{b6:?}");
        // A sealed plate keeps everything.
        let mut sealed = filled("corning_96_wellplate_360ul_flat", 325.0);
        sealed.cover = Cover::Seal;
        assert_eq!(slosh(&mut sealed, 9.0, 1e9, &physics).volume, Volume::ZERO);
    }

    #[test]
    fn evaporation_is_faster_at_the_edge_and_stopped_by_a_seal() {
        let physics = LiquidPhysics::default();
        let gone = |cover: Cover, celsius: f64| {
            let mut plate = filled("corning_96_wellplate_360ul_flat", 200.0);
            plate.cover = cover;
            plate.set_air(celsius, false, Instant::EPOCH);
            evaporate(
                &mut plate,
                &physics,
                Instant::EPOCH + Duration::from_hours(2),
            );
            (plate.evaporated[0], plate.evaporated[50])
        };
        let (edge, inner) = gone(Cover::Open, 25.0);
        // 40 nL/h/mm² on 36.96 mm² for two hours.
        assert!((inner - 40.0 * 36.96 * 2.0).abs() < 1.0, "{inner}");
        assert!((edge / inner - 2.0).abs() < 1e-9);
        assert!(gone(Cover::Open, 37.0).1 / inner > 1.9);
        assert!((gone(Cover::Lid, 25.0).1 / inner - 0.05).abs() < 1e-9);
        assert_eq!(gone(Cover::Seal, 37.0), (0.0, 0.0));
    }

    #[test]
    fn a_dispenser_errs_by_channel_and_by_chance() {
        let physics = LiquidPhysics::default();
        let labware = Catalogue::standard()
            .get("corning_384_wellplate_112ul_flat")
            .unwrap()
            .clone();
        let worklist = Worklist {
            transfers: labware
                .each_well()
                .map(|well| Transfer {
                    well,
                    reagent: ReagentId(0),
                    volume: Volume::from_ul(20.0),
                })
                .collect(),
        };
        let biases = channel_biases(Seed(3), InstrumentId(1), &physics);
        let mut plate = Plate::new(labware.clone(), "p".into(), Instant::EPOCH);
        let mut draws = Draws::new(Seed(3), "dispense", 1);
        let clot = Clot {
            channel: 2,
            share: 0.5,
        };
        let now = Instant::from_base(9);
        let out = dispense(
            &mut plate,
            &worklist,
            &physics,
            &biases,
            Some(clot),
            &mut draws,
            now,
        );
        assert_eq!(out.total, total(&plate));
        assert_eq!(out.short.len(), 48);
        assert!(out.short.iter().all(|(well, _)| well.row % 8 == 2));
        let row_mean =
            |row: usize| (0..24).map(|c| plate.volume_ul(row * 24 + c)).sum::<f64>() / 24.0 / 20.0;
        for row in [0, 1, 3, 4, 5, 6, 7] {
            assert!((row_mean(row) - 1.0 - biases[row]).abs() < 0.02, "{row}");
        }
        assert!((row_mean(2) - 0.5 * (1.0 + biases[2])).abs() < 0.02);
        assert!(!out.overflow && plate.filled.iter().all(|at| *at == now));
        assert_eq!(wells_touched(Some(&worklist), 384, 24), 384);
    }
}
