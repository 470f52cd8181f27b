//! How fast a plate may travel.

use labware::{Cover, LabwareType};
use quantity::Volume;
use transport::{Limits, MoverSpec};

/// What limits a mover that carries such a plate, filled up to this volume in its fullest well.
pub(crate) fn limits(
    labware: &LabwareType,
    fullest: Volume,
    cover: Cover,
    mover: &MoverSpec,
) -> Limits {
    let _ = (labware, fullest, cover);
    mover.limits
}
