//! Questions to the twin's truth, for tests, benches and simulation: nothing in the core asks them.

use crate::history::{Fact, Violation};
use crate::mover::MoverState;
use crate::twin::Twin;
use labware::{Place, PlateContents, Well};
use quantity::{BerthId, Instant, MoverId, PlateId, Volume};

impl Twin {
    /// The present moment.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.now
    }

    /// Where a plate truly is; `None` if it was never brought.
    #[must_use]
    pub fn place_of(&self, plate: PlateId) -> Option<Place> {
        self.truth.place_of(plate)
    }

    /// The plate that is truly in a place.
    #[must_use]
    pub fn plate_at(&self, place: Place) -> Option<PlateId> {
        self.truth.at(place)
    }

    /// What was truly put into a plate's wells and is still there, by volume as put in; what
    /// evaporated is not taken off, see [`Twin::volume`].
    #[must_use]
    pub fn contents(&self, plate: PlateId) -> Option<&PlateContents> {
        self.truth.plate(plate).map(|plate| &plate.contents)
    }

    /// The volume that a well holds after evaporation, as far as it is accounted for.
    #[must_use]
    pub fn volume(&self, plate: PlateId, well: Well) -> Option<Volume> {
        let plate = self.truth.plate(plate)?;
        plate
            .labware
            .has(well)
            .then(|| Volume::from_ul(plate.volume_ul(plate.labware.index(well))))
    }

    /// What leapt or ran out of a plate's wells into none.
    #[must_use]
    pub fn lost_liquid(&self, plate: PlateId) -> Option<Volume> {
        self.truth.plate(plate).map(|plate| plate.lost)
    }

    /// What covers a plate.
    #[must_use]
    pub fn cover(&self, plate: PlateId) -> Option<labware::Cover> {
        self.truth.plate(plate).map(|plate| plate.cover)
    }

    /// Whether an instrument spoilt a plate.
    #[must_use]
    pub fn is_spoilt(&self, plate: PlateId) -> bool {
        self.truth.plate(plate).is_some_and(|plate| plate.spoilt)
    }

    /// The berth that a mover stands in; `None` if it is on the way.
    #[must_use]
    pub fn berth_of(&self, mover: MoverId) -> Option<BerthId> {
        self.movers.get(mover.index()).and_then(MoverState::berth)
    }

    /// Every plate that was ever brought and where it is, in order of id.
    pub fn plates(&self) -> impl Iterator<Item = (PlateId, Place)> + '_ {
        self.truth.plates().map(|(id, plate)| (id, plate.place))
    }

    /// Whether custody agrees with itself: no two plates in one place, no plate in no place.
    #[must_use]
    pub fn custody_agrees(&self) -> bool {
        self.truth.agrees()
    }

    /// What should never have happened, and did.
    #[must_use]
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// A hash over every physical fact in order: two runs with the same one did the same.
    #[must_use]
    pub fn history_hash(&self) -> u64 {
        self.history.hash()
    }

    /// The physical facts, if they are kept.
    #[must_use]
    pub fn history(&self) -> &[(Instant, Fact)] {
        self.history.facts()
    }

    /// Events that were worked off so far: commands begun, commands ended, stations gone and come.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.events
    }
}
