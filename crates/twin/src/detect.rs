//! Detectors: what instruments add to what nature says.

use crate::nature::Detector;
use crate::random::{Draws, normal_at};
use bus::Flag;
use labware::{LabwareType, Well};
use quantity::{Instant, InstrumentId, Seed};

/// Constants of one detector. All are typical figures of plate readers of the kind.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DetectorConstants {
    /// Unit of what it reports.
    pub unit: &'static str,
    /// What an empty well reads.
    pub background: f64,
    /// Standard deviation of what is added to every value, in the unit.
    pub additive: f64,
    /// Standard deviation of the factor of every value.
    pub multiplicative: f64,
    /// The greatest value it can report.
    pub saturation: f64,
    /// Standard deviation of the slope over a whole plate, along rows and along columns, drawn for
    /// each reading.
    pub gradient: f64,
    /// What wells on the rim read more or less, as a share: stray light, warmth.
    pub edge: f64,
    /// Standard deviation of an instrument's gain, which wanders over hours.
    pub drift: f64,
    /// Odds that a well gives nothing.
    pub no_signal: f64,
    /// Odds that a bubble or a scratch disturbs a well.
    pub defect: f64,
    /// Share of such wells that the instrument notices.
    pub defect_noticed: f64,
}

/// The constants of every detector.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DetectorPhysics {
    /// Absorbance readers.
    pub absorbance: DetectorConstants,
    /// Fluorescence readers.
    pub fluorescence: DetectorConstants,
    /// Luminescence readers.
    pub luminescence: DetectorConstants,
    /// Conductivity cells.
    pub conductivity: DetectorConstants,
    /// Sequencers.
    pub counting: DetectorConstants,
    /// LC-MS.
    pub chromatography: DetectorConstants,
    /// Imagers.
    pub imaging: DetectorConstants,
}

const TYPICAL: DetectorConstants = DetectorConstants {
    unit: "",
    background: 0.0,
    additive: 0.0,
    multiplicative: 0.03,
    saturation: f64::INFINITY,
    gradient: 0.01,
    edge: 0.01,
    drift: 0.01,
    no_signal: 5e-4,
    defect: 1e-3,
    defect_noticed: 0.5,
};

impl Default for DetectorPhysics {
    fn default() -> Self {
        Self {
            // A polystyrene bottom with medium reads about 0.04; readers are linear to about 3.5.
            absorbance: DetectorConstants {
                unit: "AU",
                background: 0.042,
                additive: 0.003,
                multiplicative: 0.01,
                saturation: 3.5,
                edge: 0.015,
                ..TYPICAL
            },
            // A 16-bit counter.
            fluorescence: DetectorConstants {
                unit: "RFU",
                background: 120.0,
                additive: 15.0,
                multiplicative: 0.03,
                saturation: 65_535.0,
                gradient: 0.015,
                ..TYPICAL
            },
            luminescence: DetectorConstants {
                unit: "RLU",
                background: 30.0,
                additive: 8.0,
                multiplicative: 0.04,
                saturation: 1e7,
                ..TYPICAL
            },
            conductivity: DetectorConstants {
                unit: "mS/cm",
                additive: 0.02,
                multiplicative: 0.01,
                saturation: 200.0,
                gradient: 0.002,
                edge: 0.0,
                drift: 0.005,
                ..TYPICAL
            },
            // No plate position effects: wells are pooled by barcode.
            counting: DetectorConstants {
                unit: "reads",
                additive: 0.01,
                multiplicative: 0.05,
                gradient: 0.0,
                edge: 0.0,
                drift: 0.02,
                ..TYPICAL
            },
            chromatography: DetectorConstants {
                unit: "area %",
                additive: 0.3,
                multiplicative: 0.02,
                gradient: 0.0,
                edge: 0.0,
                ..TYPICAL
            },
            imaging: DetectorConstants {
                unit: "px",
                additive: 0.01,
                multiplicative: 0.04,
                ..TYPICAL
            },
        }
    }
}

impl DetectorPhysics {
    /// The constants of one kind.
    #[must_use]
    pub fn of(&self, detector: Detector) -> &DetectorConstants {
        match detector {
            Detector::Absorbance => &self.absorbance,
            Detector::Fluorescence => &self.fluorescence,
            Detector::Luminescence => &self.luminescence,
            Detector::Conductivity => &self.conductivity,
            Detector::Counting => &self.counting,
            Detector::Chromatography => &self.chromatography,
            Detector::Imaging => &self.imaging,
        }
    }

    /// The same with every disturbance taken out: what is read is what nature says, above the
    /// background. For tests, and for races of policies without noise.
    #[must_use]
    pub fn ideal() -> Self {
        let clean = |c: DetectorConstants| DetectorConstants {
            background: 0.0,
            additive: 0.0,
            multiplicative: 0.0,
            gradient: 0.0,
            edge: 0.0,
            drift: 0.0,
            no_signal: 0.0,
            defect: 0.0,
            ..c
        };
        let real = Self::default();
        Self {
            absorbance: clean(real.absorbance),
            fluorescence: clean(real.fluorescence),
            luminescence: clean(real.luminescence),
            conductivity: clean(real.conductivity),
            counting: clean(real.counting),
            chromatography: clean(real.chromatography),
            imaging: clean(real.imaging),
        }
    }
}

const HOUR: i64 = 3_600_000_000_000;

/// The gain of an instrument at a moment: a standard deviation of `drift`, wandering over hours,
/// linear between the values at whole hours.
pub(crate) fn gain(seed: Seed, instrument: InstrumentId, drift: f64, at: Instant) -> f64 {
    if drift == 0.0 {
        return 1.0;
    }
    let hour = at.base().div_euclid(HOUR);
    let part = at.base().rem_euclid(HOUR) as f64 / HOUR as f64;
    let value = |hour: i64| {
        let number = u64::from(instrument.0) << 40 | (hour as u64 & 0xff_ffff_ffff);
        normal_at(seed, "drift", number)
    };
    1.0 + drift * ((1.0 - part) * value(hour) + part * value(hour + 1))
}

/// What the detector makes of true signals, in place; NaN stays NaN (nature has no answer).
pub(crate) fn disturb(
    values: &mut [f64],
    constants: &DetectorConstants,
    labware: &LabwareType,
    gain: f64,
    draws: &mut Draws,
    flags: &mut Vec<(Well, Flag)>,
) {
    let slope = |draws: &mut Draws| {
        if constants.gradient > 0.0 {
            constants.gradient * draws.normal()
        } else {
            0.0
        }
    };
    let (by_row, by_column) = (slope(draws), slope(draws));
    let (rows, columns) = (labware.rows, labware.columns);
    let centred = |at: u8, of: u8| (f64::from(at) + 0.5) / f64::from(of) - 0.5;
    for (index, value) in values.iter_mut().enumerate() {
        let well = Well::from_index(index, columns);
        if value.is_nan() {
            flags.push((well, Flag::NoSignal));
            continue;
        }
        let mut factor = gain
            * (1.0 + by_row * centred(well.row, rows) + by_column * centred(well.column, columns));
        if labware.is_edge(well) {
            factor *= 1.0 + constants.edge;
        }
        if constants.multiplicative > 0.0 {
            factor *= 1.0 + constants.multiplicative * draws.normal();
        }
        *value = (*value + constants.background) * factor;
        if constants.additive > 0.0 {
            *value += constants.additive * draws.normal();
        }
        if constants.no_signal + constants.defect > 0.0 {
            let u = draws.unit();
            if u < constants.no_signal {
                *value = f64::NAN;
                flags.push((well, Flag::NoSignal));
                continue;
            }
            if u < constants.no_signal + constants.defect {
                *value *= 1.0 + draws.between(0.1, 0.6);
                if draws.chance(constants.defect_noticed) {
                    flags.push((well, Flag::Defect));
                }
            }
        }
        if *value > constants.saturation {
            *value = constants.saturation;
            flags.push((well, Flag::Saturated));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use labware::Catalogue;
    use quantity::Duration;

    fn plate() -> std::sync::Arc<LabwareType> {
        Catalogue::standard()
            .get("corning_384_wellplate_112ul_flat")
            .unwrap()
            .clone()
    }

    #[test]
    fn noise_has_the_stated_size() {
        let constants = DetectorConstants {
            edge: 0.0,
            gradient: 0.0,
            no_signal: 0.0,
            defect: 0.0,
            ..DetectorPhysics::default().absorbance
        };
        let spread = |level: f64| {
            let mut all = Vec::new();
            for run in 0..30 {
                let mut values = vec![level; 384];
                let mut draws = Draws::new(Seed(1), "noise", run);
                disturb(
                    &mut values,
                    &constants,
                    &plate(),
                    1.0,
                    &mut draws,
                    &mut Vec::new(),
                );
                all.extend(values);
            }
            let mean = all.iter().sum::<f64>() / all.len() as f64;
            let variance = all.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / all.len() as f64;
            (mean, variance.sqrt())
        };
        let (mean, sd) = spread(1.0);
        assert!((mean - 1.042).abs() < 1e-3, "{mean}");
        let expected = (0.003_f64.powi(2) + (0.01 * 1.042_f64).powi(2)).sqrt();
        assert!((sd / expected - 1.0).abs() < 0.03, "{sd} {expected}");
        assert!((spread(0.0).1 / 0.00303 - 1.0).abs() < 0.05);
    }

    #[test]
    fn saturation_and_failed_wells_are_flagged() {
        let constants = DetectorConstants {
            no_signal: 0.05,
            ..DetectorPhysics::default().absorbance
        };
        let mut values = vec![5.0; 384];
        values[3] = f64::NAN;
        let mut flags = Vec::new();
        let mut draws = Draws::new(Seed(1), "noise", 0);
        disturb(
            &mut values,
            &constants,
            &plate(),
            1.0,
            &mut draws,
            &mut flags,
        );
        let of = |flag| flags.iter().filter(|f| f.1 == flag).count();
        assert_eq!(
            of(Flag::NoSignal),
            values.iter().filter(|v| v.is_nan()).count()
        );
        assert!(of(Flag::NoSignal) > 8);
        assert_eq!(of(Flag::Saturated), 384 - of(Flag::NoSignal));
        assert!(values.iter().all(|v| v.is_nan() || *v == 3.5));
    }

    #[test]
    fn drift_wanders_slowly() {
        let at = |h: f64| Instant::EPOCH + Duration::from_secs_f64(h * 3600.0);
        let gain = |h| gain(Seed(2), InstrumentId(3), 0.01, at(h));
        assert!((gain(5.0) - gain(5.01)).abs() < 1e-3);
        assert_ne!(gain(1.0), gain(9.0));
        assert!(
            (0..400)
                .map(|h| (gain(f64::from(h)) - 1.0).powi(2))
                .sum::<f64>()
                / 400.0
                < 2e-4
        );
    }
}
