//! How fast a plate may travel.

use crate::believed::Believed;
use crate::limits::RIDES_KNOWN;
use labware::Cover;
use quantity::Volume;
use std::collections::BTreeMap;
use std::sync::Arc;
use transport::slosh::{Liquid, ride_limits};
use transport::{Limits, MoverSpec};

/// What the limits of a ride depend on: labware, fullest well, cover, and what the mover can do.
type Load = (Arc<str>, Volume, Cover, [i64; 3]);

/// Limits of rides that were asked for before. They follow from the load alone, so remembering them
/// changes nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rides {
    known: BTreeMap<Load, Limits>,
}

impl Rides {
    /// What limits a mover that carries such a plate, filled up to the volume of its fullest well.
    /// What is in wells moves like water, or less.
    pub fn limits(&mut self, plate: &Believed, mover: &MoverSpec) -> Limits {
        let (labware, fullest, cover) = (plate.labware(), plate.fullest(), plate.cover());
        let motor = mover.limits;
        let able = [
            motor.speed.base(),
            motor.acceleration.base(),
            motor.jerk.base(),
        ];
        let load = (labware.name.clone(), fullest, cover, able);
        if let Some(limits) = self.known.get(&load) {
            return *limits;
        }
        if self.known.len() >= RIDES_KNOWN {
            self.known.clear();
        }
        let limits = ride_limits(labware, fullest, Liquid::WATER, cover, motor);
        self.known.insert(load, limits);
        limits
    }
}
