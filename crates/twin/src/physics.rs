//! How bodies, liquid and people behave: every constant of the twin that is neither a fault rate
//! nor a nature's. Figures marked typical come from general knowledge and are defaults of a
//! simulator, not claims.

use crate::detect::DetectorPhysics;
use quantity::Duration;

/// Constants of the twin's physics.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Physics {
    /// Plates and grippers.
    pub pose: PosePhysics,
    /// Liquid.
    pub liquid: LiquidPhysics,
    /// Detectors.
    pub detectors: DetectorPhysics,
    /// People.
    pub people: PeoplePhysics,
    /// Devices.
    pub devices: DevicePhysics,
}

/// Poses and grips. Placing spreads by about 0.35 mm in each axis (nest clearance, plate tolerance,
/// arm, teaching, together); a gripper with chamfers and a measured pose corrects 1.5 mm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PosePhysics {
    /// Standard deviation of where a plate is put, each axis, millimetres.
    pub place_mm: f64,
    /// Standard deviation of how a plate is turned, milliradians.
    pub place_mrad: f64,
    /// Standard deviation of a pose measurement, millimetres.
    pub measure_mm: f64,
    /// What the gripper can correct, millimetres.
    pub capture_mm: f64,
    /// What it can correct, milliradians.
    pub capture_mrad: f64,
    /// How far off a plate lies that is really askew, millimetres.
    pub askew_mm: f64,
    /// Shift of a plate on a mover that goes above the slosh limit, millimetres for each limit's
    /// worth in excess.
    pub slip_mm: f64,
    /// Odds that a grip takes a second try.
    pub second_try: f64,
    /// Spread of an arm's times, standard deviation of the logarithm.
    pub time_spread: f64,
}

impl Default for PosePhysics {
    fn default() -> Self {
        Self {
            place_mm: 0.35,
            place_mrad: 2.0,
            measure_mm: 0.03,
            capture_mm: 1.5,
            capture_mrad: 20.0,
            askew_mm: 2.5,
            slip_mm: 0.8,
            second_try: 0.005,
            time_spread: 0.05,
        }
    }
}

/// Liquid in wells (typical figures).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LiquidPhysics {
    /// Standard deviation of one dispense over its volume.
    pub dispense_cv: f64,
    /// Standard deviation of the lasting bias of one channel of one instrument.
    pub channel_bias: f64,
    /// Channels of a dispenser; a channel serves every n-th row.
    pub channels: u8,
    /// Share that a channel with a clot leaves out: between these two.
    pub short_share: (f64, f64),
    /// Evaporation from an open well in the middle of a plate at 25 °C and half-saturated air,
    /// nanolitres in an hour from a square millimetre (about 1.5 µL/h from a 96-well).
    pub evaporation: f64,
    /// How much less under a lid.
    pub lid: f64,
    /// How much more for wells on the rim of the plate.
    pub edge: f64,
    /// Share of the air's dryness that is left in an incubator's humid air.
    pub humid: f64,
    /// Share of what leaps over a rim that lands in the neighbour; the rest is lost on the plate.
    pub spill_to_neighbour: f64,
}

impl Default for LiquidPhysics {
    fn default() -> Self {
        Self {
            dispense_cv: 0.02,
            channel_bias: 0.01,
            channels: 8,
            short_share: (0.2, 0.8),
            evaporation: 40.0,
            lid: 0.05,
            edge: 2.0,
            humid: 0.2,
            spill_to_neighbour: 0.5,
        }
    }
}

/// How long people take: medians, spread lognormally (typical).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PeoplePhysics {
    /// The intake automaton: from, to.
    pub bring: (Duration, Duration),
    /// To look at a plate and take it away.
    pub take_away: Duration,
    /// To service a device.
    pub service: Duration,
    /// To fill a consumable up.
    pub refill: Duration,
    /// To free a mover.
    pub free: Duration,
    /// To empty a waste or quarantine.
    pub empty: Duration,
    /// Standard deviation of the logarithm.
    pub spread: f64,
}

impl Default for PeoplePhysics {
    fn default() -> Self {
        Self {
            bring: (Duration::from_secs(5), Duration::from_secs(20)),
            take_away: Duration::from_mins(10),
            service: Duration::from_mins(45),
            refill: Duration::from_mins(8),
            free: Duration::from_mins(10),
            empty: Duration::from_mins(10),
            spread: 0.4,
        }
    }
}

/// How devices behave (typical).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DevicePhysics {
    /// How long a device takes to refuse or to answer a query.
    pub answer: Duration,
    /// How long an instrument's reset takes.
    pub reset_instrument: Duration,
    /// How long an arm's reset takes.
    pub reset_arm: Duration,
    /// How long a mover's reset takes.
    pub reset_mover: Duration,
    /// How long a scan takes.
    pub scan: Duration,
    /// How long a silent device stays silent.
    pub silence: (Duration, Duration),
    /// How long a lost station stays lost.
    pub outage: (Duration, Duration),
    /// Share of lost stations that lost their power.
    pub power_share: f64,
}

impl Default for DevicePhysics {
    fn default() -> Self {
        Self {
            answer: Duration::from_millis(200),
            reset_instrument: Duration::from_secs(60),
            reset_arm: Duration::from_secs(20),
            reset_mover: Duration::from_secs(15),
            scan: Duration::from_secs(2),
            silence: (Duration::from_mins(2), Duration::from_mins(30)),
            outage: (Duration::from_mins(2), Duration::from_mins(60)),
            power_share: 0.5,
        }
    }
}
