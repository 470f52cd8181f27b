//! How fast a loaded mover may ride.

use super::{Liquid, Slosh};
use crate::Limits;
use labware::{Cover, LabwareType};
use quantity::Volume;

/// An open plate rides at the acceleration that would bring its fullest well to the rim, divided
/// by this: for a stop in a curve (a factor of 1.41), wells that were overfilled or tilted a
/// little, and the quarter by which frequencies of small wells may be off.
pub const RIDE_SAFETY: f64 = 1.6;
/// However full a plate is, it may be moved at this acceleration: below it, a person could not
/// carry it either.
pub const RIDE_ACCELERATION_MIN_M_PER_S2: f64 = 0.05;
/// Accelerations are rounded down to multiples of this, so that plates share few travel times.
pub const LIMIT_STEP_M_PER_S2: f64 = 0.05;
/// Jerks are rounded down to powers of this.
const JERK_STEP: f64 = 1.05;

/// What a mover that carries a plate may do: the stricter of its own limits and those of the
/// liquid in the fullest well, in the worse of the two directions of the plate.
///
/// An open plate may not spill. A lidded or sealed one has no limit of acceleration from its
/// liquid, but as every plate it takes one slosh period to change it, which leaves nothing
/// ringing and no droplets on lid or seal.
#[must_use]
pub fn ride_limits(
    labware: &LabwareType,
    fullest: Volume,
    liquid: Liquid,
    cover: Cover,
    mover: Limits,
) -> Limits {
    if fullest <= Volume::ZERO {
        return mover;
    }
    let mut limits = mover;
    for slosh in Slosh::of(&labware.well, fullest, liquid) {
        let top = mover.acceleration.as_m_per_s2();
        let acceleration = if cover == Cover::Open {
            let safe = slosh.tilt_limit_si() / RIDE_SAFETY;
            let stepped = (safe / LIMIT_STEP_M_PER_S2).floor() * LIMIT_STEP_M_PER_S2;
            stepped.max(RIDE_ACCELERATION_MIN_M_PER_S2).min(top)
        } else {
            top
        };
        let jerk = acceleration * slosh.frequency();
        let jerk = JERK_STEP.powf((jerk.ln() / JERK_STEP.ln()).floor());
        limits = limits.min(Limits::from_si(
            mover.speed.as_m_per_s(),
            acceleration,
            jerk.min(mover.jerk.as_m_per_s3()),
        ));
    }
    limits
}

#[cfg(test)]
mod tests {
    use super::*;
    use labware::Catalogue;

    fn limits(name: &str, microlitres: f64, cover: Cover) -> Limits {
        let catalogue = Catalogue::standard();
        let labware = catalogue.get(name).unwrap();
        ride_limits(
            labware,
            Volume::from_ul(microlitres),
            Liquid::WATER,
            cover,
            Limits::from_si(2.0, 10.0, 100.0),
        )
    }

    #[test]
    fn fuller_is_slower_and_a_lid_helps() {
        let a = |ul, cover| {
            limits("corning_96_wellplate_360ul_flat", ul, cover)
                .acceleration
                .as_m_per_s2()
        };
        assert!((a(0.0, Cover::Open) - 10.0).abs() < 1e-9);
        assert!(a(340.0, Cover::Open) < 2.0);
        assert!(a(100.0, Cover::Open) > a(200.0, Cover::Open));
        assert!((a(340.0, Cover::Lid) - 10.0).abs() < 1e-9);
        assert!(a(360.0, Cover::Open) >= RIDE_ACCELERATION_MIN_M_PER_S2 - 1e-9);
    }

    #[test]
    fn jerk_time_is_at_least_one_slosh_period() {
        for ul in [50.0, 150.0, 300.0] {
            let limits = limits("corning_96_wellplate_360ul_flat", ul, Cover::Open);
            let catalogue = Catalogue::standard();
            let well = catalogue
                .get("corning_96_wellplate_360ul_flat")
                .unwrap()
                .well;
            let slosh = Slosh::of(&well, Volume::from_ul(ul), Liquid::WATER)[0];
            let share = limits.jerk_time().ratio(slosh.period());
            assert!((1.0..2.3).contains(&share), "{share}");
        }
    }
}
