//! Liquid in wells that are accelerated: how it rises, rings and spills, and how fast a plate may
//! ride.
//!
//! Symbols: g gravity, rho density, sig surface tension, nu kinematic viscosity, R radius of a
//! round well, L side of a rectangular one along the motion, D depth of the well, h depth of the
//! liquid, F = D - h freeboard, k wave number of the first mode, w its angular frequency.
//!
//! 1. First mode `w^2 = (g k + sig k^3 / rho) tanh(k h)`; k = 1.8412 / R (first zero of J1') or
//!    pi / L (Lamb, *Hydrodynamics*, 6th ed., sections 191 and 267; Ibrahim, *Liquid Sloshing
//!    Dynamics*, Cambridge 2005, chapter 1). Free contact line: below a Bond number of 2, take the
//!    frequency as good to a quarter.
//! 2. Steady tilt: the surface takes the slope a / g; the wall rise reaches the rim at a = g F / R
//!    or 2 g F / L while the bottom stays wet (F <= h), else where the wedge has the volume.
//! 3. Capillarity reduces the wall rise by `1 - (lc/R) I1(R/lc) / I1'(R/lc)` or
//!    `1 - (2 lc / L) tanh(L / (2 lc))`, lc = sqrt(sig / (rho g)), from the linearised
//!    Young-Laplace equation with a right contact angle. Real wells pin at the rim, so limits do not
//!    count on it.
//! 4. Acceleration that comes at once overshoots by what of the steady rise is in the first mode:
//!    2 / (1.8412^2 - 1) = 0.837 or 8 / pi^2 = 0.811. One that grows linearly over Tj leaves
//!    `|sin(pi f Tj) / (pi f Tj)|` of that, nothing for Tj = 1 / f (Singer and Seering 1990).
//! 5. Laminar damping, Mikishev and Dorozhkin as given in NASA SP-106 (Abramson 1966) and Dodge,
//!    *The New Dynamic Behavior of Liquids in Moving Containers*, SwRI 2000, section 3:
//!    `zeta = 0.79 sqrt(nu / sqrt(g R^3)) [1 + 0.318 / sinh(1.84 h/R) (1 + (1 - h/R) / cosh(1.84 h/R))]`,
//!    with boundary layers as thin as surface tension makes the motion fast: times sqrt(w0 / w)
//!    where w0 is the frequency without it. A rectangular well has the radius of a round one of
//!    equal area, its side being the length that matters, and its own k h for 1.84 h/R. Amplitudes settle to 5 % in 3 / (zeta w).

mod bessel;
mod ride;
mod spill;

pub use ride::{LIMIT_STEP_M_PER_S2, RIDE_ACCELERATION_MIN_M_PER_S2, RIDE_SAFETY, ride_limits};
pub use spill::{Spill, spills};

use bessel::{i1, i1_slope};
use labware::{WellGeometry, WellShape};
use quantity::{Acceleration, Duration, Length, Volume};
use std::f64::consts::PI;

/// Standard gravity, m/s2 (ISO 80000-3), to the digits of the formulas above.
pub const GRAVITY: f64 = 9.807;
/// A fitted coefficient of the damping formula, not a rounded 1 / pi.
#[allow(clippy::approx_constant)]
const MIKISHEV: f64 = 0.318;
/// First zero of J1', the first antisymmetric mode of a round well.
const ROUND_MODE: f64 = 1.8412;
/// What matters of a liquid here.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Liquid {
    density: f64,
    tension: f64,
    viscosity: f64,
}

impl Liquid {
    /// Water at 25 °C: 997 kg/m3, 72.0 mN/m, 0.893 mm2/s (CRC Handbook of Chemistry and Physics).
    pub const WATER: Self = Self {
        density: 997.0,
        tension: 0.0720,
        viscosity: 0.893e-6,
    };

    /// From density (kg/m3), surface tension (N/m) and kinematic viscosity (m2/s), all above zero.
    #[must_use]
    pub const fn from_si(density: f64, tension: f64, viscosity: f64) -> Self {
        Self {
            density,
            tension,
            viscosity,
        }
    }

    /// The length below which surface tension beats gravity, m.
    fn capillary_length(self) -> f64 {
        (self.tension / (self.density * GRAVITY)).sqrt()
    }
}

/// A cross-section in metres, seen along one direction of motion.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Section {
    Round {
        radius: f64,
    },
    /// Side along the motion.
    Square {
        side: f64,
    },
}

/// A well with liquid in it, moved in one direction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slosh {
    section: Section,
    /// Depth of the well and of the liquid, m.
    depth: f64,
    height: f64,
    liquid: Liquid,
}

impl Slosh {
    /// A round well of a diameter and depth with liquid to a height.
    #[must_use]
    pub fn round(diameter: Length, depth: Length, height: Length, liquid: Liquid) -> Self {
        Self {
            section: Section::Round {
                radius: diameter.as_m() / 2.0,
            },
            depth: depth.as_m(),
            height: height.as_m(),
            liquid,
        }
    }

    /// A rectangular well with a side along the motion.
    #[must_use]
    pub fn rectangular(side: Length, depth: Length, height: Length, liquid: Liquid) -> Self {
        Self {
            section: Section::Square { side: side.as_m() },
            depth: depth.as_m(),
            height: height.as_m(),
            liquid,
        }
    }

    /// The wells of a kind with a volume in them: once for each direction that differs. The liquid
    /// stands as high as in a well of the same depth and volume with straight walls.
    #[must_use]
    pub fn of(well: &WellGeometry, volume: Volume, liquid: Liquid) -> Vec<Self> {
        let share = if well.volume > Volume::ZERO {
            volume.ratio(well.volume).clamp(0.0, 1.0)
        } else {
            1.0
        };
        let height = well.depth.scale(share);
        match well.shape {
            WellShape::Round { diameter } => {
                vec![Self::round(diameter, well.depth, height, liquid)]
            }
            WellShape::Rectangular { x, y } if x == y => {
                vec![Self::rectangular(x, well.depth, height, liquid)]
            }
            WellShape::Rectangular { x, y } => [x, y]
                .map(|side| Self::rectangular(side, well.depth, height, liquid))
                .to_vec(),
        }
    }

    /// Half of the size along the motion: from the middle to the wall.
    fn half(&self) -> f64 {
        match self.section {
            Section::Round { radius } => radius,
            Section::Square { side } => side / 2.0,
        }
    }

    fn wave_number(&self) -> f64 {
        match self.section {
            Section::Round { radius } => ROUND_MODE / radius,
            Section::Square { side } => PI / side,
        }
    }

    /// Gravity against surface tension: rho g R^2 / sig, with half the side for R.
    #[must_use]
    pub fn bond_number(&self) -> f64 {
        self.liquid.density * GRAVITY * self.half().powi(2) / self.liquid.tension
    }

    /// First mode without surface tension, Hz.
    #[must_use]
    pub fn gravity_frequency(&self) -> f64 {
        let k = self.wave_number();
        (GRAVITY * k * (k * self.height).tanh()).sqrt() / (2.0 * PI)
    }

    /// First mode, Hz (formula 1).
    #[must_use]
    pub fn frequency(&self) -> f64 {
        let k = self.wave_number();
        let restoring = GRAVITY * k + self.liquid.tension * k.powi(3) / self.liquid.density;
        (restoring * (k * self.height).tanh()).sqrt() / (2.0 * PI)
    }

    /// One slosh period: the jerk time that leaves nothing ringing.
    #[must_use]
    pub fn period(&self) -> Duration {
        Duration::from_secs_f64(1.0 / self.frequency())
    }

    /// The steady acceleration at which the surface reaches the rim (formula 2).
    #[must_use]
    pub fn tilt_limit(&self) -> Acceleration {
        Acceleration::from_m_per_s2(self.tilt_limit_si())
    }

    pub(crate) fn tilt_limit_si(&self) -> f64 {
        let (depth, height, half) = (self.depth, self.height, self.half());
        let freeboard = depth - height;
        if freeboard <= 0.0 {
            return 0.0;
        }
        if freeboard <= height {
            return GRAVITY * freeboard / half;
        }
        // The bottom falls dry on one side: the wedge below the surface holds the volume.
        match self.section {
            Section::Square { side } => GRAVITY * depth * depth / (2.0 * height * side),
            Section::Round { radius } => {
                let wanted = PI * radius * radius * height;
                let (mut low, mut high) = (freeboard / half, 1e3 * depth / half);
                for _ in 0..60 {
                    let slope = 0.5 * (low + high);
                    if wedge(self.section, slope, depth - slope * radius) > wanted {
                        low = slope;
                    } else {
                        high = slope;
                    }
                }
                GRAVITY * low
            }
        }
    }

    /// The share of the steady rise that is in the first mode (formula 4).
    pub(crate) fn first_mode_share(&self) -> f64 {
        match self.section {
            Section::Round { .. } => 2.0 / (ROUND_MODE * ROUND_MODE - 1.0),
            Section::Square { .. } => 8.0 / (PI * PI),
        }
    }

    /// The acceleration that brings the surface to the rim when it comes at once.
    #[must_use]
    pub fn step_limit(&self) -> Acceleration {
        Acceleration::from_m_per_s2(self.tilt_limit_si() / (1.0 + self.first_mode_share()))
    }

    /// By how much surface tension lessens the steady rise at the wall (formula 3).
    #[must_use]
    pub fn capillary_factor(&self) -> f64 {
        let lc = self.liquid.capillary_length();
        match self.section {
            Section::Round { radius } => {
                let x = radius / lc;
                1.0 - i1(x) / (x * i1_slope(x))
            }
            Section::Square { side } => 1.0 - 2.0 * lc / side * (side / (2.0 * lc)).tanh(),
        }
    }

    /// The steady acceleration at which the surface reaches the rim, counting on capillarity.
    #[must_use]
    pub fn capillary_tilt_limit(&self) -> Acceleration {
        Acceleration::from_m_per_s2(self.tilt_limit_si() / self.capillary_factor())
    }

    /// Share of critical damping of the first mode (formula 5).
    #[must_use]
    pub fn damping(&self) -> f64 {
        let radius = match self.section {
            Section::Round { radius } => radius,
            Section::Square { side } => side / PI.sqrt(),
        };
        let (fill, deep) = (self.height / radius, self.wave_number() * self.height);
        let depth = 1.0 + MIKISHEV / deep.sinh() * (1.0 + (1.0 - fill) / deep.cosh());
        let thin = (self.gravity_frequency() / self.frequency()).sqrt();
        0.79 * (self.liquid.viscosity / (GRAVITY * radius.powi(3)).sqrt()).sqrt() * depth * thin
    }

    /// How long the first mode rings until 5 % is left.
    #[must_use]
    pub fn settling(&self) -> Duration {
        Duration::from_secs_f64(3.0 / (self.damping() * 2.0 * PI * self.frequency()))
    }

    /// What rings on, as a share of the steady rise, after an acceleration that grew linearly over
    /// a time and then held (formula 4, without damping).
    #[must_use]
    pub fn residual(&self, jerk_time: Duration) -> f64 {
        let x = PI * self.frequency() * jerk_time.as_secs_f64();
        if x == 0.0 {
            self.first_mode_share()
        } else {
            self.first_mode_share() * (x.sin() / x).abs()
        }
    }
}

/// The volume between the bottom and a surface of a slope that is `middle` high in the middle, m3
/// (per metre of width for a rectangular well); what would be below the bottom does not count.
fn wedge(section: Section, slope: f64, middle: f64) -> f64 {
    above(section, slope, middle)
}

/// The volume of what a surface of a slope, `middle` high in the middle, has above zero.
pub(crate) fn above(section: Section, slope: f64, middle: f64) -> f64 {
    match section {
        Section::Square { side } => {
            let half = side / 2.0;
            let (low, high) = (middle - slope * half, middle + slope * half);
            if low >= 0.0 {
                middle * side
            } else if high <= 0.0 {
                0.0
            } else {
                high * high / (2.0 * slope)
            }
        }
        Section::Round { radius } => {
            // Over x = R sin(u), strips of length 2 R cos(u): a smooth integrand in u.
            const STRIPS: usize = 400;
            let step = PI / STRIPS as f64;
            (0..STRIPS)
                .map(|i| {
                    let u = -PI / 2.0 + (i as f64 + 0.5) * step;
                    let z = (middle + slope * radius * u.sin()).max(0.0);
                    z * 2.0 * (radius * u.cos()).powi(2) * step
                })
                .sum()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Limits, Profile};

    struct Row {
        name: &'static str,
        /// Round: diameter; else the side along the motion. mm.
        size: f64,
        round: bool,
        depth: f64,
        fill: f64,
        /// Bo, f gravity, f, a tilt, a step, a cap, zeta, settling, Tj, ride 1 m, ride 10 m.
        columns: [f64; 11],
    }

    /// The reference table: 96 flat, 384 square, 96 deep, 24 round, reservoir along and across.
    const TABLE: &str = "
96 flat | 0.3 | 1.60 | 11.18 | 19.76 | 23.50 | 12.79 | 86.1 | 0.0251 | 0.96 | 0.051 | 0.75 | 5.25
96 flat | 0.6 | 1.60 | 11.54 | 20.38 | 12.20 | 6.64 | 44.7 | 0.0228 | 1.03 | 0.049 | 0.75 | 5.25
96 flat | 0.9 | 1.60 | 11.55 | 20.40 | 3.05 | 1.66 | 11.2 | 0.0225 | 1.04 | 0.049 | 1.20 | 5.70
384 square | 0.3 | 0.44 | 14.69 | 37.76 | 52.21 | 28.84 | 418.5 | 0.0285 | 0.44 | 0.026 | 0.73 | 5.23
384 square | 0.6 | 0.44 | 14.72 | 37.85 | 25.06 | 13.84 | 200.9 | 0.0278 | 0.45 | 0.026 | 0.73 | 5.23
384 square | 0.9 | 0.44 | 14.72 | 37.85 | 6.27 | 3.46 | 50.2 | 0.0278 | 0.45 | 0.026 | 0.85 | 5.35
96 deep | 0.3 | 2.28 | 9.75 | 14.07 | 79.73 | 44.04 | 199.5 | 0.0201 | 1.69 | 0.071 | 0.77 | 5.27
96 deep | 0.6 | 2.28 | 9.76 | 14.07 | 38.27 | 21.14 | 95.8 | 0.0200 | 1.70 | 0.071 | 0.77 | 5.27
96 deep | 0.9 | 2.28 | 9.76 | 14.07 | 9.57 | 5.28 | 23.9 | 0.0200 | 1.70 | 0.071 | 0.78 | 5.28
24 round | 0.3 | 8.26 | 7.03 | 8.35 | 16.85 | 9.17 | 27.4 | 0.0183 | 3.13 | 0.120 | 0.82 | 5.32
24 round | 0.6 | 8.26 | 7.60 | 9.03 | 8.75 | 4.76 | 14.2 | 0.0155 | 3.41 | 0.111 | 0.84 | 5.34
24 round | 0.9 | 8.26 | 7.65 | 9.09 | 2.19 | 1.19 | 3.6 | 0.0150 | 3.51 | 0.110 | 1.47 | 6.02
along | 0.3 | 395.98 | 1.56 | 1.56 | 6.05 | 3.34 | 6.4 | 0.0088 | 34.88 | 0.640 | 1.87 | 6.28
along | 0.6 | 395.98 | 2.09 | 2.09 | 2.91 | 1.60 | 3.1 | 0.0056 | 40.96 | 0.478 | 1.74 | 6.17
along | 0.9 | 395.98 | 2.38 | 2.38 | 0.73 | 0.40 | 0.8 | 0.0045 | 44.18 | 0.420 | 2.80 | 8.17
across | 0.3 | 175.99 | 2.28 | 2.30 | 9.08 | 5.02 | 9.8 | 0.0090 | 23.15 | 0.435 | 1.45 | 5.87
across | 0.6 | 175.99 | 2.91 | 2.93 | 4.36 | 2.41 | 4.7 | 0.0061 | 26.56 | 0.341 | 1.36 | 5.80
across | 0.9 | 175.99 | 3.15 | 3.17 | 1.09 | 0.60 | 1.2 | 0.0053 | 28.18 | 0.315 | 2.26 | 7.15";

    fn rows() -> Vec<Row> {
        TABLE
            .lines()
            .filter(|line| !line.is_empty())
            .map(|line| {
                let cells: Vec<&str> = line.split('|').map(str::trim).collect();
                let (name, size, round, depth) = match cells[0] {
                    "96 flat" => ("96 flat", 6.86, true, 10.67),
                    "384 square" => ("384 square", 3.6, false, 11.5),
                    "96 deep" => ("96 deep", 8.2, false, 40.0),
                    "24 round" => ("24 round", 15.6, true, 17.4),
                    "along" => ("reservoir along", 108.0, false, 40.0),
                    _ => ("reservoir across", 72.0, false, 40.0),
                };
                let mut columns = [0.0; 11];
                for (column, cell) in columns.iter_mut().zip(&cells[2..]) {
                    *column = cell.parse().unwrap();
                }
                Row {
                    name,
                    size,
                    round,
                    depth,
                    fill: cells[1].parse().unwrap(),
                    columns,
                }
            })
            .collect()
    }

    /// Half a unit of the last digit printed in each column.
    const PRINTED: [f64; 11] = [
        0.005, 0.005, 0.005, 0.005, 0.005, 0.05, 0.000_05, 0.005, 0.000_5, 0.005, 0.005,
    ];

    #[test]
    fn the_reference_table_to_a_percent() {
        for row in rows() {
            let size = Length::from_mm(row.size);
            let depth = Length::from_mm(row.depth);
            let height = Length::from_mm(row.depth * row.fill);
            let slosh = if row.round {
                Slosh::round(size, depth, height, Liquid::WATER)
            } else {
                Slosh::rectangular(size, depth, height, Liquid::WATER)
            };
            let period = 1.0 / slosh.frequency();
            let acceleration = slosh.tilt_limit_si().min(10.0).min(2.0 / period);
            let limits = Limits::from_si(2.0, acceleration, acceleration / period);
            let ride = |m: f64| {
                Profile::over(Length::from_m(m), limits)
                    .duration()
                    .as_secs_f64()
            };
            let found = [
                slosh.bond_number(),
                slosh.gravity_frequency(),
                slosh.frequency(),
                slosh.tilt_limit().as_m_per_s2(),
                slosh.step_limit().as_m_per_s2(),
                slosh.capillary_tilt_limit().as_m_per_s2(),
                slosh.damping(),
                slosh.settling().as_secs_f64(),
                period,
                ride(1.0),
                ride(10.0),
            ];
            for (i, (found, wanted)) in found.iter().zip(row.columns).enumerate() {
                let allowed = 0.01 * wanted + PRINTED[i] * 1.001;
                assert!(
                    (found - wanted).abs() <= allowed,
                    "{} at {}: column {i} is {found}, the table says {wanted}",
                    row.name,
                    row.fill
                );
            }
        }
    }

    #[test]
    fn a_mug_spills_at_the_pace_of_walking() {
        let mug = Slosh::round(
            Length::from_mm(70.0),
            Length::from_mm(90.0),
            Length::from_mm(80.0),
            Liquid::WATER,
        );
        assert!((mug.frequency() - 3.6).abs() < 0.1);
    }

    #[test]
    fn residual_vanishes_at_one_period() {
        let well = Slosh::round(
            Length::from_mm(6.86),
            Length::from_mm(10.67),
            Length::from_mm(6.0),
            Liquid::WATER,
        );
        assert!(well.residual(well.period()) < 1e-6);
        assert!(well.residual(well.period() / 2) > 0.5);
        assert!((well.residual(Duration::ZERO) - 0.837).abs() < 1e-3);
    }

    #[test]
    fn the_tilted_surface_at_the_limit_holds_the_volume() {
        for row in rows() {
            let half = row.size / 2000.0;
            let (depth, height) = (row.depth / 1e3, row.depth * row.fill / 1e3);
            let section = if row.round {
                Section::Round { radius: half }
            } else {
                Section::Square { side: 2.0 * half }
            };
            let slosh = Slosh {
                section,
                depth,
                height,
                liquid: Liquid::WATER,
            };
            let slope = slosh.tilt_limit_si() / GRAVITY;
            let volume = above(section, slope, depth - slope * half);
            let wanted = above(section, 0.0, height);
            assert!((volume / wanted - 1.0).abs() < 1e-3, "{}", row.name);
        }
    }
}
