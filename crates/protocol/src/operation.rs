//! Operations: what an instrument is asked to do to a plate.

use labware::Well;
use quantity::{Duration, Kind, ReagentId, Temperature, Volume, Wavelength};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// What may be done with an operation whose outcome is unknown after a crash or a silent device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Repeat {
    /// Doing it again changes nothing: read, scan, hold at a temperature.
    Repeatable,
    /// Whether it was done can be seen: weigh, image, look.
    Checkable,
    /// Doing it again spoils the sample: dispense, lyse. In doubt it is never run again.
    Irreversible,
}

/// The value of a parameter.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A quantity, in base units of its kind.
    Quantity(Kind, i64),
    /// A whole number.
    Integer(i64),
    /// A word: a mode, a name.
    Text(Arc<str>),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Quantity(kind, base) => f.write_str(&kind.show(*base)),
            Value::Integer(value) => write!(f, "{value}"),
            Value::Text(text) => f.write_str(text),
        }
    }
}

/// The parameters of an operation by name.
pub type Params = BTreeMap<Arc<str>, Value>;

/// A capability with its parameters: `read_absorbance { wavelength = 600 nm }`.
#[derive(Clone, Debug, PartialEq)]
pub struct Operation {
    /// The capability's name in the vocabulary.
    pub capability: Arc<str>,
    /// Parameters by name; those with a default are filled in when a protocol is read.
    pub params: Params,
}

impl Operation {
    /// A time parameter.
    #[must_use]
    pub fn duration(&self, name: &str) -> Option<Duration> {
        self.base(name, Kind::Time).map(Duration::from_base)
    }

    /// A temperature parameter.
    #[must_use]
    pub fn temperature(&self, name: &str) -> Option<Temperature> {
        self.base(name, Kind::Temperature)
            .map(Temperature::from_base)
    }

    /// A wavelength parameter.
    #[must_use]
    pub fn wavelength(&self, name: &str) -> Option<Wavelength> {
        self.base(name, Kind::Wavelength).map(Wavelength::from_base)
    }

    /// A quantity parameter in base units, if it is there and of this kind.
    #[must_use]
    pub fn base(&self, name: &str, kind: Kind) -> Option<i64> {
        match self.params.get(name) {
            Some(Value::Quantity(found, base)) if *found == kind => Some(*base),
            _ => None,
        }
    }

    /// An integer parameter.
    #[must_use]
    pub fn integer(&self, name: &str) -> Option<i64> {
        match self.params.get(name) {
            Some(Value::Integer(value)) => Some(*value),
            _ => None,
        }
    }

    /// A text parameter.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.params.get(name) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }
}

/// One addition of liquid: so much of a reagent into a well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// Into which well.
    pub well: Well,
    /// Which stock liquid or library member.
    pub reagent: ReagentId,
    /// How much.
    pub volume: Volume,
}

/// What a liquid-handling step puts where on one plate.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Worklist {
    /// In the order in which it is to be dispensed.
    pub transfers: Vec<Transfer>,
}
