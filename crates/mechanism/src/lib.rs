//! Laws of nature that are known by name.
//!
//! A [`Mechanism`] is a pure function of inputs (what is varied) and parameters, each with its unit, what it is, and the range
//! in which it is expected. The twin's natures are built of the same functions that a rival hypothesis is made of, so a
//! mechanism stands in one place.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod conductivity;
pub mod growth;
pub mod regulation;

use std::fmt;

/// A number that a mechanism takes of the point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Input {
    /// Its name.
    pub name: &'static str,
    /// Its unit; empty for none.
    pub unit: &'static str,
    /// What it is.
    pub about: &'static str,
    /// What it is where nobody varies it; nothing where it has to be varied.
    pub usual: Option<f64>,
}

/// A number that a mechanism has of its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// Its unit; empty for none.
    pub unit: &'static str,
    /// What it is.
    pub about: &'static str,
    /// The least value that is expected.
    pub low: f64,
    /// The greatest.
    pub high: f64,
    /// What it is taken for where nobody leaves it open; nothing where it is open unless somebody fixes it.
    pub usual: Option<f64>,
}

/// A law of nature.
#[derive(Clone, Copy)]
pub struct Mechanism {
    /// Its name in files.
    pub name: &'static str,
    /// What it says, and who found it.
    pub about: &'static str,
    /// What it predicts, and the unit; empty for none.
    pub response: (&'static str, &'static str),
    /// What is varied.
    pub inputs: &'static [Input],
    /// What is not.
    pub parameters: &'static [Parameter],
    law: fn(&[f64], &[f64]) -> f64,
}

impl Mechanism {
    /// The response at inputs and parameters, in the order in which the mechanism lists them; not a number where the law has
    /// no value.
    #[must_use]
    pub fn response(&self, inputs: &[f64], parameters: &[f64]) -> f64 {
        (self.law)(inputs, parameters)
    }
}

impl fmt::Debug for Mechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mechanism({})", self.name)
    }
}

/// Names are unique.
impl PartialEq for Mechanism {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// All of them.
pub const ALL: [&Mechanism; 5] = [
    &growth::PHARMACODYNAMIC,
    &growth::DRUG_COMBINATION,
    &conductivity::CONDUCTIVITY,
    &regulation::ACTIVATION,
    &regulation::REPRESSION,
];

/// The mechanism of a name.
#[must_use]
pub fn named(name: &str) -> Option<&'static Mechanism> {
    ALL.into_iter().find(|own| own.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_mechanism_is_whole() {
        let names: BTreeSet<&str> = ALL.iter().map(|own| own.name).collect();
        assert_eq!(names.len(), ALL.len());
        for own in ALL {
            assert_eq!(named(own.name), Some(own));
            assert!(own.inputs.iter().any(|input| input.usual.is_none()));
            let all: BTreeSet<&str> = own
                .inputs
                .iter()
                .map(|input| input.name)
                .chain(own.parameters.iter().map(|parameter| parameter.name))
                .collect();
            assert_eq!(all.len(), own.inputs.len() + own.parameters.len());
            for parameter in own.parameters {
                assert!(parameter.low < parameter.high, "{own:?} {parameter:?}");
                if let Some(usual) = parameter.usual {
                    assert!((parameter.low..=parameter.high).contains(&usual));
                }
            }
            // It has a value in the middle of what is expected.
            let inputs: Vec<f64> = own.inputs.iter().map(|i| i.usual.unwrap_or(1.0)).collect();
            let middle = |p: &Parameter| p.usual.unwrap_or(0.5 * (p.low + p.high));
            let parameters: Vec<f64> = own.parameters.iter().map(middle).collect();
            assert!(own.response(&inputs, &parameters).is_finite(), "{own:?}");
        }
    }
}
