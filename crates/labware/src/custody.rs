//! Custody: where every plate is.

use quantity::{ArmId, MoverId, NestId, PlateId, StationId};
use std::collections::BTreeMap;
use std::fmt;

/// A place that holds at most one plate.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// A nest of an instrument.
    Nest(NestId),
    /// The top of a mover.
    Mover(MoverId),
    /// The gripper of an arm.
    Arm(ArmId),
    /// On the floor of a station after a drop; holds any number, until a person collects them.
    Floor(StationId),
    /// Not in the hall: not yet brought in, or taken out; holds any number.
    Outside,
}

impl Place {
    /// Whether the place can hold any number of plates.
    #[must_use]
    pub const fn is_roomy(self) -> bool {
        matches!(self, Place::Floor(_) | Place::Outside)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Nest(nest) => write!(f, "{nest}"),
            Place::Mover(mover) => write!(f, "{mover}"),
            Place::Arm(arm) => write!(f, "{arm}"),
            Place::Floor(station) => write!(f, "floor of {station}"),
            Place::Outside => f.write_str("outside"),
        }
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A hand-off that can't have happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CustodyError {
    /// The plate is not registered.
    Unknown(PlateId),
    /// The plate is registered already.
    Known(PlateId),
    /// The plate is not where the hand-off starts.
    NotThere {
        /// The plate.
        plate: PlateId,
        /// Where the hand-off was to start.
        expected: Place,
        /// Where the plate is.
        actual: Place,
    },
    /// The place is taken.
    Taken {
        /// The place.
        place: Place,
        /// The plate in it.
        by: PlateId,
    },
}

impl fmt::Display for CustodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CustodyError::Unknown(plate) => write!(f, "{plate} is not registered"),
            CustodyError::Known(plate) => write!(f, "{plate} is registered already"),
            CustodyError::NotThere {
                plate,
                expected,
                actual,
            } => {
                write!(f, "{plate} is at {actual}, not at {expected}")
            }
            CustodyError::Taken { place, by } => write!(f, "{place} holds {by}"),
        }
    }
}

impl std::error::Error for CustodyError {}

/// The book of custody: each registered plate is in exactly one place, and each place but the
/// roomy ones holds at most one plate. Both directions are kept and agree by construction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Custody {
    places: BTreeMap<PlateId, Place>,
    plates: BTreeMap<Place, PlateId>,
}

impl Custody {
    /// Registers a plate.
    ///
    /// # Errors
    /// If it is registered already, or the place is taken.
    pub fn register(&mut self, plate: PlateId, place: Place) -> Result<(), CustodyError> {
        if self.places.contains_key(&plate) {
            return Err(CustodyError::Known(plate));
        }
        self.occupy(plate, place)?;
        self.places.insert(plate, place);
        Ok(())
    }

    /// Completes a hand-off.
    ///
    /// # Errors
    /// If the plate is not at `from`, or `to` is taken; then nothing changes.
    pub fn hand_off(&mut self, plate: PlateId, from: Place, to: Place) -> Result<(), CustodyError> {
        let actual = self.place(plate)?;
        if actual != from {
            return Err(CustodyError::NotThere {
                plate,
                expected: from,
                actual,
            });
        }
        if from == to {
            return Ok(());
        }
        self.occupy(plate, to)?;
        self.plates.remove(&from);
        self.places.insert(plate, to);
        Ok(())
    }

    /// Where a plate is.
    ///
    /// # Errors
    /// If it is not registered.
    pub fn place(&self, plate: PlateId) -> Result<Place, CustodyError> {
        self.places
            .get(&plate)
            .copied()
            .ok_or(CustodyError::Unknown(plate))
    }

    /// The plate in a place (never for a roomy one).
    #[must_use]
    pub fn plate_at(&self, place: Place) -> Option<PlateId> {
        self.plates.get(&place).copied()
    }

    /// Every plate and where it is, in order of plate.
    pub fn iter(&self) -> impl Iterator<Item = (PlateId, Place)> + '_ {
        self.places.iter().map(|(plate, place)| (*plate, *place))
    }

    fn occupy(&mut self, plate: PlateId, place: Place) -> Result<(), CustodyError> {
        if place.is_roomy() {
            return Ok(());
        }
        if let Some(by) = self.plate_at(place) {
            return Err(CustodyError::Taken { place, by });
        }
        self.plates.insert(place, plate);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plate_is_in_one_place_and_a_place_holds_one_plate() {
        let (a, b) = (PlateId(1), PlateId(2));
        let (nest, arm) = (Place::Nest(NestId(1)), Place::Arm(ArmId(1)));
        let mut custody = Custody::default();
        custody.register(a, nest).unwrap();
        custody.register(b, Place::Outside).unwrap();
        assert_eq!(
            custody.hand_off(b, Place::Outside, nest),
            Err(CustodyError::Taken { place: nest, by: a })
        );
        assert!(matches!(
            custody.hand_off(a, arm, nest),
            Err(CustodyError::NotThere { .. })
        ));
        custody.hand_off(a, nest, arm).unwrap();
        custody.hand_off(b, Place::Outside, nest).unwrap();
        assert_eq!(custody.plate_at(nest), Some(b));
        assert_eq!(custody.place(a), Ok(arm));
        assert_eq!(custody.register(a, nest), Err(CustodyError::Known(a)));
    }
}
