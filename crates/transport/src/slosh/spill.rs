//! What a ride really does to the liquid: the first mode integrated over the ride's acceleration.

use super::{GRAVITY, Liquid, Section, Slosh, above};
use crate::Profile;
use labware::{Cover, LabwareType};
use quantity::Volume;
use std::f64::consts::PI;

/// Liquid lost over the rim of the fullest well.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spill {
    /// The share of the well's volume that went over the rim.
    pub fraction: f64,
    /// Whether it went over in the direction of travel (when braking) rather than backwards.
    pub forwards: bool,
}

/// Whether a ride spills from a plate, and how much of its fullest well; in the worse of the two
/// directions of the plate. None for lidded and sealed plates and for empty ones.
///
/// The surface at the wall is the steady tilt, of which the share of the first mode follows the
/// acceleration as a damped oscillator. The capillary reduction of the rise is not counted on, as
/// in [`super::ride_limits`]. What stands above the rim at the highest moment is lost.
#[must_use]
pub fn spills(
    labware: &LabwareType,
    fullest: Volume,
    liquid: Liquid,
    cover: Cover,
    ride: &Profile,
) -> Option<Spill> {
    if cover != Cover::Open || fullest <= Volume::ZERO {
        return None;
    }
    Slosh::of(&labware.well, fullest, liquid)
        .iter()
        .filter_map(|slosh| slosh.spill(&ride.acceleration_corners()))
        .max_by(|a, b| a.fraction.total_cmp(&b.fraction))
}

/// An oscillator driven by a line through corners: place and speed of `q`, where
/// `q'' + 2 zeta w q' + w^2 q = w^2 a(t)`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ringing {
    pub(crate) q: f64,
    pub(crate) speed: f64,
}

impl Slosh {
    /// Follows the first mode, in units of acceleration (so that steady `q = a`), over corners of
    /// an acceleration line (s, m/s2) and on for `after` seconds; calls `see` with the drive and
    /// the state at fine steps; gives the last state.
    pub(crate) fn follow(
        &self,
        corners: &[(f64, f64)],
        after: f64,
        mut see: impl FnMut(f64, Ringing),
    ) -> Ringing {
        let w = 2.0 * PI * self.frequency();
        let zeta = self.damping();
        let mut state = Ringing { q: 0.0, speed: 0.0 };
        let end = corners.last().map_or(0.0, |c| c.0);
        let closing = [(end, 0.0), (end + after, 0.0)];
        let all = corners.iter().chain(&closing);
        let mut last: Option<(f64, f64)> = None;
        for &(t, a) in all {
            if let Some((t0, a0)) = last
                && t > t0
            {
                // A sixtieth of a period: classic Runge-Kutta is then good to 1e-6 per period.
                let steps = ((t - t0) * w / (2.0 * PI) * 60.0).ceil().max(1.0);
                let h = (t - t0) / steps;
                let slope = (a - a0) / (t - t0);
                let rate = |s: Ringing, drive: f64| Ringing {
                    q: s.speed,
                    speed: w * w * (drive - s.q) - 2.0 * zeta * w * s.speed,
                };
                let add = |s: Ringing, k: Ringing, f: f64| Ringing {
                    q: s.q + f * k.q,
                    speed: s.speed + f * k.speed,
                };
                for i in 0..steps as usize {
                    let drive = |share: f64| a0 + slope * h * (i as f64 + share);
                    let k1 = rate(state, drive(0.0));
                    let k2 = rate(add(state, k1, h / 2.0), drive(0.5));
                    let k3 = rate(add(state, k2, h / 2.0), drive(0.5));
                    let k4 = rate(add(state, k3, h), drive(1.0));
                    state = add(state, k1, h / 6.0);
                    state = add(state, k2, h / 3.0);
                    state = add(state, k3, h / 3.0);
                    state = add(state, k4, h / 6.0);
                    see(drive(1.0), state);
                }
            }
            last = Some((t, a));
        }
        state
    }

    /// What a ride spills over the rim.
    pub(crate) fn spill(&self, corners: &[(f64, f64)]) -> Option<Spill> {
        let share = self.first_mode_share();
        let mut worst = 0.0_f64;
        // Two periods after the end the ringing has passed its highest.
        self.follow(corners, 2.0 / self.frequency(), |drive, state| {
            let felt = (1.0 - share) * drive + share * state.q;
            if felt.abs() > worst.abs() {
                worst = felt;
            }
        });
        let limit = self.tilt_limit_si();
        if worst.abs() <= limit {
            return None;
        }
        Some(Spill {
            fraction: self.over_the_rim(worst.abs()),
            forwards: worst < 0.0,
        })
    }

    /// The share of the volume above the rim at a steady acceleration beyond the limit.
    fn over_the_rim(&self, acceleration: f64) -> f64 {
        let slope = acceleration / GRAVITY;
        let volume = above(self.section, 0.0, self.height);
        // What stays is below the rim at the low wall and level with it at the high one.
        let half = match self.section {
            Section::Round { radius } => radius,
            Section::Square { side } => side / 2.0,
        };
        let stays = above(self.section, slope, self.depth - slope * half);
        (1.0 - stays / volume).clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Limits, slosh::ride_limits};
    use labware::Catalogue;
    use quantity::Length;

    /// What rings on after a ride with a jerk time, as a share of the acceleration.
    fn rings(slosh: &Slosh, acceleration: f64, jerk_time: f64, distance: f64) -> f64 {
        let limits = Limits::from_si(2.0, acceleration, acceleration / jerk_time);
        let ride = Profile::over(Length::from_m(distance), limits);
        let undamped = Slosh {
            liquid: Liquid::from_si(997.0, 0.072, 1e-14),
            ..*slosh
        };
        let end = undamped.follow(&ride.acceleration_corners(), 0.0, |_, _| {});
        let w = 2.0 * PI * slosh.frequency();
        end.q.hypot(end.speed / w) / acceleration
    }

    #[test]
    fn a_jerk_time_of_one_slosh_period_leaves_no_residual() {
        let wells = [
            (6.86, true, 10.67, 0.6, 3.0),
            (3.6, false, 11.5, 0.9, 4.0),
            (15.6, true, 17.4, 0.9, 2.0),
            (108.0, false, 40.0, 0.9, 0.7),
        ];
        for (size, round, depth, fill, acceleration) in wells {
            let (size, depth) = (Length::from_mm(size), Length::from_mm(depth));
            let height = depth.scale(fill);
            let slosh = if round {
                Slosh::round(size, depth, height, Liquid::WATER)
            } else {
                Slosh::rectangular(size, depth, height, Liquid::WATER)
            };
            let period = 1.0 / slosh.frequency();
            let shaped = rings(&slosh, acceleration, period, 20.0);
            assert!(shaped < 1e-3, "{size}: {shaped}");
            // The unshaped one rings, at least for some distance.
            let hard = (0..12)
                .map(|i| {
                    let harder = acceleration * (1.0 + 0.02 * f64::from(i));
                    rings(&slosh, harder, 0.01 * period, 20.0)
                })
                .fold(0.0, f64::max);
            assert!(hard > 0.5, "{size}: {hard}");
        }
    }

    #[test]
    fn planned_rides_never_spill_and_reckless_ones_do() {
        let catalogue = Catalogue::standard();
        let mover = Limits::from_si(2.0, 10.0, 100.0);
        let labware = catalogue.get("corning_96_wellplate_360ul_flat").unwrap();
        for ul in [50.0, 150.0, 250.0, 320.0, 340.0] {
            let full = Volume::from_ul(ul);
            let limits = ride_limits(labware, full, Liquid::WATER, Cover::Open, mover);
            for distance in [0.05, 0.3, 1.0, 7.0] {
                let ride = Profile::over(Length::from_m(distance), limits);
                assert_eq!(
                    spills(labware, full, Liquid::WATER, Cover::Open, &ride),
                    None,
                    "{ul} µL over {distance} m"
                );
            }
        }
        let full = Volume::from_ul(340.0);
        let ride = Profile::over(Length::from_m(3.0), mover);
        let spill = spills(labware, full, Liquid::WATER, Cover::Open, &ride).unwrap();
        assert!(spill.fraction > 0.02 && spill.fraction < 0.6, "{spill:?}");
        assert_eq!(
            spills(labware, full, Liquid::WATER, Cover::Seal, &ride),
            None
        );
        let little = Volume::from_ul(40.0);
        assert_eq!(
            spills(labware, little, Liquid::WATER, Cover::Open, &ride),
            None
        );
    }
}
