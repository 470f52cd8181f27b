//! What a nature is shown, and what it answers.

use super::Bound;
use quantity::Seed;
use std::sync::Arc;

/// The true state of one well at one moment.
#[derive(Clone, Copy, Debug)]
pub struct Sample<'a> {
    /// Each reagent that was put in (or spilled in) with its volume in microlitres as put in.
    pub parts: &'a [(Bound, f64)],
    /// The volume there is now, after evaporation, in microlitres.
    pub volume_ul: f64,
    /// What the well went through since it last got liquid.
    pub exposure: Exposure<'a>,
    /// For what differs by nature from well to well: the same for every reading of one well.
    pub seed: Seed,
}

impl Sample<'_> {
    /// The amount of all stocks in a slot, over the present volume, in the stock's unit.
    #[must_use]
    pub fn concentration(&self, slot: u32) -> f64 {
        if self.volume_ul <= 0.0 {
            return 0.0;
        }
        self.parts
            .iter()
            .filter(|(bound, _)| bound.slot == slot)
            .map(|(bound, volume)| bound.strength * volume)
            .sum::<f64>()
            / self.volume_ul
    }
}

/// Temperatures that a well has seen: seconds and degrees Celsius, oldest first; the last is now.
#[derive(Clone, Copy, Debug)]
pub struct Exposure<'a> {
    /// Spans of constant temperature.
    pub spans: &'a [(f64, f64)],
}

impl Exposure<'_> {
    /// The integral of a rate that depends on temperature, over seconds.
    #[must_use]
    pub fn integrate(&self, rate: impl Fn(f64) -> f64) -> f64 {
        self.spans
            .iter()
            .map(|(seconds, celsius)| seconds * rate(*celsius))
            .sum()
    }

    /// The present temperature in degrees Celsius.
    #[must_use]
    pub fn celsius(&self) -> f64 {
        self.spans.last().map_or(AMBIENT_CELSIUS, |span| span.1)
    }

    /// The highest temperature that was held for at least a minute, in degrees Celsius.
    #[must_use]
    pub fn hottest(&self) -> f64 {
        self.spans
            .iter()
            .filter(|(seconds, _)| *seconds >= 60.0)
            .map(|(_, celsius)| *celsius)
            .fold(self.celsius(), f64::max)
    }
}

/// Room temperature of the hall; the middle of a cloud lab's ambient band of 19.5 to 22 °C and
/// where SLAS plates are specified (typical).
pub const AMBIENT_CELSIUS: f64 = 22.0;

/// How a channel is measured: decides the instrument's noise, limits and unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Detector {
    /// Light attenuated through the well, from below; proportional to the depth of the liquid.
    Absorbance,
    /// Fluorescence from above.
    Fluorescence,
    /// Luminescence.
    Luminescence,
    /// An impedance probe.
    Conductivity,
    /// Counting molecules: sequencing.
    Counting,
    /// Peak areas: LC-MS, GC.
    Chromatography,
    /// Anything read off an image.
    Imaging,
}

/// What is being read.
#[derive(Clone, Debug, PartialEq)]
pub struct Channel {
    /// Name as it is reported: `absorbance 600 nm`.
    pub name: Arc<str>,
    /// How.
    pub detector: Detector,
    /// Wavelength, in nanometres, where there is one.
    pub nm: Option<f64>,
}

/// What an ideal detector sees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Signal {
    /// A value in the detector's unit.
    Value(f64),
    /// A value for each centimetre of liquid that the light passes.
    PerCentimetre(f64),
    /// Nature never answered for these contents: nobody measured them.
    NotMeasured,
}
