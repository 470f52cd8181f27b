//! How fast a plate may travel.

use labware::{Cover, LabwareType};
use quantity::Volume;
use transport::slosh::{Liquid, ride_limits};
use transport::{Limits, MoverSpec};

/// What limits a mover that carries such a plate, filled up to this volume in its fullest well.
/// What is in wells moves like water, or less.
pub(crate) fn limits(
    labware: &LabwareType,
    fullest: Volume,
    cover: Cover,
    mover: &MoverSpec,
) -> Limits {
    ride_limits(labware, fullest, Liquid::WATER, cover, mover.limits)
}
