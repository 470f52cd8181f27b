//! Arms at stations: how long they take, and the pose of a plate before it is gripped.
//!
//! Times are typical of SCARA plate handlers: nest to nest over 0.3 m in 4 to 7 s, a regrip 5 s,
//! collaborative speed 0.5 m/s. Grip errors follow the normal error chain of one axis.

use crate::Limits;
use crate::profile::Profile;
use quantity::{Angle, Duration, Length};
use std::f64::consts::FRAC_1_SQRT_2;

/// The speed of an arm's gripper and what it does beside travelling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArmSpec {
    /// What the gripper may do on its way.
    pub limits: Limits,
    /// Down into a nest, close the gripper, up again.
    pub pick: Duration,
    /// Down into a nest, open the gripper, up again.
    pub place: Duration,
    /// Put down, turn the gripper, take up again.
    pub regrip: Duration,
    /// Measure the pose of a plate before it is gripped.
    pub look: Duration,
}

impl Default for ArmSpec {
    /// A collaborative SCARA plate handler: 0.3 m from nest to nest in 5.1 s.
    fn default() -> Self {
        Self {
            limits: Limits::from_si(0.5, 2.0, 20.0),
            pick: Duration::from_millis(2000),
            place: Duration::from_millis(2000),
            regrip: Duration::from_secs(5),
            look: Duration::from_millis(300),
        }
    }
}

impl ArmSpec {
    /// From above one nest to above another.
    #[must_use]
    pub fn travel(&self, distance: Length) -> Duration {
        if distance <= Length::ZERO {
            return Duration::ZERO;
        }
        Profile::over(distance, self.limits).duration()
    }

    /// Look, pick and lift, with the gripper coming from a distance away.
    #[must_use]
    pub fn pick_time(&self, distance: Length) -> Duration {
        self.travel(distance) + self.look + self.pick
    }

    /// Carry over a distance, lower and let go.
    #[must_use]
    pub fn place_time(&self, distance: Length) -> Duration {
        self.travel(distance) + self.place
    }

    /// From nest to nest, the gripper being above the first.
    #[must_use]
    pub fn nest_to_nest(&self, distance: Length) -> Duration {
        self.pick_time(Length::ZERO) + self.place_time(distance)
    }
}

/// How far a plate is from where it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct PoseError {
    /// Along the long side of the plate.
    pub dx: Length,
    /// Along the short side.
    pub dy: Length,
    /// Turned counter-clockwise.
    pub dtheta: Angle,
}

impl PoseError {
    /// The larger of the two shifts at the grip faces, the turn included: a plate turned about its
    /// middle has its grip faces shifted by the turn times half its long side.
    #[must_use]
    pub fn shift(&self) -> Length {
        let turn =
            Length::from_base_f64(self.dtheta.as_rad().abs() * GRIP_FACE_FROM_MIDDLE.base() as f64);
        self.dx.abs().max(self.dy.abs()) + turn
    }
}

/// Half of the long side of a plate, 127.76 mm (ANSI/SLAS 1-2004).
pub const GRIP_FACE_FROM_MIDDLE: Length = Length::from_base(63_880);
/// Up to this shift the chamfers of gripper and nest centre the plate by themselves.
pub const CAPTURE_RANGE: Length = Length::from_base(1_500);
/// Up to this shift the arm can follow the plate by moving its gripper.
pub const CORRECTION_MAX: Length = Length::from_base(5_000);
/// Up to this turn the arm can follow the plate: 3 degrees.
pub const CORRECTION_TURN_MAX: Angle = Angle::from_base(52_360);
/// Up to this shift the plate can be pushed square and gripped anew; beyond it lies across
/// something, and a person must look.
pub const REGRIP_MAX: Length = Length::from_base(12_000);
/// How often a plate is pushed and looked at again before giving up.
pub const REGRIPS_MAX: u32 = 2;

// Each way of coping reaches further than the one before it.
const _: () = assert!(
    CAPTURE_RANGE.base() < CORRECTION_MAX.base() && CORRECTION_MAX.base() < REGRIP_MAX.base()
);

/// What to do about a pose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grip {
    /// Grip as taught: within the capture range.
    AsTaught,
    /// Grip with the gripper moved by the error.
    Corrected(PoseError),
    /// Push the plate square, look again.
    Regrip,
    /// Leave it to a person.
    GiveUp,
}

/// Decides how to grip a plate from its measured pose and how often it was pushed square before.
#[must_use]
pub fn decide(error: PoseError, regrips: u32) -> Grip {
    let shift = error.shift();
    if shift <= CAPTURE_RANGE / 2 {
        // Half of the range is left to what is not measured: nest, gripper, drift.
        Grip::AsTaught
    } else if error.dx.abs() <= CORRECTION_MAX
        && error.dy.abs() <= CORRECTION_MAX
        && error.dtheta.abs() <= CORRECTION_TURN_MAX
    {
        Grip::Corrected(error)
    } else if shift <= REGRIP_MAX && regrips < REGRIPS_MAX {
        Grip::Regrip
    } else {
        Grip::GiveUp
    }
}

/// The errors of one axis that add up when a plate is gripped, each as a standard deviation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorBudget {
    /// Clearance of the nest, half its width: uniform within plus and minus this.
    pub nest_clearance: Length,
    /// The plate's own tolerance.
    pub plate: Length,
    /// Where the mover stands.
    pub mover: Length,
    /// Where the arm goes.
    pub arm: Length,
    /// What was taught wrongly.
    pub teach: Length,
}

impl ErrorBudget {
    /// A plate in a hard nest under a taught arm: sd 0.35 to 0.4 mm together.
    pub const TAUGHT: Self = Self {
        nest_clearance: Length::from_base(500),
        plate: Length::from_base(100),
        mover: Length::from_base(50),
        arm: Length::from_base(100),
        teach: Length::from_base(150),
    };

    /// The standard deviation of the sum; that of a uniform error is half its width / sqrt 3.
    #[must_use]
    pub fn deviation(&self) -> Length {
        let nest = self.nest_clearance.as_m().powi(2) / 3.0;
        let rest: f64 = [self.plate, self.mover, self.arm, self.teach]
            .iter()
            .map(|sd| sd.as_m().powi(2))
            .sum();
        Length::from_m((nest + rest).sqrt())
    }

    /// How likely a grip fails that captures errors up to `capture`.
    #[must_use]
    pub fn failure(&self, capture: Length) -> f64 {
        grip_failure(capture, self.deviation())
    }
}

/// How likely a normal error of one axis exceeds the capture range: 2 (1 - Phi(c / sd)).
#[must_use]
pub fn grip_failure(capture: Length, deviation: Length) -> f64 {
    if deviation <= Length::ZERO {
        return if capture >= Length::ZERO { 0.0 } else { 1.0 };
    }
    erfc(capture.ratio(deviation) * FRAC_1_SQRT_2)
}

/// Complementary error function of x >= 0: the series of erf for small x, the continued fraction
/// of erfc for large (Abramowitz and Stegun 7.1.5 and 7.1.14).
fn erfc(x: f64) -> f64 {
    if x <= 0.0 {
        return 1.0;
    }
    let root_pi = std::f64::consts::PI.sqrt();
    if x < 2.0 {
        let mut term = x;
        let mut sum = x;
        for n in 1..60 {
            let n = f64::from(n);
            term *= -x * x / n;
            sum += term / (2.0 * n + 1.0);
        }
        1.0 - 2.0 / root_pi * sum
    } else {
        let mut tail = x;
        for n in (1..80).rev() {
            tail = x + f64::from(n) / 2.0 / tail;
        }
        (-x * x).exp() / root_pi / tail
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mm(x: f64) -> Length {
        Length::from_mm(x)
    }

    fn error(dx: f64, dy: f64, degrees: f64) -> PoseError {
        PoseError {
            dx: mm(dx),
            dy: mm(dy),
            dtheta: Angle::from_rad(degrees.to_radians()),
        }
    }

    #[test]
    fn nest_to_nest_takes_what_arms_take() {
        let arm = ArmSpec::default();
        let near = arm.nest_to_nest(mm(300.0)).as_secs_f64();
        assert!((4.0..7.0).contains(&near), "{near}");
        let far = arm.nest_to_nest(mm(1500.0)).as_secs_f64();
        assert!((6.5..20.0).contains(&far), "{far}");
        assert_eq!(arm.travel(Length::ZERO), Duration::ZERO);
    }

    #[test]
    fn failure_of_the_error_budget() {
        // motion facts: capture 1.5 mm and sd 0.35 give 2e-5; sd 0.30 gives 6e-7.
        let p = grip_failure(mm(1.5), mm(0.35));
        assert!((1.5e-5..2.5e-5).contains(&p), "{p}");
        let p = grip_failure(mm(1.5), mm(0.30));
        assert!((5e-7..7e-7).contains(&p), "{p}");
        let sd = ErrorBudget::TAUGHT.deviation().as_mm();
        assert!((0.33..0.41).contains(&sd), "{sd}");
        assert!(ErrorBudget::TAUGHT.failure(CAPTURE_RANGE) < 1e-4);
    }

    #[test]
    fn erfc_is_right_on_both_branches() {
        for (x, wanted) in [
            (0.5, 0.479_500_122_186_953_5),
            (1.0, 0.157_299_207_050_285_1),
            (1.999, 0.004_698_426_8),
            (2.0, 0.004_677_734_981_047_27),
            (3.0, 2.209_049_699_858_544e-5),
        ] {
            assert!((erfc(x) / wanted - 1.0).abs() < 1e-5, "{x}");
        }
    }

    #[test]
    fn decisions_follow_the_size_of_the_error() {
        assert_eq!(decide(error(0.3, -0.2, 0.1), 0), Grip::AsTaught);
        let off = error(2.0, 1.0, 1.0);
        assert_eq!(decide(off, 0), Grip::Corrected(off));
        assert_eq!(decide(error(7.0, 0.0, 1.0), 0), Grip::Regrip);
        assert_eq!(decide(error(0.5, 0.0, 5.0), 1), Grip::Regrip);
        assert_eq!(decide(error(7.0, 0.0, 1.0), REGRIPS_MAX), Grip::GiveUp);
        assert_eq!(decide(error(20.0, 0.0, 0.0), 0), Grip::GiveUp);
    }
}
