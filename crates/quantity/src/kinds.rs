//! The quantities.

use crate::Kind;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub, SubAssign};

macro_rules! quantities {
    ($($(#[$doc:meta])* $name:ident($kind:ident);)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(i64);

        impl $name {
            /// Its kind, with base unit and unit symbols.
            pub const KIND: Kind = Kind::$kind;
            /// Zero base units.
            pub const ZERO: Self = Self(0);
            /// The largest value that can be held.
            pub const MAX: Self = Self(i64::MAX);

            /// From an integer number of base units.
            #[must_use]
            pub const fn from_base(base: i64) -> Self {
                Self(base)
            }

            /// The integer number of base units.
            #[must_use]
            pub const fn base(self) -> i64 {
                self.0
            }

            /// From a number of base units, rounded to the nearest, clamped to what can be held.
            #[must_use]
            pub fn from_base_f64(base: f64) -> Self {
                Self(base.round() as i64)
            }
        }
    )*};
}

macro_rules! linear {
    ($($name:ident)*) => {$(
        impl Add for $name {
            type Output = Self;
            fn add(self, other: Self) -> Self {
                Self(self.0 + other.0)
            }
        }
        impl Sub for $name {
            type Output = Self;
            fn sub(self, other: Self) -> Self {
                Self(self.0 - other.0)
            }
        }
        impl AddAssign for $name {
            fn add_assign(&mut self, other: Self) {
                self.0 += other.0;
            }
        }
        impl SubAssign for $name {
            fn sub_assign(&mut self, other: Self) {
                self.0 -= other.0;
            }
        }
        impl Neg for $name {
            type Output = Self;
            fn neg(self) -> Self {
                Self(-self.0)
            }
        }
        impl Mul<i64> for $name {
            type Output = Self;
            fn mul(self, factor: i64) -> Self {
                Self(self.0 * factor)
            }
        }
        impl Div<i64> for $name {
            type Output = Self;
            fn div(self, divisor: i64) -> Self {
                Self(self.0 / divisor)
            }
        }
        impl Sum for $name {
            fn sum<I: Iterator<Item = Self>>(items: I) -> Self {
                items.fold(Self::ZERO, Add::add)
            }
        }
        impl $name {
            /// Times a factor, rounded to the nearest base unit.
            #[must_use]
            pub fn scale(self, factor: f64) -> Self {
                Self::from_base_f64(self.0 as f64 * factor)
            }

            /// The quotient of two of a kind.
            #[must_use]
            pub fn ratio(self, other: Self) -> f64 {
                self.0 as f64 / other.0 as f64
            }

            /// Its magnitude.
            #[must_use]
            pub const fn abs(self) -> Self {
                Self(self.0.abs())
            }
        }
    )*};
}

macro_rules! float_unit {
    ($($name:ident: $($from:ident $to:ident $scale:literal $unit:literal),+;)*) => {$(
        impl $name {
            $(
                #[doc = concat!("From a number of ", $unit, ", rounded to the base unit.")]
                #[must_use]
                pub fn $from(value: f64) -> Self {
                    Self::from_base_f64(value * $scale)
                }

                #[doc = concat!("In ", $unit, ".")]
                #[must_use]
                pub fn $to(self) -> f64 {
                    self.0 as f64 / $scale
                }
            )+
        }
    )*};
}

quantities! {
    /// A span of time, signed; base unit nanosecond.
    Duration(Time);
    /// A moment, as nanoseconds since the run's epoch.
    Instant(Time);
    /// A length; base unit micrometre.
    Length(Length);
    /// A volume; base unit nanolitre.
    Volume(Volume);
    /// An absolute temperature; base unit millikelvin.
    Temperature(Temperature);
    /// A mass; base unit milligram.
    Mass(Mass);
    /// A speed; base unit micrometre per second.
    Speed(Speed);
    /// An acceleration; base unit micrometre per second squared.
    Acceleration(Acceleration);
    /// A jerk; base unit micrometre per second cubed.
    Jerk(Jerk);
    /// A plane angle; base unit microradian.
    Angle(Angle);
    /// A rate of rotation; base unit a thousandth of a revolution per minute.
    Rotation(Rotation);
    /// A wavelength; base unit picometre.
    Wavelength(Wavelength);
    /// An amount concentration; base unit picomole per litre.
    Concentration(Concentration);
    /// A mass concentration; base unit nanogram per litre.
    MassConcentration(MassConcentration);
    /// A dimensionless number; base unit one billionth.
    Ratio(Ratio);
}

linear!(Duration Length Volume Mass Speed Acceleration Jerk Angle Rotation Wavelength Concentration MassConcentration Ratio);

float_unit! {
    Duration: from_secs_f64 as_secs_f64 1e9 "seconds";
    Instant: from_secs_f64 as_secs_f64 1e9 "seconds since the epoch";
    Length: from_m as_m 1e6 "metres", from_mm as_mm 1e3 "millimetres";
    Volume: from_ul as_ul 1e3 "microlitres";
    Temperature: from_kelvin as_kelvin 1e3 "kelvin";
    Mass: from_kg as_kg 1e6 "kilograms";
    Speed: from_m_per_s as_m_per_s 1e6 "metres per second";
    Acceleration: from_m_per_s2 as_m_per_s2 1e6 "metres per second squared";
    Jerk: from_m_per_s3 as_m_per_s3 1e6 "metres per second cubed";
    Angle: from_rad as_rad 1e6 "radians";
    Rotation: from_rpm as_rpm 1e3 "revolutions per minute";
    Wavelength: from_nm as_nm 1e3 "nanometres";
    Concentration: from_mol_per_l as_mol_per_l 1e12 "moles per litre";
    MassConcentration: from_mg_per_l as_mg_per_l 1e6 "milligrams per litre";
    Ratio: from_f64 as_f64 1e9 "ones";
}

impl Duration {
    /// From whole seconds.
    #[must_use]
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs * 1_000_000_000)
    }

    /// From whole milliseconds.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis * 1_000_000)
    }

    /// From whole minutes.
    #[must_use]
    pub const fn from_mins(mins: i64) -> Self {
        Self::from_secs(mins * 60)
    }

    /// From whole hours.
    #[must_use]
    pub const fn from_hours(hours: i64) -> Self {
        Self::from_secs(hours * 3600)
    }
}

impl Instant {
    /// The run's epoch.
    pub const EPOCH: Self = Self(0);

    /// How long after `earlier` this is; negative if before.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration(self.0 - earlier.0)
    }

    /// This moment later by `span`, or the last moment there is.
    #[must_use]
    pub const fn saturating_add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl Add<Duration> for Instant {
    type Output = Self;
    fn add(self, span: Duration) -> Self {
        Self(self.0 + span.0)
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, span: Duration) {
        self.0 += span.0;
    }
}

impl Sub<Duration> for Instant {
    type Output = Self;
    fn sub(self, span: Duration) -> Self {
        Self(self.0 - span.0)
    }
}

impl Sub for Instant {
    type Output = Duration;
    fn sub(self, earlier: Self) -> Duration {
        self.since(earlier)
    }
}

impl Temperature {
    /// Zero degrees Celsius in base units.
    const CELSIUS_ZERO: f64 = 273_150.0;

    /// From degrees Celsius.
    #[must_use]
    pub fn from_celsius(celsius: f64) -> Self {
        Self::from_base_f64(celsius * 1e3 + Self::CELSIUS_ZERO)
    }

    /// In degrees Celsius.
    #[must_use]
    pub fn as_celsius(self) -> f64 {
        (self.0 as f64 - Self::CELSIUS_ZERO) / 1e3
    }
}
