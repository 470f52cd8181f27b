//! Kinds of quantity and the units that people write for them.

/// A kind of quantity; each has one base unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Time; base unit nanosecond.
    Time,
    /// Length; base unit micrometre.
    Length,
    /// Volume; base unit nanolitre.
    Volume,
    /// Absolute temperature; base unit millikelvin.
    Temperature,
    /// Mass; base unit milligram.
    Mass,
    /// Speed; base unit micrometre per second.
    Speed,
    /// Acceleration; base unit micrometre per second squared.
    Acceleration,
    /// Jerk; base unit micrometre per second cubed.
    Jerk,
    /// Plane angle; base unit microradian.
    Angle,
    /// Rate of rotation; base unit thousandth of a revolution per minute.
    Rotation,
    /// Wavelength; base unit picometre.
    Wavelength,
    /// Amount concentration; base unit picomole per litre.
    Concentration,
    /// Mass concentration; base unit nanogram per litre.
    MassConcentration,
    /// Dimensionless; base unit one billionth.
    Ratio,
}

/// A unit as people write it: `value` in this unit is `value * scale + offset` base units.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Unit {
    /// The symbol that is printed.
    pub symbol: &'static str,
    /// Other spellings that are read.
    pub aliases: &'static [&'static str],
    /// Base units in one of this unit.
    pub scale: f64,
    /// Base units at zero of this unit (only °C has one).
    pub offset: f64,
}

const fn unit(symbol: &'static str, aliases: &'static [&'static str], scale: f64) -> Unit {
    Unit {
        symbol,
        aliases,
        scale,
        offset: 0.0,
    }
}

const TIME: &[Unit] = &[
    unit("ns", &[], 1.0),
    unit("µs", &["us", "μs"], 1e3),
    unit("ms", &[], 1e6),
    unit("s", &["sec", "second", "seconds"], 1e9),
    unit("min", &["minute", "minutes"], 60e9),
    unit("h", &["hour", "hours"], 3600e9),
    unit("d", &["day", "days"], 86_400e9),
];
const LENGTH: &[Unit] = &[
    unit("µm", &["um", "μm"], 1.0),
    unit("mm", &[], 1e3),
    unit("cm", &[], 1e4),
    unit("m", &[], 1e6),
];
const VOLUME: &[Unit] = &[
    unit("nL", &["nl"], 1.0),
    unit("µL", &["uL", "ul", "µl", "μL", "μl"], 1e3),
    unit("mL", &["ml"], 1e6),
    unit("L", &["l"], 1e9),
];
const TEMPERATURE: &[Unit] = &[
    Unit {
        symbol: "°C",
        aliases: &["C", "degC", "celsius"],
        scale: 1e3,
        offset: 273_150.0,
    },
    unit("K", &["kelvin"], 1e3),
];
const MASS: &[Unit] = &[
    unit("mg", &[], 1.0),
    unit("g", &[], 1e3),
    unit("kg", &[], 1e6),
];
const SPEED: &[Unit] = &[unit("mm/s", &[], 1e3), unit("m/s", &[], 1e6)];
const ACCELERATION: &[Unit] = &[
    unit("mm/s²", &["mm/s2", "mm/s^2"], 1e3),
    unit("m/s²", &["m/s2", "m/s^2"], 1e6),
];
const JERK: &[Unit] = &[
    unit("mm/s³", &["mm/s3", "mm/s^3"], 1e3),
    unit("m/s³", &["m/s3", "m/s^3"], 1e6),
];
const ANGLE: &[Unit] = &[
    unit("µrad", &["urad"], 1.0),
    unit("mrad", &[], 1e3),
    unit(
        "°",
        &["deg", "degree", "degrees"],
        std::f64::consts::PI / 180.0 * 1e6,
    ),
    unit("rad", &[], 1e6),
];
const ROTATION: &[Unit] = &[unit("rpm", &["1/min"], 1e3)];
const WAVELENGTH: &[Unit] = &[unit("nm", &[], 1e3)];
const CONCENTRATION: &[Unit] = &[
    unit("pmol/L", &["pM", "pmol/l"], 1.0),
    unit("nmol/L", &["nM", "nmol/l"], 1e3),
    unit("µmol/L", &["µM", "uM", "umol/L", "umol/l", "μM"], 1e6),
    unit("mmol/L", &["mM", "mmol/l"], 1e9),
    unit("mol/L", &["M", "mol/l"], 1e12),
];
const MASS_CONCENTRATION: &[Unit] = &[
    unit("ng/L", &["ng/l", "pg/mL", "pg/ml"], 1.0),
    unit("µg/L", &["ug/L", "ug/l", "ng/mL", "ng/ml"], 1e3),
    unit("mg/L", &["mg/l", "µg/mL", "ug/mL", "ug/ml"], 1e6),
    unit("g/L", &["g/l", "mg/mL", "mg/ml"], 1e9),
];
const RATIO: &[Unit] = &[
    unit("ppm", &[], 1e3),
    unit("%", &["percent"], 1e7),
    unit("", &[], 1e9),
];

impl Kind {
    /// Every kind, for looking a unit up without knowing what it measures.
    pub const ALL: [Kind; 14] = [
        Kind::Time,
        Kind::Length,
        Kind::Volume,
        Kind::Temperature,
        Kind::Mass,
        Kind::Speed,
        Kind::Acceleration,
        Kind::Jerk,
        Kind::Angle,
        Kind::Rotation,
        Kind::Wavelength,
        Kind::Concentration,
        Kind::MassConcentration,
        Kind::Ratio,
    ];

    /// What a person calls it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Time => "time",
            Kind::Length => "length",
            Kind::Volume => "volume",
            Kind::Temperature => "temperature",
            Kind::Mass => "mass",
            Kind::Speed => "speed",
            Kind::Acceleration => "acceleration",
            Kind::Jerk => "jerk",
            Kind::Angle => "angle",
            Kind::Rotation => "rotation",
            Kind::Wavelength => "wavelength",
            Kind::Concentration => "concentration",
            Kind::MassConcentration => "mass concentration",
            Kind::Ratio => "ratio",
        }
    }

    /// Its name with the article: `a time`, `an angle`.
    #[must_use]
    pub fn described(self) -> String {
        let name = self.name();
        let article = if name.starts_with('a') { "an" } else { "a" };
        format!("{article} {name}")
    }

    /// The units of this kind, smallest first.
    #[must_use]
    pub const fn units(self) -> &'static [Unit] {
        match self {
            Kind::Time => TIME,
            Kind::Length => LENGTH,
            Kind::Volume => VOLUME,
            Kind::Temperature => TEMPERATURE,
            Kind::Mass => MASS,
            Kind::Speed => SPEED,
            Kind::Acceleration => ACCELERATION,
            Kind::Jerk => JERK,
            Kind::Angle => ANGLE,
            Kind::Rotation => ROTATION,
            Kind::Wavelength => WAVELENGTH,
            Kind::Concentration => CONCENTRATION,
            Kind::MassConcentration => MASS_CONCENTRATION,
            Kind::Ratio => RATIO,
        }
    }

    /// The unit with this symbol or alias.
    #[must_use]
    pub fn unit(self, symbol: &str) -> Option<&'static Unit> {
        self.units()
            .iter()
            .find(|u| u.symbol == symbol || u.aliases.contains(&symbol))
    }

    /// The kind and unit that a symbol names. Symbols are unique but for `nm`-like overlaps,
    /// where the first kind in [`Kind::ALL`] wins.
    #[must_use]
    pub fn of_unit(symbol: &str) -> Option<(Kind, &'static Unit)> {
        Kind::ALL
            .into_iter()
            .find_map(|kind| kind.unit(symbol).map(|unit| (kind, unit)))
    }
}

impl Unit {
    /// Base units in `value` of this unit.
    #[must_use]
    pub fn to_base(&self, value: f64) -> f64 {
        value * self.scale + self.offset
    }

    /// `base` base units in this unit.
    #[must_use]
    pub fn from_base(&self, base: f64) -> f64 {
        (base - self.offset) / self.scale
    }
}
