//! From one plate's readings to the response of its points, and whether the plate counts.

use crate::analysis::dose;
use crate::analysis::position::{self, Trend};
use crate::analysis::quality::{Separation, separation};
use crate::analysis::reference::{Level, Reference};
use crate::analysis::stats;
use crate::assay::{Assay, ControlKind, Position, Take};
use crate::map::{Content, PlateMap};
use bus::Flag;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What is known of a plate when its order has ended.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PlateData {
    /// Values by reading, row-major.
    pub readings: BTreeMap<Arc<str>, Arc<[f64]>>,
    /// Values of the reading that counts by channel, where several are asked for.
    pub channels: BTreeMap<Arc<str>, Arc<[f64]>>,
    /// Marks on wells, by row-major index.
    pub flags: BTreeMap<usize, BTreeSet<Flag>>,
    /// Wells that will never tell anything from this plate, with why.
    pub lost: BTreeMap<usize, Arc<str>>,
}

/// One well, judged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WellResult {
    /// As read, less the baseline; NaN if there is none.
    pub raw: f64,
    /// With the position effect taken out.
    pub corrected: f64,
    /// In relation to the controls: the response of this one well.
    pub response: f64,
    /// Whether it counts.
    pub valid: bool,
}

/// What came of one point on a plate.
#[derive(Clone, Debug, PartialEq)]
pub enum PointResult {
    /// A response.
    Value {
        /// The response.
        value: f64,
        /// Standard deviation of its error, where the plate has replicates enough to tell.
        sd: Option<f64>,
        /// Standard deviation of the error that it shares with all of the plate through the
        /// controls, where they are enough to tell.
        shared: Option<f64>,
        /// Standard deviation of its own wells, where they are several and all it comes from.
        spread: Option<f64>,
        /// Wells that it comes from.
        wells: u32,
    },
    /// Wells were lost: worth asking again.
    Lost(String),
    /// The wells gave values, and no response follows from them.
    None(String),
}

/// A plate, judged.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// Wells, row-major.
    pub wells: Vec<WellResult>,
    /// Points by seat.
    pub points: Vec<PointResult>,
    /// How the controls separate.
    pub separation: Separation,
    /// Coefficient of variation of the negative controls, as read.
    pub control_cv: f64,
    /// Pooled standard deviation of replicates.
    pub replicate_sd: f64,
    /// A level that ought to be the same on every plate, where there is one.
    pub standard: Option<Level>,
    /// Wells with a value that counts.
    pub valid: u32,
    /// Wells that were to give one.
    pub wanted: u32,
    /// Why the plate does not count; empty if it does.
    pub rejected: Vec<String>,
}

/// Marks that make a well's value worthless. A saturated value is a value still: at least this much.
fn spoils(flag: Flag) -> bool {
    !matches!(flag, Flag::Saturated)
}

/// Fewest degrees of freedom on which a spread between replicates is believed.
const FREEDOM_MIN: usize = 6;
/// How many pooled standard deviations replicates may lie apart before the point gets a spread of its own.
const DISCORD: f64 = 4.0;
/// Fewest replicates whose own spread counts, drawn towards the pooled one.
const MODERATED_MIN: usize = 4;
/// Degrees of freedom that the pooled spread counts for there.
const PRIOR_FREEDOM: f64 = 4.0;

/// Judges a plate.
#[must_use]
pub fn judge(assay: &Assay, map: &PlateMap, seats: usize, data: &PlateData) -> Judgement {
    let labware = assay.labware();
    let count = map.wells.len();
    let raw = raw(assay, count, data);
    let valid: Vec<bool> = (0..count)
        .map(|index| {
            raw[index].is_finite()
                && !data.lost.contains_key(&index)
                && !data
                    .flags
                    .get(&index)
                    .is_some_and(|flags| flags.iter().any(|f| spoils(*f)))
        })
        .collect();
    let clean: Vec<f64> = (0..count)
        .map(|i| if valid[i] { raw[i] } else { f64::NAN })
        .collect();
    let corrected = correct(assay, map, &clean);
    let group = |kind: Option<ControlKind>, values: &[f64]| -> Vec<f64> {
        let mut found = Vec::new();
        for (index, content) in map.wells.iter().enumerate() {
            let wanted = match (content, kind) {
                (Content::Control(control), Some(kind)) => {
                    assay.controls[*control as usize].kind == kind
                }
                (Content::Blank, None) => true,
                _ => false,
            };
            if wanted && values[index].is_finite() {
                found.push(values[index]);
            }
        }
        found
    };
    let positive = group(Some(ControlKind::Positive), &corrected);
    let negative = group(Some(ControlKind::Negative), &corrected);
    let rule = assay.analysis.normalise;
    let reference = Reference::new(rule, &positive, &negative, &group(None, &corrected));
    let wells: Vec<WellResult> = (0..count)
        .map(|i| {
            let response = reference.response(corrected[i]);
            let valid = valid[i] && response.is_finite();
            WellResult {
                raw: raw[i],
                corrected: corrected[i],
                response,
                valid,
            }
        })
        .collect();

    let (samples, replicate_sd, freedom) = samples(map, seats, &wells);
    let known_sd = (freedom >= FREEDOM_MIN).then_some(replicate_sd);
    let points = (0..seats)
        .map(|seat| point(assay, seat, &samples, known_sd, &reference))
        .collect();

    let wanted = map
        .wells
        .iter()
        .filter(|content| **content != Content::Empty)
        .count() as u32;
    let counted = map
        .iter()
        .filter(|(well, content)| *content != Content::Empty && wells[labware.index(*well)].valid)
        .count() as u32;
    let mut judgement = Judgement {
        separation: separation(&positive, &negative),
        control_cv: stats::cv(&group(Some(ControlKind::Negative), &clean)),
        replicate_sd: if freedom >= 1 { replicate_sd } else { f64::NAN },
        standard: reference.standard(),
        valid: counted,
        wanted,
        wells,
        points,
        rejected: Vec::new(),
    };
    judgement.rejected = rejections(assay, &judgement, &lost(map, &judgement.wells, data));
    judgement
}

/// The reading that counts, less its baseline.
fn raw(assay: &Assay, count: usize, data: &PlateData) -> Vec<f64> {
    let Some(values) = data.readings.get(&assay.analysis.reading) else {
        return vec![f64::NAN; count];
    };
    let baseline = assay
        .analysis
        .baseline
        .as_ref()
        .map(|name| data.readings.get(name));
    (0..count)
        .map(|index| {
            let value = values.get(index).copied().unwrap_or(f64::NAN);
            match &baseline {
                None => value,
                Some(None) => f64::NAN,
                Some(Some(baseline)) => value - baseline.get(index).copied().unwrap_or(f64::NAN),
            }
        })
        .collect()
}

/// Takes the position effect out. It is taken to be a factor near 1, since what evaporates, and
/// light that is lost at an edge, change a signal in proportion.
fn correct(assay: &Assay, map: &PlateMap, values: &[f64]) -> Vec<f64> {
    let labware = assay.labware();
    let (rows, columns) = (labware.rows, labware.columns);
    match assay.analysis.position {
        Position::None => values.to_vec(),
        Position::MedianPolish => {
            let polish = position::median_polish(values, usize::from(columns), 1e-6);
            polish
                .residuals
                .iter()
                .map(|residual| polish.overall + residual)
                .collect()
        }
        Position::Trend => {
            let levels: Vec<f64> = (0..assay.controls.len())
                .map(|control| {
                    let of: Vec<f64> = map
                        .wells
                        .iter()
                        .zip(values)
                        .filter(|(content, _)| **content == Content::Control(control as u32))
                        .map(|(_, value)| *value)
                        .collect();
                    stats::median(&of)
                })
                .collect();
            let highest = levels
                .iter()
                .copied()
                .filter(|l| l.is_finite())
                .fold(0.0, f64::max);
            let wells: Vec<(u8, u8, usize, f64)> = map
                .iter()
                .zip(values)
                .filter_map(|((well, content), value)| match content {
                    // A control near zero says nothing of a factor.
                    Content::Control(c) if levels[c as usize] > 0.5 * highest => Some((
                        well.row,
                        well.column,
                        c as usize,
                        value / levels[c as usize],
                    )),
                    _ => None,
                })
                .collect();
            let trend = Trend::fit(&wells, rows, columns);
            map.iter()
                .zip(values)
                .map(|((well, _), value)| {
                    value / (1.0 + trend.at(well.row, well.column, rows, columns))
                })
                .collect()
        }
    }
}

/// Valid responses by (seat, dose); the pooled standard deviation within them, and its freedom.
type Samples = BTreeMap<(u32, u32), Vec<f64>>;

fn samples(map: &PlateMap, seats: usize, wells: &[WellResult]) -> (Samples, f64, usize) {
    let mut samples: Samples = BTreeMap::new();
    for (content, well) in map.wells.iter().zip(wells) {
        if let Content::Sample { seat, dose, .. } = content
            && (*seat as usize) < seats
        {
            let values = samples.entry((*seat, *dose)).or_default();
            if well.valid {
                values.push(well.response);
            }
        }
    }
    let (mut squares, mut freedom) = (0.0, 0);
    for values in samples.values().filter(|values| values.len() > 1) {
        squares += stats::sd(values).powi(2) * (values.len() - 1) as f64;
        freedom += values.len() - 1;
    }
    let pooled = if freedom > 0 {
        (squares / freedom as f64).sqrt()
    } else {
        f64::NAN
    };
    (samples, pooled, freedom)
}

/// The standard deviation of one well of a point. Few wells say little of their own spread: it is
/// drawn towards the pooled one (the moderated variance of Smyth, Stat. Appl. Genet. Mol. Biol. 3
/// (2004) 3), which matters where noise grows with the signal. Two that disagree grossly count by
/// themselves.
fn spread(values: &[f64], pooled: f64) -> f64 {
    let own = stats::sd(values);
    if own > DISCORD * pooled {
        return own;
    }
    if values.len() < MODERATED_MIN {
        return pooled;
    }
    let freedom = (values.len() - 1) as f64;
    ((PRIOR_FREEDOM * pooled.powi(2) + freedom * own.powi(2)) / (PRIOR_FREEDOM + freedom)).sqrt()
}

fn point(
    assay: &Assay,
    seat: usize,
    samples: &Samples,
    pooled: Option<f64>,
    reference: &Reference,
) -> PointResult {
    let of = |dose: usize| {
        samples
            .get(&(seat as u32, dose as u32))
            .map_or(&[][..], Vec::as_slice)
    };
    let Some(series) = &assay.series else {
        let values = of(0);
        if values.is_empty() {
            return PointResult::Lost("none of its wells gave a value".into());
        }
        let sd = pooled.map(|pooled| spread(values, pooled) / (values.len() as f64).sqrt());
        let value = stats::mean(values);
        return PointResult::Value {
            value,
            sd,
            shared: reference.shared(value),
            spread: Some(stats::sd(values)).filter(|sd| sd.is_finite()),
            wells: values.len() as u32,
        };
    };
    let (mut doses, mut responses) = (Vec::new(), Vec::new());
    for (index, dose) in series.doses.iter().enumerate() {
        for value in of(index) {
            doses.push(*dose);
            responses.push(*value);
        }
    }
    let missing = (0..series.doses.len())
        .filter(|dose| of(*dose).is_empty())
        .count();
    match dose::fit(&doses, &responses) {
        Ok(fit) => {
            let (value, sd) = match series.take {
                Take::LogEd50 => (
                    fit.curve.e.log10(),
                    fit.errors.e / fit.curve.e / std::f64::consts::LN_10,
                ),
                Take::Top => (fit.curve.d, fit.errors.d),
                Take::Bottom => (fit.curve.c, fit.errors.c),
                Take::Slope => (fit.curve.b, fit.errors.b),
            };
            let sd = (sd.is_finite()).then_some(sd);
            PointResult::Value {
                value,
                sd,
                // Where a curve bends is told by its own ends, not by the controls.
                shared: None,
                spread: None,
                wells: responses.len() as u32,
            }
        }
        Err(why) if missing > 0 => PointResult::Lost(why.to_string()),
        Err(why) => PointResult::None(why.to_string()),
    }
}

/// Why most of the wells that don't count don't, where that is known: `: 96 waited too long`.
fn lost(map: &PlateMap, wells: &[WellResult], data: &PlateData) -> String {
    let mut causes: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, content) in map.wells.iter().enumerate() {
        if *content == Content::Empty || wells[index].valid {
            continue;
        }
        let flag = data
            .flags
            .get(&index)
            .and_then(|flags| flags.iter().find(|flag| spoils(**flag)));
        let cause = match (data.lost.get(&index), flag) {
            (Some(why), _) => why,
            (None, Some(flag)) => match flag {
                Flag::LagBroken => "waited longer than the protocol allows",
                Flag::VolumeShort => "got less liquid than asked",
                Flag::NoSignal => "showed no signal",
                Flag::Defect => "had a bubble or another defect",
                Flag::Spilled => "spilled",
                Flag::InDoubt => "are in doubt",
                Flag::PlateRejected | Flag::Saturated => continue,
            },
            (None, None) => continue,
        };
        *causes.entry(cause).or_default() += 1;
    }
    let most = causes
        .into_iter()
        .max_by_key(|(cause, count)| (*count, std::cmp::Reverse(*cause)));
    most.map_or(String::new(), |(cause, count)| {
        format!(" ({count} {cause})")
    })
}

/// The limits that a plate breaks, as sentences.
fn rejections(assay: &Assay, plate: &Judgement, lost: &str) -> Vec<String> {
    let limits = &assay.limits;
    let mut why = Vec::new();
    let share = f64::from(plate.valid) / f64::from(plate.wanted.max(1));
    if share < limits.valid_share_min {
        why.push(format!(
            "{} of {} wells gave a value, and at least {:.0} % must{lost}",
            plate.valid,
            plate.wanted,
            100.0 * limits.valid_share_min
        ));
        // Nothing more is known of a plate without values.
        if plate.valid == 0 {
            return why;
        }
    }
    // A limit that can't be judged is broken: without controls nothing vouches for the plate.
    if let Some(min) = limits.z_prime_min {
        let found = plate.separation.z_prime;
        if found.is_nan() {
            why.push("Z′ can't be worked out: too few controls gave a value".into());
        } else if found < min {
            why.push(format!("Z′ is {found:.2}, below {min}"));
        }
    }
    if let Some(max) = limits.control_cv_max {
        let found = plate.control_cv;
        if found.is_nan() {
            why.push("nothing vouches for it: too few negative controls gave a value".into());
        } else if found > max {
            why.push(format!(
                "the negative controls vary by {:.1} %, above {:.1} %",
                100.0 * found,
                100.0 * max
            ));
        }
    }
    if let Some(max) = limits.replicate_sd_max
        && plate.replicate_sd > max
    {
        why.push(format!(
            "replicates vary by {:.3}, above {max}",
            plate.replicate_sd
        ));
    }
    why
}
