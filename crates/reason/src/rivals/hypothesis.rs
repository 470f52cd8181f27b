//! Explanations that predict responses: laws with open parameters.

use super::law::{Law, Source, Tied};
use super::surrogate::Surrogate;
use super::{Formula, Scratch};
use mechanism::Mechanism;
use std::collections::BTreeMap;
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
    /// One between two values: even over the logarithm where it may span more than a decade of positive numbers, which is a
    /// range of sizes.
    #[must_use]
    pub fn between(name: &str, low: f64, high: f64) -> Self {
        Self {
            name: name.into(),
            low,
            high,
            log: low > 0.0 && high / low > 10.0,
        }
    }

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
    /// A mechanism takes a number that nothing gives.
    #[error("hypothesis '{hypothesis}': nothing says what '{input}' of the mechanism is{hint}")]
    Input {
        /// The hypothesis.
        hypothesis: String,
        /// What the mechanism takes.
        input: String,
        /// What there is, as the end of a sentence.
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

/// An explanation that predicts responses.
#[derive(Clone, Debug, PartialEq)]
pub struct Hypothesis {
    /// Its name.
    pub name: String,
    /// How probable it is before any well.
    pub prior: f64,
    /// What it is made of.
    pub law: Law,
    /// What it leaves open.
    pub parameters: Vec<Parameter>,
}

/// Refuses empty ranges.
fn ranges(name: &str, parameters: &[Parameter]) -> Result<(), RivalError> {
    let whole = |p: &Parameter| {
        p.low.is_finite() && p.high.is_finite() && p.low < p.high && (!p.log || p.low > 0.0)
    };
    match parameters.iter().find(|p| !whole(p)) {
        None => Ok(()),
        Some(p) => Err(RivalError::Range {
            hypothesis: name.into(),
            parameter: p.name.clone(),
            low: p.low,
            high: p.high,
        }),
    }
}

impl Hypothesis {
    /// A formula about factors of these names.
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
        ranges(name, &parameters)?;
        let places = formula
            .names()
            .iter()
            .map(|own| {
                let factor = factors
                    .iter()
                    .position(|factor| factor == own)
                    .map(Source::Factor);
                let parameter = || {
                    parameters
                        .iter()
                        .position(|p| p.name == *own)
                        .map(Source::Parameter)
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
            law: Law::Formula(formula, places),
            parameters,
        })
    }

    /// A mechanism whose inputs are factors, by place, or fixed numbers; its parameters are open over the ranges that it is
    /// known with, unless `open` or `fixed` say otherwise.
    ///
    /// # Errors
    /// If an input is given by nothing and has no usual value, or a range is empty.
    pub fn of_mechanism(
        name: &str,
        prior: f64,
        mechanism: &'static Mechanism,
        inputs: &BTreeMap<&str, Source>,
        stated: &BTreeMap<&str, Stated>,
    ) -> Result<Self, RivalError> {
        let given = mechanism.inputs.iter().map(|input| {
            let own = inputs.get(input.name).copied();
            own.or(input.usual.map(Source::Fixed))
                .ok_or_else(|| RivalError::Input {
                    hypothesis: name.into(),
                    input: input.name.into(),
                    hint: format!("; it takes {}", input.about),
                })
        });
        let inputs = given.collect::<Result<Vec<_>, _>>()?;
        let (mut parameters, mut sources) = (Vec::new(), Vec::new());
        for own in mechanism.parameters {
            let stated = stated.get(own.name).cloned();
            let stated = stated.unwrap_or(match own.usual {
                Some(usual) => Stated::Fixed(usual),
                None => Stated::Open(own.low, own.high),
            });
            sources.push(match stated {
                Stated::Fixed(value) => Source::Fixed(value),
                Stated::Open(low, high) => {
                    parameters.push(Parameter::between(own.name, low, high));
                    Source::Parameter(parameters.len() - 1)
                }
            });
        }
        ranges(name, &parameters)?;
        Ok(Self {
            name: name.into(),
            prior,
            law: Law::Mechanism(Tied {
                mechanism,
                inputs,
                parameters: sources,
            }),
            parameters,
        })
    }

    /// Some smooth response, whichever.
    #[must_use]
    pub fn smooth(name: &str, prior: f64, surrogate: Surrogate) -> Self {
        let parameters = surrogate.parameters();
        Self {
            name: name.into(),
            prior,
            law: Law::Surrogate(surrogate),
            parameters,
        }
    }

    /// The response at factors `x`, with parameters at `places` of their ranges; not a number for a surrogate, which
    /// parameters don't determine.
    #[must_use]
    pub fn response(&self, x: &[f64], places: &[f64]) -> f64 {
        let columns: Vec<Vec<f64>> = x.iter().map(|x| vec![*x]).collect();
        let mut out = [f64::NAN];
        self.responses(&columns, places, &mut out, &mut Scratch::default());
        out[0]
    }

    /// The responses at many points, given as a column for each factor, with parameters at `places`.
    pub(super) fn responses(
        &self,
        columns: &[Vec<f64>],
        places: &[f64],
        out: &mut [f64],
        scratch: &mut Scratch,
    ) {
        let at = |own: usize| self.parameters[own].at(places[own]);
        self.law.responses(columns, at, out, scratch);
    }
}

/// What a campaign says of a mechanism's parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Stated {
    /// It is this.
    Fixed(f64),
    /// It lies between these.
    Open(f64, f64),
}
