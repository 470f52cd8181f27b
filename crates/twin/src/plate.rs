//! The truth about one plate: where it is, what is in it, what it went through.

use crate::nature::AMBIENT_CELSIUS;
use labware::{Cover, LabwareType, Place, PlateContents, WellShape};
use quantity::{CommandId, Instant, StepId, Volume};
use std::sync::Arc;

/// One plate.
#[derive(Clone, Debug)]
pub(crate) struct Plate {
    pub labware: Arc<LabwareType>,
    /// What its label says.
    pub barcode: Arc<str>,
    pub label_readable: bool,
    pub place: Place,
    pub cover: Cover,
    /// Volumes as put in; evaporation is kept beside, since it takes the solvent only.
    pub contents: PlateContents,
    /// What evaporated from each well, nanolitres.
    pub evaporated: Vec<f64>,
    /// Until when evaporation is accounted for.
    pub evaporated_until: Instant,
    /// When each well last got liquid.
    pub filled: Vec<Instant>,
    /// From when on it is how warm, degrees Celsius, oldest first.
    pub thermal: Vec<(Instant, f64)>,
    /// Whether the air around is humid, as in an incubator.
    pub humid: bool,
    /// How far off it lies where it lies: millimetres along and across, milliradians.
    pub pose: [f64; 3],
    /// An instrument spoilt the sample.
    pub spoilt: bool,
    /// Steps whose irreversible operation was carried out.
    pub irreversible: Vec<StepId>,
    /// What leapt or ran over and is in no well any more.
    pub lost: Volume,
    /// The operation that is being done to it.
    pub served_by: Option<CommandId>,
}

impl Plate {
    pub(crate) fn new(labware: Arc<LabwareType>, barcode: Arc<str>, now: Instant) -> Self {
        let wells = labware.wells();
        Self {
            contents: PlateContents::empty(labware.clone()),
            labware,
            barcode,
            label_readable: true,
            place: Place::Outside,
            cover: Cover::Open,
            evaporated: vec![0.0; wells],
            evaporated_until: now,
            filled: vec![now; wells],
            thermal: vec![(now, AMBIENT_CELSIUS)],
            humid: false,
            pose: [0.0; 3],
            spoilt: false,
            irreversible: Vec::new(),
            lost: Volume::ZERO,
            served_by: None,
        }
    }

    /// How warm it is.
    pub(crate) fn celsius(&self) -> f64 {
        self.thermal.last().map_or(AMBIENT_CELSIUS, |last| last.1)
    }

    /// It is moved into other air.
    pub(crate) fn set_air(&mut self, celsius: f64, humid: bool, now: Instant) {
        self.humid = humid;
        if (self.celsius() - celsius).abs() > 1e-9 {
            self.thermal.push((now, celsius));
        }
    }

    /// The spans of temperature since a moment, in seconds and degrees Celsius.
    pub(crate) fn spans_since(&self, since: Instant, now: Instant, spans: &mut Vec<(f64, f64)>) {
        spans.clear();
        for (i, (from, celsius)) in self.thermal.iter().enumerate() {
            let end = self.thermal.get(i + 1).map_or(now, |next| next.0);
            let start = (*from).max(since);
            if end > start {
                spans.push((end.since(start).as_secs_f64(), *celsius));
            }
        }
        // What counts as the present temperature is the last one, even if it has only just come.
        if spans.last().is_none_or(|last| last.1 != self.celsius()) {
            spans.push((0.0, self.celsius()));
        }
    }

    /// The volume that a well holds now, in microlitres.
    pub(crate) fn volume_ul(&self, index: usize) -> f64 {
        (self.contents.wells()[index].volume().base() as f64 - self.evaporated[index]).max(0.0)
            / 1e3
    }
}

/// The area of a well's opening, square millimetres.
pub(crate) fn well_area_mm2(labware: &LabwareType) -> f64 {
    match labware.well.shape {
        WellShape::Round { diameter } => std::f64::consts::PI * diameter.as_mm().powi(2) / 4.0,
        WellShape::Rectangular { x, y } => x.as_mm() * y.as_mm(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use labware::Catalogue;
    use quantity::Duration;

    #[test]
    fn spans_start_where_the_liquid_came() {
        let labware = Catalogue::standard()
            .get("corning_96_wellplate_360ul_flat")
            .unwrap()
            .clone();
        let at = |s| Instant::EPOCH + Duration::from_secs(s);
        let mut plate = Plate::new(labware, "p".into(), at(0));
        plate.set_air(37.0, true, at(100));
        plate.set_air(AMBIENT_CELSIUS, false, at(400));
        let mut spans = Vec::new();
        plate.spans_since(at(50), at(450), &mut spans);
        assert_eq!(
            spans,
            [
                (50.0, AMBIENT_CELSIUS),
                (300.0, 37.0),
                (50.0, AMBIENT_CELSIUS)
            ]
        );
        plate.spans_since(at(400), at(400), &mut spans);
        assert_eq!(spans, [(0.0, AMBIENT_CELSIUS)]);
    }
}
