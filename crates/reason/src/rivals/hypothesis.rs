//! Explanations that predict responses: formulas with open parameters.

use super::{Formula, Input, Scratch};
use thiserror::Error;

/// A parameter that a hypothesis leaves open: even over its range, or over the logarithm of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Its name in the formula.
    pub name: String,
    /// The least value.
    pub low: f64,
    /// The greatest.
    pub high: f64,
    /// Whether it is even over the logarithm.
    pub log: bool,
}

impl Parameter {
    /// The value at a place in [0, 1].
    #[must_use]
    pub fn at(&self, place: f64) -> f64 {
        if self.log {
            (self.low.ln() + place * (self.high.ln() - self.low.ln())).exp()
        } else {
            self.low + place * (self.high - self.low)
        }
    }
}

/// Why hypotheses can't be rivals.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum RivalError {
    /// Fewer than two, or a prior that is none.
    #[error("{0}")]
    Set(String),
    /// A formula uses a name that is neither a factor nor a parameter.
    #[error(
        "hypothesis '{hypothesis}' uses '{name}', which is neither a factor nor a parameter{hint}"
    )]
    Name {
        /// The hypothesis.
        hypothesis: String,
        /// The name.
        name: String,
        /// The nearest name, as the end of a sentence.
        hint: String,
    },
    /// A parameter's range is empty, or not a number.
    #[error(
        "hypothesis '{hypothesis}': the range of '{parameter}' is {low} to {high}; expected the lower first, and above zero where it is logarithmic"
    )]
    Range {
        /// The hypothesis.
        hypothesis: String,
        /// The parameter.
        parameter: String,
        /// Its least value.
        low: f64,
        /// Its greatest.
        high: f64,
    },
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    Factor(usize),
    Parameter(usize),
}

/// An explanation that predicts responses.
#[derive(Clone, Debug, PartialEq)]
pub struct Hypothesis {
    /// Its name.
    pub name: String,
    /// How probable it is before any well.
    pub prior: f64,
    /// The response as a formula of factors and parameters.
    pub formula: Formula,
    /// What it leaves open.
    pub parameters: Vec<Parameter>,
    places: Vec<Place>,
}

impl Hypothesis {
    /// A hypothesis about factors of these names.
    ///
    /// # Errors
    /// If the formula uses another name, or a range is empty.
    pub fn new(
        name: &str,
        prior: f64,
        formula: Formula,
        parameters: Vec<Parameter>,
        factors: &[&str],
    ) -> Result<Self, RivalError> {
        for p in &parameters {
            if !(p.low.is_finite()
                && p.high.is_finite()
                && p.low < p.high
                && (!p.log || p.low > 0.0))
            {
                return Err(RivalError::Range {
                    hypothesis: name.into(),
                    parameter: p.name.clone(),
                    low: p.low,
                    high: p.high,
                });
            }
        }
        let places = formula
            .names()
            .iter()
            .map(|own| {
                let factor = factors
                    .iter()
                    .position(|factor| factor == own)
                    .map(Place::Factor);
                let parameter = || {
                    parameters
                        .iter()
                        .position(|p| p.name == *own)
                        .map(Place::Parameter)
                };
                factor.or_else(parameter).ok_or_else(|| {
                    let known = factors
                        .iter()
                        .copied()
                        .chain(parameters.iter().map(|p| p.name.as_str()));
                    RivalError::Name {
                        hypothesis: name.into(),
                        name: own.clone(),
                        hint: quantity::nearest(own, known)
                            .map_or(String::new(), |near| format!("; did you mean '{near}'?")),
                    }
                })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            name: name.into(),
            prior,
            formula,
            parameters,
            places,
        })
    }

    /// The response at factors `x`, with parameters at `places` of their ranges.
    #[must_use]
    pub fn response(&self, x: &[f64], places: &[f64]) -> f64 {
        let numbers: Vec<f64> = self
            .places
            .iter()
            .map(|place| match *place {
                Place::Factor(at) => x[at],
                Place::Parameter(at) => self.parameters[at].at(places[at]),
            })
            .collect();
        self.formula.value(&numbers)
    }

    /// The responses at many points, given as a column for each factor, with parameters at `places`.
    pub(super) fn responses(
        &self,
        columns: &[Vec<f64>],
        places: &[f64],
        out: &mut [f64],
        scratch: &mut Scratch,
    ) {
        let input = |name: usize| match self.places[name] {
            Place::Factor(at) => Input::Rows(&columns[at]),
            Place::Parameter(at) => Input::Same(self.parameters[at].at(places[at])),
        };
        self.formula.values(input, out, scratch);
    }
}
