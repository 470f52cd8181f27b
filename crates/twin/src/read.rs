//! Reading plates: true contents to signals, signals to values.

use crate::detect;
use crate::nature::{Bound, Channel, Detector, Exposure, Nature, Sample, Signal};
use crate::plate::well_area_mm2;
use crate::twin::Twin;
use bus::{Flag, Reading};
use labware::Well;
use protocol::Operation;
use quantity::{CommandId, Duration, Instant, InstrumentId, Kind, PlateId, StepId, Wavelength};
use std::sync::Arc;

/// The most readings of one kinetic run.
const KINETIC_MAX: i64 = 2_000;

/// Vectors that are used again and again.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scratch {
    parts: Vec<(Bound, f64)>,
    spans: Vec<(f64, f64)>,
}

/// What an operation measures, if it does.
pub(crate) fn channel_of(operation: &Operation) -> Option<Channel> {
    let nm = |name: &str| operation.wavelength(name).map(Wavelength::as_nm);
    let (detector, nm, name) = match &*operation.capability {
        "read_absorbance" => {
            let nm = nm("wavelength");
            let name = match nm {
                Some(nm) => format!("absorbance {nm} nm"),
                None => "absorbance".to_owned(),
            };
            (Detector::Absorbance, nm, name)
        }
        "read_fluorescence" => {
            let name = match (nm("excitation"), nm("emission")) {
                (Some(from), Some(to)) => format!("fluorescence {from}/{to} nm"),
                _ => "fluorescence".to_owned(),
            };
            (Detector::Fluorescence, nm("emission"), name)
        }
        "thermocycle" => (Detector::Fluorescence, None, "fluorescence".to_owned()),
        "read_luminescence" => (Detector::Luminescence, None, "luminescence".to_owned()),
        "measure_conductivity" => (Detector::Conductivity, None, "conductivity".to_owned()),
        "sequence" => (Detector::Counting, None, "reads".to_owned()),
        "lcms" => (Detector::Chromatography, None, "peak area".to_owned()),
        "image" => {
            let mode = operation.text("mode").unwrap_or("brightfield");
            (Detector::Imaging, None, format!("image {mode}"))
        }
        _ => return None,
    };
    Some(Channel {
        name: name.into(),
        detector,
        nm,
    })
}

/// The moments at which an operation that ends now measures.
fn moments(operation: &Operation, end: Instant) -> Vec<Instant> {
    let span = operation.duration("duration");
    let interval = operation.duration("interval");
    match (span, interval) {
        (Some(span), Some(interval)) if interval > Duration::ZERO => {
            let n = (span.base() / interval.base()).min(KINETIC_MAX - 1);
            (0..=n).rev().map(|back| end - interval * back).collect()
        }
        _ => vec![end],
    }
}

/// Who measures what for which command.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measurement {
    pub command: CommandId,
    pub plate: PlateId,
    pub step: StepId,
    pub instrument: InstrumentId,
}

impl Twin {
    /// Reads every well of a plate.
    pub(crate) fn measure(
        &mut self,
        who: Measurement,
        operation: &Operation,
    ) -> (Vec<Reading>, Vec<(Well, Flag)>) {
        if &*operation.capability == "weigh" {
            return (self.weigh(who), Vec::new());
        }
        let Some(channel) = channel_of(operation) else {
            return (Vec::new(), Vec::new());
        };
        let named = self.nature_of(who.plate).channels(channel.detector);
        let channels: Vec<Channel> = if named.is_empty() {
            vec![channel]
        } else {
            named
                .into_iter()
                .map(|name| Channel {
                    name,
                    ..channel.clone()
                })
                .collect()
        };
        let mut draws = self.draws("noise", who.command);
        let mut readings = Vec::new();
        let mut flags = Vec::new();
        for at in moments(operation, self.now) {
            for channel in &channels {
                let Some(mut values) = self.signals(who.plate, channel, at) else {
                    continue;
                };
                let constants = *self.config.physics.detectors.of(channel.detector);
                let gain = detect::gain(self.config.seed, who.instrument, constants.drift, at);
                if let Some(plate) = self.truth.plate(who.plate) {
                    let labware = plate.labware.clone();
                    detect::disturb(
                        &mut values,
                        &constants,
                        &labware,
                        gain,
                        &mut draws,
                        &mut flags,
                    );
                }
                readings.push(Reading {
                    plate: who.plate,
                    step: who.step,
                    instrument: who.instrument,
                    channel: channel.name.clone(),
                    unit: constants.unit.into(),
                    at,
                    values: values.into(),
                });
            }
        }
        flags.sort_unstable();
        flags.dedup();
        (readings, flags)
    }

    /// Who answers for a plate: the nature of the liquids in it.
    fn nature_of(&self, id: PlateId) -> Arc<dyn Nature> {
        let wells = self.truth.plate(id).map(|plate| plate.contents.wells());
        let mut liquids = wells.into_iter().flatten();
        let holds = liquids.find_map(|liquid| liquid.parts().first().map(|part| part.0));
        self.config.nature.of_plate(holds).clone()
    }

    /// The true signal of every well in a channel; NaN where there is none.
    fn signals(&mut self, id: PlateId, channel: &Channel, at: Instant) -> Option<Vec<f64>> {
        let nature = self.nature_of(id);
        let seed = self.config.seed.derive("well", u64::from(id.0));
        let plate = self.truth.plate(id)?;
        let Scratch { parts, spans } = &mut self.scratch;
        let wells = plate.labware.wells();
        if plate.spoilt {
            return Some(vec![f64::NAN; wells]);
        }
        let area = well_area_mm2(&plate.labware);
        let mut values = Vec::with_capacity(wells);
        let mut filled = None;
        for (index, liquid) in plate.contents.wells().iter().enumerate() {
            if filled != Some(plate.filled[index]) {
                filled = Some(plate.filled[index]);
                plate.spans_since(plate.filled[index], at, spans);
            }
            parts.clear();
            for (reagent, volume) in liquid.parts() {
                let bound = self
                    .bound
                    .get(reagent.index())
                    .copied()
                    .unwrap_or(Bound::INERT);
                parts.push((bound, volume.as_ul()));
            }
            let volume_ul = plate.volume_ul(index);
            let sample = Sample {
                parts,
                volume_ul,
                exposure: Exposure { spans },
                seed: quantity::Seed(seed.0.wrapping_add(index as u64)),
            };
            values.push(match nature.respond(&sample, channel) {
                Signal::Value(value) => value,
                // Microlitres on square millimetres are millimetres of depth.
                Signal::PerCentimetre(value) => value * volume_ul / area / 10.0,
                Signal::NotMeasured => f64::NAN,
            });
        }
        Some(values)
    }

    /// The mass of plate and liquid in grams, the same in every well (a balance weighs the plate).
    fn weigh(&mut self, who: Measurement) -> Vec<Reading> {
        let mut draws = self.draws("noise", who.command);
        let Some(plate) = self.truth.plate(who.plate) else {
            return Vec::new();
        };
        let wells = plate.labware.wells();
        // A microlitre of a watery liquid weighs about a milligram.
        let liquid_mg: f64 = (0..wells).map(|i| plate.volume_ul(i)).sum();
        let grams = plate.labware.mass.as_kg() * 1e3 + liquid_mg * 1e-3 + 0.002 * draws.normal();
        let values: Arc<[f64]> = vec![grams; wells].into();
        vec![Reading {
            plate: who.plate,
            step: who.step,
            instrument: who.instrument,
            channel: "mass".into(),
            unit: "g".into(),
            at: self.now,
            values,
        }]
    }
}

/// The temperature that an operation gives to the plate, in degrees Celsius, and whether its air is
/// humid.
pub(crate) fn air_of(operation: &Operation) -> Option<(f64, bool)> {
    // A sealer's temperature is that of the plate that presses for a second or two.
    if &*operation.capability == "seal" {
        return None;
    }
    let name = match &*operation.capability {
        "thermocycle" => "anneal",
        _ => "temperature",
    };
    let base = operation.base(name, Kind::Temperature)?;
    let celsius = quantity::Temperature::from_base(base).as_celsius();
    Some((celsius, &*operation.capability == "incubate"))
}
