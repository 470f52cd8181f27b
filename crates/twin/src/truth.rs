//! Custody in truth: where every plate is, kept in both directions.

use crate::plate::Plate;
use lab::Hall;
use labware::Place;
use quantity::PlateId;

/// The most that plate ids may run ahead of the number of plates.
const PLATE_GAP_MAX: usize = 1 << 20;

/// Where every plate is, and what it is like.
#[derive(Clone, Debug)]
pub(crate) struct Truth {
    plates: Vec<Option<Box<Plate>>>,
    nests: Vec<Option<PlateId>>,
    movers: Vec<Option<PlateId>>,
    arms: Vec<Option<PlateId>>,
}

impl Truth {
    pub(crate) fn new(hall: &Hall) -> Self {
        Self {
            plates: Vec::new(),
            nests: vec![None; hall.nests.len()],
            movers: vec![None; hall.movers.len()],
            arms: vec![None; hall.stations.len()],
        }
    }

    pub(crate) fn plate(&self, id: PlateId) -> Option<&Plate> {
        self.plates.get(id.index())?.as_deref()
    }

    pub(crate) fn plate_mut(&mut self, id: PlateId) -> Option<&mut Plate> {
        self.plates.get_mut(id.index())?.as_deref_mut()
    }

    pub(crate) fn place_of(&self, id: PlateId) -> Option<Place> {
        self.plate(id).map(|plate| plate.place)
    }

    /// Whether a plate's id is so far ahead of the others that it must be an error: ids are dense.
    pub(crate) fn is_far(&self, id: PlateId) -> bool {
        id.index() >= self.plates.len() + PLATE_GAP_MAX
    }

    /// A plate that has not been seen before, outside the hall.
    pub(crate) fn enter(&mut self, id: PlateId, plate: Plate) {
        if self.plates.len() <= id.index() {
            self.plates.resize_with(id.index() + 1, || None);
        }
        self.plates[id.index()] = Some(Box::new(plate));
    }

    /// What is forgotten of a plate that left the hall: its liquid.
    pub(crate) fn drop_contents(&mut self, id: PlateId) {
        if let Some(plate) = self.plate_mut(id) {
            let labware = plate.labware.clone();
            plate.contents = labware::PlateContents::empty(labware);
            plate.evaporated = vec![0.0; plate.labware.wells()];
        }
    }

    /// The plate in a place; `None` for roomy ones and for places that don't exist.
    pub(crate) fn at(&self, place: Place) -> Option<PlateId> {
        *self.slot(place)?
    }

    /// Whether the hall has such a place.
    pub(crate) fn exists(&self, place: Place) -> bool {
        place.is_roomy() || self.slot(place).is_some()
    }

    fn slot(&self, place: Place) -> Option<&Option<PlateId>> {
        match place {
            Place::Nest(id) => self.nests.get(id.index()),
            Place::Mover(id) => self.movers.get(id.index()),
            Place::Arm(id) => self.arms.get(id.index()),
            Place::Floor(_) | Place::Outside => None,
        }
    }

    fn slot_mut(&mut self, place: Place) -> Option<&mut Option<PlateId>> {
        match place {
            Place::Nest(id) => self.nests.get_mut(id.index()),
            Place::Mover(id) => self.movers.get_mut(id.index()),
            Place::Arm(id) => self.arms.get_mut(id.index()),
            Place::Floor(_) | Place::Outside => None,
        }
    }

    /// Moves a plate.
    ///
    /// # Errors
    /// The plate that is in the way; then nothing moves.
    pub(crate) fn shift(&mut self, id: PlateId, to: Place) -> Result<Place, PlateId> {
        let Some(from) = self.place_of(id) else {
            return Ok(to);
        };
        if from == to {
            return Ok(from);
        }
        if let Some(slot) = self.slot_mut(to) {
            if let Some(by) = *slot {
                return Err(by);
            }
            *slot = Some(id);
        }
        if let Some(slot) = self.slot_mut(from) {
            *slot = None;
        }
        if let Some(plate) = self.plate_mut(id) {
            plate.place = to;
        }
        Ok(from)
    }

    /// Every plate that was ever brought, with its place, in order of id.
    pub(crate) fn plates(&self) -> impl Iterator<Item = (PlateId, &Plate)> {
        self.plates
            .iter()
            .enumerate()
            .filter_map(|(i, plate)| Some((PlateId(i as u32), plate.as_deref()?)))
    }

    /// Whether both directions agree: every plate is in the place that holds it, and every place
    /// holds a plate that says so.
    pub(crate) fn agrees(&self) -> bool {
        let held = |slots: &[Option<PlateId>]| slots.iter().flatten().count();
        let placed = self
            .plates()
            .filter(|(_, plate)| !plate.place.is_roomy())
            .count();
        placed == held(&self.nests) + held(&self.movers) + held(&self.arms)
            && self
                .plates()
                .all(|(id, plate)| plate.place.is_roomy() || self.at(plate.place) == Some(id))
    }
}
